"""Values that are looked at now and then, and change in between. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Generic, TypeVar

from doctor_core.faults.index import Index

V = TypeVar('V')


class Looks(Generic[V]):
    """Values by name, each with the look that it comes from.

    Looks are numbered in the order in which they began; one that began
    later knows better, whichever ends first. Not safe for several threads.

    :param indexes: kept, too.
    """

    def __init__(self, *indexes: Index[V]) -> None:
        self._indexes = indexes
        self._values: dict[str, V | None] = {}
        self._looks: dict[str, int] = {}

    def get(self, name: str) -> V | None:
        """The value; None when there is none."""
        return self._values.get(name)

    def values(self) -> Iterable[V]:
        """All values."""
        return [value for value in self._values.values()
                if value is not None]

    def items(self) -> Iterable[tuple[str, V]]:
        """All values with their names."""
        return [(name, value) for name, value in self._values.items()
                if value is not None]

    def keys(self) -> Collection[str]:
        """The names of all values."""
        return [name for name, _ in self.items()]

    def learn(self, look: int, name: str, value: V | None) -> None:
        """One value, or that it is gone (None), unless a later look knows
        better.
        """
        if look >= self._looks.get(name, 0):
            self._put(name, value)
            self._looks[name] = look

    def give_way(self, look: int, name: str) -> None:
        """What is known of a name may be replaced by any look, although it
        was learned by this one; unless a later one has changed it.
        """
        if self._looks.get(name) == look:
            self._looks[name] = 0

    def _put(self, name: str, value: V | None) -> None:
        for index in self._indexes:
            index.put(name, self._values.get(name), value)
        self._values[name] = value

    def change(self, look: int, name: str,
               changed: Callable[[V], V]) -> None:
        """What is known of a name is another value now; nothing when it is
        not known.
        """
        known = self._values.get(name)
        if known is not None:
            self.learn(look, name, changed(known))

    def renew(self, look: int, found: Mapping[str, V], *,
              among: Collection[str] | None = None,
              keep: Callable[[V], bool] = lambda value: False) -> None:
        """All values that a look has found; others are gone.

        :param among: the names that the look was for; all when None.
        :param keep: says of a value that was not found whether the look
            could not see it.
        """
        for name, value in found.items():
            self.learn(look, name, value)
        for name in [*self._values] if among is None else among:
            if name in found or self._looks[name] > look:
                continue
            kept = self._values[name]
            if kept is None or not keep(kept):
                self._put(name, None)
                del self._values[name], self._looks[name]
