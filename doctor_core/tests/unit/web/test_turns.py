import asyncio
import threading

import testtools

from doctor_core.web.pools import PoolFull
from doctor_core.web.turns import TurnsPool

PATIENCE_S = 60


class TurnsPoolTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.running = threading.Event()
        self.done = []

    def pool(self, **sizes):
        pool = TurnsPool('test', **{'threads': 1, **sizes})
        self.addCleanup(pool.close)
        return pool

    def block(self):
        self.running.set()
        self.gate.wait(PATIENCE_S)

    def occupied(self, pool):
        """A pool whose thread is busy."""
        future = pool.run_for('x', self.block)
        self.assertTrue(self.running.wait(PATIENCE_S))
        return future

    def test_callers_take_turns(self):
        """Who came first with ten had all others wait for ten."""
        async def run():
            pool = self.pool()
            futures = [self.occupied(pool)]
            for caller in 'aaabbc':
                futures.append(pool.run_for(caller, self.done.append, caller))
            self.gate.set()
            await asyncio.gather(*futures)
            return pool

        pool = asyncio.run(run())
        self.assertEqual('abcaba', ''.join(self.done))
        self.assertEqual(({}, {}), (pool._lines, dict(pool._count)))

    def test_one_caller_s_are_bounded(self):
        async def run():
            pool = self.pool(each=2)
            futures = [self.occupied(pool)]
            futures += [pool.run_for('a', self.done.append, n)
                        for n in range(2)]
            error = self.assertRaises(PoolFull, pool.run_for, 'a', print)
            self.assertIn('2 requests of yours', str(error))
            futures.append(pool.run_for('b', self.done.append, 'b'))
            self.gate.set()
            await asyncio.gather(*futures)
            await pool.run_for('a', self.done.append, 'again')

        asyncio.run(run())
        self.assertEqual([0, 'b', 1, 'again'], self.done)

    def test_full(self):
        async def run():
            pool = self.pool(waiting=1)
            futures = [self.occupied(pool), pool.run_for('a', print)]
            self.assertRaises(PoolFull, pool.run_for, 'b', print)
            self.assertEqual({'x', 'a'}, {*pool._lines, *pool._count})
            self.gate.set()
            await asyncio.gather(*futures)

        asyncio.run(run())

    def test_cancelled_it_is_not_run(self):
        async def run():
            pool = self.pool()
            first = self.occupied(pool)
            pool.run_for('a', self.done.append, 'a').cancel()
            last = pool.run_for('b', self.done.append, 'b')
            await asyncio.sleep(0)
            self.gate.set()
            await asyncio.gather(first, last)

        asyncio.run(run())
        self.assertEqual(['b'], self.done)

    def test_failure_is_the_caller_s(self):
        async def run():
            pool = self.pool()
            try:
                await pool.run_for('a', [].pop)
            except IndexError as error:
                self.done.append(str(error))
            await pool.run_for('a', self.done.append, 'well')

        asyncio.run(run())
        self.assertEqual(['pop from empty list', 'well'], self.done)

    def test_closed(self):
        async def run():
            pool = self.pool()
            self.occupied(pool)
            waiting = pool.run_for('a', self.done.append, 'a')
            pool.close()
            await asyncio.wait([waiting])
            self.assertTrue(waiting.cancelled())
            self.gate.set()
            await pool.run_for('a', self.done.append, 'later')

        asyncio.run(run())
        self.assertEqual(['later'], self.done)
