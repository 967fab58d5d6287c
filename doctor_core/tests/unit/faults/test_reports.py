import dataclasses

import testtools

from doctor_core.faults import reports
from doctor_core.faults.reports import Reading
from doctor_core.model import Fault, FaultStatus, SequenceNumber

DOWN, UP = FaultStatus.DOWN, FaultStatus.UP


def report(status, **changes):
    values = {'hostname': 'h', 'type': 'compute.host.down',
              'detected_at': 0.0, 'received_at': 1000.0, 'source': 'sample'}
    return Fault(status=status, **{**values, **changes})


def read(said, last=None, *, is_down=False, holders=()):
    return reports.read(said, last and reports.said_by(last),
                        is_down=is_down, holders=holders)


class OrderTest(testtools.TestCase):

    def test_the_sender_s_count_decides(self):
        later = report(UP, sequence=SequenceNumber('e', 9), said_at=1.0)
        earlier = report(DOWN, sequence=SequenceNumber('e', 8), said_at=2.0)
        self.assertEqual(Reading.OLD, read(earlier, later))
        self.assertEqual(Reading.RAISES, read(later and report(
            DOWN, sequence=SequenceNumber('e', 10), said_at=0.5), later))

    def test_what_is_delivered_again_has_the_same_place(self):
        one = report(DOWN, sequence=SequenceNumber('e', 9))
        self.assertEqual(Reading.OLD, read(one, one))

    def test_a_count_that_began_anew_has_no_order_with_the_old(self):
        last = report(UP, sequence=SequenceNumber('e', 9))
        self.assertEqual(Reading.RAISES, read(
            report(DOWN, sequence=SequenceNumber('new', 1)), last))

    def test_else_the_sender_s_time_decides(self):
        """An event of 20 s ago, delivered late, felled a healthy host."""
        up = report(UP, said_at=995.0)
        self.assertEqual(Reading.OLD, read(report(DOWN, said_at=980.0), up))
        self.assertEqual(Reading.RAISES,
                         read(report(DOWN, said_at=996.0), up))

    def test_else_the_arrival_decides(self):
        self.assertEqual(Reading.RAISES, read(report(DOWN), report(UP)))
        self.assertEqual(Reading.RAISES, read(
            report(DOWN), report(UP, said_at=995.0)))

    def test_no_step_of_our_own_clock_decides(self):
        """A clock that was ahead at boot had a loss ignored for a day."""
        up = report(UP, received_at=90000.0, said_at=995.0)
        self.assertEqual(Reading.RAISES, read(
            report(DOWN, received_at=1001.0, said_at=999.0), up))

    def test_a_time_in_the_future_orders_nothing(self):
        """The next loss was ignored until the clock had caught up."""
        ahead = report(UP, said_at=1000.0 + 90000)
        self.assertEqual(Reading.RAISES, read(
            report(DOWN, received_at=1010.0, said_at=1009.0), ahead))

    def test_a_sender_s_clock_that_is_behind(self):
        up = report(UP, said_at=-3000.0)
        self.assertEqual(Reading.OLD, read(report(DOWN, said_at=-3600.0),
                                           up))


class AlertTest(testtools.TestCase):
    """An alert speaks of an occurrence; resends speak of it again."""

    FIRING = report(DOWN, source='am/f1', began_at=900.0)
    RESOLVED = report(UP, source='am/f1', began_at=900.0, ended_at=950.0)

    def test_firing_of_an_occurrence_that_was_resolved(self):
        self.assertEqual(Reading.OLD, read(self.FIRING, self.RESOLVED))

    def test_the_other_one_of_a_pair_sends_it_late(self):
        other = dataclasses.replace(self.FIRING, sender='am-2',
                                    began_at=915.0)
        self.assertEqual(reports.orderer(self.RESOLVED),
                         reports.orderer(other))
        self.assertEqual(Reading.OLD, read(other, self.RESOLVED))

    def test_a_new_occurrence(self):
        again = dataclasses.replace(self.FIRING, began_at=960.0)
        self.assertEqual(Reading.RAISES, read(again, self.RESOLVED))

    def test_resolved_that_ended_before_the_firing_began(self):
        """An old resolved took a fresh fault's marks back."""
        stale = dataclasses.replace(self.RESOLVED, began_at=100.0,
                                    ended_at=400.0)
        self.assertEqual(Reading.OLD, read(
            stale, self.FIRING, is_down=True, holders={'am/f1'}))

    def test_resolved_of_an_occurrence_that_raised_nothing(self):
        self.assertEqual(Reading.EVIDENCE, read(
            self.RESOLVED, is_down=True, holders={'sample'}))


class HoldersTest(testtools.TestCase):

    def test_raises_joins_repeats(self):
        self.assertEqual(Reading.RAISES, read(report(DOWN)))
        self.assertEqual(Reading.JOINS, read(
            report(DOWN), is_down=True, holders={'collectd'}))
        self.assertEqual(Reading.REPEATS, read(
            report(DOWN), is_down=True, holders={'sample'}))

    def test_the_last_one_clears(self):
        self.assertEqual(Reading.RELEASES, read(
            report(UP), is_down=True, holders={'sample', 'collectd'}))
        self.assertEqual(Reading.CLEARS, read(
            report(UP), is_down=True, holders={'sample'}))

    def test_who_holds_nothing_ends_nothing(self):
        self.assertEqual(Reading.EVIDENCE, read(
            report(UP), is_down=True, holders={'collectd'}))
        self.assertEqual(Reading.EVIDENCE, read(report(UP)))

    def test_another_process_of_a_kind_takes_its_hold_over(self):
        self.assertEqual(Reading.CLEARS, read(
            report(UP, sender='m2'), is_down=True, holders={'sample'}))
