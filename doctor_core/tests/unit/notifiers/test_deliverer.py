import asyncio
import concurrent.futures
import contextlib
from urllib.parse import urlsplit

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import clock, opts
from doctor_core.exceptions import BusyError, NotifyError, Withdrawn
from doctor_core.model import Notice
from doctor_core.notifiers.base import Notifier, place
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.notifiers.peers import Peers

#: Far beyond what anything here takes; reached only by what never ends.
LONG_S = 30.0


def notice(server_id='server-1', event_id='', alarm_id='', **changes):
    event = {'message_id': event_id,
             'traits': [['instance_id', 1, server_id]]}
    return Notice({'alarm_name': 'n', 'alarm_id': alarm_id,
                   'reason_data': {'event': event}}, **changes)


class FakeNotifier(Notifier):
    """Answers with what it is given, then takes everything."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.told = []
        self.attempts = 0
        self.closed = 0

    async def notify(self, action, notice):
        self.attempts += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer == 'hang':
            await asyncio.Event().wait()
        if isinstance(answer, BaseException):
            raise answer
        self.told.append((action.geturl(), notice))
        return answer

    async def close(self):
        self.closed += 1


def passing(text='busy'):
    return NotifyError(text, recoverable=True)


class DelivererTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def deliverer(self, notifier, most=None, **changes):
        conf = cfg.ConfigOpts()
        opts.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        for name, value in {'retry_min_s': 0.001, 'retry_max_s': 0.002,
                            **changes}.items():
            conf.set_override(name, value, 'notifier')
        deliverer = Deliverer(conf, {'fake': notifier}, most)
        self.addCleanup(deliverer.close, 0)
        return deliverer

    def outcome(self, notifier, url='fake://a/b', **changes):
        """The error of one delivery; None when it was made."""
        future = self.deliverer(notifier, **changes).deliver(url, notice())
        return future.exception(LONG_S)


class TestOneNotice(DelivererTestCase):

    def test_told(self):
        notifier = FakeNotifier()
        self.assertIsNone(self.outcome(notifier))
        self.assertEqual([('fake://a/b', notice())], notifier.told)

    def test_who_was_told_is_in_the_log(self):
        """There was no line of a notice that was delivered."""
        self.assertIsNone(self.outcome(FakeNotifier(passing()),
                                       'fake://me:secret@a/b?token=secret'))
        [line] = [line for line in self.log.output.splitlines()
                  if 'told after' in line]
        self.assertRegex(line, r"^Server server-1, alarm 'n', fake://a/b: "
                         r'told after \d+ ms, attempt 2$')

    def test_how_late_an_owner_was_told(self):
        """18 ms were said of what took 519, from the detection on."""
        self.deliverer(FakeNotifier()).deliver('fake://a', notice(
            since=clock.now() - 60.0)).result(LONG_S)
        self.assertRegex(self.log.output, r'told after 6\d{4} ms '
                         r'\(\d{1,4} ms to deliver\), attempt 1\n')

    def test_how_sure_doctor_was_of_what_it_said(self):
        one = notice()
        one.body['reason_data']['event']['traits'] += [
            ['state', 1, 'active'], ['verified', 1, 'false']]
        self.deliverer(FakeNotifier()).deliver('fake://a', one).result(LONG_S)
        self.assertIn('attempt 1, active, not verified\n', self.log.output)

    def test_what_answered(self):
        """An owner who denied that could not be shown it."""
        deliverer = self.deliverer(FakeNotifier(
            passing(), 'HTTP 204, request req-1'))
        told = deliverer.deliver('fake://me:secret@a/b?token=secret', notice(
            alarm_id='a1', fault_id='f1')).result(LONG_S)
        self.assertEqual(
            ('a1', 'n', 'fake://a/b', 2, 'HTTP 204, request req-1'),
            (told.alarm_id, told.alarm, told.url, told.attempt,
             told.answer))
        self.assertLess(abs(clock.now() - told.at), LONG_S)
        [line] = [line for line in self.log.output.splitlines()
                  if 'told after' in line]
        self.assertRegex(line, r'ms, attempt 2, fault f1: HTTP 204, request '
                         'req-1$')

    def test_what_a_plugin_says_that_it_should_not(self):
        for answer, kept in (('a\nforged ', r'a\u000aforged '), (b'x', ''),
                             ('x' * 1000, 'x' * 197 + '...')):
            told = self.deliverer(FakeNotifier(answer)).deliver(
                'fake://a', notice()).result(LONG_S)
            self.assertEqual(kept, told.answer)

    def test_of_which_fault_somebody_was_not_told(self):
        self.deliverer(FakeNotifier(NotifyError('answered 404'))).deliver(
            'fake://a', notice(fault_id='f1')).exception(LONG_S)
        self.assertIn('was not told: fake://a, attempt 1: answered 404, '
                      'fault f1\n', self.log.output)

    def test_which_address_is_dead_though_the_notifier_does_not_say(self):
        """Neither the alarm nor the URL, nor whose server it is."""
        error = self.deliverer(FakeNotifier(
            passing(), NotifyError('550 nobody'))).deliver(
                'fake:dead@a.example', notice(project_id='p1')).exception(
                    LONG_S)
        self.assertEqual('fake:dead@a.example, attempt 2: 550 nobody',
                         str(error))
        self.assertIn("Server server-1 of project p1, alarm 'n' was not "
                      'told: fake:dead@a.example, attempt 2: 550 nobody\n',
                      self.log.output)

    def test_no_place_is_named_twice(self):
        for said in ('fake://a/b: answered 404', 'fake://a/b answered 404'):
            self.assertEqual('fake://a/b, attempt 1: answered 404', str(
                self.outcome(FakeNotifier(NotifyError(said)))))

    def test_who_wants_to_know_hears_of_each_attempt(self):
        whys = []
        self.deliverer(FakeNotifier(passing('a'), passing('b'))).deliver(
            'fake://a', Notice({}, failed=whys.append)).result(LONG_S)
        self.assertEqual(
            ['fake://a, attempt 1: a', 'fake://a, attempt 2: b'],
            [why.partition('; next at ')[0] for why in whys])
        self.assertRegex(whys[0], r'; next at \d\d:\d\d:\d\d UTC$')

    def test_an_alarm_s_name_writes_no_line_of_its_own(self):
        named = Notice({'alarm_name': 'n\nforged ' + 'x' * 1000})
        self.deliverer(FakeNotifier()).deliver('fake://a', named).result(
            LONG_S)
        [line] = self.log.output.splitlines()
        self.assertLess(len(line), 200)

    def test_tried_again_while_that_may_help(self):
        notifier = FakeNotifier(passing(), BusyError('wait', 0.001),
                                passing())
        self.assertIsNone(self.outcome(notifier))
        self.assertEqual((4, 1), (notifier.attempts, len(notifier.told)))

    def test_not_tried_again_when_it_cannot_help(self):
        notifier = FakeNotifier(passing(), NotifyError('answered 404'))
        error = self.outcome(notifier)
        self.assertEqual(('fake://a/b, attempt 2: answered 404', 2),
                         (str(error), notifier.attempts))

    def test_given_up_at_the_deadline(self):
        notifier = FakeNotifier(*[passing(str(number))
                                  for number in range(100_000)])
        error = self.outcome(notifier, deadline_s=0.5)
        self.assertIsInstance(error, NotifyError)
        self.assertEqual(f'fake://a/b, attempt {notifier.attempts}: '
                         f'{notifier.attempts - 1}', str(error))
        self.assertGreater(notifier.attempts, 1)

    def test_an_attempt_that_hangs_is_ended_and_tried_again(self):
        notifier = FakeNotifier('hang', 'hang')
        self.assertIsNone(self.outcome(notifier, timeout_s=0.1))
        self.assertEqual(3, notifier.attempts)

    def test_a_hanging_last_attempt_ends_with_the_deadline(self):
        error = self.outcome(FakeNotifier('hang'), deadline_s=0.1,
                             timeout_s=10 * LONG_S)
        self.assertEqual('fake://a/b, attempt 1: no answer in time',
                         str(error))

    def test_asked_to_wait_beyond_the_deadline_it_tries_sooner(self):
        notifier = FakeNotifier(BusyError('in an hour', 3600))
        self.assertIsNone(self.outcome(notifier, deadline_s=LONG_S))
        self.assertEqual(2, notifier.attempts)

    def test_a_broken_notifier_fails_its_notice_with_a_traceback(self):
        error = self.outcome(FakeNotifier(ZeroDivisionError('oops')))
        self.assertIsInstance(error, NotifyError)
        self.assertEqual('fake://a/b: ZeroDivisionError', str(error))
        self.assertIn('Traceback', self.log.output)

    def test_schemes_that_nobody_delivers(self):
        error = self.outcome(FakeNotifier(), 'zaqar://a')
        self.assertFalse(error.recoverable)
        self.assertEqual('zaqar://a: no notifier for the scheme zaqar is '
                         'installed. Available: fake.', str(error))

    def test_what_is_not_a_url(self):
        for url in ('http://[a/', '', 'no scheme'):
            self.assertIsInstance(self.outcome(FakeNotifier(), url),
                                  NotifyError)

    def test_no_secret_of_a_url_is_logged(self):
        error = self.outcome(
            FakeNotifier(passing(), ZeroDivisionError()),
            'fake://ann:pa55word@a.example:8/b?token=s3cret#fr4gment')
        for text in (self.log.output, str(error)):
            self.assertIn('fake://a.example:8/b', text)
            for secret in ('ann', 'pa55word', 's3cret', 'fr4gment'):
                self.assertNotIn(secret, text)


class TestOrder(DelivererTestCase):
    """The first notice failed once; a retry of it came after the second."""

    def deliver(self, notifier, then='fake://a', **first):
        """Two, one after the other; the first waits for its retry."""
        deliverer = self.deliverer(notifier, retry_min_s=LONG_S,
                                   retry_max_s=LONG_S, deadline_s=9 * LONG_S)
        futures = [deliverer.deliver('fake://a', notice(
            event_id='1', **first))]
        while not notifier.attempts:
            deliverer.go_round()
        futures.append(deliverer.deliver(then, notice(event_id='2')))
        return [future.exception(LONG_S / 2) for future in futures]

    def test_what_is_waived_meanwhile_is_not_tried_again(self):
        """The last word on a host that is down was "active"."""
        notifier = FakeNotifier(passing())
        first, second = self.deliver(
            notifier, is_wanted=lambda: not notifier.attempts)
        self.assertEqual((Withdrawn, None), (type(first), second))
        self.assertEqual(['2'], [one.event_id for _, one in notifier.told])
        self.assertNotIn('was not told', self.log.output)

    def test_what_is_still_to_be_told_comes_first(self):
        notifier = FakeNotifier(passing())
        self.assertEqual([None, None], self.deliver(notifier))
        self.assertEqual(['1', '2'],
                         [one.event_id for _, one in notifier.told])

    def test_so_it_does_at_another_path_of_the_same_consumer(self):
        """Loss and return are two alarms: who was away over both of them
        must not hear of the loss last.
        """
        for then in ('fake://a/back', 'fake://user:secret@A/'):
            notifier = FakeNotifier(passing())
            self.assertEqual([None, None], self.deliver(notifier, then))
            self.assertEqual(['1', '2'],
                             [one.event_id for _, one in notifier.told])

    def test_an_attempt_that_is_under_way_is_not_overtaken(self):
        class Slow(FakeNotifier):
            async def notify(self, action, notice):
                self.attempts += 1
                if notice.event_id == '1':
                    await second.wait()
                self.told.append((action.geturl(), notice))

        notifier, second = Slow(), asyncio.Event()
        deliverer = self.deliverer(notifier)
        futures = [deliverer.deliver('fake://a', notice(event_id=number))
                   for number in '12']
        deliverer.go_round()
        deliverer._loop.loop.call_soon_threadsafe(second.set)
        self.assertEqual([None, None], [
            future.exception(LONG_S) for future in futures])
        self.assertEqual(['1', '2'],
                         [one.event_id for _, one in notifier.told])

    def test_others_do_not_wait(self):
        """Nor do several alarms that an event of one server meets."""
        deliverer = self.deliverer(FakeNotifier('hang'))
        hanging = deliverer.deliver('fake://a', notice(event_id='1'))
        for url, *other in (('fake://a', 'server-2', '2'),
                            ('fake://b', 'server-1', '2'),
                            ('fake://a', 'server-1', '1')):
            self.assertIsNone(deliverer.deliver(
                url, notice(*other)).exception(LONG_S))
        self.assertFalse(hanging.done())


class TestCrowd(DelivererTestCase):

    def test_the_wait_for_a_slot_is_no_part_of_an_attempt(self):
        """The notices to a slow consumer were cut off and sent again."""
        class Narrow(FakeNotifier):
            def peer(self, action):
                return peers.of(action.netloc)

        peers = Peers(1)
        notifier = Narrow('hang', 'hang')
        deliverer = self.deliverer(notifier, timeout_s=0.2)
        futures = [deliverer.deliver('fake://a', notice(f'server-{number}'))
                   for number in range(3)]
        self.assertEqual([None] * 3, [
            future.exception(LONG_S) for future in futures])
        # Each that hung, once more.
        self.assertEqual(5, notifier.attempts)


class TestMany(DelivererTestCase):

    def test_one_that_hangs_delays_nobody_else(self):
        deliverer = self.deliverer(FakeNotifier(*['hang'] * 50))
        hanging = [deliverer.deliver('fake://a', notice())
                   for _ in range(50)]
        others = [deliverer.deliver('fake://b', notice())
                  for _ in range(200)]
        done, late = concurrent.futures.wait(others, LONG_S)
        self.assertEqual((200, 0), (len(done), len(late)))
        self.assertEqual([], [future for future in hanging if future.done()])


class TestProjects(DelivererTestCase):
    """None of them keeps another one's owners from being told."""

    class Dead(FakeNotifier):
        """Takes what is for b, and nothing else."""

        def __init__(self, peers=None):
            super().__init__()
            self.peers = peers
            self.most = self.under_way = 0

        def peer(self, action):
            return self.peers and self.peers.of(action.netloc)

        async def notify(self, action, notice):
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                if notice.project_id != 'b':
                    await asyncio.Event().wait()
                await super().notify(action, notice)
            finally:
                self.under_way -= 1

    def tell(self, notifier, url, count, **options):
        """Whether b is told, behind so many of a, who hang."""
        deliverer = self.deliverer(notifier, **options)
        hanging = [deliverer.deliver(url.format(number), notice(
            f'server-{number}', project_id='a')) for number in range(count)]
        told = [deliverer.deliver(url.format(number), notice(
            f'server-b{number}', project_id='b')) for number in range(20)]
        self.assertEqual([None] * 20,
                         [future.exception(LONG_S) for future in told])
        self.assertFalse(any(future.done() for future in hanging))
        deliverer.close(0)

    def test_who_hangs_at_many_addresses(self):
        """Another project's owner was never told: no descriptor was left."""
        notifier = self.Dead()
        self.tell(notifier, 'fake://a{}', 500, most=20)
        self.assertLessEqual(notifier.most, 20)

    def test_who_hangs_at_the_address_of_others(self):
        """A gateway took 20 at a time, whosever they were."""
        notifier = self.Dead(Peers(3))
        self.tell(notifier, 'fake://gateway/{}', 100)
        self.assertLessEqual(notifier.most, 6)

    def test_a_pause_takes_no_room(self):
        notifier = FakeNotifier(*[passing()] * 5)
        deliverer = self.deliverer(notifier, 1, retry_min_s=LONG_S,
                                   retry_max_s=LONG_S, deadline_s=9 * LONG_S)
        for number in range(5):
            deliverer.deliver(f'fake://{number}', notice(project_id='a'))
        self.assertIsNone(deliverer.deliver('fake://6', notice(
            project_id='a')).exception(LONG_S))

    def test_nobody_is_given_up_untried(self):
        """The last of many that hung were, after deadline_s."""
        class Hanging(FakeNotifier):
            async def notify(self, action, notice):
                tried.add(action.netloc)
                await asyncio.Event().wait()

        tried = set()
        deliverer = self.deliverer(Hanging(), 1, timeout_s=0.1,
                                   deadline_s=0.1)
        futures = [deliverer.deliver(f'fake://{number}', notice())
                   for number in range(6)]
        for future in futures:
            self.assertIsInstance(future.exception(LONG_S), NotifyError)
        self.assertEqual(set('012345'), tried)


