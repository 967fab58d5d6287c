"""The embedded cloud as a deployment."""

import contextlib
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import quote

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError
from doctor_core.installers.base import Installer
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.settings import Settings
from doctor_core.model import Host, Need, Node, Stamp
from doctor_core.plugins import Options

_SERVICE = 'doctor-embedded'
#: The monitor that probes its hosts, that of hosts with cables of their own;
#: and those that see no loss of them.
_SEES, _PINGS = 'fake', 'sample'
_BLIND = {
    _PINGS: 'the hosts of an embedded cloud are addresses of the loopback, '
            'which answer every ping, failed or not',
    'collectd': 'on the hosts of an embedded cloud runs no collectd'}


class EmbeddedInstaller(Installer):
    """Fails and heals the hosts of an embedded cloud.

    It asks the cloud that ``[cloud]`` names, as an administrator of it. All
    methods may be called from any thread. Beside what the base class says,
    they raise CloudError when the cloud does not answer or knows no such
    host, and ConfigError when it is not an embedded one.
    """

    own_clocks = False

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt(
                'fail_by', default='link', choices=[
                    ('link', 'it is cut off, and its guests run on'),
                    ('reboot', 'it starts anew, without its guests')],
                help='How a host is made to fail.'),
        ]

    def __init__(self, options: Options, open_cloud: Callable[[], Cloud],
                 settings: Settings) -> None:
        super().__init__(options, open_cloud, settings)
        self._failed_at: dict[str, float] = {}

    def nodes(self) -> list[Node]:
        """The compute hosts; the controller is this process's own machine.
        """
        return [Node(host['name'], 'compute', host['address'])
                for host in self._ask('GET', '/hosts')['hosts']]

    def edits(self, needs: Collection[Need]) -> list[FileEdit]:
        """None: it has no files, and all that Doctor needs."""
        return []

    def cloud_changes(self, needs: Collection[Need]) -> list[Change]:
        """None: it has all that Doctor needs."""
        return []

    def transport_url(self) -> str:
        return str(self._ask('GET', '/bus')['transport_url'])

    def fail(self, host: Host) -> float:
        answer = self._ask('POST', f'/hosts/{quote(host.name, "")}/fail',
                           {'how': self.options.fail_by})
        self._failed_at[host.name] = float(answer['failed_at'])
        return self._failed_at[host.name]

    def heal(self, host: Host) -> None:
        self._ask('POST', f'/hosts/{quote(host.name, "")}/heal')

    def unseen_by(self, monitor: str, options: Options) -> str:
        if monitor not in (_SEES, *_BLIND):
            # Of other people's monitors nothing is known.
            return ''
        port = self._ask('GET', '/hosts')['hosts'][0]['probe_port']
        if not port:
            return '' if monitor == _PINGS else (
                'the hosts of this embedded cloud answer pings and nothing '
                f'else: say [monitor] type = {_PINGS}')
        if monitor == _SEES:
            return '' if options.port == port else (
                'the hosts of an embedded cloud answer probes on port '
                f'{port}: say so in [monitor_fake] port')
        return (f'{_BLIND[monitor]}: say [monitor] type = fake, and '
                f'[monitor_fake] port = {port}')

    def failed_at(self, host: Host) -> Stamp:
        if host.name not in self._failed_at:
            raise BackendError(f'Nobody knows when {host.name} failed.')
        return Stamp(self._failed_at[host.name])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        with contextlib.closing(self.open_cloud()) as cloud:
            return cloud.send(method, _SERVICE, path, body)
