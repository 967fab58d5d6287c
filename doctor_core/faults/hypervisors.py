"""The hypervisors of the hosts: their names, their kind, how long they run.

Kept, not asked for in a fault; but for the uptime, which grows.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError
from doctor_core.faults import naming
from doctor_core.model import Hypervisor

LOG = logging.getLogger(__name__)

_IRONIC = 'ironic'
#: What every machine calls itself.
_EVERYBODY = {'', '127.0.0.1', '::1', '0.0.0.0', '::'}


class Hypervisors:
    """What is known of them; each method from any thread.

    :param cloud: gives the OpenStack APIs, or raises CloudError.
    :ivar is_known: whether Nova told of them at the last look, or never will.
    """

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud
        # Replaced as a whole, so that no lock is needed. As they were seen
        # last, also of hosts that have none in an answer.
        self._by_host: dict[str, list[Hypervisor]] = {}
        #: The drivers, by the names of hosts and of hypervisors: as they
        #: were seen last, also of those that are not listed any more.
        self._drivers: dict[str, str] = {}
        self._by_alias: dict[str, set[str]] = {}
        self.is_known = False

    def look(self) -> None:
        """Ask what runs on the hosts, and for their other names; blocks on
        Nova. A cloud that does not tell is dealt with all the same.
        """
        try:
            found = self._cloud().hypervisors()
        except BackendError as error:
            self.is_known = not error.recoverable
            LOG.warning('Which hypervisors there are is not known: %s',
                        error)
            return
        by_host = _with_former(found, self._by_host)
        self._by_host = by_host
        self._drivers = {**self._drivers, **_drivers(found)}
        by_alias: dict[str, set[str]] = {}
        for host in by_host:
            for alias in self._aliases(host):
                by_alias.setdefault(naming.plain(alias), set()).add(host)
        self._by_alias = by_alias
        self.is_known = True

    def uptime_s(self, host: str) -> float | None:
        """For how long a host has been running; blocks on Nova.

        :returns: None when Nova does not know.
        :raises BackendError: Nova did not answer.
        """
        return self._cloud().uptime_s(host)

    def resolve(self, reported: str, living: Mapping[str, bool]
                ) -> str | None:
        """The host that is meant by a reported name or address; see
        :mod:`naming`. Never blocks.

        :param living: of each compute host, whether it is up or has servers.
        """
        return naming.resolve(reported, [
            naming.Named(host, self._aliases(host), living=is_living)
            for host, is_living in living.items()])

    def called(self, reported: str) -> Collection[str]:
        """The hosts that have a name or address as an alias; never blocks.
        """
        return self._by_alias.get(naming.plain(reported), ())

    def is_named(self, host: str) -> bool:
        """Whether Nova told of a hypervisor of a host, now or before. Never
        blocks.
        """
        return host in self._by_host

    @property
    def has_any(self) -> bool:
        """Whether Nova told of one of any host. Never blocks."""
        return bool(self._by_host)

    def fits(self, reported: str, host: str) -> bool:
        """Whether a reported name or address can mean a host, if it means no
        other; never blocks.
        """
        return self.resolve(reported, {host: True}) is not None

    def are_one(self, host: str, other: str) -> bool:
        """Whether two hosts are one machine, by its address: it got another
        name. Never blocks.
        """
        return bool(self._addresses(host) & self._addresses(other))

    def _aliases(self, host: str) -> tuple[str, ...]:
        found = self._by_host.get(host, ())
        names = [one.hostname for one in found] if len(found) == 1 else []
        return (*names, *self._addresses(host))

    def _addresses(self, host: str) -> set[str]:
        return {one.address for one in self._by_host.get(host, ())
                if one.address not in _EVERYBODY}

    def takes_servers(self, host: str, nodes: Iterable[str] = ()
                      ) -> bool | None:
        """Whether a lost host takes its servers with it: not those of the
        driver ``ironic``, which run on without it. Never blocks.

        When a nova-compute of ironic dies, Nova gives its machines to
        others, and lists none of its own. So it is known by what it had, and
        by the machines that its servers are on.

        :param nodes: the names of the hypervisors of its servers.
        :returns: None as long as Nova did not tell.
        """
        drivers = {self._drivers[name] for name in (host, *nodes)
                   if name in self._drivers}
        if not drivers and not self.is_known:
            return None
        return _IRONIC not in drivers


def _with_former(found: Iterable[Hypervisor],
                 former: Mapping[str, list[Hypervisor]]
                 ) -> dict[str, list[Hypervisor]]:
    """Hypervisors by their hosts. A host that has none now keeps those that
    it had, unless a name or an address of one is another's now.
    """
    by_host: dict[str, list[Hypervisor]] = {}
    for one in found:
        by_host.setdefault(one.host, []).append(one)
    taken = {name for ones in by_host.values() for one in ones
             for name in _names(one)}
    return {host: ones for host, ones in former.items()
            if not any(_names(one) & taken for one in ones)} | by_host


def _names(one: Hypervisor) -> set[str]:
    return {naming.plain(one.hostname), one.address} - _EVERYBODY


def _drivers(found: Iterable[Hypervisor]) -> dict[str, str]:
    """By the names of hosts and hypervisors; ironic goes first, where a host
    has several.
    """
    drivers: dict[str, str] = {}
    for one in found:
        for name in {one.host, one.hostname} - {''}:
            if drivers.get(name) != _IRONIC:
                drivers[name] = one.type.lower()
    return drivers
