"""A stand-in for the inspector of OPNFV Doctor, which cannot be shipped here.

It does what that one is known to do when a host is reported down, and in that
order: one thread for the notices, one for the host, one for each server, all
at once, each with a client of Nova's API of its own. It knows the servers of
a host from a list that it made at its start. Ports are left alone.
"""

import dataclasses
import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from doctor_core import clock

#: What the reference asks for: force-down by the host's name, and no more.
MICROVERSION = '2.34'


class Nova(Protocol):
    """A client of Nova's API; what is refused is raised."""

    def get(self, url: str) -> Any:
        """GET; the answer has ``json()``."""

    def post(self, url: str, *, json: Any) -> Any:
        """POST."""

    def put(self, url: str, *, json: Any) -> Any:
        """PUT."""


@dataclasses.dataclass
class Marks:
    """What an inspector has corrected, by the seconds since the epoch.

    :ivar host_at: when the host was down for Nova; None before.
    :ivar error_at: when each server was in error.
    """

    host_at: float | None = None
    error_at: dict[str, float] = dataclasses.field(default_factory=dict)


class Standin:
    """The stand-in; its methods block on Nova.

    :param make_client: a new client of Nova's API, of an administrator.
    :param notify: sends a payload as Nova's notification of a server.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, make_client: Callable[[], Nova],
                 notify: Callable[[Mapping[str, str]], None],
                 now: Callable[[], float] = clock.now) -> None:
        self._make_client = make_client
        self._notify = notify
        self._now = now
        self._nova: Nova | None = None
        self._servers: dict[str, list[tuple[Nova, Mapping[str, Any]]]] = {}
        self._down: list[str] = []
        #: What went wrong, in words.
        self.failures: list[str] = []

    def start(self) -> None:
        """List the servers of all hosts, and make a client for each."""
        self._nova = self._make_client()
        self._servers.clear()
        listed = self._nova.get('/servers/detail?all_tenants=1').json()
        for server in listed['servers']:
            self._servers.setdefault(
                server['OS-EXT-SRV-ATTR:host'], []).append(
                    (self._make_client(), server))

    def lost(self, host: str) -> Marks:
        """Do all that a lost host calls for; returns when all is done."""
        marks = Marks()
        servers = self._servers.get(host, [])
        self._down.append(host)
        work = [functools.partial(self._notify_all,
                                  [server for _nova, server in servers]),
                functools.partial(self._force_down, host, marks)]
        work += [functools.partial(self._reset, nova, server, marks)
                 for nova, server in servers]
        threads = [threading.Thread(target=self._try, args=(do,), daemon=True)
                   for do in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return marks

    def stop(self) -> None:
        """Lift the force-down of every host."""
        assert self._nova is not None
        while self._down:
            self._put_service(self._down.pop(), False)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # the thread's outermost frame
            self.failures.append(f'{type(error).__name__}: {error}')

    def _notify_all(self, servers: Sequence[Mapping[str, Any]]) -> None:
        for server in servers:
            self._notify({'tenant_id': server['tenant_id'],
                          'instance_id': server['id'], 'state': 'error'})

    def _force_down(self, host: str, marks: Marks) -> None:
        self._put_service(host, True)
        marks.host_at = self._now()

    def _put_service(self, host: str, down: bool) -> None:
        assert self._nova is not None
        self._nova.put('/os-services/force-down', json={
            'binary': 'nova-compute', 'host': host, 'forced_down': down})

    def _reset(self, nova: Nova, server: Mapping[str, Any],
               marks: Marks) -> None:
        nova.post(f'/servers/{server["id"]}/action',
                  json={'os-resetState': {'state': 'error'}})
        marks.error_at[server['id']] = self._now()
