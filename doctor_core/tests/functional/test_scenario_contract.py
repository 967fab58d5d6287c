"""Every scenario that is installed holds what its kind promises."""

from pathlib import Path

import fixtures
import testtools

from doctor_core import conf as configuration
from doctor_core import plugins
from doctor_core.cli import demo
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.fixtures import ScenarioContract
from doctor_core.messaging import IN_MEMORY

#: Wide, since a test machine may be busy.
_LIMIT = {('scenario_fault_management', 'limit_s'): 20.0}


class OnEmbeddedCloud(ScenarioContract):
    """The contract, on the cloud of ``doctor demo``."""

    def setUp(self):
        super().setUp()
        self.cloud = EmbeddedCloud(hosts=2, transport_url=IN_MEMORY)
        self.cloud.start()
        self.addCleanup(self.cloud.stop)
        self.clouds = Path(self.useFixture(fixtures.TempDir()).path,
                           'clouds.yaml')
        self.clouds.write_text(self.cloud.clouds_yaml())

    def configuration(self):
        return configuration.prepare([], {
            **demo._settings(str(self.clouds), 'local', 1),
            **demo.watching(self.cloud.probe_port),
            **_LIMIT})


for _name in plugins.names('scenarios'):
    globals()[f'{_name.title()}Test'] = type(
        f'{_name.title()}Test', (OnEmbeddedCloud, testtools.TestCase),
        {'__module__': __name__,
         'plugin': plugins.load('scenarios', _name)})
