"""Servers that had left their host before its loss, and their owners."""

import threading

import testtools

from doctor_core import clock
from doctor_core.exceptions import CloudError
from doctor_core.faults.mass_failure import Limits
from doctor_core.model import FaultStatus, News
from doctor_core.tests.unit.faults import doubles

_ROUNDS = 100
LOST, BACK = ('s0', News.LOST), ('s0', News.BACK)


class LeftTest(testtools.TestCase):
    """Their owners heard error, and nothing else."""

    def lose(self, notification='shortcut', **settings):
        self.desk = doubles.Desk(notification=notification,
                                 hears_states=False, **settings)
        self.cloud = self.desk.cloud
        self.leave()
        return self.desk.down()

    def handled(self, answer):
        """Where a server is, is told once its loss was written down as told:
        in the same round, or in one of the next.
        """
        for _ in range(_ROUNDS):
            if answer.state != 'handling':
                break
            answer = self.desk.resume(answer.fault_id)
        return answer

    def assert_heard(self, answer, *states):
        """As :meth:`handled`, of a fault that stays as it is."""
        for _ in range(_ROUNDS):
            if len(self.heard()) == len(states):
                break
            self.desk.resume(answer.fault_id)
        self.assertEqual(list(states), self.heard())

    def leave(self):
        self.cloud.change('s0', host='h1')

    def heard(self, server_id='s0'):
        return [state for one, state in self.desk.alarms.told
                if one == server_id]

    def tellings(self, answer):
        return self.desk.telling_states(answer.fault_id)

    def test_who_was_told_hears_where_it_is(self):
        answer = self.handled(self.lose())
        self.assertEqual('handled', answer.state)
        self.assertEqual((['error', 'active'], ['error']),
                         (self.heard(), self.heard('s1')))
        traits = self.desk.alarms.traits['s0']
        self.assertEqual(('it is on host h1', 'error', 'false'), (
            traits['reason'], traits['old_state'], traits['verified']))
        self.assertEqual('active', self.desk.states()['s0'])

    def test_who_was_not_told_hears_nothing(self):
        answer = self.lose('conservative')
        self.assertEqual(([], ['error']), (self.heard(), self.heard('s1')))
        self.assertEqual('waived', self.tellings(answer)[LOST])
        self.desk.up()
        self.assertEqual([], self.heard())

    def test_a_return_does_not_tell_it_again(self):
        self.handled(self.lose())
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual(['error', 'active'], self.heard())

    def test_states_of_any_kind(self):
        self.leave = lambda: self.cloud.change('s0', host='h1',
                                               state='stopped')
        self.handled(self.lose())
        self.assertEqual(['error', 'stopped'], self.heard())

    def test_shelved(self):
        self.leave = lambda: self.cloud.change('s0', host='',
                                               state='shelved_offloaded')
        self.handled(self.lose())
        self.assertEqual(['error', 'shelved_offloaded'], self.heard())
        self.assertEqual('it is on no host',
                         self.desk.alarms.traits['s0']['reason'])

    def test_deleted(self):
        self.leave = lambda: self.cloud.all_servers.pop('s0')
        answer = self.lose('conservative')
        self.assertEqual([], self.heard())
        self.assertEqual('waived', self.tellings(answer)[LOST])

    def test_held(self):
        self.leave = lambda: (
            self.desk.set(mass_failure=Limits(0.1, 1)),
            self.cloud.change('s0', host='h1'))
        answer = self.lose()
        self.assertEqual('held', answer.state)
        self.assert_heard(answer, 'error', 'active')

    def test_who_hears_while_nova_is_asked(self):
        """What was told then was looked at as it was before: nobody said
        where the server is.
        """
        desk = self.desk = doubles.Desk(hears_states=False)
        self.cloud, desk.alarms.hold = desk.cloud, threading.Event()
        self.addCleanup(desk.alarms.hold.set)
        self.leave()
        find, under_way = desk.affected.find, desk.engine.pursuit._under_way

        def heard_meanwhile(server_ids):
            desk.alarms.hold.set()
            fault, = desk.store.faults.latest()
            clock.wait_for(lambda: not under_way.is_telling(fault.id),
                           clock.Deadline(20), what='the outcome')
            return find(server_ids)

        def ask(host):
            """The look at the host; of who has left, another one."""
            found = look(host)
            desk.affected.find = heard_meanwhile
            return found

        look, desk.affected.ask = desk.affected.ask, ask
        self.handled(desk.down())
        self.assertEqual(['error', 'active'], self.heard())

        self.leave = lambda: (
            setattr(self.desk.inspector, 'changes_nothing', True),
            self.cloud.change('s0', host='h1'))
        self.assert_heard(self.lose(), 'error', 'active')

    def test_who_could_not_be_reached_at_once(self):
        """They may have been, by another alarm."""
        self.leave = lambda: (
            self.desk.alarms.failing.add('s0'),
            self.cloud.change('s0', host='h1'))
        answer = self.lose()
        self.assertIn(BACK, self.tellings(answer))

    def test_the_new_host_is_lost_too(self):
        """Its fault tells of it."""
        self.desk = doubles.Desk(hears_states=False)
        self.cloud = self.desk.cloud
        self.leave()
        self.desk.down(host='h1', at=9.0)
        self.desk.down()
        self.assertNotIn('active', self.heard())

    def test_nova_is_at_it(self):
        self.leave = lambda: self.cloud.change('s0', host='h1',
                                               task_state='rebuilding')
        self.lose()
        self.assertEqual(['error'], self.heard())

    def test_cell_that_nova_cannot_see(self):
        self.leave = lambda: self.cloud.blind.add('h0')
        self.assertEqual('handling', self.lose().state)
        self.assertEqual(['error'], self.heard())

    def test_evacuated(self):
        """It was lost, and Nova tells what became of it."""
        self.leave = lambda: None
        answer = self.lose()
        self.cloud.change('s0', host='h1', state='active')
        for desk in (self.desk, self.desk.again()):
            desk.affected.refresh()
            desk.look_for_more()
            desk.resume()
            desk.engine.pursuit.pursue(answer.fault_id)
        self.assertEqual(['error'], self.heard())

    def test_killed_before_the_look(self):
        """Nobody knows who was told."""
        self.leave = lambda: self.desk.stopping.set()
        answer = self.lose('conservative')
        self.cloud.change('s0', host='h1')
        self.desk = self.desk.again()
        self.desk.resume(answer.fault_id)
        self.desk.resume(answer.fault_id)
        self.assertEqual('active', self.heard()[-1])
        self.assertEqual('told', self.tellings(answer)[BACK])

    def test_nova_fails_meanwhile(self):
        whole = []

        def away(server_ids, failed=None):
            raise CloudError('Nova fails', recoverable=True)

        def leave():
            self.cloud.change('s0', host='h1')
            whole.append(self.cloud.find_servers)
            self.cloud.find_servers = away
        self.leave = leave
        answer = self.lose()
        self.assertEqual('handling', answer.state)
        self.cloud.find_servers = whole[0]
        self.desk.resume(answer.fault_id)
        self.assertEqual(['error', 'active'], self.heard())


