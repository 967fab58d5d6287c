import dataclasses
import os

import fixtures
import testtools
from openstack_bed import settings


class FindTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).join('bed')

    def find(self, offset=None):
        return settings.find(self.folder, offset)

    def test_a_folder_that_is_new_has_nothing_besides(self):
        bed = self.find()
        self.assertEqual((0, (), False), (bed.offset, bed.extras, bed.plain))

    def test_a_folder_knows_what_it_was_brought_up_with(self):
        dataclasses.replace(self.find(100), extras=('vitrage',),
                            plain=True).save()
        bed = self.find()
        self.assertEqual((100, ('vitrage',), True),
                         (bed.offset, bed.extras, bed.plain))
        self.assertEqual(25100, bed.port('keystone'))

    def test_a_folder_keeps_its_ports(self):
        self.find(100).save()
        self.assertEqual(100, self.find(100).offset)
        error = self.assertRaises(settings.BedError, self.find, 200)
        self.assertIn('100', str(error))

    def test_a_folder_of_an_older_bed_is_read(self):
        self.find(100).save()
        with open(os.path.join(self.folder, 'bed.json'), 'w') as file:
            file.write('{"offset": 7}')
        self.assertEqual((7, ()), (self.find().offset, self.find().extras))

    def test_the_home_can_be_elsewhere(self):
        self.useFixture(fixtures.EnvironmentVariable(
            'DOCTOR_BED_HOME', '/srv/bed'))
        bed = settings.find(None, None)
        self.assertEqual('/srv/bed/core/bin/nova', bed.core('nova'))
        self.assertEqual('/srv/bed/bed', str(bed.folder))
