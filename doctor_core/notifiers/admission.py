"""Which notices may be tried now, and which wait for others."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from doctor_core import clock, descriptors
from doctor_core.exceptions import NotifyError
from doctor_core.notifiers.peers import Lane
from doctor_core.room import Room

#: Of all descriptors, one part of so many is for attempts. Half is for
#: connections to the inspector; the rest is for connections that are kept,
#: the bus, the cloud and files.
_PARTS = 5
#: More attempts are not under way, however many descriptors there are.
_MOST = 4000
#: For projects that find all taken, one attempt each: of the attempts, one
#: part of so many, beyond them.
_BEYOND = 4
#: Seconds after which an attempt that failed was a long one.
_LONG_S = 1.0


class Admission:
    """Lets notices in for one attempt, and for no pause between two.

    An attempt is a descriptor for as long as the consumer likes, up to
    ``timeout_s``. So there are bounds, and this is what they are made for:

    * A project whose consumers hang, at thousands of addresses, has no more
      attempts under way than it leaves free: another one finds room at once.
      It delays itself alone.
    * A project with a thousand consumers, of which hundreds hang, has the
      others told quickly. So its bound is not a small fixed one, but half of
      all while it is alone: 2000 where there are enough descriptors, and
      each of the others has its attempt while those still hang. Where there
      are few descriptors, what is to be tried at an address whose last
      attempt was long and in vain goes behind what is not, and a second
      attempt behind all first ones: who hangs costs his project one attempt
      before everybody had one.
    * Nobody is given up because of those who came before him: the deadline
      counts from the first attempt on. After that the wait for others
      counts, unless the address takes them: so a crowd of those that hang
      is not waited for by the hour.

    All methods on one loop.

    :param most: attempts at a time; a share of all descriptors when None.
    """

    def __init__(self, most: int | None = None) -> None:
        most = most or descriptors.share(_PARTS, _MOST)
        self._room = Room(most, beyond=most // _BEYOND)
        self._numbers = itertools.count()

    def entry(self, lane: Lane, deadline: clock.Deadline, where: str
              ) -> 'Entry':
        """That of one notice.

        :param lane: of its project, at who is told.
        :param deadline: begins anew with the first attempt, and when others
            of its project were taken there while this one waited.
        :param where: names who is told, in an error.
        """
        return Entry(self._room, lane, deadline, where, next(self._numbers))


class Entry:
    """One notice's way in; for one attempt after the other."""

    def __init__(self, room: Room, lane: Lane, deadline: clock.Deadline,
                 where: str, number: int) -> None:
        self._room = room
        self._lane = lane
        self._deadline = deadline
        self._where = where
        self._number = number
        self._was_in = False
        self._is_in = False

    async def enter(self) -> None:
        """Return when an attempt may be made, until :meth:`leave`.

        :raises NotifyError: as :meth:`attempt`.
        """
        if not self._is_in:
            await self._wait()
            self._is_in = True

    def leave(self) -> None:
        """Make room for another one; again is fine."""
        if self._is_in:
            self._is_in = False
            self._room.leave(self._lane.project_id)
            self._lane.leave()

    @contextlib.asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """One attempt is made inside.

        :raises NotifyError: the deadline has passed meanwhile; not for the
            first attempt.
        """
        await self.enter()
        began = clock.monotonic()
        try:
            yield
        except NotifyError:
            self._lane.is_slow = clock.monotonic() - began >= _LONG_S
            raise
        else:
            self._lane.is_slow = False
            self._lane.taken += 1
        finally:
            self.leave()

    async def _wait(self) -> None:
        lane, taken = self._lane, self._lane.taken
        while True:
            left_s = self._deadline.left_s() if self._was_in else None
            try:
                async with asyncio.timeout(left_s):
                    await self._find_room()
            except TimeoutError:
                if lane.taken == taken:
                    raise NotifyError(f'{self._where}: no answer in time to '
                                      'those who came before') from None
            else:
                if not self._was_in or lane.taken != taken:
                    self._deadline.restart()
                self._was_in = True
                return
            taken = lane.taken
            self._deadline.restart()

    async def _find_room(self) -> None:
        """First at the peer: who waits there takes no room from others."""
        lane = self._lane
        await lane.enter((self._was_in, self._number))
        try:
            await self._room.enter(
                lane.project_id, (lane.is_slow, self._was_in, self._number))
        except BaseException:
            lane.leave()
            raise
