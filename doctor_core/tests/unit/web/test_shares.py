import asyncio

import testtools

from doctor_core.web.shares import Shares


class SharesTest(testtools.TestCase):

    def run_with(self, scene, *limits):
        asyncio.run(scene(Crowd(Shares(*limits))))

    def test_so_many_of_each(self):
        async def scene(crowd):
            await crowd.come('a', 'a', 'a', 'b')
            self.assertEqual(['a', 'a', 'b'], crowd.inside)
            await crowd.go('a')
            self.assertEqual(['a', 'b', 'a'], crowd.inside)

        self.run_with(scene, 2, 9, 9)

    def test_who_has_nothing_is_let_in(self):
        async def scene(crowd):
            await crowd.come('a', 'a', 'a', 'b', 'b', 'c', 'c')
            self.assertEqual(['a', 'a', 'b', 'c'], crowd.inside)

        self.run_with(scene, 5, 2, 9)

    def test_in_turns_when_it_is_full(self):
        async def scene(crowd):
            await crowd.come('x', 'a', 'a', 'b')
            await crowd.go('x')
            self.assertEqual(['a'], crowd.inside)
            await crowd.go('a')
            self.assertEqual(['b'], crowd.inside)
            await crowd.go('b')
            self.assertEqual(['a'], crowd.inside)

        self.run_with(scene, 5, 1, 1)

    def test_who_goes_away_gives_the_place_back(self):
        async def scene(crowd):
            await crowd.come('a', 'b', 'c')
            crowd.tasks['b'].pop().cancel()
            await crowd.go('a')
            self.assertEqual(['c'], crowd.inside)

        self.run_with(scene, 1, 1, 1)

    def test_who_goes_away_as_his_turn_comes(self):
        async def scene(crowd):
            await crowd.come('a', 'b', 'c')
            crowd.leaving['a'].pop().set_result(None)
            await asyncio.sleep(0)
            crowd.tasks['b'].pop().cancel()
            await crowd.settle()
            self.assertEqual(['c'], crowd.inside)

        self.run_with(scene, 1, 1, 1)


class Crowd:
    """Some who want in, by name."""

    def __init__(self, shares):
        self.shares = shares
        self.inside = []
        self.tasks = {}
        self.leaving = {}

    async def come(self, *names):
        for name in names:
            self.tasks.setdefault(name, []).append(
                asyncio.create_task(self._stay(name)))
        await self.settle()

    async def _stay(self, name):
        async with self.shares.one(name):
            self.inside.append(name)
            leave = asyncio.get_running_loop().create_future()
            self.leaving.setdefault(name, []).append(leave)
            await leave
            self.inside.remove(name)

    async def go(self, name):
        self.leaving[name].pop(0).set_result(None)
        await self.settle()

    @staticmethod
    async def settle():
        for _ in range(9):
            await asyncio.sleep(0)
