import threading

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import messaging
from doctor_core.messaging.turns import InTurns, Turn, Turns
from doctor_core.model import new_id


class InTurnsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.waiting = InTurns()

    def put(self, of, *items, urgent=False):
        for item in items:
            self.waiting.push(Turn(of, urgent, (urgent,)), item)

    def popped(self, count=None):
        found = []
        while self.waiting and count != len(found):
            found.append(self.waiting.pop())
        return ' '.join(found)

    def test_hosts_take_turns(self):
        """Two thousand of one host went before one of another."""
        self.put('a', 'a1', 'a2', 'a3')
        self.put('b', 'b1', 'b2')
        self.put('c', 'c1')
        self.assertEqual('a1 b1 c1 a2 b2 a3', self.popped())

    def test_losses_go_first(self):
        self.put('a', 'a1', 'a2')
        self.put('b', 'b1')
        self.put('c', 'C1', urgent=True)
        self.assertEqual('C1 a1 b1 a2', self.popped())

    def test_nothing_of_one_host_overtakes_anything(self):
        self.put('a', 'a1')
        self.put('b', 'b1', 'b2')
        self.put('b', 'B3', urgent=True)
        self.put('b', 'b4')
        self.assertEqual('b1 b2 B3 a1 b4', self.popped())

    def test_losses_of_one_host_hold_up_neither_losses_nor_returns(self):
        self.put('a', *(f'A{number}' for number in range(20)), urgent=True)
        self.put('b', 'b1')
        self.put('c', 'C1', urgent=True)
        self.assertEqual('A0 C1 A1 A2 A3 A4 A5 A6 b1', self.popped(9))

    def test_what_is_nobody_s_is_not_overtaken(self):
        """What a monitor hears says nothing of what it finds lost later."""
        self.put('a', 'a1')
        self.put(None, 'heard', 'heard', urgent=True)
        self.put('a', 'A2', urgent=True)
        self.put('b', 'B1', urgent=True)
        self.assertEqual('heard heard a1 B1 A2', self.popped())

    def test_what_says_nothing_new(self):
        self.put('a', 'a1', 'a2', 'a3', 'a4')
        self.put('a', 'A5', 'A6', 'A7', urgent=True)
        self.put('a', 'a8')
        self.put(None, 'x', 'y', 'z')
        for item in ('b1', 'c1', 'b2', 'c2', 'b3', 'c3'):
            self.waiting.push(Turn('b', False, item[0]), item)
        self.waiting.squeeze()
        self.assertEqual(
            {'a1', 'a4', 'A5', 'A7', 'a8', 'x', 'y', 'z', 'b1', 'c1', 'b3',
             'c3'}, set(self.popped().split()))

    def test_nothing_waits(self):
        self.assertFalse(self.waiting)
        self.put('a', 'a1')
        self.assertTrue(self.waiting)
        self.popped()
        self.assertEqual((False, {}), (
            bool(self.waiting), dict(self.waiting._urgent)))

    @given(st.lists(st.one_of(
        st.none(), st.tuples(st.sampled_from('abc'), st.booleans()))))
    def test_each_once_and_those_of_a_host_in_order(self, steps):
        waiting, put, got = InTurns(), [], []
        for number, step in enumerate(steps):
            if step is not None:
                waiting.push(Turn(*step), (step[0], number))
                put.append((step[0], number))
            elif waiting:
                got.append(waiting.pop())
        while waiting:
            got.append(waiting.pop())
        self.assertEqual(sorted(put), sorted(got))
        for host in 'abc':
            self.assertEqual([one for one in put if one[0] == host],
                             [one for one in got if one[0] == host])

    @given(st.lists(st.tuples(st.sampled_from('ab'), st.booleans(),
                              st.sampled_from('xy'))))
    def test_the_last_word_of_each_is_left(self, steps):
        waiting = InTurns()
        for number, (host, is_loss, sayer) in enumerate(steps):
            waiting.push(Turn(host, is_loss, (is_loss, sayer)),
                         (host, sayer, is_loss, number))
        waiting.squeeze()
        left = [waiting.pop() for _ in range(len(waiting))]
        for host in 'ab':
            mine = [one for one in left if one[0] == host]
            whole = [(host, sayer, is_loss, number) for number,
                     (name, is_loss, sayer) in enumerate(steps)
                     if name == host]
            # What of the host is said in turn, and what each said last.
            self.assertEqual(_changes(whole), _changes(mine))
            for sayer in 'xy':
                self.assertEqual(_last(whole, sayer), _last(mine, sayer))


