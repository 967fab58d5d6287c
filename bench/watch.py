"""Our monitor as the bench runs it: a process which writes its verdicts.

``python -m bench.watch OPTIONS < ADDRESSES``, options as JSON;
writes ``ready``, then ``down ADDRESS AT`` and ``up ADDRESS AT`` by the
monotonic clock, until its input ends.
"""

import json
import logging
import sys
import time

from doctor_core import fixtures
from doctor_core.model import Fault, Host
from doctor_core.monitors.sample import SampleMonitor


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f'{line}\n')
    sys.stdout.flush()


def tell(fault: Fault) -> None:
    """Write a verdict."""
    say(f'{fault.status} {fault.hostname} {time.monotonic()}')


def main() -> None:
    """Watch until the input ends."""
    # The table is what is to be read.
    logging.disable(logging.CRITICAL)
    options = fixtures.options(SampleMonitor, **json.loads(sys.argv[1]))
    addresses = sys.stdin.readline().split()
    monitor = SampleMonitor(options, tell)
    monitor.start([Host(address, (address,)) for address in addresses])
    say('ready')
    sys.stdin.read()
    monitor.stop()


if __name__ == '__main__':
    main()
