import concurrent.futures
import dataclasses
import json
import threading
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.alarms.local.manager import LocalAlarmManager
from doctor_core.alarms.local.rules import InvalidRule
from doctor_core.alarms.wire import alarm_to_json
from doctor_core.exceptions import NotifyError, StoreError
from doctor_core.fixtures import options
from doctor_core.model import AlarmState, Condition, Delivered, Reached, Stage
from doctor_core.tests.unit.alarms import samples
from doctor_core.web.exchange import Request

_OPTIONS = options(LocalAlarmManager)
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


class FakeKeeper:
    """Remembers what it was to keep: id and state, or the id of one that is
    gone; the oldest first.
    """

    def __init__(self, documents=()):
        self.documents = documents
        self.changes = []
        self.kept = {}

    def all(self):
        return self.documents

    def save(self, documents):
        self.changes += [(alarm_id, document['state'])
                         for alarm_id, document in documents.items()]
        self.kept.update(documents)

    def delete(self, alarm_id):
        self.changes.append(alarm_id)
        self.kept.pop(alarm_id, None)


class LocalTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.outlets = FakeOutlets()
        self.keeper = FakeKeeper()
        self.changes = self.keeper.changes
        self.manager = LocalAlarmManager(_OPTIONS, None, self.outlets,
                                         self.keeper)

    def tell(self, *events):
        """What becomes of each event; of the only one, if it is one."""
        told = self.manager.tell(events, host='host-1', fault_id='fault-1')
        return told[0] if len(told) == 1 else told