def _changes(said):
    return [one[2] for index, one in enumerate(said)
            if index == 0 or said[index - 1][2] is not one[2]]


def _last(said, sayer):
    return [one for one in said if one[1] == sayer][-1:]


class Message:
    def __init__(self, event_type):
        self.message = {'event_type': event_type, 'payload': {}}


class TurnsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.handled = []
        self.gate = threading.Event()
        self.begun = threading.Event()

    def make(self, leaves):
        def turn_of(event_type, _payload):
            return Turn(event_type[0], event_type.isupper(), event_type[0])
        turns = Turns(turn_of, 'turns', leaves=leaves)
        self.addCleanup(turns.shutdown)
        self.addCleanup(self.gate.set)
        return turns

    def submit(self, turns, *event_types):
        for one in event_types:
            turns.submit(self.handle, [Message(one)])

    def handle(self, incoming):
        self.begun.set()
        self.gate.wait(10)
        self.handled.append(incoming[0].message['event_type'])

    def test_a_loss_goes_before_what_waits(self):
        turns = self.make(leaves=False)
        self.submit(turns, 'a1')
        self.assertTrue(self.begun.wait(10))
        self.submit(turns, 'a2', 'a3', 'b1', 'C1')
        self.gate.set()
        turns.shutdown()
        self.assertEqual(['a1', 'C1', 'a2', 'b1', 'a3'], self.handled)

    def test_what_waits_at_the_end_is_the_broker_s(self):
        """The end waited for all of them, for a minute."""
        turns = self.make(leaves=True)
        self.submit(turns, 'a1')
        self.assertTrue(self.begun.wait(10))
        self.submit(turns, *['a2'] * 1000)
        turns.shutdown(wait=False)
        self.gate.set()
        turns.shutdown()
        self.assertEqual(['a1'], self.handled)

    def test_without_a_broker_what_says_something_new_is_handled(self):
        turns = self.make(leaves=False)
        self.submit(turns, 'a0')
        self.assertTrue(self.begun.wait(10))
        self.submit(turns, *(f'a{number}' for number in range(1, 1000)),
                    'B1')
        turns.shutdown(wait=False)
        self.gate.set()
        turns.shutdown()
        self.assertEqual(['a0', 'B1', 'a1', 'a999'], self.handled)

    def test_what_has_no_turn_is_handled_all_the_same(self):
        turns = self.make(leaves=False)
        self.gate.set()
        self.submit(turns, '')
        turns.submit(self.handle, [Message('a1')])
        turns.shutdown()
        self.assertEqual(['', 'a1'], sorted(self.handled))

    def test_one_that_fails_ends_nothing(self):
        turns = self.make(leaves=False)
        self.gate.set()

        def fail(incoming):
            raise KeyError(incoming)
        turns.submit(fail, [Message('a1')])
        self.submit(turns, 'a2')
        turns.shutdown()
        self.assertEqual(['a2'], self.handled)

    def test_on_a_bus(self):
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        topic, all_taken, taken = new_id(), threading.Event(), []

        def handler(event_type, _payload, _metadata):
            self.begun.set()
            self.gate.wait(10)
            taken.append(event_type)
            if len(taken) == 52:
                all_taken.set()
        bus.listen(topic, handler, in_order=True,
                   turn_of=lambda event_type, payload: Turn(
                       payload['host'], event_type == 'loss'))
        bus.publish(topic, 'first', {'host': 'a'})
        self.assertTrue(self.begun.wait(10))
        for number in range(50):
            bus.publish(topic, str(number), {'host': 'a'})
        bus.publish(topic, 'loss', {'host': 'b'})
        listener, = bus._listeners
        self.addCleanup(self.gate.set)
        while len(listener._work_executor._waiting) < 51:
            self.assertFalse(all_taken.wait(0.001))
        self.gate.set()
        self.assertTrue(all_taken.wait(10))
        self.assertEqual(['first', 'loss', *map(str, range(50))], taken)
