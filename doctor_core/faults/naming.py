"""Which compute service is meant by the name that a report gives. Pure."""

import dataclasses
import ipaddress
from collections.abc import Collection


@dataclasses.dataclass(frozen=True)
class Named:
    """A compute service, and what else means it.

    :ivar host: the name of the service.
    :ivar aliases: names and addresses of its hypervisors.
    :ivar living: whether it is up, or has servers: not one that was left
        behind when the host got another name.
    """

    host: str
    aliases: tuple[str, ...] = ()
    living: bool = True


def resolve(reported: str, known: Collection[Named]) -> str | None:
    """The host that is meant by a reported name.

    Deployments report short and full names for one host, in any letter
    case. A wrong host must never be marked down: what fits several hosts
    means none, unless all but one of them are provably left behind. A host
    that is lost and empty looks like a record that was left behind, so that
    is no proof where two full names share a short one. It is proof that
    both have one address: the same machine got another name. And the short
    name itself, dead, is taken for the former name of the full one, unless
    their addresses say that these are two machines.

    :returns: the name as Nova has it; None when no or several hosts fit.
    """
    name = plain(reported)
    exact = [one for one in known if one.host.casefold() == name]
    if len(exact) > 1:
        exact = [one for one in exact if one.host == reported]
    aliased = [one for one in known
               if name in (alias.casefold() for alias in one.aliases)]
    if _is_address(name):
        return _only(exact) or _only(aliased)
    alike = [one for one in known if _alike(one.host.casefold(), name)]
    if exact and not exact[0].living:
        return _only([one for one in alike if one.living
                      and not _are_apart(exact[0], one)]) or exact[0].host
    return _only(exact) or _only(aliased) \
        or _only([one for one in alike if not _is_stale(one, alike)])


def plain(name: str) -> str:
    """A reported name or address without what makes no difference."""
    return name.strip().rstrip('.').casefold()


def short(name: str) -> str:
    """What all names have in common that may mean one another; beside
    aliases.
    """
    return plain(name).partition('.')[0]


def _is_stale(one: Named, alike: Collection[Named]) -> bool:
    """Whether a record is of a machine that goes by another name now."""
    addresses = _addresses(one)
    return not one.living and any(
        other.living and addresses & _addresses(other) for other in alike)


def _are_apart(one: Named, other: Named) -> bool:
    """Whether both have addresses, and none in common: two machines."""
    mine, others = _addresses(one), _addresses(other)
    return bool(mine and others) and not mine & others


def _addresses(one: Named) -> set[str]:
    return {alias for alias in one.aliases if _is_address(alias)}


def _only(fits: Collection[Named]) -> str | None:
    return next(iter(fits)).host if len(fits) == 1 else None


def _alike(one: str, other: str) -> bool:
    """Whether one is the short form of the other; two full names of
    different domains are different hosts.
    """
    if one.partition('.')[0] != other.partition('.')[0]:
        return False
    return one == other or '.' not in one or '.' not in other


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
