import dataclasses

import testtools
from hypothesis import assume, given
from hypothesis import strategies as st

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


class ClocksTest(testtools.TestCase):
    """A sender's clock is ahead or behind, by as much all the time."""

    AHEAD = st.floats(-1e9, 1e9).map(round) | st.integers(-120, 120)
    LASTS = st.integers(1, 7200)
    LATER = st.integers(0, 7200)

    @staticmethod
    def alert(status, ahead, began, at, ended=None):
        return report(status, source='am/f1', received_at=float(at),
                      began_at=began + ahead,
                      ended_at=None if ended is None else ended + ahead)

    @given(AHEAD, LASTS, LATER, st.booleans())
    def test_copy_of_a_firing_that_was_resolved(self, ahead, lasts, later,
                                                says_when):
        """It felled the healthy host again, and nobody cleared it."""
        end = 1000 + lasts
        resolved = self.alert(UP, ahead, 1000, end,
                              end if says_when else None)
        self.assertEqual(Reading.OLD, read(
            self.alert(DOWN, ahead, 1000, end + later), resolved))

    @given(AHEAD, LASTS, LATER)
    def test_next_occurrence(self, ahead, lasts, later):
        end = 1000 + lasts
        self.assertEqual(Reading.RAISES, read(
            self.alert(DOWN, ahead, end + later + 1, end + later + 1),
            self.alert(UP, ahead, 1000, end, end)))

    @given(AHEAD, LASTS, LATER)
    def test_end_of_the_one_that_fires(self, ahead, lasts, later):
        end = 1000 + lasts
        self.assertEqual(Reading.CLEARS, read(
            self.alert(UP, ahead, 1000, end + later, end),
            self.alert(DOWN, ahead, 1000, 1000), is_down=True,
            holders={'am/f1'}))

    @given(AHEAD, LATER)
    def test_late_end_of_the_one_before(self, ahead, later):
        """It took the marks of a lost host back."""
        # Else it may be of a clock that is right by now.
        assume(900 + ahead <= 995)
        self.assertEqual(Reading.OLD, read(
            self.alert(UP, ahead, 900, 1000, 990),
            self.alert(DOWN, ahead, 1000, 1000), is_down=True,
            holders={'am/f1'}))

    @given(AHEAD, LASTS, LATER)
    def test_an_overruled_one_is_sent_again(self, ahead, lasts, later):
        """It did not hold that an operator cleared the fault."""
        fired = reports.said_by(self.alert(DOWN, ahead, 1000, 1000))
        _, over = reports.overruled({'': fired}.get)
        for at in (1000, 1000 + lasts, 1000 + lasts + later):
            self.assertEqual(Reading.OLD, reports.read(
                self.alert(DOWN, ahead, 1000, at), over, is_down=False,
                holders=()))

    @given(st.integers(6, 86400), LASTS, LATER)
    def test_clock_that_was_ahead_and_is_right_again(self, ahead, lasts,
                                                     later):
        """All its news was ignored until the clock had caught up."""
        end, again = 1000 + lasts, 1001 + lasts + later
        for resolved, fires in (
                (self.alert(UP, ahead, 1000, end, end),
                 self.alert(DOWN, 0, again, again)),
                (report(UP, received_at=float(end), said_at=end + ahead),
                 report(DOWN, received_at=float(again), said_at=again))):
            self.assertEqual(Reading.RAISES, read(fires, resolved))

    @given(AHEAD)
    def test_others_are_in_order_by_their_clocks_too(self, ahead):
        """An event of 20 s ago, delivered late, felled a healthy host."""
        # Else it may be of a clock that is right by now.
        assume(not 995 < 975 + ahead <= 1006)
        up = report(UP, said_at=995.0 + ahead)
        self.assertEqual(Reading.OLD, read(
            report(DOWN, said_at=975.0 + ahead, received_at=1001.0), up))
        self.assertEqual(Reading.RAISES, read(
            report(DOWN, said_at=996.0 + ahead, received_at=1001.0), up))


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
