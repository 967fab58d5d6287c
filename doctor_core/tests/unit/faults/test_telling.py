import dataclasses
import threading
from concurrent.futures import Future

import fixtures
import testtools

from doctor_core import clock, store
from doctor_core.alarms.base import Pending
from doctor_core.exceptions import BusError
from doctor_core.faults.telling import Teller
from doctor_core.model import (
    Delivered,
    FaultStatus,
    News,
    Reached,
    Server,
    Telling,
)
from doctor_core.model.states import FaultState, TellingState
from doctor_core.tests.unit.faults import doubles


class TellerTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.alarms = doubles.Alarms(doubles.Inspector(doubles.Cloud()))
        self.store = store.Store()
        self.stopping = threading.Event()
        self.stamps = []
        self.teller = Teller(self.alarms, self.store, self.stamps.append,
                             self.stopping)
        self.fault = doubles.fault('h0', FaultStatus.DOWN, 10.0)
        self.tellings = [
            Telling(Server(name, name, 'p', 'h0'), News.LOST, 'error',
                    {'corrected': 'true'}) for name in ('s0', 's1')]
        self.store.faults.add(self.fault, 'h0', FaultState.HANDLING)
        self.store.tellings.owe(self.fault.id, self.tellings)

    def tell(self):
        return self.teller.tell(self.fault.id, 'h0', self.tellings)

    def states(self):
        return {one.telling.server.id: one.state for one
                in self.store.tellings.of(self.fault.id)}

    def test_told_with_the_traits(self):
        self.assertEqual(2, self.tell())
        self.assertEqual(
            [], self.teller.under_way.settle(self.fault.id).result(10))
        self.assertEqual({'s0': 'told', 's1': 'told'}, self.states())
        self.assertEqual('true', self.alarms.traits['s0']['corrected'])

    def test_since_when_an_owner_could_have_known(self):
        """The log counted from the hand-over to the notifier."""
        back = dataclasses.replace(self.tellings[0], news=News.BACK)
        self.store.tellings.owe(self.fault.id, [back])
        self.store.faults.describe(self.fault.id, received_at=9.5,
                                   cleared_at=30.0)
        told = []
        self.alarms.tell = lambda events, **names: told.extend(events) or [
            doubles.done([]) for _ in events]
        self.teller.tell(self.fault.id, 'h0', [self.tellings[0], back])
        self.assertEqual([9.5, 30.0], [event.since for event in told])

    def test_each_has_its_own_outcome(self):
        """One failed delivery put everybody back."""
        self.alarms.failing = {'s1'}
        self.tell()
        self.assertEqual(['the owner of s1 is away'],
                         self.teller.under_way.settle(self.fault.id).result(10))
        self.assertEqual({'s0': 'told', 's1': 'given-up'}, self.states())

    def outcomes(self, *reached):
        """How each server's telling ends."""
        self.alarms.tell = lambda events, **names: [
            doubles.done(one) for one in reached]
        self.tell()
        self.teller.under_way.settle(self.fault.id).result(10)
        return [(one.state, one.reason) for one
                in self.store.tellings.of(self.fault.id)]

    def test_nobody_to_tell_is_not_told(self):
        """A server that nobody has an alarm for counted as told."""
        self.assertEqual(
            [('nobody-to-tell', ''), ('nobody-to-tell', "'a' is disabled")],
            self.outcomes(Reached(), Reached(silent=("'a' is disabled",))))

    def test_many_alarms_that_did_not_go_off(self):
        silent = tuple(f'{number} is disabled' for number in range(1000))
        [(_, reason), _] = self.outcomes(Reached(silent=silent), Reached())
        self.assertTrue(reason.endswith('9 is disabled; and 990 more'))

    def test_who_was_told_and_who_was_not(self):
        """Of two alarms of one server nobody knew which."""
        self.assertEqual(
            [('told', "alarm 'a'"),
             ('told-in-part', "told: alarm 'a'; b was not told: 404")],
            self.outcomes(Reached(("alarm 'a'",)), Reached(
                ("alarm 'a'",), ('b was not told: 404',))))

    def test_what_was_taken_is_kept(self):
        """Nobody could prove that an owner had been told."""
        taken = Delivered('a1', 'a', 'http://a/', 12.5, 2, 'HTTP 204')
        self.assertEqual(
            [('told', "alarm 'b' is disabled"),
             ('told-in-part', 'b was not told: 404')],
            self.outcomes(
                Reached(("alarm 'a'",), (), ("alarm 'b' is disabled",),
                        (taken,)),
                Reached(("alarm 'a'",), ('b was not told: 404',), (),
                        (taken, taken))))
        self.assertEqual(
            {('s0', 'lost'): [taken], ('s1', 'lost'): [taken, taken]},
            self.store.tellings.deliveries(self.fault.id))

    def test_what_was_taken_although_there_was_other_news_by_then(self):
        pending = [Pending(), Pending()]
        self.alarms.tell = lambda events, **names: pending
        self.tell()
        self.teller.waive(self.fault.id, self.tellings, 'it was lost again')
        taken = Delivered('a1', 'a', 'http://a/', 12.5)
        pending[0].set_result(Reached(("alarm 'a'",), ('b: 404',),
                                      deliveries=(taken,)))
        pending[1].set_result(Reached((), ('b: 404',)))
        self.assertEqual(
            [], self.teller.under_way.settle(self.fault.id).result(10))
        self.assertEqual({('s0', 'lost'): [taken]},
                         self.store.tellings.deliveries(self.fault.id))
        self.assertEqual({'s0': 'waived', 's1': 'waived'}, self.states())

    def test_where_others_know_the_alarms_it_is_told(self):
        outcomes = self.outcomes([], [])
        self.assertEqual({'told'}, {state for state, _ in outcomes})
        # As Aodh's history of the alarm names it.
        for _, reason in outcomes:
            self.assertRegex(reason, r'^handed on as event [0-9a-f-]{36}$')

    def test_why_it_is_owed(self):
        """Nothing was said while it was tried again."""
        self.alarms.tell = lambda events, **names: [
            doubles.failed(BusError('the bus is away')) for _ in events]
        self.tell()
        self.teller.under_way.settle(self.fault.id).result(10)
        self.assertEqual({('owed', 'the bus is away')}, {
            (one.state, one.reason) for one
            in self.store.tellings.of(self.fault.id)})

    def test_why_the_last_attempt_failed(self):
        """Nothing was said for the minute in which it was tried again."""
        pending = [Pending(), Pending()]
        self.alarms.tell = lambda events, **names: pending
        self.tell()
        pending[0].trouble = "alarm 'a': ECONNREFUSED"
        self.teller.under_way.explain()
        self.assertEqual(
            [('owed', "alarm 'a': ECONNREFUSED"), ('owed', '')],
            [(one.state, one.reason)
             for one in self.store.tellings.of(self.fault.id)])
        for one in pending:
            one.set_result(Reached(('alarm a',)))
        self.teller.under_way.settle(self.fault.id).result(10)
        self.teller.under_way.explain()
        self.assertEqual({('told', 'alarm a')}, {
            (one.state, one.reason)
            for one in self.store.tellings.of(self.fault.id)})
        self.assertEqual({}, self.teller.under_way._faults)

    def test_what_is_under_way_is_not_told_again(self):
        self.alarms.hold = threading.Event()
        self.tell()
        self.assertEqual(0, self.tell())
        self.assertTrue(self.teller.under_way.is_telling(self.fault.id))
        self.assertEqual([], self.teller.under_way.others(
            self.fault.id, self.tellings))
        self.alarms.hold.set()
        self.teller.under_way.settle(self.fault.id).result(10)
        self.assertFalse(self.teller.under_way.is_telling(self.fault.id))
        self.assertEqual(2, len(self.alarms.told))

    def test_who_is_slow_holds_up_nobody_s_outcome(self):
        self.alarms.hold = threading.Event()
        self.teller.tell(self.fault.id, 'h0', self.tellings[:1])
        slow, self.alarms.hold = self.alarms.hold, None
        self.teller.tell(self.fault.id, 'h0', self.tellings[1:])
        settled = self.teller.under_way.settle(self.fault.id)
        clock.wait_for(lambda: self.states()['s1'] == 'told',
                       clock.Deadline(10), what='the quick one')
        self.assertEqual('owed', self.states()['s0'])
        slow.set()
        self.assertEqual([], settled.result(10))
        self.assertEqual('told', self.states()['s0'])

    def test_an_outcome_is_kept_although_nobody_waits_for_it(self):
        """It was owed as long as a look at Nova took, a minute later."""
        self.tell()
        clock.wait_for(lambda: set(self.states().values()) == {'told'},
                       clock.Deadline(10), what='what is known to be kept')

    def test_an_outcome_that_could_not_be_kept_is_kept_later(self):
        real, self.store.tellings.settle = self.store.tellings.settle, None
        self.tell()
        clock.wait_for(
            lambda: self.teller.under_way.is_left(self.fault.id),
            clock.Deadline(10), what='the store to have failed')
        self.assertEqual({'s0': 'owed', 's1': 'owed'}, self.states())
        self.store.tellings.settle = real
        self.teller.under_way.settle(self.fault.id).result(10)
        self.assertEqual({'s0': 'told', 's1': 'told'}, self.states())

    def test_what_fails_while_we_end_is_owed(self):
        self.alarms.failing = {'s1'}
        self.stopping.set()
        self.tell()
        self.teller.under_way.settle(self.fault.id).result(10)
        self.assertEqual({'s0': 'told', 's1': 'owed'}, self.states())

    def test_what_is_waived_while_it_is_told_ends_quietly(self):
        """It was tried again after what a later fault had to say."""
        events = []
        outcomes = [Future(), Future()]
        self.alarms.tell = lambda told, **names: events.extend(
            told) or outcomes
        self.tell()
        self.assertEqual([True, True], [one.is_wanted() for one in events])
        self.teller.waive(self.fault.id, self.tellings[:1], 'lost again')
        self.assertEqual([False, True], [one.is_wanted() for one in events])
        outcomes[0].set_result(['the owner was not told'])
        outcomes[1].set_result([])
        self.assertEqual(
            [], self.teller.under_way.settle(self.fault.id).result(10))
        self.assertEqual({'s0': 'waived', 's1': 'told'}, self.states())

    def test_waived_before_it_is_begun(self):
        real = self.store.tellings.keys_owed

        def keys_owed(*args):
            owed = real(*args)
            self.teller.waive(self.fault.id, self.tellings, 'lost again')
            return owed

        self.store.tellings.keys_owed = keys_owed
        events = []
        self.alarms.tell = lambda told, **names: events.extend(told) or [
            doubles.done([]) for _ in told]
        self.tell()
        self.assertEqual([False, False], [one.is_wanted() for one in events])

    def test_told_by_nova_and_waived(self):
        self.teller.told_by_nova(self.fault.id, self.tellings[:1])
        self.teller.waive(self.fault.id, self.tellings, 'it is gone')
        self.assertEqual({'s0': 'told', 's1': 'waived'}, self.states())
        self.assertEqual([], self.store.tellings.owed(self.fault.id))
        self.assertEqual(0, self.store.tellings.move(
            self.fault.id, TellingState.TOLD, self.tellings, at=1.0))


class LostAgainTest(testtools.TestCase):

    def test_what_was_said_before_is_not_tried_again(self):
        """The last word on a host that was down was "active"."""
        self.useFixture(fixtures.FakeLogger())
        desk = doubles.Desk(servers=1, ports=False)
        events, tell = [], desk.alarms.tell
        desk.alarms.tell = lambda told, **names: events.extend(told) or tell(
            told, **names)
        desk.down()
        desk.alarms.hold = threading.Event()
        self.addCleanup(desk.alarms.hold.set)
        decided = desk.handler.decide(doubles.fault(
            'h0', FaultStatus.UP, 20.0, type='compute.host.up'))
        pursued = desk.handler.begin(decided)
        for _ in range(4):
            desk.engine.owed.resume()
        desk.handler.begin(desk.handler.decide(doubles.fault(
            'h0', FaultStatus.DOWN, 30.0)))
        self.assertEqual(
            [('error', True), ('active', False), ('error', True)],
            [(one.trait('state'), one.is_wanted()) for one in events])
        desk.alarms.hold.set()
        pursued.result(10)
