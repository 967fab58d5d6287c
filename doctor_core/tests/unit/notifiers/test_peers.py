"""What each project has at a peer."""

import asyncio
import gc
import sys

import testtools

from doctor_core.notifiers.peers import Peer, Peers


class TestPeer(testtools.TestCase):

    def inside(self, limit, *projects):
        """Whose attempts are made, of those that come in this order and
        hang.
        """
        inside = []

        async def attempt(peer, project):
            async with peer.lane(project).slot():
                inside.append(project)
                await asyncio.Event().wait()

        async def meet():
            peer = Peer(limit)
            tasks = [asyncio.ensure_future(attempt(peer, project))
                     for project in projects]
            for _ in range(3):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(meet())
        return ''.join(inside)

    def test_so_many_of_a_project(self):
        self.assertEqual('aa', self.inside(2, *'aaaa'))

    def test_who_hangs_there_keeps_no_other_project_out(self):
        """An owner behind the same gateway was never told."""
        self.assertEqual('aabb', self.inside(2, *'aaaaabbbb'))

    def test_of_many_projects_each_has_fewer_but_one(self):
        inside = self.inside(2, *'aaabbbcccdddeeefffggghhhiiijjjkkk')
        self.assertEqual(set('abcdefghijk'), set(inside))
        self.assertLessEqual(len(inside), 5 * 2 + 11)

    def test_without_a_limit(self):
        self.assertEqual(100, len(self.inside(sys.maxsize, *'a' * 100)))


class TestPeers(testtools.TestCase):

    def test_who_is_not_told_there_is_forgotten(self):
        peers = Peers(1)
        lane = peers.of('a').lane('p')
        self.assertIs(lane, peers.of('a').lane('p'))
        self.assertIsNot(lane, peers.of('b').lane('p'))
        del lane
        gc.collect()
        self.assertEqual(0, len(peers._known))
