"""Which unreachable networks mean what. Pure.

A host has an address on each of several networks. A matrix has rows for
combinations of networks that are unreachable at a time. What no row names is
as bad as the worst row that is part of it, and at least what the row
``default`` says::

    management = ignore
    tenant = degraded
    tenant + storage = down
    default = degraded
"""

import enum
from collections.abc import Iterable, Sequence

from doctor_core.exceptions import ConfigError


class Meaning(enum.IntEnum):
    """What unreachable networks mean for the host; worse is greater."""

    IGNORE = 0
    DEGRADED = 1
    DOWN = 2


DEFAULT_ROW = 'default'
_Rows = dict[frozenset[str], Meaning]


class Matrix:
    """A verdict for every combination of networks.

    :param networks: their names.
    :param rows: ``network + network = meaning``; none for down when no
        network is reachable, degraded while some are.
    :param option: where the rows come from, for the error's text.
    :raises ConfigError: a row is wrong or contradicts another.
    """

    def __init__(self, networks: Sequence[str], rows: Iterable[str],
                 option: str = 'matrix') -> None:
        self._networks = frozenset(networks)
        self._option = option
        self._rows: _Rows = {}
        self._default = Meaning.DEGRADED
        lines: dict[frozenset[str], str] = {}
        for row in rows:
            names, meaning = self._parse(row)
            if names in lines:
                raise ConfigError(f'{option}: {row!r} repeats '
                                  f'{lines[names]!r}.')
            lines[names] = row
            self._rows[names] = meaning
        if self._rows:
            self._default = self._rows.pop(frozenset(), Meaning.DOWN)
        else:
            self._rows[self._networks] = Meaning.DOWN
        self._refuse_contradictions()

    def _parse(self, row: str) -> tuple[frozenset[str], Meaning]:
        """A row's networks, none for the default, and its meaning."""
        left, equals, right = row.partition('=')
        names = [name.strip() for name in left.split('+')]
        try:
            meaning = Meaning[right.strip().upper()]
        except KeyError:
            raise ConfigError(
                f'{self._option}: {row!r} is not "network + network = down", '
                '"degraded" or "ignore".') from None
        if names == [DEFAULT_ROW]:
            return frozenset(), meaning
        unknown = [name for name in names if name not in self._networks]
        if unknown or len(set(names)) != len(names):
            raise ConfigError(
                f'{self._option}: {row!r} names {unknown[0]!r}, which is '
                'not one of the networks.' if unknown else
                f'{self._option}: {row!r} names a network twice.')
        return frozenset(names), meaning

    def _refuse_contradictions(self) -> None:
        """More networks unreachable is never better."""
        for names, meaning in self._rows.items():
            for network in sorted(names) if len(names) > 1 else ():
                less = names - {network}
                if self.meaning(less) > meaning:
                    raise ConfigError(
                        f'{self._option}: "{_written(names)} = '
                        f'{meaning.name.lower()}" contradicts that '
                        f'{_written(less)} alone is '
                        f'{self.meaning(less).name.lower()}.')

    def meaning(self, unreachable: Iterable[str]) -> Meaning:
        """What it means that exactly these networks are unreachable."""
        names = frozenset(unreachable)
        if not names:
            return Meaning.IGNORE
        exact = self._rows.get(names)
        if exact is not None:
            return exact
        return max([self._default, *(meaning for part, meaning
                                     in self._rows.items() if part < names)])


def _written(names: Iterable[str]) -> str:
    return ' + '.join(sorted(names))
