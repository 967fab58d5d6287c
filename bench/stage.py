"""The cloud as a bench on a bed needs it: a host with servers of an owner."""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests

from doctor_core import clock, plugins, wire
from doctor_core.alarms.wire import rule_to_json
from doctor_core.cloud import Cloud
from doctor_core.cloud.tenancy import Mould, Tenancy
from doctor_core.exceptions import CloudError, ConfigError, DeadlineExceeded
from doctor_core.model import AlarmRule, Condition, Host
from doctor_core.services import chosen

#: For a cloud that is busy.
PATIENCE_S = 300.0
_TIMEOUT_S = 60.0
_AODH = 'alarming'


class Stage:
    """A host without other servers, and a tenant whose servers are on it.

    All methods block on the cloud, and raise CloudError.

    :param conf: of the cloud.
    :param stack: gets what takes it down again.
    :raises ConfigError: no host can be used.
    """

    def __init__(self, conf: Any, stack: contextlib.ExitStack) -> None:
        self._cloud = Cloud.from_conf(conf)
        stack.callback(self._cloud.close)
        self._cloud.check()
        self._installer = chosen.installer(conf)
        stack.callback(self._installer.close)
        self._consumer = plugins.make(conf, 'consumers')
        self._webhook = self._consumer.start()
        stack.callback(self._consumer.stop)
        self.host = self._pick_host()
        self._tenancy = Tenancy(self._cloud, stack, timeout_s=PATIENCE_S)
        name = f'doctor-bench-{uuid.uuid4().hex[:8]}'
        self._project_id = self._tenancy.project(name)
        self._owner = self._tenancy.member(name, self._project_id)
        #: The ids of the servers.
        self.servers: frozenset[str] = frozenset()

    def _pick_host(self) -> Host:
        used = {server.host for server in self._cloud.servers()}
        usable = {service.host for service in self._cloud.compute_services()
                  if service.state == 'up' and service.status == 'enabled'}
        empty = sorted((host for host in self._cloud.hosts()
                        if host.name in usable - used),
                       key=lambda host: host.name)
        if not empty:
            raise ConfigError('No compute host is up, enabled and without '
                              'servers.')
        return empty[0]

    def boot(self, count: int) -> None:
        """Make the servers; waits until they are active."""
        tenancy, name = self._tenancy, 'doctor-bench'
        mould = Mould(self._project_id, tenancy.flavor(name),
                      tenancy.image(name, self._project_id),
                      tenancy.network(name, self._project_id,
                                      cidr='192.168.168.0/22'))
        self.servers = frozenset(server.id for server in tenancy.boot(
            [f'{name}-{index}' for index in range(count)], self.host.name,
            mould))

    # The owners

    @contextlib.contextmanager
    def subscribed(self, alarms_url: str) -> Iterator[None]:
        """Every owner has an alarm on an error of the server, not yet gone
        off, for as long as the block runs.

        :param alarms_url: where alarms are made; empty for Aodh.
        """
        make, delete = self._alarms_at(alarms_url) if alarms_url \
            else self._aodh()
        with contextlib.ExitStack() as stack:
            for server_id in sorted(self.servers):
                stack.callback(delete, make(self._rule(server_id)))
            yield

    def _rule(self, server_id: str) -> dict[str, Any]:
        body = rule_to_json(AlarmRule(
            name=f'bench-{server_id}', project_id=self._project_id,
            event_type=wire.INSTANCE_UPDATE, actions=(self._webhook,),
            query=(Condition('traits.instance_id', server_id),
                   Condition('traits.state', 'error'))))
        return {**body, 'state': 'ok'}

    def _aodh(self) -> tuple[Callable[[Any], str], Callable[[str], None]]:
        cloud = self._owner.cloud
        return (lambda rule: str(cloud.post(_AODH, '/v2/alarms',
                                            rule)['alarm_id']),
                lambda alarm_id: cloud.delete(_AODH,
                                              f'/v2/alarms/{alarm_id}'))

    def _alarms_at(self, url: str
                   ) -> tuple[Callable[[Any], str], Callable[[str], None]]:
        http = requests.Session()
        http.headers.update({'X-Project-Id': self._project_id,
                             'X-User-Id': self._owner.user_id,
                             'X-Roles': 'member'})

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = http.request(method, f'{url}/v2/alarms{path}',
                                  json=body, timeout=_TIMEOUT_S)
            answer.raise_for_status()
            return answer.json() if answer.content else None

        return (lambda rule: str(ask('POST', '', rule)['alarm_id']),
                lambda alarm_id: ask('DELETE', f'/{alarm_id}'))

    def told_at(self, since: float) -> dict[str, float]:
        """When the owner of each server first heard of an error of it, of
        those who have since a time.
        """
        first: dict[str, float] = {}
        for notice in self._consumer.received():
            if notice.received_at >= since \
                    and notice.server_id in self.servers \
                    and notice.trait('state') == 'error':
                first.setdefault(notice.server_id, notice.received_at)
        return first

    # The host

    def fail(self) -> None:
        """Make the host fail."""
        self._installer.fail(self.host)

    def heal(self) -> None:
        """Bring the host back."""
        self._installer.heal(self.host)

    def is_restored(self) -> bool:
        """Whether the cloud holds host, servers and ports for alive."""
        name = self.host.name
        return all(service.state == 'up' and not service.forced_down
                   for service in self._cloud.compute_services(name)) \
            and all(server.state == 'active'
                    for server in self._cloud.servers(name)
                    if server.id in self.servers) \
            and not any(port.data_plane_status == 'DOWN'
                        for port in self._cloud.ports(name))

    def await_restored(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait for that; whether it came."""
        try:
            return clock.wait_for(
                self.is_restored, clock.Deadline(patience_s),
                what=f'{self.host.name} to be as before', interval_s=0.5)
        except DeadlineExceeded:
            return False

    def restore(self) -> None:
        """Put right by hand whatever is not as it was."""
        name = self.host.name
        for service in self._cloud.compute_services(name):
            if service.forced_down:
                self._cloud.put('compute', f'/os-services/{service.id}',
                                {'forced_down': False})
        for server in self._cloud.servers(name):
            if server.id in self.servers and server.state != 'active':
                self._cloud.post('compute', f'/servers/{server.id}/action',
                                 {'os-resetState': {'state': 'active'}})
        for port in self._cloud.ports(name):
            if port.data_plane_status == 'DOWN':
                self._cloud.put('network', f'/ports/{port.id}', {
                    'port': {'data_plane_status': 'ACTIVE'}})
        if not self.await_restored():
            raise CloudError(f'{name} could not be put back as it was.')


def every(seconds: float, say: Callable[[], None]
          ) -> contextlib.AbstractContextManager[None]:
    """Say something again and again while a block runs."""
    @contextlib.contextmanager
    def saying() -> Iterator[None]:
        over = threading.Event()

        def go() -> None:
            while not over.wait(seconds):
                say()

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    return saying()
