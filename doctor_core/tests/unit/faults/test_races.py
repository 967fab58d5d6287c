"""A host comes back, or is lost again, while something is under way."""

import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.exceptions import BackendError
from doctor_core.model import Action, FaultStatus, Server
from doctor_core.model.states import CorrectionState
from doctor_core.tests.unit.faults import doubles

_UNFINISHED = {CorrectionState.OWED, CorrectionState.ASKED,
               CorrectionState.UNDO_OWED}


class RacesTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.use(doubles.Desk())

    def use(self, desk):
        self.desk = desk
        self._pursue = desk.engine.pursuit.begin
        self._begun = threading.Semaphore(0)
        desk.engine.pursuit.begin = self._pursued

    def _pursued(self, fault_id):
        self._begun.release()
        return self._pursue(fault_id)

    def meanwhile(self, status, at, host='h0'):
        """A report in a thread of its own; returns when it was decided what
        it means, and before anything follows.
        """
        report = doubles.fault(host, status, at,
                               type=f'compute.host.{status}')
        thread = threading.Thread(target=self.desk.handle,
                                  args=(report,), daemon=True)
        while self._begun.acquire(blocking=False):
            pass
        thread.start()
        self.addCleanup(thread.join, 10)
        self.assertTrue(self._begun.acquire(timeout=10))
        return thread

    def back(self):
        return self.meanwhile(FaultStatus.UP, 20.0)

    def lost_again(self):
        return self.meanwhile(FaultStatus.DOWN, 30.0)

    def once(self, owner, name, do):
        """Something happens at the first call of a method, before it is
        answered.
        """
        real = getattr(owner, name)

        def first(*args, **kwargs):
            setattr(owner, name, real)
            answer = real(*args, **kwargs)
            do()
            return answer
        setattr(owner, name, first)

    def finish(self):
        """Join what is under way, and do all that is owed."""
        self.doCleanups()
        for _ in range(6):
            self.desk.resume()

    def assert_right(self):
        """No host is down, and nothing is left of any fault."""
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual({'ACTIVE'}, {
            port.data_plane_status
            for port in self.desk.cloud.all_ports.values()})
        self.assertEqual({}, self.left())

    def left(self):
        return {(record.id, key): state
                for record in self.desk.store.faults.latest()
                for key, state in
                self.desk.correction_states(record.id).items()
                if state in _UNFINISHED}


class BackTest(RacesTestCase):

    def test_while_owners_have_their_head_start(self):
        """The servers were set to error afterwards, and stayed so."""
        self.desk.alarms.head_start_s = lambda count: 60.0
        self.desk.stopping.wait = lambda timeout_s: self.back()
        self.desk.down()
        self.finish()
        self.assert_right()
        self.assertNotIn(Action.RESET_STATE,
                         [made[0] for made in self.desk.inspector.made])

    def returning(self):
        """A return that needs one more look."""
        self.desk.down()
        self.desk.cloud.beating = False
        self.desk.up(at=20.0, rounds=0)
        self.desk.cloud.beating = True

    def test_a_return_that_ends_while_the_next_loss_is_decided(self):
        """It could not be decided, and waited on the bus for a second."""
        self.returning()
        deciding = self.desk.holding.deciding

        def ends():
            self.desk.holding.deciding = deciding
            for _ in range(4):
                self.desk.resume()
            return deciding()
        self.desk.holding.deciding = ends
        answer = self.desk.down(at=30.0)
        self.assertEqual('handled', answer.state)
        former = self.desk.fault(self.desk.fault(answer.fault_id).former)
        self.assertEqual('cleared', former.state)
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_before_anything_was_asked_for(self):
        """What had been waived was asked for nevertheless."""
        self.once(self.desk.alarms, 'tell', self.back)
        self.desk.down()
        self.finish()
        self.assert_right()
        self.assertEqual([], self.desk.inspector.made)

    def test_between_looking_up_what_is_owed_and_asking(self):
        self.once(self.desk.affected, 'server', self.back)
        self.desk.down()
        self.finish()
        self.assert_right()

    def test_while_it_is_being_marked(self):
        """It is taken back after the answer, and not before."""
        self.once(self.desk.inspector, '_apply', self.back)
        self.desk.down()
        self.finish()
        self.assert_right()
        made = [made for made in self.desk.inspector.made
                if made[0] is Action.FORCE_DOWN]
        self.assertEqual(['true', 'false'], [value for _, _, value in made])

    def test_while_nova_is_asked_what_else_is_on_it(self):
        """What came to light was owed for ever, and its owner told of a loss
        that was over.
        """
        self.use(doubles.Desk(hears_states=False))
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        self.once(self.desk.cloud, 'ports', self.back)
        self.desk.down()
        self.finish()
        self.assert_right()
        self.assertNotIn('s9', [name for name, _ in self.desk.alarms.told])

    def test_the_next_loss_marks_it_again(self):
        self.once(self.desk.alarms, 'tell', self.back)
        self.desk.down()
        self.finish()
        self.desk.down(at=30.0)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.desk.up(at=40.0)
        self.assert_right()

    def test_before_the_heir_of_a_service_is_marked(self):
        """The mark of a service that was made anew was owed for ever."""
        self.desk.inspector.failing = {'c0'}
        self.once(self.desk.inspector, 'correct', lambda: (
            self.desk.cloud.touch('h0', id='c9'), self.back()))
        self.desk.down()
        self.finish()
        self.assert_right()


