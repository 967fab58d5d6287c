import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.exceptions import CloudError
from doctor_core.faults.mass_failure import Limits
from doctor_core.model import FaultStatus, Server
from doctor_core.tests.unit.faults import doubles

_MANY = 20


class OwedLoopTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk(refresh_s=3600.0)
        self.loop = self.desk.engine.owed
        self.addCleanup(self.loop.join)
        self.addCleanup(self.desk.stopping.set)

    def wait_for(self, predicate, what):
        clock.wait_for(predicate, clock.Deadline(20), what=what)

    def test_what_failed_is_tried_again(self):
        """It waited a whole [inspector] refresh_s for a second chance."""
        self.desk.inspector.failing = {'s1'}
        answer = self.desk.down()
        self.desk.inspector.failing = set()
        self.loop.start()
        self.wait_for(lambda: self.desk.fault(answer.fault_id).state
                      == 'handled', 'the second try')

    def test_the_log_has_a_round_that_ends_early_once(self):
        """It had the same warning each second, for as long as Nova lied."""
        rounds = []

        def lie():
            rounds.append(None)
            raise CloudError('Nova lies', recoverable=True)

        loop = self.loop._loop('faults-lied-to', lie, lambda: 0.001)
        loop.start()
        self.addCleanup(loop.stop)
        self.wait_for(lambda: len(rounds) > 5, 'six rounds')
        self.assertEqual(1, self.log.output.count(
            'faults-lied-to ended early, and is tried again: Nova lies'))

    def test_host_that_is_back_is_looked_at(self):
        self.desk.down()
        answer = self.desk.up(rounds=0)
        self.loop.start()
        self.wait_for(lambda: self.desk.fault(answer.fault_id).state
                      == 'cleared', 'nova-compute to report')

    def test_what_is_released_is_done(self):
        self.desk.set(mass_failure=Limits(0.1, 1))
        held = self.desk.down()
        self.assertEqual('held', held.state)
        self.loop.start()
        self.desk.holding.confirm([held.fault_id], 'alice')
        self.wait_for(lambda: self.desk.forced_down() == {'h0'},
                      'the host to be marked')

    def test_a_server_that_came_to_light_is_told_of(self):
        self.desk.set(refresh_s=3600.0)
        self.desk.down()
        self.loop.start()
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        self.desk.affected.hear('compute.instance.update', {
            'instance_id': 's9', 'tenant_id': 'p', 'host': 'h0',
            'state': 'active'}, doubles.SENT)
        self.wait_for(lambda: ('s9', 'error') in self.desk.alarms.told,
                      'its owner to be told')

    def test_goes_on_when_nova_does_not_answer(self):
        looked = threading.Semaphore(0)

        def refresh():
            looked.release()
            raise CloudError('Nova does not answer', recoverable=True)
        self.desk.affected.refresh = refresh
        self.desk.set(refresh_s=0.0)
        self.loop.start()
        for _look in range(2):
            self.assertTrue(looked.acquire(timeout=10))
        self.desk.stopping.set()
        self.loop.join()
        self.assertIn('Nova does not answer', self.log.output)
        self.assertNotIn('Traceback', self.log.output)

    def test_a_second_failure_is_tried_again_later_than_the_first(self):
        self.assertEqual(2.0, self.loop._retry_pause_s())
        self.desk.inspector.failing = {'s1'}
        self.desk.down()
        self.assertEqual([2.0, 4.0, 8.0, 16.0, 30.0, 30.0],
                         [self.loop._retry_pause_s() for _ in range(6)])
        self.desk.inspector.failing = set()
        self.desk.resume()
        self.assertEqual([2.0, 2.0], [self.loop._retry_pause_s(),
                                      self.loop._retry_pause_s()])

    def test_a_slow_owner_holds_up_no_other_fault(self):
        self.desk.alarms.hold = threading.Event()
        first = threading.Thread(target=self.desk.down, daemon=True)
        first.start()
        self.wait_for(lambda: len(self.desk.alarms.told) == 3, 'telling')
        self.desk.inspector.failing = {'c1'}
        self.desk.alarms.hold, slow = None, self.desk.alarms.hold
        other = self.desk.down('h1', 11.0)
        self.desk.inspector.failing = set()
        self.loop.start()
        self.wait_for(lambda: self.desk.fault(other.fault_id).state
                      == 'handled', 'the other host')
        slow.set()
        first.join(10)

    def many(self):
        """More hosts than are gone on with at a time, each with a server of
        an owner who does not answer, and one of another.
        """
        cloud = doubles.Cloud(0, hosts=_MANY)
        for index in range(_MANY):
            for name in ('slow', 'quick'):
                server_id = f'{name}{index}'
                cloud.all_servers[server_id] = Server(
                    server_id, server_id, name, f'h{index}')
        desk = doubles.Desk(cloud=cloud, ports=False, refresh_s=3600.0)
        desk.set(mass_failure=Limits(0.0, 3))
        hold, tell = threading.Event(), desk.alarms._tell

        def held(event):
            slow = event.trait('instance_id').startswith('slow')
            desk.alarms.hold = hold if slow else None
            return tell(event)
        desk.alarms._tell = held
        self.addCleanup(desk.engine.owed.join)
        self.addCleanup(hold.set)
        self.addCleanup(desk.stopping.set)
        return desk, hold

    def quick(self, desk, state):
        return sum(server.startswith('quick') and told == state
                   for server, told in desk.alarms.told)

    def test_a_slow_owner_on_many_hosts_holds_up_no_other_owner(self):
        """A thread waited at each host for a webhook that was dead."""
        desk, hold = self.many()
        for index in range(_MANY):
            desk.handler.decide(doubles.fault(
                f'h{index}', FaultStatus.DOWN, 10.0))
        desk.engine.owed.start()
        self.wait_for(lambda: self.quick(desk, 'error') == _MANY
                      and len(desk.forced_down()) == _MANY, 'all hosts')
        self.assertFalse(hold.is_set())
        self.assertEqual(_MANY, len(desk.store.faults.in_states('handling')))
        hold.set()
        self.wait_for(lambda: len(desk.store.faults.in_states('handled'))
                      == _MANY, 'the slow owner')

    def test_nor_the_return_of_a_host(self):
        desk, hold = self.many()
        hold.set()
        for index in range(_MANY):
            desk.down(f'h{index}')
        hold.clear()
        desk.cloud.beating = False
        for index in range(_MANY):
            desk.handler.decide(doubles.fault(
                f'h{index}', FaultStatus.UP, 20.0, type='compute.host.up'))
        desk.cloud.beating = True
        desk.engine.owed.start()
        self.wait_for(lambda: self.quick(desk, 'active') == _MANY,
                      'all hosts')
        self.assertFalse(hold.is_set())
        self.assertEqual(set(), desk.forced_down())
        hold.set()
        self.wait_for(lambda: len(desk.store.faults.in_states('cleared'))
                      == _MANY, 'the slow owner')

    def test_what_failed_is_tried_again_while_an_owner_is_slow(self):
        """The host was marked when the owner had answered."""
        hold = self.desk.alarms.hold = threading.Event()
        self.addCleanup(hold.set)
        self.desk.inspector.failing = {'c0'}
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.desk.inspector.failing = set()
        self.loop.start()
        self.wait_for(lambda: self.desk.forced_down() == {'h0'}, 'the mark')
        self.assertFalse(hold.is_set())
        hold.set()
        self.wait_for(lambda: self.desk.fault(answer.fault_id).state
                      == 'handled', 'the owners')

    def test_what_is_told_at_the_end_is_kept(self):
        hold = self.desk.alarms.hold = threading.Event()
        self.desk.handler.decide(doubles.fault('h0', FaultStatus.DOWN, 10.0))
        self.desk.engine.owed.resume()
        self.wait_for(lambda: self.desk.forced_down() == {'h0'}, 'the mark')
        threading.Timer(0.2, hold.set).start()
        self.loop.join()
        record, = self.desk.store.faults.latest()
        self.assertEqual({'told'}, set(
            self.desk.telling_states(record.id).values()))

    def test_what_failed_waits_for_no_aodh_that_hangs(self):
        """One thread tried again, asked Aodh, and asked Nova."""
        asked, answers = threading.Event(), threading.Event()
        self.addCleanup(answers.set)

        def hangs(*_args):
            asked.set()
            answers.wait(20)
            return []
        self.desk.alarms.missed = hangs
        self.desk.handler.look_at_open = hangs
        self.desk.down()
        self.desk.clock.advance(11.0)
        self.desk.inspector.failing = {'c1'}
        other = self.desk.down('h1', 11.0)
        self.loop.start()
        self.assertTrue(asked.wait(10))
        self.desk.inspector.failing = set()
        self.wait_for(lambda: self.desk.fault(other.fault_id).state
                      == 'handled', 'the other host')
        self.assertFalse(answers.is_set())

    def test_nobody_is_at_a_fault_twice(self):
        self.desk.inspector.failing = {'s1'}
        self.desk.down()
        self.desk.inspector.gate = threading.Event()
        first = self.loop.resume()
        self.assertEqual([], self.loop.resume())
        self.desk.inspector.gate.set()
        self.assertEqual(1, len(first))
        first[0].result(10)

    def answer_to_a_loss(self, do):
        """What its reporter is answered when something is done in the middle
        of the corrections.
        """
        self.desk.inspector.gate = threading.Event()
        answers = []
        reporter = threading.Thread(
            target=lambda: answers.append(self.desk.down()), daemon=True)
        reporter.start()
        self.wait_for(lambda: self.desk.inspector.asked, 'the corrections')
        do()
        self.desk.inspector.gate.set()
        reporter.join(10)
        return [(one.state, one.waits) for one in answers]

    def test_a_fault_that_its_reporter_is_at_is_left_to_them(self):
        """The retry looked at Nova anew, and who had reported the host was
        told that its fault was not handled yet.
        """
        self.assertEqual([('handled', False)], self.answer_to_a_loss(
            lambda: self.assertEqual([], self.loop.resume())))

    def test_a_host_that_is_back_while_its_loss_is_dealt_with(self):
        """Who waited for the end of the return was told that the loss had
        been dealt with.
        """
        self.assertEqual([('clearing', True)], self.answer_to_a_loss(
            lambda: self.desk.handler.decide(
                doubles.fault('h0', FaultStatus.UP, 11.0))))

    def test_never_started(self):
        # Those of other tests of this process may still be ending.
        before = set(threading.enumerate())
        desk = doubles.Desk(refresh_s=3600.0)
        desk.engine.owed.join()
        self.assertEqual(set(), set(threading.enumerate()) - before)