class TestRules(LocalTestCase):

    def test_create(self):
        alarm = self.manager.create(samples.rule())
        self.assertEqual(samples.rule(), alarm.rule)
        self.assertEqual([alarm], self.manager.book.alarms())
        self.assertEqual([(alarm.id, alarm.state)], self.changes)

    def test_kept_alarms_that_no_notifier_serves_are_told_of(self):
        log = self.useFixture(fixtures.FakeLogger())
        for name, url in (('a', 'mailto:x'), ('b', 'mailto:y'),
                          ('c', 'http://x')):
            self.manager.create(samples.rule(name=name, actions=(url,)))
        LocalAlarmManager(_OPTIONS, None, self.outlets,
                          FakeKeeper(self.keeper.kept.values()))
        self.assertEqual(1, log.output.count('served by no notifier'))
        self.assertIn("Of 2 alarms, URLs of the scheme 'mailto'", log.output)

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
        self.assertEqual([(alarm.id, alarm.state), alarm.id], self.changes)

    def test_it_goes_on_with_what_can_be_evaluated(self):
        """One that could not be read kept the inspector from starting."""
        good = samples.alarm(state=AlarmState.ALARM)
        bad = samples.alarm(Condition('state', 'x'), alarm_id='bad')
        manager = LocalAlarmManager(_OPTIONS, None, self.outlets, FakeKeeper(
            [{}, alarm_to_json(bad), alarm_to_json(good)]))
        self.assertEqual([good], manager.book.alarms())

    def test_what_was_kept_before_it_was_looked_over(self):
        log = self.useFixture(fixtures.FakeLogger())
        old = samples.alarm(Condition('traits.nonsense', 'x'),
                            actions=('zaqar://queue',))
        manager = LocalAlarmManager(_OPTIONS, None, self.outlets,
                                    FakeKeeper([alarm_to_json(old)]))
        self.assertEqual([old], manager.book.alarms())
        self.assertIn('was kept but will not go off', log.output)

    def test_what_was_kept_before_there_were_limits(self):
        log = self.useFixture(fixtures.FakeLogger())
        old = samples.alarm(
            Condition('traits.state', 'x' * 9999), name='n' * 9999,
            description='d' * 9999, actions=tuple(
                f'http://{number}.example/{"x" * 9999}'
                for number in range(99)))
        manager = LocalAlarmManager(_OPTIONS, None, self.outlets,
                                    FakeKeeper([alarm_to_json(old)]))
        self.assertEqual([old], manager.book.alarms())
        self.assertEqual('', log.output)

    def test_a_rule_that_no_event_of_ours_meets(self):
        self.assertRaises(InvalidRule, self.manager.create, samples.rule(
            Condition('traits.nonsense', 'x')))


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
        self.assertEqual((), outcome.result(0).failures)

    def test_a_line_for_each_failure(self):
        for name in ('second', 'third'):
            self.manager.create(samples.rule(name=name))
        outcome = self.tell(samples.event())
        first, second, third = (future for _, _, future in self.outlets.sent)
        first.cancel()
        second.set_result(None)
        third.set_exception(NotifyError('http://owner.example answered 404'))
        doctor, _, other = self.manager.book.alarms_of(
            self.alarm.rule.project_id)
        self.assertEqual((
            f"alarm 'doctor' ({doctor.id}) of server {samples.SERVER} was "
            'not told: cancelled',
            f"alarm 'third' ({other.id}) of server {samples.SERVER} was not "
            'told: http://owner.example answered 404'),
            outcome.result(0).failures)

    def test_who_was_told_is_named(self):
        """Nobody could find out."""
        second = self.manager.create(samples.rule(
            name='second', actions=('http://a/', 'http://b/')))
        outcome = self.tell(samples.event())
        first, *others = (future for _, _, future in self.outlets.sent)
        first.set_exception(NotifyError('http://owner.example answered 404'))
        for one in others:
            one.set_result(None)
        self.assertEqual((f"alarm 'second' ({second.id})",),
                         outcome.result(0).told)

    def test_which_notices_were_taken(self):
        """Only that an alarm had told somebody was known."""
        second = self.manager.create(samples.rule(
            name='second', actions=('http://a/', 'http://b/')))
        outcome = self.tell(samples.event())
        taken = []
        for action, notice, future in self.outlets.sent:
            self.assertEqual('fault-1', notice.fault_id)
            if action == 'http://b/':
                future.set_exception(NotifyError('http://b/ answered 404'))
                continue
            taken.append(Delivered(notice.body['alarm_id'], '', action, 1.0))
            future.set_result(taken[-1])
        self.assertEqual(tuple(taken), outcome.result(0).deliveries)
        self.assertEqual({self.alarm.id, second.id},
                         {one.alarm_id for one in taken})

    def test_why_an_attempt_failed_that_is_followed_by_another(self):
        outcome = self.tell(samples.event())
        self.outlets.sent[0][1].failed('answered 503')
        self.assertRegex(outcome.trouble,
                         r"^alarm 'doctor' \(.*\): answered 503$")

    def test_each_url_whose_attempts_fail(self):
        """One of three was named, and one that was told by then as well."""
        self.manager.create(samples.rule(
            name='second', actions=('http://a/', 'http://b/')))
        outcome = self.tell(samples.event())
        for action, notice, _ in self.outlets.sent:
            notice.failed(f'{action}: 503')
        self.assertRegex(outcome.trouble, f"^alarm 'doctor' .*: {URL}: 503; "
                         "alarm 'second' .*: http://a/: 503; "
                         "alarm 'second' .*: http://b/: 503$")
        for _, _, future in self.outlets.sent[1:]:
            future.set_result(None)
        self.assertRegex(outcome.trouble, "^alarm 'doctor' [^;]*$")

    def test_alarms_that_tell_nobody(self):
        """They counted as told."""
        mute = self.manager.create(samples.rule(
            server_id='mute', actions=()))
        self.assertEqual(Reached(silent=(
            f"alarm 'doctor' ({mute.id}) has no actions",)),
            self.tell(samples.event(instance_id='mute')).result(0))
        alarm = self.manager.create(samples.rule(server_id='s'))
        self.tell(samples.event(instance_id='s'))
        self.deliver_all()
        self.assertEqual(Reached(silent=(
            f"alarm 'doctor' ({alarm.id}) has gone off before, and was not "
            'set back',)),
            self.tell(samples.event(instance_id='s')).result(0))

    def test_an_alarm_that_tells_nobody_beside_one_that_does(self):
        """The owner whose URL is in the silent one was told, it said."""
        mute = self.manager.create(samples.rule(name='mute', enabled=False))
        outcome = self.tell(samples.event())
        self.deliver_all()
        reached = outcome.result(0)
        self.assertEqual(
            ((self.named(),), (f"alarm 'mute' ({mute.id}) is disabled",)),
            (reached.told, reached.silent))

    def test_nobody_to_tell(self):
        self.assertEqual([], self.tell())
        self.assertEqual(
            Reached(), self.tell(samples.event(state='active')).result(0))
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
        self.manager.close()
        self.assertEqual([(self.alarm.id, AlarmState.ALARM)], self.changes)

    def test_new_states_are_not_kept_when_the_owner_was_not_told(self):
        self.tell(samples.event())
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.manager.close()
        self.assertEqual([], self.changes)

    def test_the_next_event_is_told_of_when_nobody_was_told_of_the_first(self):
        """The alarm stayed in its state: no later loss was told either,
        until the daemon was started anew.
        """
        self.tell(samples.event())
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.tell(samples.event())
        self.assertEqual(['insufficient data'] * 2, [
            notice.body['previous'] for _, notice, _ in self.outlets.sent])
        self.outlets.sent[1][2].set_result(None)
        self.manager.close()
        self.assertEqual([(self.alarm.id, AlarmState.ALARM)], self.changes)
        self.tell(samples.event())
        self.assertEqual(2, len(self.outlets.sent))

    def test_while_the_owner_is_being_told_it_goes_off_once(self):
        self.tell(samples.event())
        self.tell(samples.event())
        self.assertEqual(1, len(self.outlets.sent))

    def test_who_is_being_told_of_the_same_is_told(self):
        """Nobody had been told yet, and that counted as done."""
        outcomes = [self.tell(samples.event(message_id=number))
                    for number in '12']
        self.assertFalse(outcomes[1].done())
        self.outlets.sent[0][2].set_result(None)
        self.assertEqual([(self.named(),)] * 2, [
            outcome.result(0).told for outcome in outcomes])
        self.assertEqual(1, len(self.outlets.sent))

    def test_who_is_not_told_after_all_is_told_of_the_next(self):
        """A second loss counted as told, and its owner heard of none."""
        outcomes = [self.tell(samples.event(message_id=number))
                    for number in '123']
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.assertEqual(['1', '2'], [
            notice.event_id for _, notice, _ in self.outlets.sent])
        self.outlets.sent[1][2].set_result(None)
        self.assertEqual([(), (self.named(),), (self.named(),)], [
            outcome.result(0).told for outcome in outcomes])

    def test_what_is_withdrawn_holds_up_nothing(self):
        wanted = [True]
        first = dataclasses.replace(samples.event(message_id='1'),
                                    is_wanted=lambda: wanted[0])
        self.tell(first)
        wanted.clear()
        wanted.append(False)
        outcome = self.tell(samples.event(message_id='2'))
        old, new = (notice for _, notice, _ in self.outlets.sent)
        self.assertEqual((False, True), (old.is_wanted(), new.is_wanted()))
        self.assertEqual('insufficient data', new.body['previous'])
        self.outlets.sent[0][2].set_exception(NotifyError('withdrawn'))
        self.outlets.sent[1][2].set_result(None)
        self.manager.close()
        self.assertEqual((self.named(),), outcome.result(0).told)
        self.assertEqual([(self.alarm.id, AlarmState.ALARM)], self.changes)

    def test_who_was_told_of_another_server_was_not_told_of_this_one(self):
        all_servers = self.manager.create(samples.rule(
            Condition('traits.state', 'error'), name='all'))
        self.tell(samples.event(instance_id='other'))
        outcome = self.tell(samples.event(instance_id='third'))
        self.deliver_all()
        self.assertEqual(Reached(silent=(
            f"alarm 'all' ({all_servers.id}) has gone off before, and was "
            'not set back',)), outcome.result(0))

    def test_of_two_alarms_one_goes_off_at_once(self):
        self.tell(samples.event(message_id='1'))
        second = self.manager.create(samples.rule(name='second'))
        outcome = self.tell(samples.event(message_id='2'))
        self.deliver_all()
        self.assertEqual((f"alarm 'second' ({second.id})", self.named()),
                         outcome.result(0).told)
        self.assertEqual(2, len(self.outlets.sent))

    def named(self):
        return f"alarm 'doctor' ({self.alarm.id})"

    def test_missed_and_then_made_ready_by_the_owner(self):
        self.tell(samples.event())
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.manager.book.set_state(self.alarm.id, AlarmState.OK, 1.0)
        self.tell(samples.event())
        self.assertEqual('ok', self.outlets.sent[1][1].body['previous'])

    def test_one_of_its_actions_was_taken(self):
        both = self.manager.create(samples.rule(
            server_id='other', actions=('http://a/', 'http://b/')))
        event = samples.event(instance_id='other')
        self.tell(event)
        self.outlets.sent[0][2].set_exception(NotifyError('given up'))
        self.outlets.sent[1][2].set_result(None)
        self.tell(event)
        self.assertEqual(2, len(self.outlets.sent))
        self.assertIs(AlarmState.ALARM,
                      self.manager.book.get(both.id).state)

    def test_another_owner_s_failure_puts_nobody_back(self):
        """One failed delivery put the states of all alarms back."""
        self.manager.create(samples.rule(name='second'))
        self.changes.clear()
        self.tell(samples.event())
        self.outlets.sent[1][2].set_exception(NotifyError('given up'))
        self.outlets.sent[0][2].set_result(None)
        self.manager.close()
        self.assertEqual([(self.alarm.id, AlarmState.ALARM)], self.changes)

    def test_each_event_has_its_own_outcome(self):
        self.manager.create(samples.rule(server_id='other'))
        first, second = self.tell(samples.event(),
                                  samples.event(instance_id='other'))
        self.outlets.sent[1][2].set_result(None)
        self.assertEqual((False, ()),
                         (first.done(), second.result(0).failures))

    def test_an_alarm_that_repeats_is_kept_once(self):
        self.manager.create(samples.rule(name='second', repeat_actions=True))
        self.changes.clear()
        self.tell(samples.event())
        self.tell(samples.event())
        self.deliver_all()
        self.manager.close()
        self.assertEqual((3, 2),
                         (len(self.outlets.sent), len(self.changes)))

    def test_who_has_thousands_of_alarms_comes_last(self):
        """One who had one alarm waited for all of another's."""
        for number in range(20):
            self.manager.create(samples.rule(
                Condition('traits.state', 'error'), name=f'a{number}',
                project_id='many'))
        told = self.tell(
            samples.event(instance_id='s', tenant_id='many'),
            samples.event())
        self.assertEqual(
            ['tenant-a', *['many'] * 20],
            [notice.project_id for _, notice, _ in self.outlets.sent])
        self.outlets.sent[0][2].set_result(None)
        self.assertEqual((False, True),
                         tuple(outcome.done() for outcome in told))

    def test_who_waits_cannot_stop_it(self):
        outcome = self.tell(samples.event())
        self.assertFalse(outcome.cancel())
        self.outlets.sent[0][2].set_result(None)
        self.assertEqual((), outcome.result(0).failures)

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


