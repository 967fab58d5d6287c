"""The installed commands, run as processes."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fixtures

BIN = Path(sys.executable).parent
#: Seconds for anything that a loaded machine may take long for.
PATIENCE_S = 60


class Process(fixtures.Fixture):
    """An installed command, its output line by line.

    :param arguments: the command's name and its arguments.
    :param ready: a pattern; ``start`` returns when a line has it.
    """

    def __init__(self, *arguments, ready=None, environment=None):
        self._arguments = [str(BIN / arguments[0]),
                           *map(str, arguments[1:])]
        self._ready = ready
        self._environment = environment or {}
        self.lines = []

    def _setUp(self):
        self._new = queue.Queue()
        self.process = subprocess.Popen(
            self._arguments, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, 'PYTHONUNBUFFERED': '1',
                 'PYTHONFAULTHANDLER': '1', **self._environment})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.addCleanup(self._end)
        if self._ready:
            self.match = self.wait_for(self._ready)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip('\n'))
            self._new.put(line)
        self._new.put(None)

    def wait_for(self, pattern):
        """The match of the next line that has a pattern."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._new.get(
                    timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(
                    f'{self._arguments[0]} never wrote {pattern!r}, but:\n'
                    + self.output)
            match = re.search(pattern, line)
            if match:
                return match

    @property
    def output(self):
        """All that it wrote so far."""
        return '\n'.join(self.lines)

    def end(self, number=signal.SIGTERM):
        """Send a signal; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            # It writes where each of its threads is.
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(PATIENCE_S)
            self._reader.join(PATIENCE_S)
            raise AssertionError(
                f'{self._arguments[0]} did not end within {PATIENCE_S} s, '
                f'but:\n{self.output}') from None
        self._reader.join(PATIENCE_S)
        return status

    def _end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        self.process.stdout.close()


def run(*arguments, environment=None, status=None,
        patience_s=PATIENCE_S * 2):
    """Run a command to its end.

    :param status: the exit code to insist on.
    :param patience_s: seconds after which it is taken to hang.
    :returns: the completed process, with stdout and stderr as text.
    """
    done = subprocess.run(
        [str(BIN / arguments[0]), *map(str, arguments[1:])],
        capture_output=True, text=True, timeout=patience_s, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    if status is not None and done.returncode != status:
        raise AssertionError(
            f'{arguments} ended with {done.returncode}, not {status}:\n'
            f'{done.stdout}\n{done.stderr}')
    return done
