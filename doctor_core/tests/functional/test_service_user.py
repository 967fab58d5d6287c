"""Doctor's own user, on a Keystone that is asked by HTTP."""

import os

import fixtures
import testtools

from doctor_core import conf as doctor_conf
from doctor_core.cloud import Cloud
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.installers import settings
from doctor_core.installers.preparing import catalogue
from doctor_core.model import Need


class ServiceUserTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        embedded = EmbeddedCloud(hosts=1)
        embedded.start()
        self.addCleanup(embedded.stop)
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.clouds = os.path.join(self.folder, 'clouds.yaml')
        with open(self.clouds, 'w', encoding='utf-8') as file:
            file.write(embedded.clouds_yaml())
        self.conf = doctor_conf.prepare([], {
            ('DEFAULT', 'state_path'): os.path.join(self.folder, 'state'),
            ('cloud', 'clouds_file'): self.clouds,
            ('cloud', 'name'): 'doctor-embedded',
            ('inspector', 'host'): '192.0.2.7'})

    def change(self):
        change, = catalogue.cloud_changes(
            [Need.SERVICE_USER], settings.settings(self.conf),
            lambda: Cloud.from_conf(self.conf))
        return change

    def test_the_user_can_do_what_doctor_does(self):
        self.change().apply()
        cloud = Cloud.named(os.path.join(self.folder, 'state',
                                         'doctor-clouds.yaml'), 'doctor')
        self.addCleanup(cloud.close)
        cloud.check()
        service, = [one for one in cloud.get('identity', '/auth/catalog'
                                             )['catalog']
                    if one['type'] == 'fault-management']
        self.assertEqual({'http://192.0.2.7:12345'},
                         {one['url'] for one in service['endpoints']})
        self.assertTrue(self.change().is_applied())

    def test_undo_takes_it_back(self):
        self.change().apply()
        self.change().undo()
        self.assertFalse(self.change().is_applied())
        self.assertEqual([], os.listdir(os.path.join(self.folder, 'state')))

    def test_without_the_need_there_is_nothing_to_do(self):
        self.assertEqual([], catalogue.cloud_changes(
            [Need.HOST_STATUS], None, None))
