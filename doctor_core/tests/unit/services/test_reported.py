import json
import os

import fixtures
import testtools

from doctor_core.model import Fault, FaultStatus
from doctor_core.services.reported import Reported


def fault(name, status):
    return Fault(name, 'compute.host.down', status, 1.0, 1.0)


class ReportedCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.path = os.path.join(
            self.useFixture(fixtures.TempDir()).path, 'state', 'm.json')

    def write(self, text):
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write(text)


class TestReported(ReportedCase):

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
            self.write(text)
            self.assertEqual(frozenset(), Reported(self.path).down)
        self.assertEqual(3, self.log.output.count('cannot be read'))

    def test_a_place_that_cannot_be_written_is_a_warning(self):
        reported = Reported('/proc/no/such/m.json')
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertIn('cannot be written', self.log.output)
        self.assertEqual({'a'}, reported.down)


class NumberTest(ReportedCase):

    def numbers(self, count, reported):
        return [reported.next_number() for _ in range(count)]

    def test_numbers_grow(self):
        first, second = self.numbers(2, Reported(self.path))
        self.assertEqual((first.epoch, 1),
                         (second.epoch, second.number - first.number))

    def test_numbers_grow_over_a_restart(self):
        """A monitor that was killed counted anew, and its reports were old.
        """
        for count in (1, 999, 1000, 1001, 2500):
            before = self.numbers(count, Reported(self.path))[-1]
            after = Reported(self.path).next_number()
            self.assertEqual(before.epoch, after.epoch)
            self.assertGreater(after.number, before.number)

    def test_no_number_is_given_that_is_not_kept(self):
        reported = Reported(self.path)
        for _ in range(3000):
            number = reported.next_number().number
            if number % 100 == 0:
                with open(self.path, encoding='utf-8') as file:
                    self.assertGreaterEqual(json.load(file)['number'], number)

    def test_file_that_is_lost_is_another_count(self):
        before = Reported(self.path).next_number()
        os.remove(self.path)
        self.assertNotEqual(before.epoch,
                            Reported(self.path).next_number().epoch)

    def test_count_that_cannot_be_is_not_gone_on_with(self):
        os.mkdir(os.path.dirname(self.path))
        for count in ('"epoch": "e"', '"epoch": "", "number": 3',
                      '"epoch": "e", "number": true',
                      '"epoch": "e", "number": -1',
                      f'"epoch": "e", "number": {10 ** 30}'):
            self.write(f'{{"down": ["a"], {count}}}')
            reported = Reported(self.path)
            self.assertEqual({'a'}, reported.down)
            self.assertEqual(1, reported.next_number().number)

    def test_count_that_cannot_be_kept_is_one_of_this_process(self):
        """Two processes gave the same number to different reports."""
        first, second = (Reported('/proc/no/such/m.json') for _ in 'ab')
        self.assertNotEqual(first.next_number().epoch,
                            second.next_number().epoch)

    def test_disk_that_fills_up_ends_the_count_that_is_kept(self):
        reported = Reported(self.path)
        (before,) = self.numbers(1, reported)
        os.mkdir(f'{self.path}.new')
        after = self.numbers(1001, reported)[-1]
        self.assertNotEqual(before.epoch, after.epoch)
        self.assertEqual(before.epoch, self.epoch_of_the_file())
        os.rmdir(f'{self.path}.new')
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertEqual(after.epoch, self.epoch_of_the_file())

    def epoch_of_the_file(self):
        with open(self.path, encoding='utf-8') as file:
            return json.load(file)['epoch']