class TestGoRound(DelivererTestCase):

    def test_one_that_does_not_answer_is_no_hang(self):
        deliverer = self.deliverer(FakeNotifier('hang'))
        future = deliverer.deliver('fake://a/b', notice())
        deliverer.go_round()
        self.assertFalse(future.done())


class TestClose(DelivererTestCase):

    def test_waits_for_what_is_under_way(self):
        notifier = FakeNotifier(*[passing() for _ in range(5)])
        deliverer = self.deliverer(notifier)
        future = deliverer.deliver('fake://a', notice())
        deliverer.close(LONG_S)
        self.assertTrue(future.done())
        self.assertEqual((1, 1), (len(notifier.told), notifier.closed))
        self.assertNotIn('not delivered', self.log.output)

    def test_says_whose_notices_it_drops(self):
        deliverer = self.deliverer(FakeNotifier('hang', 'hang'))
        futures = [deliverer.deliver('fake://a', notice(server_id))
                   for server_id in ('server-1', 'server-2')]
        deliverer.close(0)
        self.assertEqual([True, True],
                         [future.cancelled() for future in futures])
        self.assertIn('Ending with 2 notices not delivered, of the servers '
                      'server-1, server-2', self.log.output)

    def test_what_waits_is_not_begun_at_the_end(self):
        """One by one, each that was cancelled made room for another."""
        notifier = FakeNotifier(*['hang'] * 1000)
        deliverer = self.deliverer(notifier, 4)
        for number in range(1000):
            deliverer.deliver(f'fake://{number}', notice())
        while notifier.attempts < 2:
            deliverer.go_round()
        deliverer.close(0)
        self.assertEqual(2, notifier.attempts)

    def test_a_library_that_takes_the_end_for_a_timeout(self):
        class Deaf(FakeNotifier):
            async def notify(self, action, notice):
                self.attempts += 1
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
                raise passing()

        notifier = Deaf()
        deliverer = self.deliverer(notifier, retry_min_s=LONG_S,
                                   retry_max_s=LONG_S, deadline_s=9 * LONG_S)
        future = deliverer.deliver('fake://a', notice())
        while not notifier.attempts:
            deliverer.go_round()
        deliverer.close(0)
        self.assertEqual((True, 1), (future.cancelled(), notifier.attempts))

    def test_names_ten_of_many(self):
        deliverer = self.deliverer(FakeNotifier(*['hang'] * 30))
        for number in range(30):
            deliverer.deliver('fake://a', notice(f'server-{number:02}'))
        deliverer.close(0)
        self.assertIn('server-09 and 20 more', self.log.output)
        self.assertNotIn('server-10', self.log.output)

    def test_takes_nothing_more(self):
        notifier = FakeNotifier()
        deliverer = self.deliverer(notifier)
        deliverer.close(0)
        deliverer.close(0)
        error = deliverer.deliver('fake://a', notice()).exception(LONG_S)
        self.assertIsInstance(error, NotifyError)
        self.assertEqual(([], 1), (notifier.told, notifier.closed))

    def test_a_notifier_that_does_not_close_keeps_nobody(self):
        class Stubborn(FakeNotifier):
            async def close(self):
                raise ZeroDivisionError

        self.deliverer(Stubborn()).close(0)
        self.assertIn('The notifier fake did not close',
                      self.log.output)


