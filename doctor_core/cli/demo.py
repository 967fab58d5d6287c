"""The cloud and the configuration of ``doctor demo``."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from doctor_core import conf as configuration
from doctor_core import messaging
from doctor_core.embedded.cloud import EmbeddedCloud

_SCENARIO = 'scenario_fault_management'
#: Seconds of the limit for each server.
_SERVER_S = 0.005


def run(*, hosts: int, latency_s: float, alarms: str,
        overrides: Mapping[tuple[str, str], Any],
        then: Callable[[Any], int]) -> int:
    """Start an embedded cloud, do something with it, end it.

    :param hosts: compute hosts of the cloud.
    :param latency_s: seconds that each API call takes.
    :param alarms: the alarm plugin.
    :param overrides: options that were given on the command line.
    :param then: called with the configuration.
    :returns: what ``then`` returns.
    """
    servers = overrides.get((_SCENARIO, 'servers'), 1)
    cloud = EmbeddedCloud(hosts=hosts, transport_url=messaging.IN_MEMORY)
    cloud.start()
    try:
        with tempfile.TemporaryDirectory(prefix='doctor-demo-') as folder:
            clouds = Path(folder, 'clouds.yaml')
            clouds.touch(mode=0o600)
            clouds.write_text(cloud.clouds_yaml(), encoding='utf-8')
            conf = configuration.prepare([], {
                **_settings(cloud, str(clouds), alarms, servers),
                **overrides})
            cloud.latency_s = latency_s
            return then(conf)
    finally:
        cloud.stop()


def _settings(cloud: EmbeddedCloud, clouds: str, alarms: str,
              servers: int) -> dict[tuple[str, str], Any]:
    return {
        # One interpreter has the share of all owners' machines, too.
        (_SCENARIO, 'limit_s'): max(1.0, servers * _SERVER_S),
        ('cloud', 'name'): 'doctor-embedded',
        ('cloud', 'clouds_file'): clouds,
        ('cloud', 'notifications_transport_url'): messaging.IN_MEMORY,
        ('monitor', 'type'): 'fake',
        ('monitor_fake', 'port'): cloud.probe_port,
        # Hosts, cloud, owner and Doctor share one interpreter here, and wait
        # for each other longer than machines do.
        ('monitor_fake', 'timeout_ms'): 25.0,
        ('installer', 'type'): 'embedded',
        ('alarm', 'type'): alarms,
        ('inspector', 'port'): 0,
        ('consumer_sample', 'port'): 0,
    }
