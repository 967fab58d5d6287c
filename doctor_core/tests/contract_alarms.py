"""What every alarm manager has to do; for those of third parties as well.

Derive a test case from :class:`AlarmContract` and a
:class:`unittest.TestCase`, and name the plugin's class; one that needs more
than the doubles here makes itself in ``manager``::

    class MineContractTest(AlarmContract, unittest.TestCase):
        plugin = MineAlarmManager
"""

from typing import Any, ClassVar

from doctor_core import fixtures, wire
from doctor_core.alarms.base import AlarmManager
from doctor_core.exceptions import BackendError, BusError
from doctor_core.model import (
    AlarmRule,
    Condition,
    Event,
    Need,
    Reached,
    Server,
    Stage,
)
from doctor_core.tests.contract_plugins import PluginContract

_PATIENCE_S = 30.0
SERVER = Server('5b1c4a3e-0000-4000-8000-000000000001', 'vm1', 'project-1',
                'host-1')


def rule(name: str = 'vm1 is lost', **changes: Any) -> AlarmRule:
    """What the owner of the server asks for."""
    return AlarmRule(**{
        'name': name, 'project_id': SERVER.project_id,
        'event_type': wire.INSTANCE_UPDATE,
        'actions': ('http://127.0.0.1:9/lost',),
        'query': (Condition('traits.instance_id', SERVER.id),
                  Condition('traits.state', 'error')), **changes})


def event(server: Server = SERVER, state: str = 'error') -> Event:
    """That the server is in another state."""
    return wire.instance_update(server, state, 1_700_000_000.0)


class AlarmContract(PluginContract):
    """What an alarm manager has to do; to be mixed into a test case.

    * Its class has a docstring; its options have help texts, and none is
      required.
    * The same rule made twice is one alarm; it may be deleted twice.
    * ``tell()`` returns a future for each event: done with a ``Reached``, or,
      where others know the alarms, with a line for each way out that failed
      for good, and with no line when all went well. What
      may pass, as a bus that is away, fails the future instead: it is told
      again.
    * Where it keeps the order for each owner, as ``keeps_order`` says, one
      who has yet to take the loss holds up no other, and hears the rest
      after it.
    * ``head_start_s()`` is between 0 and 5 seconds.
    * ``missed()`` returns none but events that it was handed.

    :cvar plugin: the alarm manager's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = AlarmManager
    plugin: ClassVar[type[AlarmManager]]

    def manager(self: Any) -> AlarmManager:
        """One with ``values`` and the defaults of its other options;
        ``self.outlets`` are its ways out.
        """
        self.outlets = fixtures.Outlets()
        return self.plugin(fixtures.options(self.plugin, **self.values),
                           fixtures.Cloud(), self.outlets)

    def tell(self: Any, manager: AlarmManager, *events: Event
             ) -> list[list[str]]:
        """What became of each event."""
        futures = manager.tell(events, host='host-1', fault_id='fault-1')
        self.assertEqual(len(events), len(futures))
        return [list(one.failures) if isinstance(one, Reached) else one
                for one in (future.result(_PATIENCE_S)
                            for future in futures)]

    def test_it_says_what_it_is(self: Any) -> None:
        self.assertIsInstance(self.plugin.hears_nova, bool)
        self.assertLessEqual(set(self.plugin.needs), set(Need))
        self.assertLessEqual(set(self.plugin.clocks), set(Stage))

    def test_a_rule_is_made_once(self: Any) -> None:
        manager = self.manager()
        first, second = manager.create(rule()), manager.create(rule())
        self.assertEqual(first.id, second.id)
        self.assertEqual(rule().query, first.rule.query)
        other = manager.create(rule('another name'))
        self.assertNotEqual(first.id, other.id)

    def test_a_rule_is_deleted_more_than_once(self: Any) -> None:
        manager = self.manager()
        alarm = manager.create(rule())
        manager.delete(alarm)
        manager.delete(alarm)
        self.assertEqual([[]], self.tell(manager, event()))
        self.assertEqual([], self.outlets.delivered,
                         'who has no rule any more is told nothing')

    def test_each_event_has_an_outcome(self: Any) -> None:
        manager = self.manager()
        manager.create(rule())
        self.assertEqual([], self.tell(manager))
        self.assertEqual([[], []], self.tell(
            manager, event(), event(Server('other', 'vm2', 'p', 'host-1'))))
        self.assertEqual(1, len([
            one for one in self.outlets.sent_out()
            if SERVER.id in str(one)]),
            f'the event of server {SERVER.id} goes out once: '
            f'{self.outlets.sent_out()}')

    def test_a_way_out_that_fails_is_said(self: Any) -> None:
        manager = self.manager()
        manager.create(rule())
        self.outlets.broken = True
        try:
            [lines] = self.tell(manager, event())
        except BackendError as error:
            self.assertTrue(
                error.recoverable or isinstance(error, BusError),
                f'what cannot pass is a line, not an error: {error}')
            return
        self.assertTrue(all(isinstance(line, str) and line
                            for line in lines), lines)
        self.assertNotEqual([], lines,
                            f'nobody was told of {SERVER.id} in error')

    def test_each_owner_hears_in_order(self: Any) -> None:
        manager = self.manager()
        if not self.plugin.keeps_order:
            # Doctor waits until all have heard.
            for state in ('error', 'active'):
                self.assertEqual([[]], self.tell(manager, event(state=state)))
            return
        slow, quick = 'http://127.0.0.1:9/slow', 'http://127.0.0.1:9/quick'
        for action in (slow, quick):
            for repeats in (True, False):
                manager.create(rule(
                    f'{action} {repeats}', actions=(action,),
                    repeat_actions=repeats,
                    query=(Condition('traits.instance_id', SERVER.id),)))
        self.outlets.slow = {slow}
        known = {'host': 'host-1', 'fault_id': 'fault-1'}
        outcomes = [*manager.tell([event()], **known),
                    *manager.tell([event(state='active')], **known)]
        self.assertEqual(['error', 'error', 'active'], self.heard(quick))
        self.assertFalse(outcomes[0].done())
        self.outlets.answer()
        for outcome in outcomes:
            self.assertEqual((), outcome.result(_PATIENCE_S).failures)
        heard = self.heard(slow)
        self.assertEqual(['error', 'error'], heard[:2])
        self.assertIn('active', heard)
        self.assertNotIn('error', heard[2:])

    def heard(self: Any, action: str) -> list[object]:
        """The states of the server, as they were handed over."""
        return [trait[2] for to, notice in self.outlets.delivered
                if to == action
                for trait in notice.body['reason_data']['event']['traits']
                if trait[0] == 'state']

    def test_a_head_start_is_short(self: Any) -> None:
        manager = self.manager()
        for count in (0, 1, 1000):
            head_start_s = manager.head_start_s(count)
            self.assertTrue(0.0 <= head_start_s <= 5.0,
                            f'head_start_s({count}) is {head_start_s}')

    def test_what_was_missed_is_of_what_was_told(self: Any) -> None:
        manager = self.manager()
        manager.create(rule())
        updates = [event(state='active')]
        self.assertEqual([], [one for one in manager.missed(updates)
                              if one not in updates])

    def test_what_a_report_asks(self: Any) -> None:
        manager = self.manager()
        at = manager.evaluated_at(manager.create(rule()))
        self.assertTrue(at is None or at > 0, f'evaluated_at() is {at}')

    def test_routes_have_rules(self: Any) -> None:
        for route in self.manager().routes(fixtures.Gate()):
            self.assertTrue(route.rule, route.path)