class LostAgainTest(RacesTestCase):

    def setUp(self):
        super().setUp()
        self.first = self.desk.down().fault_id

    def finish_down(self):
        self.doCleanups()
        for _ in range(3):
            self.desk.resume()
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.assertEqual({}, self.left())
        self.assertEqual('replaced', self.desk.fault(self.first).state)

    def test_before_an_undo_is_sent(self):
        self.once(self.desk.affected, 'service', self.lost_again)
        self.desk.up(rounds=0)
        self.finish_down()
        self.assertNotIn('false', [
            value for _, _, value in self.desk.inspector.made])

    def test_while_an_undo_is_under_way(self):
        self.once(self.desk.inspector, '_apply', self.lost_again)
        self.desk.up(rounds=0)
        self.finish_down()

    def test_before_its_servers_are_started(self):
        """A server of a lost host was to be started for ever."""
        self.desk.set(start_after_reboot=True)
        self.desk.cloud.uptimes['h0'] = 0.0
        self.desk.clock.advance(600.0)
        correcting = self.desk.engine.pursuit._correcting
        start = correcting.start

        def late(fault_id, host, server_ids):
            correcting.start = start
            self.lost_again()
            return start(fault_id, host, server_ids)
        correcting.start = late
        self.desk.up(rounds=0)
        self.finish_down()
        self.assertEqual([], self.desk.cloud.started)


    def test_before_its_owners_hear_that_it_is_back(self):
        """They heard of the return after the later loss."""
        self.once(self.desk.engine.affected, 'ask_back', self.lost_again)
        self.desk.up(rounds=1)
        self.finish_down()
        self.assertEqual({'error'}, set(dict(
            self.desk.alarms.told).values()))


class PortsTest(RacesTestCase):

    def test_back_before_the_ports_of_servers_that_left_are_mended(self):
        self.desk.down()
        self.desk.cloud.change('s0', host='h1', state='active')
        self.desk.affected.refresh()
        self.once(self.desk.inspector, 'correct', self.back)
        self.desk.look_for_more()
        self.finish()
        self.assert_right()

    def test_replaced_before_they_are_mended(self):
        fault_id = self.desk.down().fault_id
        stale = self.desk.fault(fault_id)
        self.desk.cloud.beating = False
        self.desk.up(rounds=0)
        self.desk.down(at=30.0)
        self.desk.cloud.change('s0', host='h1', state='active')
        self.desk.affected.refresh()
        made = len(self.desk.inspector.made)
        self.desk.engine.pursuit.look_for_more(stale)
        self.assertEqual(made, len(self.desk.inspector.made))


class HangingNovaTest(RacesTestCase):
    """Somebody waits for a Nova that does not answer."""

    def setUp(self):
        super().setUp()
        self.answers = threading.Event()
        self.asked = threading.Event()
        self.addCleanup(self.answers.set)

    def hang(self, owner, name):
        real = getattr(owner, name)

        def hangs(*args, **kwargs):
            self.asked.set()
            self.answers.wait(10)
            return real(*args, **kwargs)
        setattr(owner, name, hangs)

    def in_a_thread(self, do):
        thread = threading.Thread(target=do, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.addCleanup(self.answers.set)
        self.assertTrue(self.asked.wait(10))

    def told_in_time(self, do):
        """Who is told before Nova answers."""
        told = threading.Event()
        self.once(self.desk.alarms, 'tell', told.set)
        before = len(self.desk.alarms.told)
        thread = threading.Thread(target=do, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.addCleanup(self.answers.set)
        self.assertTrue(told.wait(10))
        self.assertFalse(self.answers.is_set())
        return {name for name, _ in self.desk.alarms.told[before:]}

    def test_lost_again_while_an_undo_waits(self):
        """Its owners heard of it when Nova had answered; that need only those
        who have heard nothing since the first loss.
        """
        self.desk.down()
        self.desk.inspector.failing = {'s0'}
        self.assertEqual('clearing', self.desk.up().state)
        self.hang(self.desk.cloud, 'compute_services')
        self.in_a_thread(self.desk.resume)
        self.assertEqual({'s1', 's2'}, self.told_in_time(
            lambda: self.desk.down(at=30.0)))

    def test_who_was_told_is_known_while_nova_hangs(self):
        """For a minute nobody seemed to have been told."""
        self.hang(self.desk.inspector, 'correct')
        self.in_a_thread(self.desk.down)
        [record] = self.desk.store.faults.latest()
        clock.wait_for(lambda: {'told'} == set(
            self.desk.telling_states(record.id).values()),
            clock.Deadline(10), what='the outcomes to be kept')
        self.assertFalse(self.answers.is_set())

    def test_more_comes_to_light_while_ports_are_mended(self):
        self.desk.down()
        self.desk.cloud.change('s0', host='h1', state='active')
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        self.desk.affected.refresh()
        self.hang(self.desk.inspector, 'correct')
        self.assertEqual({'s9'}, self.told_in_time(self.desk.look_for_more))

    def test_nobody_is_told_twice(self):
        """Two threads read what is owed before one of them has told it."""
        self.desk.alarms.hold = threading.Event()
        self.addCleanup(self.desk.alarms.hold.set)
        self.hang(self.desk.cloud, 'servers')
        self.in_a_thread(self.desk.down)
        record = self.desk.store.faults.latest()[0]
        teller = self.desk.engine.pursuit._teller
        stale = self.desk.store.tellings.owed(record.id)
        self.desk.alarms.hold.set()
        self.answers.set()
        self.finish()
        self.assertEqual(0, teller.tell(record.id, 'h0', stale))
        self.assertEqual(3, len(self.desk.alarms.told))
        self.assertFalse(teller.under_way.is_telling(record.id))

    def test_a_mark_is_not_lifted_past_a_fault(self):
        self.desk.down()
        self.assertRaises(BackendError, self.desk.engine.lifting.lift, 'h0')
        self.assertEqual({'h0'}, self.desk.forced_down())
