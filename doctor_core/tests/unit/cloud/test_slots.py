import asyncio

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud.slots import Slots


async def let_in(count, ranks):
    """The ranks in the order in which they were let in."""
    slots = Slots(count)
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

    def test_by_arrival_among_equals(self):
        async def scenario():
            slots = Slots(1)
            await slots.take(0)
            order = []

            async def one(name):
                await slots.take(1)
                order.append(name)
                slots.give()

            tasks = [asyncio.create_task(one(name)) for name in 'abc']
            await asyncio.sleep(0)
            slots.give()
            await asyncio.gather(*tasks)
            return order
        self.assertEqual(['a', 'b', 'c'], asyncio.run(scenario()))

    def test_who_is_cancelled_holds_nobody_up(self):
        async def scenario():
            slots = Slots(1)
            await slots.take(0)
            given_up = asyncio.create_task(slots.take(0))
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
