"""Servers that a list of Nova's lacks: gone, or left out of it?

A cell that answers too slowly is left out of the list of servers without a
word, while its services are in theirs. So a list is believed to have lost a
server only when the server's own record agrees.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from doctor_core.faults import cells
from doctor_core.model import Server


class Unlisted(NamedTuple):
    """What became of servers that were known, and are not listed.

    :ivar found: those that there are, by their own records.
    :ivar kept: the ids of those of which nothing is told, or that were not
        asked for, since their host was left out.
    :ivar hosts: those that were left out: none of their servers is listed,
        and one at least may be there.
    """

    found: dict[str, Server]
    kept: frozenset[str]
    hosts: set[str]


def asked(known: Iterable[Server], listed: Mapping[str, Server],
          find: Callable[[Collection[str]], Mapping[str, Server | None]]
          ) -> Unlisted:
    """Ask for them by their ids: of a host without any that is listed, one
    at first; the others only if it is not there, which says nothing of them.

    :param known: servers that were known before.
    :param listed: those of the list, by id.
    :param find: asks for some; None for one that is gone, and nothing for
        one of which nobody tells.
    """
    missing: dict[str, list[str]] = {}
    for server in known:
        if server.host and server.id not in listed:
            missing.setdefault(server.host, []).append(server.id)
    shown = {server.host for server in listed.values()}
    found: dict[str, Server | None] = {}

    def is_away(one: str, host: str) -> bool:
        return one in found and not cells.is_on(found[one], host)

    def ask(ids: Collection[str]) -> None:
        if ids:
            found.update(find(ids))

    left_out = {host: its for host, its in missing.items()
                if host not in shown}
    ask([one for host, its in missing.items()
         for one in (its[:1] if host in left_out else its)])
    ask([one for host, its in left_out.items() if is_away(its[0], host)
         for one in its[1:]])
    return Unlisted(
        {name: server for name, server in found.items()
         if cells.is_there(server)},
        frozenset(one for its in missing.values() for one in its
                  if one not in found),
        {host for host, its in left_out.items()
         if not all(is_away(one, host) for one in its)})
