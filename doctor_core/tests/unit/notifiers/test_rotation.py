"""Who begins next."""

import asyncio

import testtools

from doctor_core.notifiers.rotation import _AT_ONCE, Rotation


class RotationTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.rotation = Rotation()
        self.begun = []

    async def begin(self, project_id):
        await self.rotation.turn(project_id)
        self.begun.append(project_id)

    def run_all(self, *coroutines):
        async def main():
            async with asyncio.timeout(10):
                await asyncio.gather(*coroutines)
        asyncio.run(main())

    def begin_all(self, projects):
        self.run_all(*map(self.begin, projects))

    def test_one_of_each_project_in_turns(self):
        """Who came last waited for a thousand of somebody else."""
        self.begin_all('a' * 1000 + 'b' + 'ccc')
        self.assertEqual('abcacaca', ''.join(self.begun)[:8])
        self.assertEqual(1000, self.begun.count('a'))

    def test_each_project_has_its_order(self):
        async def begin(number):
            await self.rotation.turn('ab'[number % 2])
            self.begun.append(number)

        self.run_all(*map(begin, range(100)))
        for odd in (0, 1):
            own = [one for one in self.begun if one % 2 == odd]
            self.assertEqual(sorted(own), own)

    def test_those_who_have_begun_go_on_before_the_last_begins(self):
        ended = []

        async def work(number):
            await self.rotation.turn('a')
            self.begun.append(number)
            await asyncio.sleep(0)
            ended.append(len(self.begun))

        self.run_all(*map(work, range(1000)))
        self.assertLessEqual(ended[0], 2 * _AT_ONCE)

    def test_who_does_not_wait_any_more_takes_no_turn(self):
        async def main():
            waiting = [asyncio.ensure_future(self.begin(one)) for one in 'ab']
            await asyncio.sleep(0)
            waiting[0].cancel()
            async with asyncio.timeout(10):
                await waiting[1]
                await self.begin('c')

        asyncio.run(main())
        self.assertEqual(['b', 'c'], self.begun)

    def test_nothing_is_left(self):
        self.begin_all('abab')
        self.begin_all('a')
        self.assertEqual({}, self.rotation._lines)
