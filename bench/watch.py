"""Our monitor as the bench runs it: a process which writes its verdicts.

``python -m bench.watch OPTIONS < HOSTS``, options as JSON, hosts as addresses
or as ``NAME=ADDRESS,ADDRESS``; writes ``ready``, then ``down NAME AT FAULT``
and ``up NAME AT FAULT`` by the monotonic clock, with the fault as it would
travel, until its input ends.
"""

import json
import logging
import sys
import time

from doctor_core import fixtures, wire
from doctor_core.model import Fault, Host
from doctor_core.monitors.sample import SampleMonitor


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f'{line}\n')
    sys.stdout.flush()


def tell(fault: Fault) -> None:
    """Write a verdict."""
    say(f'{fault.status} {fault.hostname} {time.monotonic()} '
        + json.dumps(wire.fault_to_payload(fault)))


def _host(word: str) -> Host:
    name, _, addresses = word.partition('=')
    return Host(name, tuple((addresses or name).split(',')))


def main() -> None:
    """Watch until the input ends."""
    # The table is what is to be read.
    logging.disable(logging.CRITICAL)
    options = fixtures.options(SampleMonitor, **json.loads(sys.argv[1]))
    hosts = [_host(word) for word in sys.stdin.readline().split()]
    monitor = SampleMonitor(options, tell)
    monitor.start(hosts)
    say('ready')
    sys.stdin.read()
    monitor.stop()


if __name__ == '__main__':
    main()
