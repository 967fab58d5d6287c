"""What is known of hosts, servers and ports: kept, not asked for in a fault.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from doctor_core import clock
from doctor_core.cloud import calls
from doctor_core.faults import cells, naming
from doctor_core.faults.heard import news, server_heard
from doctor_core.faults.hypervisors import Hypervisors
from doctor_core.faults.index import Index
from doctor_core.faults.looks import Looks
from doctor_core.faults.namesakes import marked
from doctor_core.faults.nova_times import NovaTimes
from doctor_core.faults.plan import Affected
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    Mark,
    Port,
    Server,
    StateChange,
)


class Known:
    """Whose methods never block; each from any thread.

    :param doubted: told the id of a server of which something was heard that
        may be old; must not block.
    :param monotonic: the time, in seconds.
    :ivar hypervisors: what is known of the hosts' hypervisors.
    """

    def __init__(self, hypervisors: Hypervisors,
                 doubted: Callable[[str], None],
                 monotonic: Callable[[], float] = clock.monotonic) -> None:
        self.hypervisors = hypervisors
        self._doubted = doubted
        self._times = NovaTimes(monotonic)
        self._lock = threading.Lock()
        # A report must not cost more in a larger cloud.
        self._services_called: Index[ComputeService] = Index(
            lambda service: naming.short(service.host))
        self._servers_on: Index[Server] = Index(lambda server: server.host)
        self._ports_on: Index[Port] = Index(lambda port: port.host)
        self._ports_of: Index[Port] = Index(lambda port: port.server_id)
        self._services = Looks(self._services_called)
        self._servers = Looks(self._servers_on)
        self._ports = Looks(self._ports_on, self._ports_of)
        self._looked = 0
        self._touched: set[str] = set()

    def _begin(self) -> int:
        with self._lock:
            self._looked += 1
            return self._looked

    def resolve(self, reported: str) -> str | None:
        """The host that is meant by a reported name; see :mod:`naming`."""
        with self._lock:
            fit = {service.host: service for service in (
                *self._services_called.values(naming.short(reported)),
                *map(self._services.get, self.hypervisors.called(reported)))
                if service is not None}
            living = {host: service.state == 'up'
                      or bool(self._servers_on.names(host))
                      for host, service in fit.items()}
        return self.hypervisors.resolve(reported, living)

    def nameless(self) -> dict[str, bool]:
        """Hosts that may be meant by what means no host that is known: Nova
        has told of none of their hypervisors, and does of others', or it
        cannot see their cells: with each, whether that is so.
        """
        with self._lock:
            return {service.host: cells.is_unseen(service)
                    for service in self._services.values()
                    if not self.hypervisors.is_named(service.host)
                    and (self.hypervisors.has_any
                         or cells.is_unseen(service))}

    def hosts(self) -> list[str]:
        """All compute hosts, sorted."""
        with self._lock:
            return sorted(self._services.keys())

    def forced_down(self) -> list[str]:
        """The hosts that are forced down in Nova, by whomever; sorted."""
        with self._lock:
            return sorted(service.host for service in self._services.values()
                          if any(one.forced_down for one in service.all()))

    def of(self, host: str) -> Affected:
        """What is on a host, as far as is known."""
        with self._lock:
            servers = tuple(self._servers_on.values(host))
            of_servers = [port for server in servers
                          for port in self._ports_of.values(server.id)]
            bound = [port for port in self._ports_on.values(host)
                     if not self._is_elsewhere(port.server_id, host)]
            ports = tuple({port.id: port
                           for port in (*of_servers, *bound)}.values())
            service = self._services.get(host)
        return Affected(host, service, servers, ports,
                        self.hypervisors.takes_servers(
                            host, {server.node for server in servers}))

    def _is_elsewhere(self, server_id: str, host: str) -> bool:
        server = self._servers.get(server_id)
        return server is not None and server.host != host

    def touched(self) -> frozenset[str]:
        """The hosts of which something was learned since this was last
        asked, by others than who asked for that host.
        """
        with self._lock:
            touched, self._touched = self._touched, set()
        return frozenset(touched)

    def server(self, server_id: str) -> Server | None:
        """A server, as far as is known."""
        with self._lock:
            return self._servers.get(server_id)

    def port(self, port_id: str) -> Port | None:
        """A port, as far as is known."""
        with self._lock:
            return self._ports.get(port_id)

    # Learning.

    def hear(self, event_type: str, payload: Mapping[str, Any],
             metadata: Mapping[str, Any]) -> None:
        """Learn from one of Nova's notifications; never blocks.

        One that is older than what is known of its server, or does not say
        how old it is, changes nothing: a broker may bring it late, and more
        than once. Where it says something else than what is known, Nova is
        asked. What is no such notification, or lacks what is needed, is
        passed over: the next full look will tell.

        :param metadata: of oslo.messaging, with the time that it was sent.
        """
        heard = news(event_type, payload, metadata)
        if heard is None:
            return
        with self._lock:
            self._looked += 1
            known = self._servers.get(heard.server_id)
            server = server_heard(heard.event_type, heard.payload, known,
                                  heard.server_id)
            is_newest = self._times.is_newest(heard)
            if is_newest:
                self._times.believe(self._looked, heard)
            if is_newest and server is not known:
                self._servers.learn(self._looked, heard.server_id, server)
                self._touch(server, known)
        if not is_newest and server is not known:
            self._doubted(heard.server_id)

    def _touch(self, *servers: Server | None) -> None:
        self._touched |= {one.host for one in servers if one is not None}

    def _order(self, look: int, found: Mapping[str, Server | None],
               began: float | None = None) -> None:
        """Before what a look has found is learned: let it count for more
        than news that came meanwhile, and was sent before.

        :param began: of a full look, a time of Nova's before it began.
        """
        for number, server_id, is_older in [*self._times.overtaken(
                look, found, began)]:
            if is_older:
                self._servers.give_way(number, server_id)
            elif found.get(server_id) != self._servers.get(server_id):
                self._doubted(server_id)
        self._times.looked(found)

    def changed(self, changes: Iterable[StateChange]) -> None:
        """Doctor has changed these itself; never blocks."""
        with self._lock:
            self._looked += 1
            for change in changes:
                if change.done:
                    self._write_through(change.correction)

    def _write_through(self, one: Correction) -> None:
        look = self._looked
        if one.action is Action.FORCE_DOWN:
            self._services.change(look, one.host, lambda known: marked(
                known, one.target_id, one.mark is Mark.LOST))
        elif one.action is Action.RESET_STATE:
            self._servers.change(look, one.target_id, lambda known: replace(
                known, state=calls.value_of(one), task_state=''))
        elif one.action is Action.DATA_PLANE_STATUS:
            self._ports.change(look, one.target_id, lambda known: replace(
                known, data_plane_status=calls.value_of(one)))
