import dataclasses

import fixtures
import testtools

from doctor_core.faults import witnesses
from doctor_core.model import ComputeService
from doctor_core.tests.unit.faults import doubles


def service(updated_at, state='up', forced_down=False):
    return ComputeService('c0', 'h0', state, 'enabled', forced_down,
                          updated_at=updated_at)


class WitnessesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()
        self.record = self.desk.fault(self.desk.down().fault_id)
        self.witnesses = witnesses.Witnesses(
            lambda: self.desk.settings, self.desk.store,
            self.desk.clock.monotonic)
        self.witnesses.await_for(self.record.id)

    def of(self, service, witness=''):
        return self.witnesses.of(
            dataclasses.replace(self.record, witness=witness), service)

    def test_nobody_at_first(self):
        self.assertEqual(['', ''], [self.of(service('1')), self.of(None)])

    def test_nova_compute_that_reports(self):
        self.of(service('1'))
        self.assertEqual(witnesses.HEARTBEAT, self.of(service('2')))

    def test_our_own_monitor_until_nova_compute_reports(self):
        for updated_at, expected in (('1', witnesses.MONITOR),
                                     ('2', witnesses.HEARTBEAT)):
            self.assertEqual(expected, self.of(service(updated_at),
                                               witnesses.MONITOR))

    def test_whose_word_is_final(self):
        self.of(service('1'))
        for witness in witnesses.DECIDED:
            self.assertEqual(witness, self.of(service('2'), witness))

    def test_time_where_an_operator_lets_it(self):
        self.desk.clock.sleep(1000.0)
        self.assertEqual('', self.of(service('1')))
        self.desk.set(unwitnessed_clear_s=1001.0)
        self.assertEqual('', self.of(service('1')))
        self.desk.clock.sleep(1.0)
        # What was waited for already counts.
        self.witnesses.await_for(self.record.id)
        self.assertEqual(witnesses.TIME, self.of(service('1')))
        self.assertEqual(witnesses.TIME,
                         self.desk.fault(self.record.id).witness)
        self.assertIn('nobody has seen it return for 1001 s',
                      self.log.output)

    def test_it_counts_anew_for_a_fault_that_was_forgotten(self):
        self.desk.set(unwitnessed_clear_s=10.0)
        self.desk.clock.sleep(10.0)
        self.witnesses.forget(self.record.id)
        self.witnesses.await_for(self.record.id)
        self.assertEqual('', self.of(service('1')))

    def works(self, *args, **kwargs):
        return self.witnesses.is_working(self.record.id,
                                         service(*args, **kwargs))

    def test_what_works_reports_and_is_up(self):
        self.assertFalse(self.works('1'))
        self.assertFalse(self.works('2', state='down'))
        self.assertTrue(self.works('3'))

    def test_or_would_be_up_if_nobody_held_it_down(self):
        self.works('1', 'down', forced_down=True)
        self.assertTrue(self.works('2', 'down', forced_down=True))

    def test_our_own_change_is_no_report(self):
        self.works('1')
        self.witnesses.restart(self.record.id, service('2'))
        self.assertFalse(self.works('2'))
        self.assertTrue(self.works('3'))
