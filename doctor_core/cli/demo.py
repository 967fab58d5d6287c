"""The cloud and the configuration of ``doctor demo``."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor_core import conf as configuration
from doctor_core import messaging
from doctor_core.embedded.cables import switch
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.embedded.nova.hosts import numbered
from doctor_core.embedded.probe import Links
from doctor_core.exceptions import BackendError
from doctor_core.wording import counted

_SCENARIO = 'scenario_fault_management'
#: Seconds of the limit for each server.
_SERVER_S = 0.005
#: Addresses of the hosts; nobody else is in their network.
_NETWORK = '10.77.0'

#: As :func:`doctor_core.embedded.cables.switch.plugged`.
Plug = Callable[[Sequence[str], str], Links]


def run(*, hosts: int, latency_s: float, alarms: str,
        overrides: Mapping[tuple[str, str], Any],
        say: Callable[[str], None], then: Callable[[Any], int]) -> int:
    """Start an embedded cloud, do something with it, end it.

    This process is in a network namespace of its own afterwards, if it may.

    :param hosts: compute hosts of the cloud.
    :param latency_s: seconds that each API call takes.
    :param alarms: the alarm plugin.
    :param overrides: options that were given on the command line.
    :param say: told in a line what the hosts are.
    :param then: called with the configuration.
    :returns: what ``then`` returns.
    """
    servers = overrides.get((_SCENARIO, 'servers'), 1)
    cloud = EmbeddedCloud(hosts=hosts, transport_url=messaging.IN_MEMORY,
                          links=links(hosts, say))
    cloud.start()
    try:
        with tempfile.TemporaryDirectory(prefix='doctor-demo-') as folder:
            clouds = Path(folder, 'clouds.yaml')
            clouds.touch(mode=0o600)
            clouds.write_text(cloud.clouds_yaml(), encoding='utf-8')
            conf = configuration.prepare([], {
                **_settings(str(clouds), alarms, servers),
                **watching(cloud.probe_port),
                **overrides})
            cloud.latency_s = latency_s
            return then(conf)
    finally:
        cloud.stop()


def links(hosts: int, say: Callable[[str], None],
          plug: Plug = switch.plugged) -> Links | None:
    """What joins the hosts: a switch and cables where such can be had.

    :param hosts: how many.
    :param say: told of it in a line.
    :param plug: makes them.
    :returns: None where there are none.
    :raises ConfigError: there cannot be so many hosts.
    """
    names = [host.name for host in numbered(hosts, 1, 0.0, _NETWORK)]
    try:
        made = plug(names, _NETWORK)
    except BackendError as error:
        say(f'Network namespaces cannot be made here ({error}), so the hosts '
            'are UDP ports on loopback that fall silent, and monitor "fake" '
            'watches them')
        return None
    say(f'To be pinged: {counted(hosts, "network namespace")} at '
        f'{_NETWORK}.1 and up, with a cable each to a switch')
    return made


def watching(probe_port: int) -> dict[tuple[str, str], Any]:
    """The monitor that sees the hosts fail.

    :param probe_port: where hosts that have no cables send datagrams back;
        0 for those that have.
    """
    if not probe_port:
        return {('monitor', 'type'): 'sample'}
    return {('monitor', 'type'): 'fake', ('monitor_fake', 'port'): probe_port}


def _settings(clouds: str, alarms: str, servers: int
              ) -> dict[tuple[str, str], Any]:
    return {
        # One interpreter has the share of all owners' machines, too.
        (_SCENARIO, 'limit_s'): max(1.0, servers * _SERVER_S),
        ('cloud', 'name'): 'doctor-embedded',
        ('cloud', 'clouds_file'): clouds,
        ('cloud', 'notifications_transport_url'): messaging.IN_MEMORY,
        ('installer', 'type'): 'embedded',
        ('alarm', 'type'): alarms,
        ('inspector', 'port'): 0,
        ('consumer_sample', 'port'): 0,
    }
