from pathlib import Path

import fixtures
import testtools
import yaml
from openstack_bed import clients, services
from openstack_bed.settings import EXTRAS, Bed

from doctor_core import conf as configuration
from doctor_core.services import chosen


class WriteTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.bed = Bed(self.folder / 'home', self.folder, 100, EXTRAS)
        clients.write(self.bed)

    def test_the_clouds_are_those_of_this_bed(self):
        clouds = yaml.safe_load(
            (self.folder / 'clouds.yaml').read_text())['clouds']
        self.assertEqual({'bed': 'admin', 'bed-member': 'member'}, {
            name: cloud['auth']['username']
            for name, cloud in clouds.items()})
        self.assertEqual('http://127.0.0.1:25100/v3',
                         clouds['bed']['auth']['auth_url'])

    def test_doctor_knows_the_bed_by_its_configuration(self):
        conf = configuration.prepare([str(self.folder / 'doctor.conf')])
        installer = chosen.installer(conf)
        self.addCleanup(installer.close)
        # One journal of what was changed: there is one machine.
        controller, = installer.nodes()
        layout = installer.layout(controller)
        self.assertEqual(str(self.bed.etc('nova', 'nova.conf')),
                         layout.files['nova.conf'])
        self.assertIn('congress.conf', layout.files)
        for service in layout.services.values():
            *_command, verb, name = service.restart
            self.assertEqual('restart', verb)
            self.assertNotEqual([], services.named(self.bed, name))
            self.assertEqual('check', service.check[-2])
