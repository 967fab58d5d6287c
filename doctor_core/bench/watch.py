"""Our monitor as the bench runs it: a process which writes its verdicts.

``python -m doctor_core.bench.watch OPTIONS < ADDRESSES``, options as JSON;
writes ``ready``, then ``down ADDRESS AT`` and ``up ADDRESS AT`` by the
monotonic clock, until its input ends.
"""

import json
import logging
import sys
import time

from oslo_config import cfg

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
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    conf.register_opts(SampleMonitor.get_opts(), group='monitor_sample')
    for name, value in json.loads(sys.argv[1]).items():
        conf.set_override(name, value, group='monitor_sample')
    addresses = sys.stdin.readline().split()
    monitor = SampleMonitor(conf, tell)
    monitor.start([Host(address, (address,)) for address in addresses])
    say('ready')
    sys.stdin.read()
    monitor.stop()


if __name__ == '__main__':
    main()
