"""How many connections a server has, and which are given up."""

import asyncio

import fixtures
import testtools

from doctor_core.web import connections
from doctor_core.web.connections import Connections, Phase


class Transport(asyncio.Transport):
    """Notes that it was aborted."""

    def __init__(self):
        super().__init__()
        self.aborted = False

    def abort(self):
        self.aborted = True


class Inner(asyncio.Protocol):
    """Notes what it is handed."""

    def __init__(self):
        self.seen = []

    def connection_made(self, _transport):
        self.seen.append('made')

    def data_received(self, data):
        self.seen.append(data)

    def connection_lost(self, _exc):
        self.seen.append('lost')


class ConnectionsTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.connections = Connections('test', 2)
        self.now = 0.0
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.monotonic', lambda: self.now))

    def connect(self, phase=Phase.HEAD):
        self.now += 1.0
        transport, inner = Transport(), Inner()
        watched = self.connections.watch(inner)
        watched.connection_made(transport)
        self.connections.awaits(transport, phase)
        return transport, inner, watched

    def aborted(self, *phases):
        """Which of some connections are closed, the last one is new."""
        async def run():
            return [self.connect(phase)[0] for phase in phases]

        return [transport.aborted for transport in asyncio.run(run())]

    def test_the_oldest_whose_request_is_not_complete_is_closed(self):
        for first, second, closed in (
                (Phase.HEAD, Phase.HEAD, [True, False, False]),
                (Phase.ANSWER, Phase.BODY, [False, True, False]),
                (Phase.NEXT, Phase.BODY, [False, True, False]),
                (Phase.NEXT, Phase.NEXT, [True, False, False])):
            self.connections = Connections('test', 2)
            self.assertEqual(closed, self.aborted(first, second, Phase.HEAD))

    def test_who_waits_for_an_answer_is_not_closed(self):
        self.assertEqual([False, False, True], self.aborted(
            Phase.ANSWER, Phase.ANSWER, Phase.HEAD))

    def test_the_refused_one_is_handed_nothing(self):
        async def run():
            for _ in range(2):
                self.connect(Phase.ANSWER)
            _transport, inner, watched = self.connect()
            watched.data_received(b'x')
            watched.eof_received()
            watched.connection_lost(None)
            return inner.seen

        self.assertEqual([], asyncio.run(run()))

    def test_crowded_for_a_while(self):
        self.aborted(Phase.HEAD, Phase.HEAD)
        self.assertFalse(self.connections.is_crowded)
        self.aborted(Phase.HEAD)
        self.assertTrue(self.connections.is_crowded)
        self.now += 61.0
        self.assertFalse(self.connections.is_crowded)

    def test_a_lost_one_leaves_room(self):
        async def run():
            first = self.connect()
            self.connect()
            first[2].connection_lost(None)
            self.connect()
            return first[1].seen

        self.assertEqual(['made', 'lost'], asyncio.run(run()))
        self.assertFalse(self.connections.is_crowded)

    def test_the_first_byte_of_the_next_request_begins_its_head(self):
        async def run():
            transport, _inner, watched = self.connect(Phase.NEXT)
            self.now += 7.0
            watched.data_received(b'G')
            self.assertEqual((Phase.HEAD, self.now),
                             (watched.phase, watched.since))
            self.connections.awaits(transport, Phase.BODY)
            watched.data_received(b'x')
            self.assertEqual(Phase.BODY, watched.phase)

        asyncio.run(run())

    def test_a_head_that_takes_too_long(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.connections.HEAD_S', 0.0))

        async def run():
            transport, _inner, _watched = self.connect(Phase.HEAD)
            other, _inner, _watched = self.connect(Phase.BODY)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return transport.aborted, other.aborted

        self.assertEqual((True, False), asyncio.run(run()))

    def test_half_of_the_descriptors_are_left(self):
        for soft, share in ((300, 150), (1, 1), (1 << 20, 2000), (-1, 2000)):
            self.useFixture(fixtures.MonkeyPatch(
                'resource.getrlimit', lambda _which, soft=soft: (soft, -1)))
            self.assertEqual(share, connections.share_of_descriptors())
