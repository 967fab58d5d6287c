"""Clocks step; no step may decide what a report means."""

import fixtures
import testtools

from doctor_core.model import FaultStatus, SequenceNumber
from doctor_core.store import Store
from doctor_core.tests.unit.faults import doubles

HOUR = 3600.0
NOW = 1_700_000_000.0
NAGIOS = {'source': 'nagios', 'sender': 'n1'}


def came(number):
    return SequenceNumber('intake', number)


class ClockStepTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()

    def test_a_day_ahead_at_boot_for_sender_and_doctor_alike(self):
        """The next loss, and the return of an open fault, were ignored."""
        self.desk.down(at=NOW + 25 * HOUR, **NAGIOS)
        self.assertEqual('cleared',
                         self.desk.up(at=NOW + 600, **NAGIOS).state)
        self.assertEqual('handled',
                         self.desk.down(at=NOW + 900, **NAGIOS).state)

    def test_small_step_back_of_one_clock_that_both_go_by(self):
        self.desk.down(at=1000.0, **NAGIOS)
        self.assertEqual('cleared', self.desk.up(at=997.0, **NAGIOS).state)

    def test_large_step_back_where_arrivals_are_counted(self):
        self.desk.down(at=1000.0, arrival=came(1), **NAGIOS)
        self.assertEqual('cleared', self.desk.up(
            at=900.0, arrival=came(2), **NAGIOS).state)

    def test_large_step_back_while_doctor_is_restarted(self):
        """A return, and the next loss, were ignored until the clock had
        caught up.
        """
        path = self.useFixture(fixtures.TempDir()).join('i.sqlite')

        def arrival():
            # Each time that of another process.
            counting = Store(path)
            self.addCleanup(counting.close)
            return counting.arrivals.next()

        self.desk.down(at=1000.0, arrival=arrival(), **NAGIOS)
        self.assertEqual('cleared', self.desk.up(
            at=700.0, arrival=arrival(), **NAGIOS).state)
        self.assertEqual('handled', self.desk.down(
            at=705.0, arrival=arrival(), **NAGIOS).state)

    def test_our_clock_alone_steps_back_and_the_news_is_late(self):
        self.desk.down(at=1000.0, said_at=500.0, arrival=came(1), **NAGIOS)
        self.assertEqual('ignored', self.desk.up(
            at=900.0, said_at=499.0, arrival=came(2), **NAGIOS).state)

    def test_sender_s_clock_is_set_back_by_hours(self):
        """It was deaf until its clock had caught up."""
        self.desk.down(at=NOW, **NAGIOS)
        self.assertEqual('cleared', self.desk.up(
            at=NOW + 9, said_at=NOW - 2 * HOUR, **NAGIOS).state)

    def test_brought_again_is_older_by_its_arrival(self):
        self.desk.up(at=20.0, said_at=None, arrival=came(2), **NAGIOS)
        self.assertEqual('ignored', self.desk.down(
            at=10.0, said_at=None, arrival=came(1), **NAGIOS).state)
        self.desk.up(at=1000.0, arrival=came(4), **NAGIOS)
        self.assertEqual('ignored', self.desk.down(
            at=998.0, arrival=came(3), **NAGIOS).state)

    def test_the_sender_s_time_goes_before_the_arrival(self):
        self.desk.up(at=20.0, said_at=10.0, arrival=came(2), **NAGIOS)
        self.assertEqual('handled', self.desk.down(
            at=20.0, said_at=11.0, arrival=came(1), **NAGIOS).state)

    def test_alert_that_fires_again_hours_after_it_began(self):
        alert = {'source': 'am/f1', 'said_at': None, 'began_at': NOW}
        self.desk.handle(doubles.fault(
            'h0', FaultStatus.UP, NOW + 9 * HOUR, ended_at=NOW + 8 * HOUR,
            **alert))
        self.assertEqual('ignored', self.desk.down(
            at=NOW + 9 * HOUR, **alert).state)

    def test_alert_whose_clock_was_a_day_ahead(self):
        alert = {'source': 'am/f1', 'said_at': None}
        self.desk.handle(doubles.fault(
            'h0', FaultStatus.UP, NOW + 25 * HOUR, began_at=NOW + 24 * HOUR,
            ended_at=NOW + 25 * HOUR, **alert))
        self.assertEqual('handled', self.desk.down(
            at=NOW + 900, began_at=NOW + 600, **alert).state)
