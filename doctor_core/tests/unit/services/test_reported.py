import os

import fixtures
import testtools

from doctor_core.model import Fault, FaultStatus
from doctor_core.services.reported import Reported


def fault(name, status):
    return Fault(name, 'compute.host.down', status, 1.0, 1.0)


class TestReported(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.path = os.path.join(
            self.useFixture(fixtures.TempDir()).path, 'state', 'm.json')

    def test_who_is_down_outlives_the_process(self):
        reported = Reported(self.path)
        reported.note(fault('a', FaultStatus.DOWN))
        reported.note(fault('b', FaultStatus.DOWN))
        reported.note(fault('a', FaultStatus.UP))
        self.assertEqual({'b'}, Reported(self.path).down)

    def test_nobody_at_first(self):
        self.assertEqual(frozenset(), Reported(self.path).down)

    def test_a_broken_file_is_a_warning(self):
        os.mkdir(os.path.dirname(self.path))
        for text in ('{', '[]', '{"down": 1}'):
            with open(self.path, 'w', encoding='utf-8') as file:
                file.write(text)
            self.assertEqual(frozenset(), Reported(self.path).down)
        self.assertEqual(3, self.log.output.count('cannot be read'))

    def test_a_place_that_cannot_be_written_is_a_warning(self):
        reported = Reported('/proc/no/such/m.json')
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertIn('cannot be written', self.log.output)
        self.assertEqual({'a'}, reported.down)
