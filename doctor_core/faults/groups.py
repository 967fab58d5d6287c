"""Which hosts fail together if something of theirs does. Pure."""

from collections.abc import Callable, Collection, Iterator, Sequence

from doctor_core import wire
from doctor_core.faults.mass_failure import Group
from doctor_core.model import Aggregate

#: As long as Nova has not told which hosts belong together.
UNTOLD = Group('one group (Nova has not told of its aggregates)', None)


def of(hosts: Collection[str], aggregates: Sequence[Aggregate] | None
       ) -> list[Group]:
    """The groups of a cloud: all of it, then racks, availability zones and
    aggregates. Those of one host or of all say nothing more, nor does one
    that has the hosts of another.

    :param hosts: all compute hosts.
    :param aggregates: as Nova told of them; None when it never did.
    """
    cloud = frozenset(hosts)
    if aggregates is None:
        return [Group('', cloud), UNTOLD]
    found: dict[frozenset[str], str] = {cloud: ''}
    for name, members in _named(aggregates):
        # An aggregate may name hosts that Nova has no service of any more.
        known = frozenset(members) & cloud if cloud else frozenset(members)
        if len(known) > 1:
            found.setdefault(known, name)
    return [Group(name, members) for members, name in found.items()]


class Groups:
    """Those of a cloud, made anew only when it is another one: of a thousand
    hosts that are lost, each asks. For one thread at a time.

    :param hosts: all compute hosts.
    :param aggregates: as :func:`of`; the same object while they are the same.
    """

    def __init__(self, hosts: Callable[[], Sequence[str]],
                 aggregates: Callable[[], Sequence[Aggregate] | None]
                 ) -> None:
        self._hosts = hosts
        self._aggregates = aggregates
        self._of: tuple[Sequence[str], Sequence[Aggregate] | None] = ((), ())
        self._made: list[Group] = []

    def now(self) -> Sequence[Group]:
        """As they are now; never blocks."""
        hosts, aggregates = self._hosts(), self._aggregates()
        if not self._made or aggregates is not self._of[1] \
                or hosts != self._of[0]:
            self._made = of(hosts, aggregates)
            self._of = hosts, aggregates
        return self._made


def _named(aggregates: Sequence[Aggregate]
           ) -> Iterator[tuple[str, Collection[str]]]:
    """Racks and zones may be of several aggregates each."""
    kinds: dict[str, Callable[[Aggregate], str]] = {
        'rack': lambda one: one.rack, 'zone': lambda one: one.zone,
        'aggregate': lambda one: one.name}
    for kind, name_in in kinds.items():
        members: dict[str, set[str]] = {}
        for one in aggregates:
            if name := name_in(one):
                members.setdefault(name, set()).update(one.hosts)
        for name, hosts in members.items():
            yield f'{kind} {wire.described(name)}', hosts
