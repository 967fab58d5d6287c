import threading

import testtools

from doctor_core.faults import plan
from doctor_core.faults.good_news import GoodNews
from doctor_core.faults.telling import Teller
from doctor_core.faults.undoing import Guests, Returned
from doctor_core.model import News
from doctor_core.model.states import CorrectionState, TellingState
from doctor_core.tests.unit.faults import doubles


class GoodNewsTest(testtools.TestCase):
    """A host with three servers was lost, and its owners were told."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.record = self.desk.fault(self.desk.down().fault_id)
        self.desk.alarms.told.clear()

    def answer(self, undone=('s0', 's1', 's2'), what=Guests.RAN_ON,
               hears_nova=False, servers=None, teller=None):
        teller = teller or self.teller()
        news = GoodNews(teller, self.desk.store, hears_nova=hears_nova)
        here = tuple(self.desk.cloud.all_servers.values()) \
            if servers is None else servers
        news.answer(
            self.record, news.unanswered(self.record.id),
            Returned(plan.Affected('h0', None, here), {}, ()), what,
            frozenset(undone))
        teller.under_way.keep(self.record.id)
        return [one.server.id for one in news.unanswered(self.record.id)]

    def teller(self):
        return Teller(self.desk.alarms, self.desk.store, lambda stamp: None,
                      self.desk.stopping)

    def states(self, news):
        return {server_id: state for (server_id, said), state
                in self.desk.telling_states(self.record.id).items()
                if said is news}

    def test_what_was_set_back_is_told_and_nothing_is_unanswered(self):
        self.assertEqual([], self.answer())
        self.assertEqual([('s0', 'active'), ('s1', 'active'),
                          ('s2', 'active')], sorted(self.desk.alarms.told))

    def test_they_are_told_at_once(self):
        """One by one, each of a thousand cost a look at all thousand."""
        calls, tell = [], self.desk.alarms.tell

        def counted(events, **known):
            calls.append(len(events))
            return tell(events, **known)
        self.desk.alarms.tell = counted
        self.answer()
        self.assertEqual([3], calls)

    def test_nobody_is_told_twice(self):
        self.answer()
        self.desk.alarms.told.clear()
        self.answer()
        self.assertEqual([], self.desk.alarms.told)

    def test_what_nova_tells_is_not_told_by_us(self):
        self.assertEqual([], self.answer(hears_nova=True))
        self.assertEqual([], self.desk.alarms.told)
        self.assertEqual({'s0', 's1', 's2'}, set(self.states(News.BACK)))

    def test_guests_that_have_ended_are_stopped_first(self):
        self.answer(what=Guests.ENDED)
        self.assertEqual({'stopped'},
                         {state for _, state in self.desk.alarms.told})
        self.assertEqual({TellingState.OWED},
                         set(self.states(News.BACK).values()))

    def test_of_what_is_gone_there_is_nothing_to_tell(self):
        self.assertEqual([], self.answer(servers=()))
        self.assertEqual([], self.desk.alarms.told)
        self.assertEqual({TellingState.WAIVED},
                         set(self.states(News.BACK).values()))

    def test_what_is_still_to_be_set_back_has_to_wait(self):
        self.desk.store.corrections.owe_undo(self.record.id)
        self.assertEqual(['s0', 's1', 's2'], sorted(self.answer()))
        self.assertEqual([], self.desk.alarms.told)
        self.assertIn(CorrectionState.UNDO_OWED,
                      self.desk.correction_states(self.record.id).values())

    def test_who_has_yet_to_hear_of_the_loss_hears_of_that_first(self):
        desk = self.desk = doubles.Desk()
        desk.alarms.failures = ['s0: given up']
        desk.stopping.set()
        self.record = desk.fault(desk.down().fault_id)
        desk.alarms.told.clear()
        self.assertEqual(['s0', 's1', 's2'], sorted(self.answer()))
        self.assertEqual([], desk.alarms.told)

    def held_up(self, *, keeps_order):
        """A consumer has yet to take the loss; what is told meanwhile."""
        desk = self.desk = doubles.Desk()
        desk.alarms.failures, desk.alarms.keeps_order = ['away'], keeps_order
        desk.stopping.set()
        self.record = desk.fault(desk.down().fault_id)
        desk.stopping.clear()
        hold = desk.alarms.hold = threading.Event()
        self.addCleanup(hold.set)
        teller = self.teller()
        teller.tell(self.record.id, 'h0', [
            one.telling for one in desk.store.tellings.of(self.record.id)])
        desk.alarms.told.clear()
        self.answer(teller=teller)
        return sorted(desk.alarms.told)

    def test_who_does_not_answer_holds_up_no_other_owner(self):
        """His good news waits for him where it goes to; that of another
        alarm of this server waited, too.
        """
        self.assertEqual([('s0', 'active'), ('s1', 'active'),
                          ('s2', 'active')], self.held_up(keeps_order=True))

    def test_the_order_is_kept_here_where_nobody_else_keeps_it(self):
        self.assertEqual([], self.held_up(keeps_order=False))
