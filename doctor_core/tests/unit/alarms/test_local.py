import concurrent.futures
import threading

import testtools

from doctor_core.alarms.local import LocalAlarmManager
from doctor_core.alarms.rules import InvalidRule
from doctor_core.exceptions import NotifyError
from doctor_core.model import AlarmState, Condition, Stage
from doctor_core.tests.unit.alarms import samples

URL = 'http://owner.example:9/failure'


class FakeOutlets:
    """Keeps what goes out; the test decides how a delivery ends."""

    def __init__(self):
        self.sent = []
        self.stamps = []

    def deliver(self, action, notice):
        future = concurrent.futures.Future()
        self.sent.append((action, notice, future))
        return future

    def checkpoint(self, checkpoint):
        self.stamps.append(checkpoint)


class LocalTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.outlets = FakeOutlets()
        self.manager = LocalAlarmManager(None, None, self.outlets)
        self.changes = []
        self.manager.changed = self.changes.append

    def tell(self, *events):
        return self.manager.tell(events, host='host-1', fault_id='fault-1')


class TestRules(LocalTestCase):

    def test_create(self):
        alarm = self.manager.create(samples.rule())
        self.assertEqual(samples.rule(), alarm.rule)
        self.assertEqual([alarm], self.manager.book.alarms())
        self.assertEqual([alarm], self.changes)

    def test_the_same_rule_is_one_alarm(self):
        """Made again after a crash, an owner would be told twice."""
        first = self.manager.create(samples.rule())
        self.assertEqual(first, self.manager.create(samples.rule()))
        self.assertEqual([first], self.manager.book.alarms())

    def test_the_same_rule_in_another_project_is_another(self):
        first = self.manager.create(samples.rule())
        other = self.manager.create(samples.rule(project_id='tenant-b'))
        self.assertNotEqual(first.id, other.id)

    def test_made_again_it_is_ready_again(self):
        self.manager.create(samples.rule())
        self.tell(samples.event())
        again = self.manager.create(samples.rule())
        self.assertEqual(AlarmState.OK, again.state)
        self.tell(samples.event())
        self.assertEqual(2, len(self.outlets.sent))

    def test_a_rule_that_never_could_be_met(self):
        self.assertRaises(InvalidRule, self.manager.create,
                          samples.rule(Condition('state', 'error')))
        self.assertEqual([], self.changes)

    def test_delete(self):
        alarm = self.manager.create(samples.rule())
        self.manager.delete(alarm)
        self.manager.delete(alarm)
        self.assertEqual([], self.manager.book.alarms())
        self.assertEqual([alarm, alarm.id], self.changes)

    def test_load_goes_on_with_what_can_be_evaluated(self):
        good = samples.alarm(state=AlarmState.ALARM)
        self.manager.load([
            samples.alarm(Condition('state', 'x'), alarm_id='bad'), good])
        self.assertEqual([good], self.manager.book.alarms())
        self.assertEqual([], self.changes)


class TestTell(LocalTestCase):

    def setUp(self):
        super().setUp()
        self.alarm = self.manager.create(samples.rule())
        self.changes.clear()

    def test_the_owner_is_sent_aodhs_webhook(self):
        self.tell(samples.event())
        [(action, notice, _)] = self.outlets.sent
        self.assertEqual(URL, action)
        self.assertEqual(samples.SERVER, notice.server_id)
        self.assertEqual(
            (self.alarm.id, 'insufficient data', 'alarm'),
            (notice.body['alarm_id'], notice.body['previous'],
             notice.body['current']))

    def test_every_action_of_every_alarm(self):
        self.manager.create(samples.rule(
            name='second', actions=('log://', 'https://b.example/')))
        self.tell(samples.event())
        self.assertEqual([URL, 'log://', 'https://b.example/'],
                         [action for action, _, _ in self.outlets.sent])

    def test_stamps(self):
        self.tell(samples.event(),
                  samples.event(instance_id='unwatched'))
        self.assertEqual(
            [(Stage.ALARM_EVALUATED, samples.SERVER),
             (Stage.ALARM_FIRED, samples.SERVER),
             (Stage.ALARM_EVALUATED, 'unwatched')],
            [(stamp.stage, stamp.server_id)
             for stamp in self.outlets.stamps])
        self.assertEqual({('host-1', 'fault-1')}, {
            (stamp.host, stamp.fault_id) for stamp in self.outlets.stamps})
        times = [stamp.at for stamp in self.outlets.stamps]
        self.assertEqual(sorted(times), times)

    def test_done_when_the_last_is_told(self):
        self.manager.create(samples.rule(name='second'))
        outcome = self.tell(samples.event())
        (_, _, first), (_, _, second) = self.outlets.sent
        second.set_result(None)
        self.assertFalse(outcome.done())
        first.set_result(None)
        self.assertEqual([], outcome.result(0))

    def test_a_line_for_each_failure(self):
        for name in ('second', 'third'):
            self.manager.create(samples.rule(name=name))
        outcome = self.tell(samples.event())
        first, second, third = (future for _, _, future in self.outlets.sent)
        first.cancel()
        second.set_result(None)
        third.set_exception(NotifyError('http://owner.example answered 404'))
        self.assertEqual([
            f"The owner of server {samples.SERVER} (alarm 'doctor') was not "
            'told: cancelled',
            f"The owner of server {samples.SERVER} (alarm 'third') was not "
            'told: http://owner.example answered 404'], outcome.result(0))

    def test_nobody_to_tell(self):
        self.assertEqual([], self.tell().result(0))
        self.assertEqual(
            [], self.tell(samples.event(state='active')).result(0))
        self.assertEqual([], self.changes)

    def deliver_all(self):
        for _action, _notice, future in self.outlets.sent:
            if not future.done():
                future.set_result(None)

    def test_new_states_are_kept_once_the_owner_was_told(self):
        """Killed in between, the alarm had fired and nobody was told."""
        self.tell(samples.event())
        self.assertEqual([], self.changes)
        self.deliver_all()
        self.assertEqual([self.manager.book.get(self.alarm.id)],
                         self.changes)
        self.assertEqual(AlarmState.ALARM, self.changes[0].state)

    def test_new_states_are_not_kept_when_the_owner_was_not_told(self):
        self.tell(samples.event())
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.assertEqual([], self.changes)

    def test_an_alarm_that_repeats_is_kept_once(self):
        self.manager.create(samples.rule(name='second', repeat_actions=True))
        self.changes.clear()
        self.tell(samples.event())
        self.tell(samples.event())
        self.deliver_all()
        self.assertEqual((3, 2),
                         (len(self.outlets.sent), len(self.changes)))

    def test_who_waits_cannot_stop_it(self):
        outcome = self.tell(samples.event())
        self.assertFalse(outcome.cancel())
        self.outlets.sent[0][2].set_result(None)
        self.assertEqual([], outcome.result(0))

    def test_many_threads_tell_each_owner_once(self):
        servers = [f'server-{number}' for number in range(40)]
        for server_id in servers:
            self.manager.create(samples.rule(server_id=server_id))
        events = [samples.event(instance_id=server_id)
                  for server_id in servers]
        threads = [threading.Thread(target=self.tell, args=events)
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(servers), sorted(
            notice.server_id for _, notice, _ in self.outlets.sent))