class KeptTest(LocalTestCase):
    """What the owner does to an alarm while he is told of it."""

    def setUp(self):
        super().setUp()
        self.alarm = self.manager.create(samples.rule())
        self.tell(samples.event())
        [(_, _, self.delivery)] = self.outlets.sent

        def who(_request):
            return 'tenant-a', 'ann', False

        self.handlers = {
            (route.method, route.path): route.handler
            for route in self.manager.routes(SimpleNamespace(who=who))}

    def ask(self, method, path='', body=None):
        return self.handlers[method, f'/v2/alarms/{{id}}{path}'](Request(
            method, '', {'id': self.alarm.id}, {}, {},
            json.dumps(body).encode(), 1.0))

    def assert_kept(self):
        """What is kept in the end is what the manager has."""
        self.manager.close()
        self.assertEqual(
            {alarm.id: alarm_to_json(alarm)
             for alarm in self.manager.book.alarms()}, self.keeper.kept)

    def test_made_ready_again(self):
        """After a restart the next loss gave no notice."""
        self.ask('PUT', '/state', 'ok')
        self.delivery.set_result(None)
        self.assert_kept()
        self.assertEqual('ok', self.keeper.kept[self.alarm.id]['state'])

    def test_made_ready_and_fired_again(self):
        self.ask('PUT', '/state', 'ok')
        self.tell(samples.event())
        self.delivery.set_result(None)
        self.assertEqual('ok', self.keeper.kept[self.alarm.id]['state'])
        self.outlets.sent[1][2].set_result(None)
        self.assert_kept()

    def test_deleted(self):
        self.ask('DELETE')
        self.delivery.set_result(None)
        self.assert_kept()
        self.assertEqual({}, self.keeper.kept)

    def test_given_another_rule(self):
        """The old URL came back; or the alarm counted as told."""
        self.ask('PUT', body={
            **alarm_to_json(self.manager.book.get(self.alarm.id)),
            'alarm_actions': ['http://new.example/']})
        self.assertEqual(
            (['http://new.example/'], 'insufficient data'),
            (self.keeper.kept[self.alarm.id]['alarm_actions'],
             self.keeper.kept[self.alarm.id]['state']))
        self.delivery.set_result(None)
        self.assert_kept()

    def test_put_into_the_state_by_the_owner(self):
        self.ask('PUT', '/state', 'alarm')
        self.assert_kept()

    def test_a_change_and_the_end_of_a_delivery_at_once(self):
        """Which of two is kept last is the order in which they were made."""
        saving, go_on = threading.Event(), threading.Event()
        save = self.keeper.save

        def slow(documents):
            saving.set()
            go_on.wait(10)
            save(documents)

        self.keeper.save = slow
        self.delivery.set_result(None)
        saving.wait(10)
        self.keeper.save = save
        ready = threading.Thread(target=self.ask,
                                 args=('PUT', '/state', 'ok'))
        ready.start()
        ready.join(0.2)
        go_on.set()
        ready.join(10)
        self.assert_kept()
        self.assertEqual('ok', self.keeper.kept[self.alarm.id]['state'])

    def test_who_is_told_waits_for_no_disk(self):
        """A thousand owners were told one transaction after another."""
        go_on = threading.Event()
        save = self.keeper.save
        self.keeper.save = lambda documents: go_on.wait(10) and save(documents)
        outcome = self.tell(samples.event())
        self.delivery.set_result(None)
        for _action, _notice, future in self.outlets.sent[1:]:
            future.set_result(None)
        self.assertTrue(outcome.done())
        go_on.set()
        self.assert_kept()


