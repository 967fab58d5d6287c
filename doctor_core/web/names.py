"""The addresses of names: a name that nobody answers holds up no other.

The system's resolver blocks for as long as a DNS server is silent. Here that
costs a thread of one name, which nobody waits for at the end; whose names
they are, has so many of these threads and no more.
"""

import asyncio
import collections
import dataclasses
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeAlias

from doctor_core import background, clock
from doctor_core.room import Room

#: Names that are looked up at a time: of one project, and of all; beyond
#: that, one of each project, up to the most.
_OF_EACH, _OF_ALL, _MOST = 16, 128, 512
#: Seconds for which an answer is taken as it is.
_FRESH_S = 10.0
#: Seconds for which it serves when there is no newer one, and how long that
#: is waited for then.
_USEFUL_S, _PATIENCE_S = 600.0, 1.0
#: Answers that are kept, and addresses of one.
_KEPT, _ADDRESSES = 4096, 16


_Task: TypeAlias = 'asyncio.Task[tuple[str, ...]]'


@dataclasses.dataclass(frozen=True)
class _Answer:
    addresses: tuple[str, ...]
    at: float

    def is_younger(self, seconds: float) -> bool:
        return clock.monotonic() - self.at < seconds


class Names:
    """Looks names up; all coroutines on one loop.

    :param look_up: the addresses of a name; blocks.
    """

    def __init__(self, look_up: Callable[[str], list[str]] | None = None
                 ) -> None:
        self._look_up = look_up or _by_the_system
        self._answers: collections.OrderedDict[str, _Answer] = \
            collections.OrderedDict()
        #: One thread each.
        self._under_way: dict[Hashable, _Task] = {}
        #: By name and asker; some of them wait for their turn.
        self._asked: dict[Hashable, _Task] = {}
        self._room = Room(_OF_ALL, each=_OF_EACH, beyond=_MOST - _OF_ALL)

    async def addresses(self, host: str, who: str = '') -> tuple[str, ...]:
        """The addresses of a name; of an address, that.

        :param who: whose name it is. Too many of one wait for each other.
        :raises OSError: there are none.
        """
        if is_address(host):
            return (host,)
        known = self._answers.get(host)
        if known and known.is_younger(_FRESH_S):
            return known.addresses
        serves = known is not None and known.is_younger(_USEFUL_S)
        try:
            async with asyncio.timeout(_PATIENCE_S if serves else None):
                return await self._shared(host, who)
        except OSError:  # that it took too long is one, too
            if known is not None and serves:
                return known.addresses
            raise

    async def _shared(self, host: str, who: str) -> tuple[str, ...]:
        """The outcome of what is under way; else of a look-up of its own."""
        task = self._under_way.get(host) or self._asked.get((host, who))
        if task is None:
            task = _begun(self._in_turn(host, who), self._asked, (host, who))
        return await asyncio.shield(task)

    async def _in_turn(self, host: str, who: str) -> tuple[str, ...]:
        # The slot is kept until the thread has ended, whoever waits for it.
        async with self._room.slot(who):
            known = self._answers.get(host)
            if known and known.is_younger(_FRESH_S):
                return known.addresses
            task = self._under_way.get(host)
            if task is None:
                task = _begun(self._looked_up(host), self._under_way, host)
            return await asyncio.shield(task)

    async def _looked_up(self, host: str) -> tuple[str, ...]:
        try:
            found = await asyncio.wrap_future(background.begin(
                lambda: self._look_up(host), 'resolver'))
        except (RuntimeError, ValueError) as error:
            # No further thread can be had, or it cannot be a name.
            raise OSError('cannot be looked up: '
                          f'{type(error).__name__}') from None
        answer = _Answer(tuple(found[:_ADDRESSES]), clock.monotonic())
        self._answers[host] = answer
        self._answers.move_to_end(host)
        if len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        return answer.addresses


def is_address(host: str) -> bool:
    """Whether it is an address itself, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _begun(work: Coroutine[Any, Any, tuple[str, ...]],
           tasks: dict[Hashable, _Task], key: Hashable) -> _Task:
    """A task that is in there until it has ended."""
    task = tasks[key] = asyncio.get_running_loop().create_task(work)

    def ended(_: _Task) -> None:
        del tasks[key]
        if not task.cancelled():
            # Those who waited may all have gone.
            task.exception()

    task.add_done_callback(ended)
    return task


def _by_the_system(host: str) -> list[str]:
    """Blocks for as long as the system's resolver likes."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM,
                               flags=socket.AI_ADDRCONFIG)
    # An address of a link is none without the link.
    return [f'{entry[4][0]}%{entry[4][3]}'
            if len(entry[4]) > 3 and entry[4][3] else str(entry[4][0])
            for entry in found]
