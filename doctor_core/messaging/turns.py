"""Messages of many hosts, one after another: the hosts take turns.

Whoever sends thousands of messages of one host holds up none of another.
What is urgent goes first, though not for ever; of one host, nothing overtakes
anything.

A message is acknowledged after it was handled. So what waits when listening
ends is brought again by the broker; a bus within this process has none, and
what says nothing new is left out there.
"""

import collections
import logging
import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

LOG = logging.getLogger(__name__)

#: So many urgent ones in a row; then it is the turn of another.
_IN_A_ROW = 8

T = TypeVar('T')


class Turn(NamedTuple):
    """When a message is handled.

    :ivar of: whose turn it is; what has none in common with others has a
        turn of its own.
    :ivar is_urgent: whether it goes before those that are not.
    :ivar says: alike of two messages of which the later says nothing new.
    """

    of: Hashable = None
    is_urgent: bool = False
    says: Hashable = None


#: When a message is handled, by its event type and payload.
TurnOf = Callable[[str, Any], Turn]


class InTurns(Generic[T]):
    """A queue in which whoever waits has a turn after each other; not for
    several threads.
    """

    def __init__(self) -> None:
        self._lines: dict[Hashable, collections.deque[tuple[Turn, T]]] = {}
        #: How many of each are urgent.
        self._urgent: collections.Counter[Hashable] = collections.Counter()
        #: Whose turn is next, of those with something urgent, and of others.
        self._first: dict[Hashable, None] = {}
        self._then: dict[Hashable, None] = {}
        self._in_a_row = 0

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)

    def push(self, turn: Turn, item: T) -> None:
        """Let it wait."""
        # What is nobody's has a place of its own in the order of arrival.
        of = object() if turn.of is None else turn.of
        self._lines.setdefault(of, collections.deque()).append((turn, item))
        if turn.is_urgent:
            self._urgent[of] += 1
            self._then.pop(of, None)
        self._queue(of)

    def pop(self) -> T:
        """Whose turn it is; somebody waits."""
        urgent = self._first and (
            not self._then or self._in_a_row < _IN_A_ROW)
        self._in_a_row = self._in_a_row + 1 if urgent else 0
        queue = self._first if urgent else self._then
        of = next(iter(queue))
        del queue[of]
        line = self._lines[of]
        turn, item = line.popleft()
        self._urgent[of] -= turn.is_urgent
        if line:
            self._queue(of)
        else:
            del self._lines[of], self._urgent[of]
        return item

    def squeeze(self) -> None:
        """Leave out what says nothing new: between two of which the one says
        that a host is lost and the other that it is not, the first and the
        last of each who says so stay.
        """
        for of, line in self._lines.items():
            self._lines[of] = kept = collections.deque(_squeezed(line))
            self._urgent[of] = sum(turn.is_urgent for turn, _ in kept)

    def _queue(self, of: Hashable) -> None:
        (self._first if self._urgent[of] else self._then).setdefault(of)


def _squeezed(line: Iterable[tuple[Turn, T]]) -> list[tuple[Turn, T]]:
    kept: list[tuple[Turn, T]] = []
    #: Of what is said now, where the first and the last stand.
    places: dict[Hashable, list[int]] = {}
    for turn, item in line:
        if kept and kept[-1][0].is_urgent is not turn.is_urgent:
            places.clear()
        known = places.setdefault(turn.says, [])
        if turn.says is not None and len(known) == 2:
            kept[known[1]] = turn, item
        else:
            known.append(len(kept))
            kept.append((turn, item))
    return kept


class Turns:
    """An executor for oslo.messaging, with one thread.

    :param turn_of: says when a message is handled.
    :param leaves: whether what waits at the end is left to the broker.
    """

    def __init__(self, turn_of: TurnOf, name: str, *, leaves: bool) -> None:
        self._turn_of = turn_of
        self._leaves = leaves
        self._changed = threading.Condition()
        self._waiting: InTurns[tuple[Callable[[Any], object], Any]] = \
            InTurns()
        self._ending = False
        self._thread = threading.Thread(target=self._main, name=name,
                                        daemon=True)
        self._begun = False

    def submit(self, handle: Callable[[Any], object], incoming: Any) -> None:
        """Have a message handled; never blocks.

        :param incoming: a list of this one message, as polled.
        """
        turn = self._seen(incoming[0].message)
        with self._changed:
            self._waiting.push(turn, (handle, incoming))
            if not self._begun:
                self._begun = True
                self._thread.start()
            self._changed.notify()

    def shutdown(self, wait: bool = True) -> None:
        """Nothing comes any more: end, after the message that is handled
        now, or after those that no broker brings again.
        """
        with self._changed:
            self._ending = True
            if self._leaves and self._waiting:
                LOG.info('%d messages are left to the broker',
                         len(self._waiting))
            else:
                self._waiting.squeeze()
            self._changed.notify()
        if wait and self._begun:
            self._thread.join()

    def _seen(self, message: Any) -> Turn:
        if not isinstance(message, dict):
            return Turn()
        try:
            return self._turn_of(str(message.get('event_type')),
                                 message.get('payload'))
        except Exception:  # whatever somebody has put on the bus
            LOG.exception('A message has no turn of its own')
            return Turn()

    def _main(self) -> None:
        while (waiting := self._next()) is not None:
            handle, incoming = waiting
            try:
                handle(incoming)
            except Exception:  # the outermost frame of a thread
                LOG.exception('A message was not handled')

    def _next(self) -> tuple[Callable[[Any], object], Any] | None:
        with self._changed:
            while not self._waiting and not self._ending:
                self._changed.wait()
            if not self._waiting or self._ending and self._leaves:
                return None
            return self._waiting.pop()
