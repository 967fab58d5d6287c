"""A host that is lost again before all was undone, and servers that have
left it meanwhile.
"""

import testtools

from doctor_core.exceptions import CloudError
from doctor_core.model import Action, FaultStatus, News, Reached
from doctor_core.model.states import OPEN
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.faults.test_killed import KilledTestCase

RESET = Action.RESET_STATE, 's0'
REPORT = doubles.fault('h0', FaultStatus.DOWN, 30.0)


class LostAgainTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(hears_states=False)
        self.cloud = self.desk.cloud
        self.desk.down()
        self.cloud.beating = False
        self.desk.up()
        self.desk.inspector.made.clear()

    def blind(self):
        """Nova does not list what is on a host; gives how that ends."""
        whole = self.cloud.servers

        def fails(host=None):
            raise CloudError('Nova does not list them', recoverable=True)
        self.cloud.servers = fails
        return lambda: setattr(self.cloud, 'servers', whole)

    def made(self, server_id):
        return [value for _action, target, value in self.desk.inspector.made
                if target == server_id]

    def heard(self, server_id):
        return [state for one, state in self.desk.alarms.told
                if one == server_id]


class EvacuatedTest(LostAgainTestCase):
    """It was set to error on its new host, without a look."""

    def setUp(self):
        super().setUp()
        self.cloud.change('s0', host='h1', state='active')

    def test_it_is_looked_for_first(self):
        answer = self.desk.down(at=30.0)
        self.assertEqual('handled', answer.state)
        self.assertEqual([], self.made('s0'))
        self.assertEqual(['error'], self.made('s1'))
        self.assertEqual('left',
                         self.desk.correction_states(answer.fault_id)[RESET])

    def test_its_owner_does_not_hear_of_the_loss(self):
        answer = self.desk.down(at=30.0)
        self.assertEqual((['error'], ['error', 'error']),
                         (self.heard('s0'), self.heard('s1')))
        self.assertEqual('waived', self.desk.telling_states(
            answer.fault_id)['s0', News.LOST])

    def test_it_was_evacuated_a_moment_before(self):
        """By Nova's clock perhaps after the second loss."""
        self.cloud.change('s0', launched_at='1970-01-01T00:00:30.000000')
        self.desk.down(at=30.0)
        self.desk.resume()
        self.assertEqual(['error'], self.heard('s0'))

    def test_the_host_is_marked_down_without_a_look(self):
        self.blind()
        answer = self.desk.down(at=30.0)
        self.assertEqual('handling', answer.state)
        self.assertIn('Nova does not list them', answer.note)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual([], self.made('s0') + self.made('s1'))
        self.assertEqual([], self.heard('s0')[1:] + self.heard('s1')[1:])

    def test_nova_lists_them_again(self):
        seen = self.blind()
        answer = self.desk.down(at=30.0)
        seen()
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual(([], ['error']), (self.made('s0'), self.made('s1')))
        self.assertEqual(['error', 'error'], self.heard('s1'))

    def test_the_host_is_back_before_that(self):
        """It stayed in error for good, and nothing said so."""
        seen = self.blind()
        self.desk.down(at=30.0)
        seen()
        self.cloud.beating = True
        answer = self.desk.up(at=40.0)
        self.assertEqual('cleared', answer.state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual(['error'], self.heard('s0'))
        self.assertEqual(['error', 'error', 'active'], self.heard('s1'))

    def test_restarted_before_that(self):
        seen = self.blind()
        self.desk.down(at=30.0)
        seen()
        self.desk = self.desk.again()
        self.desk.resume()
        self.assertEqual(([], ['error']), (self.made('s0'), self.made('s1')))
        self.assertEqual(['error'], self.heard('s0'))

    def test_lost_once_more(self):
        """Who has to hear is known from the first fault."""
        self.blind()
        self.desk.down(at=30.0)
        self.desk.up(at=40.0)
        self.desk.down(at=50.0)
        self.assertEqual(['error'], self.heard('s0'))
        self.assertEqual([], self.made('s0'))

    def test_a_server_that_nova_is_moving(self):
        """A reset would end the evacuation in an error."""
        self.cloud.change('s1', task_state='rebuilding')
        answer = self.desk.down(at=30.0)
        self.assertEqual('handled', answer.state)
        self.assertEqual([], self.made('s1'))
        self.assertEqual('done', self.desk.correction_states(
            answer.fault_id)[Action.RESET_STATE, 's1'])

    def test_a_server_that_its_owner_has_changed(self):
        self.cloud.change('s1', state='stopped')
        answer = self.desk.down(at=30.0)
        self.assertEqual([], self.made('s1'))
        self.assertEqual('left', self.desk.correction_states(
            answer.fault_id)[Action.RESET_STATE, 's1'])
        self.assertEqual('false', self.desk.alarms.traits['s1']['corrected'])

    def test_a_server_that_nova_cannot_see(self):
        self.cloud.blind.add('h1')
        self.desk.affected.refresh()
        answer = self.desk.down(at=30.0)
        self.assertEqual('handling', answer.state)
        self.assertEqual([], self.made('s0'))


class InPartTest(testtools.TestCase):
    """One URL of the owner took the news of the first loss, another not."""

    def test_its_owner_does_not_hear_of_the_second_loss(self):
        desk = doubles.Desk(hears_states=False)
        tell = desk.alarms.tell
        desk.alarms.tell = lambda events, **options: [
            doubles.done(Reached(('alarm a',), ('alarm b: no answer',)))
            for _ in tell(events, **options)]
        answer = desk.down()
        self.assertEqual('told-in-part', desk.telling_states(
            answer.fault_id)['s0', News.LOST])
        desk.cloud.beating = False
        desk.up()
        desk.cloud.change('s0', host='h1', state='active')
        answer = desk.down(at=30.0)
        self.assertEqual('waived', desk.telling_states(
            answer.fault_id)['s0', News.LOST])


class TriedAgainTest(testtools.TestCase):
    """What Nova had refused was sent again, without a look."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.desk.inspector.forbidding = {'s0'}
        self.answer = self.desk.down()
        self.desk.inspector.forbidding = set()
        self.desk.cloud.change('s0', host='h1')

    def state(self):
        return self.desk.correction_states(self.answer.fault_id)[RESET]

    def test_evacuated_meanwhile(self):
        self.desk.clock.advance(30.0)
        self.desk.resume()
        self.assertEqual(('active', 'waived'),
                         (self.desk.states()['s0'], self.state()))

    def test_there_still(self):
        self.desk.cloud.change('s0', host='h0')
        self.desk.clock.advance(30.0)
        self.desk.resume()
        self.assertEqual(('error', 'done'),
                         (self.desk.states()['s0'], self.state()))


class CostTest(testtools.TestCase):

    def asked(self, desk, at):
        desk.cloud.asked.clear()
        desk.down(at=at)
        return [one for one, *_ in desk.cloud.asked]

    def test_a_loss_asks_nova_once(self):
        for hears in (True, False):
            desk = doubles.Desk(servers=50, hears_states=hears)
            rounds = 1 if hears else 2
            self.assertEqual(['services', 'servers', 'ports'] * rounds,
                             self.asked(desk, 10.0))

    def test_a_second_loss_looks_before_and_after(self):
        desk = doubles.Desk(servers=50)
        desk.down()
        desk.cloud.beating = False
        desk.up()
        self.assertEqual(['services', 'servers', 'ports'] * 2,
                         self.asked(desk, 30.0))


class StrayTest(testtools.TestCase):
    """A server had left unheard, and the look after the loss failed until
    the host was back: it stayed in error for good.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.cloud = self.desk.cloud
        self.cloud.change('s0', host='h1')
        whole = self.cloud.servers

        def fails(host=None):
            raise CloudError('Nova does not list them', recoverable=True)
        self.cloud.servers = fails
        self.answer = self.desk.down()
        self.cloud.servers = whole
        self.assertEqual('error', self.desk.states()['s0'])

    def heard(self):
        return [state for one, state in self.desk.alarms.told if one == 's0']

    def reset(self):
        [found] = [one for one in self.desk.store.corrections.of(
            self.answer.fault_id) if one.correction.key == RESET]
        return found

    def test_its_state_is_given_back(self):
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual('undone', self.reset().state)

    def test_its_owner_hears_where_it_is(self):
        self.desk.up()
        self.assertEqual(['error', 'active'], self.heard())
        self.assertIn('h1', self.desk.alarms.traits['s0']['reason'])

    def test_nova_refuses_for_a_while(self):
        self.desk.inspector.failing = {'s0'}
        self.assertEqual('clearing', self.desk.up().state)
        self.desk.inspector.failing = set()
        self.assertEqual(['clearing'], [one.state for one
                                        in self.desk.resume()])
        self.desk.resume()
        self.assertEqual('cleared',
                         self.desk.fault(self.answer.fault_id).state)
        self.assertEqual('active', self.desk.states()['s0'])

    def test_the_host_is_lost_again(self):
        self.cloud.beating = False
        self.desk.up()
        self.desk.down(at=30.0)
        self.assertEqual('active', self.desk.states()['s0'])
        self.assertEqual('active', self.heard()[-1])

    def test_restarted_before_the_look(self):
        """Whose error it is nobody knows: the fault says so."""
        self.cloud.beating = False
        self.desk.up()
        self.desk = self.desk.again()
        self.cloud.beating = True
        for _ in range(3):
            self.desk.resume()
        fault = self.desk.fault(self.answer.fault_id)
        self.assertEqual(('cleared', 'left'),
                         (fault.state, self.reset().state))
        self.assertIn('s0: it is on host h1 by now, in error: see whether',
                      fault.note)


class KilledTest(KilledTestCase):
    """Killed at any write of a second loss."""

    def prepare(self):
        desk = doubles.Desk(servers=2, ports=False, hears_states=False)
        desk.down()
        desk.cloud.beating = False
        desk.up()
        desk.cloud.change('s0', host='h1', state='active')
        return desk

    def lose(self, desk):
        desk.handle(REPORT)

    def check(self, desk, when):
        if desk.store.faults.recall(REPORT.id) is None:
            desk.handle(REPORT)
        self.assertEqual({'s0': 'active', 's1': 'error'}, desk.states(), when)
        self.assertEqual(['handled'], [
            one.state for one in desk.store.faults.latest()
            if one.state in OPEN], when)

    def test_what_has_left_stays_as_it_is(self):
        self.at_each_step(self.prepare, self.lose, self.check)
