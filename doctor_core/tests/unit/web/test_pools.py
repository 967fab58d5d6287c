"""Threads for what blocks, so many and no more."""

import asyncio
import threading

import testtools

from doctor_core.web.pools import Pool, PoolFull

PATIENCE_S = 60


class PoolTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.started = []

    def pool(self, threads, waiting):
        pool = Pool('test', threads=threads, waiting=waiting)
        self.addCleanup(pool.close)
        return pool

    def block(self, number=0):
        self.started.append(number)
        self.gate.wait(PATIENCE_S)
        return number

    def test_result_and_failure(self):
        async def run():
            pool = self.pool(1, 1)
            self.assertEqual(3, await pool.run(lambda a, b: a + b, 1, 2))
            with self.assertRaisesRegex(OSError, 'no'):
                await pool.run(self.fail_with, OSError('no'))
            return pool.taken

        self.assertEqual(0, asyncio.run(run()))

    assertRaisesRegex = testtools.TestCase.assertRaisesRegex  # noqa: N815

    def fail_with(self, error):
        raise error

    def test_full_one_refuses_at_once(self):
        """Whoever waited for a thread held up all others, without an end."""
        async def run():
            pool = self.pool(2, 3)
            futures = [pool.run(self.block, n) for n in range(5)]
            self.assertTrue(pool.is_full)
            error = self.assertRaises(PoolFull, pool.run, self.block)
            self.assertIn('test', str(error))
            self.gate.set()
            results = await asyncio.gather(*futures)
            self.assertFalse(pool.is_full)
            return results

        self.assertEqual([0, 1, 2, 3, 4], asyncio.run(run()))

    def test_as_many_at_a_time_as_it_has_threads(self):
        """One that hangs holds up no other."""
        both = threading.Barrier(2)

        async def run():
            pool = self.pool(2, 0)
            return await asyncio.gather(*(
                pool.run(both.wait, PATIENCE_S) for _ in range(2)))

        self.assertEqual([0, 1], sorted(asyncio.run(run())))

    def test_cancelled_before_its_turn_is_not_run(self):
        async def run():
            pool = self.pool(1, 2)
            first, second = pool.run(self.block, 1), pool.run(self.block, 2)
            second.cancel()
            # The loop hands the cancellation on.
            await asyncio.sleep(0)
            self.gate.set()
            await first
            await pool.run(int)

        asyncio.run(run())
        self.assertEqual([1], self.started)

    def test_closed_one_waits_for_nobody(self):
        async def run():
            pool = self.pool(1, 2)
            running, waiting = pool.run(self.block, 1), pool.run(self.block)
            pool.close()
            pool.close()
            await asyncio.wait([waiting])
            self.gate.set()
            return waiting.cancelled(), await running, pool.taken

        self.assertEqual((True, 1, 0), asyncio.run(run()))

    def test_serves_again_once_closed(self):
        """A server that was started again had no threads any more."""
        async def run():
            pool = self.pool(2, 2)
            hung = pool.run(self.block, 1)
            pool.close()
            results = [await pool.run(int) for _ in range(3)]
            self.gate.set()
            return results, await hung

        self.assertEqual(([0, 0, 0], 1), asyncio.run(run()))

    def test_threads_keep_no_process_from_ending(self):
        """A hung Keystone delayed SIGTERM by 30 s."""
        async def run():
            return await self.pool(1, 0).run(threading.current_thread)

        self.assertTrue(asyncio.run(run()).daemon)
