"""Places that take so many notices at a time, and no more."""

import contextlib
import sys
import weakref
from collections.abc import AsyncIterator, Hashable
from typing import Any

from doctor_core.room import Room

#: So many projects may have all the attempts at one peer that each may have;
#: where there are more, each has fewer, but at least one.
_PROJECTS = 5
#: What has begun elsewhere is before all who wait to begin.
_GOES_ON = (-1,)


class Lane:
    """What a project has at a peer; all methods on one loop.

    :ivar project_id: whose.
    :ivar taken: how many notices of the project the peer has taken.
    :ivar is_slow: whether the last attempt that ended there was a long one,
        and in vain.
    """

    def __init__(self, peer: 'Peer', project_id: str) -> None:
        # As long as there is a lane, there is its peer.
        self._peer = peer
        self.project_id = project_id
        self.taken = 0
        self.is_slow = False

    async def enter(self, rank: Any) -> None:
        """Return when an attempt may be made, until :meth:`leave`; those of
        a lower rank are first.
        """
        await self._peer.room.enter(self.project_id, rank)

    def leave(self) -> None:
        """An attempt is over."""
        self._peer.room.leave(self.project_id)

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Part of an attempt that was let in elsewhere is made inside."""
        async with self._peer.room.slot(self.project_id, _GOES_ON):
            yield


class Peer:
    """Who takes so many attempts of each project at a time.

    Behind one address may be the consumers of many projects: a gateway, a
    balancer. What hangs there of one project leaves the others their own
    attempts, and one of each can always be made.

    :param limit: so many; as many as there are by default.
    """

    def __init__(self, limit: int = sys.maxsize) -> None:
        self.room = Room(_PROJECTS * limit, each=limit)
        self._lanes: weakref.WeakValueDictionary[str, Lane] = \
            weakref.WeakValueDictionary()

    def lane(self, project_id: str) -> Lane:
        """That of a project; kept by who uses it for as long as it may."""
        lane = self._lanes.get(project_id)
        if lane is None:
            lane = self._lanes[project_id] = Lane(self, project_id)
        return lane


class Peers:
    """Peers by name; those where nobody is told are forgotten.

    :param limit: so many attempts of a project at each of them.
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
