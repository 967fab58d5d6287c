"""What became of reports, for those who wait to hear it."""

import asyncio
import threading

import testtools

from doctor_core.api.waiting import Outcomes

LONG_S = 60.0


class OutcomesTest(testtools.TestCase):
    def test_known_already(self):
        outcomes = Outcomes()
        outcomes.put('a', 1)
        self.assertEqual(1, asyncio.run(outcomes.wait('a', LONG_S)))

    def test_put_by_another_thread(self):
        outcomes = Outcomes()

        async def run():
            tasks = [asyncio.create_task(outcomes.wait(name, LONG_S))
                     for name in 'aab']
            await asyncio.sleep(0)
            for name, outcome in (('b', 2), ('x', 9), ('a', 1)):
                threading.Thread(target=outcomes.put,
                                 args=(name, outcome)).start()
            return await asyncio.gather(*tasks)

        self.assertEqual([1, 1, 2], asyncio.run(run()))

    def test_in_vain(self):
        self.assertIsNone(asyncio.run(Outcomes().wait('a', 0.0)))

    def test_end_of_the_process_ends_all_waiting(self):
        """Six who waited held SIGTERM up for 300 s."""
        outcomes = Outcomes()

        async def run():
            tasks = [asyncio.create_task(outcomes.wait('a', LONG_S))
                     for _ in range(6)]
            await asyncio.sleep(0)
            outcomes.close()
            return await asyncio.gather(*tasks)

        self.assertEqual([None] * 6, asyncio.run(run()))
        self.assertIsNone(asyncio.run(outcomes.wait('b', LONG_S)))

    def test_memory_is_bounded(self):
        outcomes = Outcomes(remembered=2)
        for number in range(3):
            outcomes.put(str(number), number)
        self.assertEqual([None, 1, 2], [
            asyncio.run(outcomes.wait(str(number), 0.0))
            for number in range(3)])

    def test_no_more_wait_than_may(self):
        outcomes = Outcomes(waiting=1)

        async def run():
            task = asyncio.create_task(outcomes.wait('a', LONG_S))
            await asyncio.sleep(0)
            self.assertIsNone(await outcomes.wait('a', LONG_S))
            outcomes.put('a', 1)
            return await task

        self.assertEqual(1, asyncio.run(run()))

    def test_loop_that_has_ended_disturbs_nobody(self):
        outcomes = Outcomes()
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(outcomes.wait('a', LONG_S))
        loop.run_until_complete(asyncio.sleep(0))
        waiting._log_destroy_pending = False
        loop.close()
        outcomes.put('a', 1)