class FullDiskTest(LocalTestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.alarms = [self.manager.create(samples.rule(server_id=server))
                       for server in 'abc']
        self.changes.clear()
        self.save, self.keeper.save = self.keeper.save, self.refuse
        self.refused = threading.Event()

    def refuse(self, *_args):
        self.refused.set()
        raise StoreError('the disk is full')

    def told(self, server):
        outcome = self.tell(samples.event(instance_id=server))
        self.outlets.sent[-1][2].set_result(None)
        return outcome.result(0).told

    def test_who_was_told_is_kept_later(self):
        """After a restart the owner was told again."""
        for one in 'ab':
            self.refused.clear()
            self.assertEqual(1, len(self.told(one)))
            self.assertTrue(self.refused.wait(10))
        self.assertEqual([], self.changes)
        self.keeper.save = self.save
        self.told('c')
        self.manager.close()
        self.assertEqual([(one.id, 'alarm') for one in self.alarms],
                         self.changes)
        self.assertEqual(1, self.log.output.count('the disk is full'))
        self.assertNotIn('Traceback', self.log.output)

    def test_the_disk_has_room_by_the_end(self):
        """It was never kept: a restart showed an alarm that had gone off as
        ok, and an owner who wants to be told once was told twice.
        """
        self.told('a')
        self.assertTrue(self.refused.wait(10))
        self.keeper.save = self.save
        self.manager.close()
        self.assertEqual([(self.alarms[0].id, 'alarm')], self.changes)

    def test_what_is_not_made_is_not_in_force(self):
        self.assertRaises(StoreError, self.manager.create,
                          samples.rule(server_id='d'))
        self.keeper.delete = self.refuse
        self.assertRaises(StoreError, self.manager.delete, self.alarms[0])
        self.assertEqual(self.alarms, self.manager.book.alarms())


class StampTest(LocalTestCase):
    def test_fired_is_stamped_before_the_owner_can_be_told(self):
        """An owner was told before the alarm had fired."""
        seen = []

        def deliver(action, notice):
            seen.extend(stamp.stage for stamp in self.outlets.stamps)
            return FakeOutlets.deliver(self.outlets, action, notice)

        self.outlets.deliver = deliver
        self.manager.create(samples.rule())
        self.manager.tell([samples.event()], host='h', fault_id='f')
        self.assertEqual([Stage.ALARM_EVALUATED, Stage.ALARM_FIRED], seen)
