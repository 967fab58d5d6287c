"""Who may be tried, and who waits."""

import asyncio

import fixtures
import testtools

from doctor_core.exceptions import NotifyError
from doctor_core.notifiers.admission import Admission
from doctor_core.notifiers.peers import Peer


class Deadline:
    """Is always as far away."""

    def __init__(self, seconds=30.0):
        self.seconds = seconds
        self.restarted = 0

    def left_s(self):
        return self.seconds

    def restart(self):
        self.restarted += 1


class AdmissionTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.monotonic', lambda: self.now))
        self.deadline = Deadline()
        self.tried = []
        #: A task that nobody keeps is forgotten.
        self.tasks = []

    def run_in(self, scenario, most=1):
        async def run():
            async with asyncio.timeout(60):
                await scenario(Admission(most))

        asyncio.run(run())

    def entry(self, admission, peer=None, project='a', deadline=None):
        return admission.entry((peer or Peer()).lane(project),
                               deadline or self.deadline, 'http://a')

    async def fail(self, entry, lasting_s=0.0):
        """An attempt in vain."""
        try:
            async with entry.attempt():
                self.now += lasting_s
                raise NotifyError('no answer', recoverable=True)
        except NotifyError:
            return

    async def begin(self, entry, name=''):
        """An attempt that lasts until it is let go."""
        entered, leave = asyncio.Event(), asyncio.Event()

        async def attempt():
            async with entry.attempt():
                self.tried.append(name)
                entered.set()
                await leave.wait()

        task = asyncio.ensure_future(attempt())
        self.tasks.append(task)
        await asyncio.sleep(0)

        async def end():
            leave.set()
            await task
            for _ in range(3):
                await asyncio.sleep(0)

        return end


class TestDeadline(AdmissionTestCase):

    def test_it_counts_from_the_first_attempt(self):
        """Behind others that hung, an owner was given up untried."""
        async def scenario(admission):
            end = await self.begin(self.entry(admission))
            late = Deadline(0.0)
            end_late = await self.begin(
                self.entry(admission, deadline=late), 'late')
            await asyncio.sleep(0)
            self.assertEqual(([''], 0), (self.tried, late.restarted))
            await end()
            self.assertEqual((['', 'late'], 1), (self.tried, late.restarted))
            await end_late()

        self.run_in(scenario)

    def test_after_that_it_is_not_waited_for_others_without_an_end(self):
        async def scenario(admission):
            entry = self.entry(admission)
            await self.fail(entry)
            end = await self.begin(self.entry(admission))
            self.deadline.seconds = 0.0
            error = await asyncio.gather(self.try_again(entry),
                                         return_exceptions=True)
            self.assertEqual('http://a: no answer in time to those who came '
                             'before', str(error[0]))
            self.assertFalse(error[0].recoverable)
            await end()

        self.run_in(scenario)

    async def try_again(self, entry):
        async with entry.attempt():
            self.tried.append('again')

    def test_it_begins_anew_when_others_are_taken_meanwhile(self):
        """With many servers the last owners were given up."""
        async def scenario(admission):
            peer = Peer(1)
            entry = self.entry(admission, peer)
            await self.fail(entry)
            end = await self.begin(self.entry(admission, peer))
            self.assertEqual(2, self.deadline.restarted)
            again = asyncio.ensure_future(self.try_again(entry))
            await asyncio.sleep(0)
            await end()
            await again
            self.assertEqual((3, ['', 'again']),
                             (self.deadline.restarted, self.tried))

        self.run_in(scenario, most=10)

    def test_a_free_slot_leaves_the_deadline_alone(self):
        async def scenario(admission):
            entry = self.entry(admission)
            await self.fail(entry)
            await self.try_again(entry)
            self.assertEqual(1, self.deadline.restarted)

        self.run_in(scenario)


class TestOrder(AdmissionTestCase):
    """One attempt at a time, and who waits for the next one."""

    def test_first_attempts_before_second_ones(self):
        async def scenario(admission):
            again = self.entry(admission)
            await self.fail(again)
            await self.in_turn(admission, ('again', again),
                               ('first', self.entry(admission)))
            self.assertEqual(['first', 'again'], self.tried)

        self.run_in(scenario)

    def test_those_where_nobody_hangs_before_those_where_one_does(self):
        """Seven hundred owners waited for three hundred that hung."""
        async def scenario(admission):
            for lasting_s, order in ((1.0, ['other', 'same']),
                                     (0.9, ['same', 'other'])):
                peer = Peer()
                # Who failed is still there: it is tried again.
                failed = self.entry(admission, peer)
                # To be refused at once says nothing against the next one.
                await self.fail(failed, lasting_s)
                self.tried.clear()
                await self.in_turn(
                    admission, ('same', self.entry(admission, peer)),
                    ('other', self.entry(admission)))
                self.assertEqual(order, self.tried)

        self.run_in(scenario)

    def test_who_takes_one_hangs_no_more(self):
        async def scenario(admission):
            peer = Peer()
            # As long as somebody is told there, it is known.
            lane = peer.lane('a')
            await self.fail(self.entry(admission, peer), 10.0)
            self.assertTrue(lane.is_slow)
            await self.in_turn(admission, ('', self.entry(admission, peer)))
            self.assertFalse(lane.is_slow)

        self.run_in(scenario)

    async def in_turn(self, admission, *waiting):
        """Of those that come while another attempt is made."""
        end_first = await self.begin(self.entry(admission))
        self.tried.clear()
        ends = [await self.begin(entry, name) for name, entry in waiting]
        await end_first()
        for _end in ends:
            await asyncio.sleep(0)
        await asyncio.gather(*(end() for end in ends))


class TestBounds(AdmissionTestCase):

    def test_a_project_leaves_room_for_others(self):
        """Who hung at thousands of addresses used up the descriptors."""
        async def scenario(admission):
            for _ in range(100):
                await self.begin(self.entry(admission), 'a')
            self.assertEqual('a' * 20, ''.join(self.tried))
            for _ in range(5):
                await self.begin(self.entry(admission, project='b'), 'b')
            self.assertEqual('b' * 5, ''.join(self.tried[20:]))

        self.run_in(scenario, most=40)

    def test_who_waits_at_a_peer_takes_no_room(self):
        async def scenario(admission):
            peer = Peer(1)
            for _ in range(100):
                await self.begin(self.entry(admission, peer), 'peer')
            for _ in range(9):
                await self.begin(self.entry(admission), 'other')
            self.assertEqual(['peer', *['other'] * 9], self.tried)

        self.run_in(scenario, most=20)

    def test_a_share_of_the_descriptors(self):
        for soft, most in ((1024, 204), (65536, 4000)):
            self.useFixture(fixtures.MonkeyPatch(
                'resource.getrlimit', lambda _which, soft=soft: (soft, -1)))
            self.assertEqual(most, Admission()._room._most)
