"""How projects share room."""

import asyncio
import collections

import testtools

from doctor_core.room import Room


class RoomTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.inside = []
        self.waiting = {}

    async def come(self, room, *projects, rank=0):
        """Some who stay until they are sent away."""
        async def enter(project):
            await room.enter(project, rank)
            self.inside.append(project)

        for project in projects:
            task = asyncio.ensure_future(enter(project))
            self.waiting.setdefault(project, []).append(task)
            # Let it come before the next one does.
            await asyncio.sleep(0)

    async def go(self, room, *projects):
        for project in projects:
            self.inside.remove(project)
            room.leave(project)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def counts(self):
        return dict(collections.Counter(self.inside))

    def run_in(self, room, scenario):
        async def run():
            await scenario(room)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        asyncio.run(run())

    def test_a_project_has_no_more_than_it_leaves_free(self):
        async def scenario(room):
            await self.come(room, *'a' * 100)
            self.assertEqual({'a': 6}, self.counts())
            await self.come(room, *'b' * 100)
            self.assertEqual({'a': 6, 'b': 3}, self.counts())
            # What a gives up is not a's again.
            await self.go(room, *'a' * 2)
            self.assertEqual({'a': 4, 'b': 4}, self.counts())

        self.run_in(Room(12), scenario)

    def test_who_has_none_inside_finds_room(self):
        async def scenario(room):
            for project in 'abc':
                await self.come(room, *project * 100)
            self.assertEqual({'a': 2, 'b': 1, 'c': 1}, self.counts())
            await self.come(room, *'defgh')
            self.assertEqual('defg', ''.join(self.inside[4:]))
            await self.go(room, 'a')
            self.assertEqual('defgh', ''.join(self.inside[3:]))

        self.run_in(Room(4, beyond=4), scenario)

    def test_without_others_too_it_is_bounded_for_each(self):
        async def scenario(room):
            await self.come(room, *'a' * 100)
            self.assertEqual({'a': 3}, self.counts())
            await self.go(room, 'a')
            self.assertEqual({'a': 3}, self.counts())

        self.run_in(Room(100, each=3), scenario)

    def test_one_of_a_room_for_one(self):
        async def scenario(room):
            await self.come(room, 'a', 'a', 'a', 'b')
            self.assertEqual(['a'], self.inside)
            await self.go(room, 'a')
            self.assertEqual(['a'], self.inside)
            await self.go(room, 'a')
            self.assertEqual(['b'], self.inside)

        self.run_in(Room(1, beyond=0), scenario)

    def test_those_who_wait_come_in_by_rank(self):
        order = []

        async def enter(room, rank, name):
            await room.enter('a', rank)
            order.append(name)

        async def scenario(room):
            await room.enter('a')
            tasks = [asyncio.ensure_future(enter(room, *one)) for one in (
                ((1, 0), 'late'), ((0, 1), 'next'), ((0, 0), 'first'),
                ((0, 0), 'second'))]
            await asyncio.sleep(0)
            for _ in tasks:
                room.leave('a')
                await asyncio.sleep(0)
            self.assertEqual(['first', 'second', 'next', 'late'], order)

        self.run_in(Room(1), scenario)

    def test_who_has_given_up_takes_no_room(self):
        async def scenario(room):
            await self.come(room, *'aabab')
            self.assertEqual(['a', 'b'], self.inside)
            for task in self.waiting['a']:
                task.cancel()
            await asyncio.sleep(0)
            await self.go(room, 'b', 'a')
            self.assertEqual(['b'], self.inside)
            # Nor one that was let in, and does not know yet.
            await self.come(room, 'b')
            self.assertEqual(['b'], self.inside)
            room.leave('b')
            self.waiting['b'][-1].cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.assertEqual(({}, {}, 0), (
                room._held, room._waiting, room._inside))

        self.run_in(Room(2), scenario)

    def test_who_comes_after_those_who_gave_up_need_not_wait(self):
        async def scenario(room):
            await self.come(room, *'aab')
            self.waiting['a'][1].cancel()
            await self.go(room, 'b', 'a')
            await self.come(room, 'a')
            self.assertEqual(['a'], self.inside)

        self.run_in(Room(1), scenario)

    def test_nothing_is_left(self):
        async def scenario(room):
            await self.come(room, *'abcabc' * 10)
            while self.inside:
                await self.go(room, self.inside[0])
            self.assertEqual(({}, {}, 0), (
                room._held, room._waiting, room._inside))

        self.run_in(Room(7), scenario)