class TestInstalledNotifiers(testtools.TestCase):

    def deliverer(self):
        conf = cfg.ConfigOpts()
        opts.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        deliverer = Deliverer(conf)
        self.addCleanup(deliverer.close, 0)
        return deliverer

    def test_they_are_found_by_scheme(self):
        self.useFixture(fixtures.FakeLogger())
        deliverer = self.deliverer()
        self.assertIsNone(
            deliverer.deliver('log://', notice()).exception(LONG_S))
        error = deliverer.deliver('nothing://', notice()).exception(LONG_S)
        self.assertIn('Available: http, https, log, memory.', str(error))


class TestPlace(testtools.TestCase):

    def test_what_is_left_of_a_url(self):
        for url, expected in (
                ('http://a:8/b?c#d', 'http://a:8/b'),
                ('http://u:p@a/b', 'http://a/b'),
                ('http://u:p@q@[::1]:8/', 'http://[::1]:8/'),
                ('log://', 'log://'),
                ('mailto:ann@example.org', 'mailto:ann@example.org'),
                ('mailto:ann@example.org?cc=s3cret',
                 'mailto:ann@example.org'),
                ('opsmail:oncall', 'opsmail:oncall'),
                ('opsmail:ann:s3cret@host', 'opsmail:host'),
                ('file:///var/x', 'file:///var/x'),
                ('mailto:ann\x1b[1m', r'mailto:ann\u001b[1m'),
                ('http://a/\u2028b', r'http://a/\u2028b')):
            self.assertEqual(expected, place(urlsplit(url)))

    def test_a_long_one_is_cut(self):
        """Each attempt wrote a URL of 2 MB into the log, twice."""
        for start in ('http://a/', 'mailto:', 'http://'):
            shown = place(urlsplit(f'{start}{"x" * 9999}'))
            self.assertTrue(shown.startswith(f'{start}xxx'), shown)
            self.assertTrue(shown.endswith('xxx...'), shown)
            self.assertEqual(200, len(shown))
        self.assertEqual(200, len(place(urlsplit('a:' + '\x1b' * 150))))
        kept = 'http://a/'.ljust(200, 'x')
        self.assertEqual(kept, place(urlsplit(kept)))
