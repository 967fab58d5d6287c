import asyncio

import testtools

from doctor_core.exceptions import NotifyError
from doctor_core.notifiers.peers import Peer, Peers


class Deadline:
    """Is always as far away."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.restarted = 0

    def left_s(self):
        return self.seconds

    def restart(self):
        self.restarted += 1


class TestPeer(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.deadline = Deadline(30.0)

    def meet(self, *behaviours):
        """What becomes of so many who come to a peer with one slot."""
        async def attempt(peer, behaviour):
            async with peer.slot(self.deadline, 'http://a'):
                await behaviour()

        async def meet():
            peer = Peer(1)
            return await asyncio.gather(*(
                attempt(peer, behaviour) for behaviour in behaviours),
                return_exceptions=True)

        return asyncio.run(meet())

    async def take(self):
        await asyncio.sleep(0)

    async def hang(self):
        await asyncio.sleep(0.1)
        raise NotifyError('no answer')

    def test_one_that_takes_others_has_all_the_time_for_each(self):
        """With many servers the last owners were given up."""
        self.assertEqual([None] * 3, self.meet(*[self.take] * 3))
        self.assertEqual(2, self.deadline.restarted)

    def test_one_that_takes_nothing_is_given_up(self):
        self.deadline.seconds = 0.01
        _, late = self.meet(self.hang, self.take)
        self.assertEqual('http://a: no answer in time to those who came '
                         'before', str(late))
        self.assertEqual(0, self.deadline.restarted)

    def test_a_free_slot_leaves_the_deadline_alone(self):
        self.meet(self.take)
        self.assertEqual(0, self.deadline.restarted)

    def test_who_is_not_waited_for_is_forgotten(self):
        peers = Peers(1)
        peer = peers.of('a')
        self.assertIs(peer, peers.of('a'))
        del peer
        self.assertEqual(0, len(peers._known))
