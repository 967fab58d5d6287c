"""The test that doc/source/contributor/write-a-monitor.rst shows passes."""

import importlib.util

from doctor_core.tests.unit.entry_points import InstalledDistribution
from doctor_core.tests.unit.test_documented_monitor import (
    ENTRY_POINTS,
    EXAMPLE,
)

_spec = importlib.util.spec_from_file_location(
    'documented_test', EXAMPLE / 'test_power.py')
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


class DocumentedMonitorTest(_module.PowerMonitorTest):

    def setUp(self):
        self.installed = InstalledDistribution(
            'doctor_power', (EXAMPLE / 'power.py').read_text(), ENTRY_POINTS)
        self.installed.setUp()
        self.addCleanup(self.installed.cleanUp)
        super().setUp()