class EvacuatedSinceTest(testtools.TestCase):
    """Where Nova is asked before owners are told, an evacuation can be faster
    than the look: those owners never heard of the loss.
    """

    def lose(self, **changes):
        self.desk = doubles.Desk(notification='conservative',
                                 hears_states=False)
        self.traits = []
        tell = self.desk.alarms._tell

        def told(event):
            found = tell(event)
            self.traits.append(dict(
                self.desk.alarms.traits[event.trait('instance_id')]))
            return found
        self.desk.alarms._tell = told
        self.desk.cloud.change('s0', **{
            'host': 'h1', 'launched_at': '1970-01-01T00:00:12.000000',
            **changes})
        return self.desk.down(at=10.0)

    def heard(self):
        self.desk.resume()
        return [state for one, state in self.desk.alarms.told if one == 's0']

    def of(self, state):
        [found] = [one for one in self.traits
                   if (one['instance_id'], one['state']) == ('s0', state)]
        return found

    def test_its_owner_hears_both(self):
        answer = self.lose()
        self.assertEqual(['error', 'active'], self.heard())
        self.assertEqual('false', self.of('error')['corrected'])
        self.assertEqual('it is on host h1', self.of('active')['reason'])
        self.assertEqual(
            {'s0': 'active', 's1': 'error', 's2': 'error'},
            self.desk.states())
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_nova_was_heard(self):
        """After the report, and before the corrections."""
        desk = doubles.Desk(notification='conservative', cloud=doubles.Cloud())
        desk.handler.decide(doubles.fault('h0', FaultStatus.DOWN, 10.0))
        desk.cloud.change('s0', host='h1',
                          launched_at='1970-01-01T00:00:12.000000')
        desk.affected.refresh()
        for _ in range(2):
            desk.resume()
        self.assertEqual(['error', 'active'], [
            state for one, state in desk.alarms.told if one == 's0'])
        self.assertEqual('active', desk.states()['s0'])

    def test_it_had_left_before(self):
        for launched_at in ('1970-01-01T00:00:08.000000', '', 'no time'):
            self.lose(launched_at=launched_at)
            self.assertEqual([], self.heard())

    def test_it_is_being_evacuated(self):
        """Nova tells how that ends."""
        self.lose(launched_at='', task_state='rebuild_spawning')
        self.assertEqual(['error'], self.heard())
        self.assertEqual('false', self.of('error')['corrected'])

    def test_it_is_being_evacuated_and_on_the_lost_host_still(self):
        self.lose(host='h0', launched_at='', task_state='rebuilding')
        self.assertEqual(['error'], self.heard())
        self.assertEqual('false', self.of('error')['corrected'])
        self.assertEqual('active', self.desk.states()['s0'])

    def test_on_no_host(self):
        self.lose(host='', state='shelved_offloaded')
        self.assertEqual([], self.heard())

    def test_owners_of_a_host_that_is_corrected(self):
        self.lose()
        self.assertEqual('true', next(
            one['corrected'] for one in self.traits
            if one['instance_id'] == 's1'))
