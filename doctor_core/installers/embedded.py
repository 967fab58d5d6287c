"""The embedded cloud as a deployment."""

import contextlib
from typing import Any
from urllib.parse import quote

from doctor_core.cloud import Cloud
from doctor_core.installers.base import Installer
from doctor_core.model import Host, Node

_SERVICE = 'doctor-embedded'


class EmbeddedInstaller(Installer):
    """Fails and heals the hosts of an embedded cloud.

    It asks the cloud that ``[cloud]`` names, as an administrator of it. All
    methods may be called from any thread. Beside what the base class says,
    they raise CloudError when the cloud does not answer or knows no such
    host, and ConfigError when it is not an embedded one.
    """

    own_clocks = False

    def nodes(self) -> list[Node]:
        """The compute hosts; the controller is this process's own machine.
        """
        return [Node(host['name'], 'compute', host['address'])
                for host in self._ask('GET', '/hosts')['hosts']]

    def transport_url(self) -> str:
        return str(self._ask('GET', '/bus')['transport_url'])

    def fail(self, host: Host) -> float:
        answer = self._ask('POST', f'/hosts/{quote(host.name, "")}/fail')
        return float(answer['failed_at'])

    def heal(self, host: Host) -> None:
        self._ask('POST', f'/hosts/{quote(host.name, "")}/heal')

    def _ask(self, method: str, path: str) -> Any:
        with contextlib.closing(Cloud.from_conf(self.conf)) as cloud:
            return cloud.send(method, _SERVICE, path)
