"""Values by what they have in common. Pure."""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

V = TypeVar('V')


class Index(Generic[V]):
    """Named values by a key that each has; what several have is found
    without a look at all others. Not safe for several threads.

    :param key: of a value.
    """

    def __init__(self, key: Callable[[V], str]) -> None:
        self._key = key
        self._by_key: dict[str, dict[str, V]] = {}

    def put(self, name: str, old: V | None, new: V | None) -> None:
        """A value is another one now.

        :param old: None when there was none.
        :param new: None when it is gone.
        """
        if old is not None:
            key = self._key(old)
            if new is None or self._key(new) != key:
                del self._by_key[key][name]
                if not self._by_key[key]:
                    del self._by_key[key]
        if new is not None:
            self._by_key.setdefault(self._key(new), {})[name] = new

    def values(self, key: str) -> Collection[V]:
        """All values that have a key."""
        return [*self._by_key.get(key, {}).values()]

    def names(self, key: str) -> Collection[str]:
        """The names of all values that have a key."""
        return [*self._by_key.get(key, {})]
