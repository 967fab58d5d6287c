"""Places that take so many notices at a time, and no more."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Hashable

from doctor_core import clock
from doctor_core.exceptions import NotifyError


class Peer:
    """Lets so many attempts in at a time, first come, first served; all
    methods on one loop.

    :param limit: so many.
    """

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._taken = 0

    @contextlib.asynccontextmanager
    async def slot(self, deadline: clock.Deadline, where: str
                   ) -> AsyncIterator[None]:
        """One attempt is made inside.

        :param deadline: counts anew when the peer took others while this
            one waited: a crowd is nobody's fault.
        :param where: names the peer in the error.
        :raises NotifyError: it has passed, and the peer took nothing.
        """
        await self._acquire(deadline, where)
        try:
            yield
            self._taken += 1
        finally:
            self._slots.release()

    async def _acquire(self, deadline: clock.Deadline, where: str) -> None:
        taken = self._taken
        while True:
            try:
                async with asyncio.timeout(deadline.left_s()):
                    await self._slots.acquire()
            except TimeoutError:
                if self._taken == taken:
                    raise NotifyError(f'{where}: no answer in time to those '
                                      'who came before') from None
            else:
                if self._taken != taken:
                    deadline.restart()
                return
            taken = self._taken
            deadline.restart()


class Peers:
    """Peers by name; those that nobody waits for are forgotten.

    :param limit: so many attempts at each of them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: weakref.WeakValueDictionary[Hashable, Peer] = \
            weakref.WeakValueDictionary()

    def of(self, *name: Hashable) -> Peer:
        """The one of that name."""
        peer = self._known.get(name)
        if peer is None:
            peer = self._known[name] = Peer(self._limit)
        return peer
