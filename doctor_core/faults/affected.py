"""Looks at Nova and Neutron: which servers and ports are on which host.

Full looks renew what is known; Nova's notifications, looks at single hosts
and what Doctor changes itself keep it current in between.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.cloud.aggregates import Aggregates
from doctor_core.exceptions import BackendError, CloudError
from doctor_core.faults import cells, namesakes, nova_times, unlisted
from doctor_core.faults.absences import APART_S, Absences, NotSettled
from doctor_core.faults.doubts import Doubts
from doctor_core.faults.hypervisors import Hypervisors
from doctor_core.faults.known import Known
from doctor_core.faults.plan import Affected
from doctor_core.faults.undoing import Returned
from doctor_core.model import ComputeService, Port, Server
from doctor_core.wording import by_reason

LOG = logging.getLogger(__name__)

_NO_PORTS = 'cannot ask for the ports'


class Found(NamedTuple):
    """Servers that were asked for by their ids.

    :ivar servers: None for one that is gone, and nothing for one that Nova
        cannot see.
    :ivar unknown: those of which it does not tell, and why.
    """

    servers: dict[str, Server | None]
    unknown: dict[str, str]


def _noting(unknown: dict[str, str]) -> Callable[[str, BackendError], None]:
    """Takes down what is not known, and why."""
    def failed(one: str, error: BackendError) -> None:
        unknown[one] = str(error)
    return failed


class AffectedMap(Known):
    """The map; each method from any thread.

    :param cloud: the OpenStack APIs.
    :param with_ports: whether ports are looked at; asked anew each time.
    :param stopping: set when the process ends: nothing is asked then, and
        who asks gets a CloudError.
    :param monotonic: the time, in seconds.
    :ivar aggregates: which hosts belong together, as Nova told last.
    """

    def __init__(self, cloud: Cloud, *,
                 with_ports: Callable[[], bool] = lambda: True,
                 stopping: threading.Event | None = None,
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._asked = cloud
        self._stopping = stopping or threading.Event()
        self._with_ports = with_ports
        self._doubts = Doubts(self._settle)
        super().__init__(Hypervisors(lambda: self._cloud), self._doubts.add,
                         monotonic)
        self.aggregates = Aggregates(lambda: self._cloud)
        self._monotonic = monotonic
        self._absences = Absences()
        self._unseen = cells.UnseenHosts()
        self._namesakes = namesakes.Namesakes()

    # Looking.

    def refresh(self) -> None:
        """Look at everything anew; blocks on Nova and Neutron, but for the
        aggregates, that are asked for beside it.

        Of a host whose cell Nova cannot see, what was known is kept; a
        server that is not listed is gone when its own record agrees; a host,
        when a later look does not find it either.
        Of two looks that overlap, the one that began later counts. Ports that
        Neutron does not tell of stay as they were, and are in nobody's way:
        the look at a lost host, and the next one at everything, ask again.

        :raises BackendError: Nova did not answer; what it did not tell stays
            as it was.
        """
        look, began_at = self._begin(), self._monotonic()
        self.aggregates.look()
        services = self._ask_services()
        # Reports that are in this answer were made before the next question.
        began = nova_times.latest(services.values())
        servers = self._ask_servers()
        unseen = {host for host, service in services.items()
                  if cells.is_unseen(service)}
        missed = self._unlisted(servers, unseen)
        servers |= missed.found
        with self._lock:
            kept = {host: self._known_as(service)
                    for host, service in services.items()}
            gone = self._absences.gone(began_at, self._services.keys(),
                                       services)
            self._services.renew(
                look, kept, keep=lambda service: service.host not in gone)
            self._touched |= set(services)
            self._order(look, servers, began)
            self._servers.renew(
                look, servers, keep=lambda server: server.host in unseen
                or server.id in missed.kept)
            self._times.looked_at_all(began, self._servers.keys())
        self.hypervisors.look()
        self._refresh_ports(look)
        self._unseen.say(unseen | missed.hosts)
        self._namesakes.say(services)

    def _refresh_ports(self, look: int) -> None:
        try:
            # None, where they are not looked at any more: what is known of
            # them grows old.
            ports = self._cloud.ports() if self._with_ports() else []
        except BackendError as error:
            if not self._stopping.is_set():
                LOG.warning('The ports are known as they were before, if at '
                            'all: %s', error)
            return
        with self._lock:
            self._ports.renew(look, {port.id: port for port in ports})

    def _unlisted(self, servers: Mapping[str, Server], unseen: set[str]
                  ) -> unlisted.Unlisted:
        """What became of the servers that a list of all does not have."""
        with self._lock:
            known = [server for server in self._servers.values()
                     if server.host not in unseen]

        def find(ids: Collection[str]) -> Mapping[str, Server | None]:
            try:
                return cells.seen(self._cloud.find_servers(ids, _noting({})))
            except BackendError as error:
                LOG.debug('%s', error)
                return {}
        return unlisted.asked(known, servers, find)

    def ask(self, host: str) -> Affected:
        """What is on a host by Nova's and Neutron's own word; blocks.

        Servers that were on it, or have ports there, and are not listed are
        asked for by their ids: they have left, or Nova leaves out their cell.
        Those of which it does not tell are left as they were known.

        :raises BackendError: Nova did not answer. What Neutron does not tell
            is what was known, with the reason.
        """
        look = self._begin()
        service = self._ask_services(host).get(host)
        servers = self._ask_servers(host)
        ports, why_none = self._ask_ports(look, host)
        is_unseen = service is not None and cells.is_unseen(service)
        with self._lock:
            missed = set() if is_unseen else {
                *self._servers_on.names(host),
                *(port.server_id for port in ports)} - {*servers, ''}
        named, unknown = self.find(sorted(missed))
        is_partial = is_unseen or len(named) + len(unknown) < len(missed)
        servers |= {name: one for name, one in named.items()
                    if cells.is_on(one, host)}
        if self.hypervisors.takes_servers(host) is None:
            self.hypervisors.look()
        with self._lock:
            if service is not None:
                self._services.learn(look, host, self._known_as(service))
            self._order(look, servers)
            self._servers.renew(
                look, servers, among=self._servers_on.names(host),
                keep=lambda server: is_unseen or server.id in missed)
        known = replace(self.of(host), no_ports=why_none, unknown=unknown)
        if is_partial:
            return replace(known, is_partial=True)
        return replace(
            known, service=service, servers=tuple(servers.values()),
            ports=known.ports if why_none else tuple(ports))

    def _ask_ports(self, look: int, host: str) -> tuple[list[Port], str]:
        """The ports on a host; or why Neutron does not tell of them, which
        is in the way of nothing but ports.
        """
        if not self._with_ports():
            return [], ''
        try:
            ports = self._cloud.ports(host)
        except BackendError as error:
            return [], f'{_NO_PORTS}: {error}'
        with self._lock:
            self._ports.renew(look, {port.id: port for port in ports},
                              among=self._ports_on.names(host))
        return ports, ''

    def service(self, host: str, *, none_counts: bool = False
                ) -> ComputeService | None:
        """Nova's record of a host's compute service, asked anew; blocks.

        :param none_counts: whether to believe Nova that it has no compute
            service at all.
        :returns: None when Nova has none: two looks, some time apart, did
            not find it.
        :raises NotSettled: this one did not, and that may pass.
        :raises BackendError: Nova did not answer.
        """
        look, began_at = self._begin(), self._monotonic()
        found = self._ask_services(host).get(host)
        listed = None if found else self._ask_services()
        found = found or (listed or {}).get(host)
        with self._lock:
            if found is not None:
                self._absences.seen([host])
                found = self._known_as(found)
                self._services.learn(look, host, found)
            elif not (listed or none_counts):
                raise NotSettled('Nova lists no compute service at all, '
                                 'which may pass', recoverable=True)
            elif not self._absences.missed(host, began_at):
                raise NotSettled('Nova does not list the compute service of '
                                 f'host {host}, which may pass; gone it is '
                                 f'after {APART_S:g} s', recoverable=True)
        return found

    def ask_back(self, host: str, server_ids: Collection[str],
                 port_ids: Collection[str] = ()) -> Returned:
        """What there is of a host that is back, and of those servers that
        were on it, and those ports: some small questions, in a cloud of any
        size; blocks. What no list has is asked for by its id, and one that
        fails takes away no other.

        :raises BackendError: Nova did not answer. Without Neutron's answer
            there are no ports, and the reason is given.
        """
        found = self.ask(host)
        here = {server.id for server in found.servers}
        look = self._begin()
        missed = [one for one in server_ids
                  if one not in here and one not in found.unknown]
        named, failed = self.find(missed)
        unknown = {**found.unknown, **failed}
        unlisted = [one for one in named.values()
                    if one is not None and one.host == host]
        away = [one.id for one in named.values() if one is not None]
        ports, why_none = self._ask_back_ports(found, away, port_ids,
                                               unknown)
        with self._lock:
            for port in ports.values():
                self._ports.learn(look, port.id, port)
        return Returned(
            replace(found, servers=(*found.servers, *unlisted),
                    is_partial=found.is_partial
                    or len(named) + len(failed) < len(missed),
                    no_ports=why_none),
            {name: one for name, one in named.items()
             if one not in unlisted}, tuple(ports.values()), unknown)

    def _ask_back_ports(self, found: Affected, away: Collection[str],
                        port_ids: Collection[str], unknown: dict[str, str]
                        ) -> tuple[dict[str, Port], str]:
        """The ports of a host, of servers that are not listed there, and
        those with some ids; or why Neutron does not tell.

        :param unknown: takes those of some ids that it does not tell of.
        """
        if found.no_ports:
            return {}, found.no_ports
        by_id = {port.id: port for port in found.ports}
        try:
            if away and self._with_ports():
                by_id |= {port.id: port
                          for port in self._cloud.ports_of(away)}
            by_id |= {name: port for name, port in self._cloud.find_ports(
                [one for one in port_ids if one not in by_id],
                _noting(unknown)).items() if port}
        except BackendError as error:
            return {}, f'{_NO_PORTS}: {error}'
        return by_id, ''

    def find(self, server_ids: Collection[str]) -> Found:
        """Some servers by their ids. Blocks on Nova, if there are any.

        :raises BackendError: there is nobody to ask.
        """
        look = self._begin()
        unknown: dict[str, str] = {}
        found = cells.seen(self._cloud.find_servers(
            server_ids, _noting(unknown))) if server_ids else {}
        with self._lock:
            self._order(look, found)
            for server_id, server in found.items():
                self._servers.learn(look, server_id, server)
        return Found(found, unknown)

    def _settle(self, server_ids: Collection[str]) -> None:
        """Ask for servers of which something was heard that may be old.

        :raises BackendError: Nova did not answer for some of them.
        """
        before = {one: self.server(one) for one in server_ids}
        found = self.find(server_ids)
        for server_id, server in found.servers.items():
            if server != before[server_id]:
                with self._lock:
                    self._touch(server, before[server_id])
        if found.unknown:
            raise CloudError('; '.join(by_reason(found.unknown.items())),
                             recoverable=True)

    def close(self) -> None:
        """Ask Nova for nothing more by itself; may be called again."""
        self._doubts.close()

    @property
    def _cloud(self) -> Cloud:
        """The cloud, as long as there is time for its answers."""
        if self._stopping.is_set():
            raise CloudError('The process ends', recoverable=True)
        return self._asked

    def _ask_services(self, host: str | None = None
                      ) -> dict[str, ComputeService]:
        return namesakes.by_host(self._cloud.compute_services(host))

    def _ask_servers(self, host: str | None = None) -> dict[str, Server]:
        """By id; but for those of cells that Nova cannot see."""
        return {server.id: server for server in self._cloud.servers(host)
                if not server.is_partial}

    def _known_as(self, service: ComputeService) -> ComputeService:
        return cells.known_as(service, self._services.get(service.host))
