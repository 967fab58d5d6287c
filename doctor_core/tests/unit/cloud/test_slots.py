import asyncio

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud.pace import Pace
from doctor_core.cloud.slots import Line, Slots


class TestLine(testtools.TestCase):

    def order(self, *waiting):
        line = Line()
        for rank, host, item in waiting:
            line.push(rank, host, item)
        return ''.join(line.pop() for _ in range(len(line)))

    def test_the_most_urgent_first(self):
        self.assertEqual('abc', self.order(
            (2, 'h', 'c'), (0, 'h', 'a'), (1, 'h', 'b')))

    def test_by_arrival_within_a_host(self):
        self.assertEqual('abc', self.order(
            (1, 'h', 'a'), (1, 'h', 'b'), (1, 'h', 'c')))

    def test_hosts_take_turns(self):
        """A host with many servers held up one with few."""
        self.assertEqual('axbycd', self.order(
            (1, 'g', 'a'), (1, 'g', 'b'), (1, 'g', 'c'), (1, 'g', 'd'),
            (1, 'h', 'x'), (1, 'h', 'y')))

    def test_who_comes_later_is_not_ahead_of_all(self):
        line = Line()
        for item in 'abcd':
            line.push(1, 'g', item)
        got = line.pop() + line.pop()
        for item in 'xyz':
            line.push(1, 'h', item)
        self.assertEqual('abcxdyz', got + ''.join(
            line.pop() for _ in range(len(line))))

    def test_it_remembers_nobody_who_is_through(self):
        line = Line()
        for host in 'abc':
            line.push(1, host, host)
            line.pop()
        self.assertEqual(({}, {}), (line._last, line._rounds))


async def let_in(count, ranks):
    """The ranks in the order in which they were let in."""
    slots = Slots(Pace(count))
    order = []

    async def one(rank):
        await slots.take(rank)
        order.append(rank)
        await asyncio.sleep(0)
        slots.give()

    await asyncio.gather(*map(one, ranks))
    return order


class TestSlots(testtools.TestCase):

    def test_the_most_urgent_first(self):
        # The first finds a free slot; the others are sorted.
        self.assertEqual([2, 0, 1, 1, 2],
                         asyncio.run(let_in(1, [2, 1, 2, 0, 1])))

    def test_another_hosts_service_before_a_thousand_servers(self):
        async def scenario():
            slots = Slots(Pace(20))
            order = []

            async def one(rank, host):
                await slots.take(rank, host)
                order.append((rank, host))
                await asyncio.sleep(0)
                slots.give()

            first = [asyncio.create_task(one(1, 'a')) for _ in range(1000)]
            await asyncio.sleep(0)
            await one(0, 'b')
            await asyncio.gather(*first)
            return order.index((0, 'b'))
        self.assertLessEqual(asyncio.run(scenario()), 20)

    def test_as_many_as_the_pace_says(self):
        async def scenario():
            pace = Pace(100)
            slots = Slots(pace, lambda: 0.0)
            waiting = [asyncio.create_task(slots.take(1)) for _ in range(50)]
            seen = []
            for limit in (20, 30, 10):
                pace.limit = limit
                slots.give() if seen else None
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                seen.append(sum(task.done() for task in waiting))
            for task in waiting:
                task.cancel()
            return seen
        # One was given back before the second look.
        self.assertEqual([20, 31, 31], asyncio.run(scenario()))

    def test_the_marks_of_hosts_do_not_wait_for_servers(self):
        """A cell of Nova left all resets unanswered, and for half a minute no
        other host was marked down.
        """
        async def scenario():
            slots = Slots(Pace(2))
            for _ in range(2):
                await slots.take(1)
            marks = [asyncio.create_task(slots.take(0)) for _ in range(6)]
            for _ in range(3):
                await asyncio.sleep(0)
            let_in = sum(one.done() for one in marks)
            for one in marks:
                one.cancel()
            return let_in
        self.assertEqual(4, asyncio.run(scenario()))

    def test_who_is_cancelled_holds_nobody_up(self):
        async def scenario():
            slots = Slots(Pace(1))
            await slots.take(1)
            given_up = asyncio.create_task(slots.take(1))
            too_late = asyncio.create_task(slots.take(1))
            last = asyncio.create_task(slots.take(2))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.sleep(0)
            slots.give()
            # It has been let in, but has not run yet.
            too_late.cancel()
            await asyncio.wait_for(last, 5.0)
        asyncio.run(scenario())

    @given(st.integers(1, 4), st.lists(st.integers(0, 2), max_size=12))
    def test_everybody_is_let_in(self, count, ranks):
        self.assertEqual(sorted(ranks),
                         sorted(asyncio.run(let_in(count, ranks))))
