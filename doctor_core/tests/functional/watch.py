"""A monitor in a process of its own, for tests that stop or move it.

``python -m doctor_core.tests.functional.watch PLUGIN NAME=ADDRESS,... \
[option=value ...]`` writes ``ready``, then each verdict as ``NAME STATUS``;
on a line of input it writes the hosts' states as JSON.
"""

import json
import sys

from doctor_core import fixtures, plugins
from doctor_core.services.hosts import configured_hosts


def say(*words):
    sys.stdout.write(' '.join(words) + '\n')
    sys.stdout.flush()


def main():
    plugin, hosts, *settings = sys.argv[1:]
    monitor_class = plugins.load('monitors', plugin)
    values = dict(setting.split('=') for setting in settings)
    monitor = monitor_class(
        fixtures.options(monitor_class, **{
            name: float(value) for name, value in values.items()}),
        lambda fault: say(fault.hostname, fault.status))
    monitor.start(configured_hosts(hosts.split(',')))
    say('ready')
    for _line in sys.stdin:
        say(json.dumps({
            'isolated': monitor.isolated(),
            'near_misses': sum(status.near_misses
                               for status in monitor.status()),
            'states': {status.host.name: status.state
                       for status in monitor.status()}}))
    monitor.stop()


if __name__ == '__main__':
    main()
