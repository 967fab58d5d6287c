"""Connections that nobody uses."""

import asyncio

import fixtures
import testtools

from doctor_core.tests.functional.peers import Peer
from doctor_core.web.client import Client


class IdleTest(testtools.TestCase):

    def asked_twice(self, most, count):
        """How many connections each of some peers had for two requests."""
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.descriptors.share', lambda _parts, _most: most))
        peers = [Peer() for _ in range(count)]
        for peer in peers:
            self.addCleanup(peer.close)

        async def ask():
            client = Client()
            for peer in peers * 2:
                reply = await client.request('POST', peer.url, body={})
                self.assertEqual(200, reply.status)
            await client.close()

        asyncio.run(ask())
        return [peer.connections() for peer in peers]

    def test_some_are_kept(self):
        self.assertEqual([1] * 3, self.asked_twice(3, 3))

    def test_no_more_than_that(self):
        """Each took a descriptor for half a minute, of ten thousand."""
        self.assertEqual([1, 1, 2, 2], self.asked_twice(2, 4))
