"""Whether the inspector can take up work."""

import asyncio
import threading

import testtools

from doctor_core.api import health
from doctor_core.web.pools import Pool


class HealthTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.pools = [Pool('a', threads=1, waiting=0),
                      Pool('b', threads=1, waiting=0)]
        for pool in self.pools:
            self.addCleanup(pool.close)
        self.route, = health.routes(lambda: self.pools,
                                     lambda: self.is_crowded)
        self.is_crowded = False

    def test_ok(self):
        self.assertEqual({'status': 'ok'}, self.route.handler(None).json)

    def test_says_which_pool_is_full(self):
        async def run():
            busy = self.pools[1].run(self.gate.wait)
            answer = self.route.handler(None)
            self.gate.set()
            await busy
            return answer

        answer = asyncio.run(run())
        self.assertEqual((200, {'status': 'degraded', 'full': ['b']}),
                         (answer.status, answer.json))

    def test_says_that_connections_were_too_many(self):
        self.is_crowded = True
        self.assertEqual({'status': 'degraded', 'full': ['connections']},
                         self.route.handler(None).json)
