import fixtures
import testtools

from doctor_core.exceptions import CloudError
from doctor_core.faults.confirmation import Confirmation
from doctor_core.tests.unit.faults import doubles


class ConfirmationTest(testtools.TestCase):
    """What a broker forgot was never told."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.now = 0.0
        self.asked = []
        self.silent = {'s1'}
        self.desk = doubles.Desk()
        self.desk.alarms.missed = self.missed
        self.confirmation = Confirmation(
            self.desk.alarms, self.desk.store, lambda: self.now)
        report = self.desk.down()
        self.confirmation.add(report.fault_id, 'h0')
        self.desk.alarms.told.clear()

    def missed(self, updates):
        self.asked.append(self.now)
        if self.silent is None:
            raise CloudError('Aodh does not answer', recoverable=True)
        return [update for update in updates
                if update.trait('instance_id') in self.silent]

    def look(self, *times):
        for self.now in times:
            self.confirmation.look()

    def test_who_was_missed_is_told_again(self):
        self.look(10.0)
        self.assertEqual([('s1', 'error')], self.desk.alarms.told)

    def test_not_at_once(self):
        """Aodh takes its time, and has others to tell."""
        self.look(5.0)
        self.assertEqual([], self.asked)

    def test_nobody_was_missed(self):
        self.silent = set()
        self.look(10.0, 20.0, 1000.0)
        self.assertEqual(([10.0], []), (self.asked, self.desk.alarms.told))

    def test_until_nobody_is_missed(self):
        self.look(10.0, 20.0, 30.0)
        self.silent = set()
        self.look(70.0, 1000.0)
        self.assertEqual([10.0, 30.0, 70.0], self.asked)
        self.assertEqual(2, len(self.desk.alarms.told))

    def test_aodh_is_away(self):
        silent, self.silent = self.silent, None
        self.look(10.0)
        self.silent = silent
        self.look(30.0)
        self.assertEqual([('s1', 'error')], self.desk.alarms.told)

    def test_in_the_end_an_operator_hears_of_it(self):
        self.look(*range(10, 2000, 10))
        self.assertEqual(5, len(self.desk.alarms.told))
        self.assertIn('alarms of 1 server never went off', self.log.output)

    def test_not_for_ever_because_the_fault_is_gone_on_with(self):
        """Each time it was, the looks began anew: an owner who had set an
        alarm back was told every half minute.
        """
        fault_id = self.desk.store.faults.latest()[0].id
        for at in range(0, 2000, 30):
            self.now = float(at)
            self.confirmation.add(fault_id, 'h0')
            self.look(at + 10.0)
        self.assertEqual(5, len(self.desk.alarms.told))
        self.assertEqual(1, self.log.output.count('never went off'))

    def test_who_comes_later_is_told_again_too(self):
        self.look(*range(10, 2000, 10))
        self.desk.alarms.told.clear()
        self.silent = {'s1', 's2'}
        self.confirmation.add(self.desk.store.faults.latest()[0].id, 'h0')
        self.look(self.now + 10.0)
        self.assertEqual([('s2', 'error')], self.desk.alarms.told)

    def test_not_when_the_host_is_back(self):
        self.desk.up()
        self.look(10.0)
        self.assertEqual([], self.asked)

    def test_every_fault_is_confirmed(self):
        self.desk.clock.advance(10.0)
        self.desk.engine.confirmation.look()
        self.assertEqual([('s1', 'error')], self.desk.alarms.told)


class AfterARestartTest(testtools.TestCase):
    """Killed some seconds after it had told Aodh, which lost it: nobody
    looked any more.
    """

    def setUp(self):
        super().setUp()
        self.asked = []
        self.desk = doubles.Desk()
        self.desk.alarms.missed = lambda updates: self.asked.append(
            len(updates)) or []
        report = self.desk.down()
        self.told_at = max(one.at for one in self.desk.store.tellings.of(
            report.fault_id))

    def look(self, after_s):
        confirmation = Confirmation(
            self.desk.alarms, self.desk.store, self.desk.clock.monotonic,
            lambda: self.told_at + after_s)
        confirmation.go_on()
        self.desk.clock.advance(10.0)
        confirmation.look()
        return self.asked

    def test_it_is_looked_at_again(self):
        self.assertEqual([3], self.look(5.0))

    def test_what_was_told_long_ago_is_left_alone(self):
        self.assertEqual([], self.look(1000.0))

    def test_nor_is_a_host_that_is_back(self):
        self.desk.up()
        self.assertEqual([], self.look(5.0))
