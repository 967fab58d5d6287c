"""Handles the process of :mod:`doctor_core.tests.functional.watch`."""

import json
import queue
import subprocess
import sys
import threading

import fixtures

from doctor_core import clock

WAIT_S = 30


class Watched(fixtures.Fixture):
    """A monitor in a process, watching hosts given by name.

    :param prefix: what to put in front of the command.
    """

    def __init__(self, plugin, hosts, options, prefix=()):
        super().__init__()
        self._command = [
            *prefix, sys.executable, '-m',
            'doctor_core.tests.functional.watch', plugin,
            ','.join(f'{name}={address}'
                     for name, address in hosts.items()),
            *(f'{name}={value}' for name, value in options.items())]

    def _setUp(self):
        self.process = subprocess.Popen(
            self._command, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.addCleanup(self.process.stdout.close)
        first = self.process.stdout.readline()
        if first != 'ready\n':
            self._end()
            raise AssertionError(f'the monitor said {first!r}, not ready')
        self._verdicts = queue.Queue()
        self._answers = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.addCleanup(self._reader.join)
        self.addCleanup(self._end)
        clock.wait_for(lambda: 'unknown' not in self.status()[
            'states'].values(), clock.Deadline(WAIT_S),
            what='a first look at every host')

    def _end(self):
        self.process.stdin.close()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith('{'):
                self._answers.put(json.loads(line))
            else:
                self._verdicts.put(tuple(line.split()))

    def status(self):
        """What the monitor holds at the moment."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        return self._answers.get(timeout=WAIT_S)

    def next(self):
        """The next verdict, (name, status)."""
        return self._verdicts.get(timeout=WAIT_S)

    def quiet(self):
        """Whether there is no verdict that was not fetched."""
        self.status()
        return self._verdicts.empty()
