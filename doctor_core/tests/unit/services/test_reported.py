import os

import fixtures
import testtools

from doctor_core import clock
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.services.reported import Numbering, Reported


def fault(name, status):
    return Fault(name, 'compute.host.down', status, 1.0, 1.0,
                 source='sample')


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
        reported = Reported(self.path, ('sample',))
        reported.note(fault('a', FaultStatus.DOWN))
        reported.note(fault('b', FaultStatus.DOWN))
        reported.note(fault('a', FaultStatus.UP))
        self.assertEqual({'sample': {'b'}},
                         Reported(self.path, ('sample',)).down)

    def test_who_was_heard_outlives_the_process(self):
        reported = Reported(self.path, ('sample', 'ipmi'))
        reported.note_heard('sample', {'a (192.0.2.1)'})
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertEqual(
            {'sample': {'a (192.0.2.1)'}, 'ipmi': frozenset()},
            Reported(self.path, ('sample', 'ipmi')).heard)

    def test_who_was_kept_back_outlives_the_process(self):
        signs = {'a': Evidence(EvidenceKind.HEARTBEAT, 'nova', 1.7e9, 'x')}
        Reported(self.path, ('sample',)).note_alive(signs)
        after = Reported(self.path, ('sample',))
        self.assertEqual(signs, after.alive)
        after.note_alive({})
        self.assertEqual({}, Reported(self.path, ('sample',)).alive)

    def test_it_is_written_when_other_hosts_are(self):
        """A sign of life is a new one every ten seconds."""
        reported = Reported(self.path, ('sample',))
        for at in (1.7e9, 1.7e9 + 10.0):
            reported.note_alive({'a': Evidence(
                EvidenceKind.HEARTBEAT, 'nova', at)})
        self.assertEqual([1.7e9], [
            one.at for one in Reported(self.path, ()).alive.values()])

    def test_nonsense_about_who_was_kept_back(self):
        for nonsense in ('7', '[7]', '{"a": 1}', '[{"hostname": "a"}]'):
            Reported(self.path, ())
            self.write(f'{{"down": {{}}, "alive": {nonsense}}}')
            self.assertEqual({}, Reported(self.path, ()).alive)

    def test_nobody_at_first(self):
        self.assertEqual({'sample': frozenset()}, Reported(
            self.path, ('sample',)).down)

    def test_a_broken_file_is_a_warning(self):
        os.mkdir(os.path.dirname(self.path))
        for text in ('{', '[]', '{"down": 1}', '[' * 100_000):
            self.write(text)
            self.assertFalse(any(
                Reported(self.path, ('sample',)).down.values()))
        self.assertEqual(4, self.log.output.count('cannot be read'))

    def test_a_file_of_a_release_that_counted_there(self):
        os.mkdir(os.path.dirname(self.path))
        self.write('{"down": ["a"], "epoch": "e", "number": 2000}')
        self.assertEqual(
            {'sample': {'a'}, 'ipmi': {'a'}},
            Reported(self.path, ('sample', 'ipmi')).down)

    def test_what_a_monitor_reported_that_is_not_chosen_any_more(self):
        """Each that is takes it over: somebody has to say that it is up."""
        reported = Reported(self.path, ('sample', 'collectd'))
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertEqual({'ipmi': {'a'}, 'collectd': {'a'}},
                         Reported(self.path, ('ipmi', 'collectd')).down)

    def test_a_place_that_cannot_be_written_is_a_warning(self):
        reported = Reported('/proc/no/such/m.json', ('sample',))
        reported.note(fault('a', FaultStatus.DOWN))
        self.assertIn('cannot be written', self.log.output)
        self.assertEqual({'sample': {'a'}}, reported.down)


class NumberTest(testtools.TestCase):
    """Of two reports of a machine's monitors the newer one has the greater
    number, whatever became of a file, a process or the clock on the wall.
    """

    def setUp(self):
        super().setUp()
        self.time = 1000.0

    def number(self, numbering=None):
        return (numbering or Numbering(lambda: self.time)).next()

    def test_numbers_grow_while_the_clock_stands(self):
        numbering = Numbering(lambda: self.time)
        first, second = (self.number(numbering) for _ in range(2))
        self.assertEqual((first.epoch, 1),
                         (second.epoch, second.number - first.number))

    def test_numbers_grow_over_a_restart(self):
        """A monitor that was killed counted anew, and its reports were old;
        so it was with one whose file was restored.
        """
        before = self.number()
        self.time += 0.5
        after = self.number()
        self.assertEqual(before.epoch, after.epoch)
        self.assertGreater(after.number, before.number)

    def test_two_monitors_are_both_heard(self):
        """The second one counted ahead of the first, which was deaf then."""
        first, second = (Numbering(lambda: self.time) for _ in 'ab')
        given = []
        for numbering in (first, second, second, first):
            self.time += 0.001
            given.append(self.number(numbering).number)
        self.assertEqual(sorted(given), given)

    def test_another_run_of_the_machine_is_another_count(self):
        before = self.number()
        self.useFixture(fixtures.MockPatchObject(
            clock, 'boot_id', lambda: 'another'))
        self.time = 3.0
        self.assertNotEqual(before.epoch, self.number().epoch)

    def test_the_clock_on_the_wall_says_nothing(self):
        self.useFixture(fixtures.MockPatchObject(
            clock, 'now', lambda: 1 / 0))
        self.number()

    def test_a_database_holds_it_for_a_hundred_years(self):
        self.time = 100 * 366 * 86400.0
        self.assertLess(self.number().number, 2 ** 62)
