import os
import pathlib

import fixtures
import testtools

from doctor_core import plugins
from doctor_core.fixtures import WatchContract
from doctor_core.model import Host

#: A machine has power while there is a file with the name of its controller.
IPMITOOL = '''#!/bin/sh
while [ "$1" != -H ]; do shift; done
if [ -e "{folder}/$2" ]; then power=on; else power=off; fi
echo "Chassis Power is $power"
'''


class PowerMonitorTest(WatchContract, testtools.TestCase):
    """A script stands for ipmitool, and for all controllers."""

    hosts = tuple(Host(name) for name in ('one', 'two', 'three'))
    doubts_itself = False
    values = {'interval_s': 0.1, 'misses': 2, 'soak_s': 0.0,
              'hold_down_s': 0.0}

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('monitors', 'power')
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        tool = self.folder / 'ipmitool'
        tool.write_text(IPMITOOL.format(folder=self.folder))
        tool.chmod(0o755)
        self.useFixture(fixtures.EnvironmentVariable(
            'PATH', f'{self.folder}:{os.environ["PATH"]}'))
        for host in self.hosts:
            self.heal(host)

    def fail(self, host):
        (self.folder / f'{host.name}-bmc').unlink()

    def heal(self, host):
        (self.folder / f'{host.name}-bmc').touch()
