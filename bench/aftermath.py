"""What the inspector makes of verdicts, in a cloud of its own."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from doctor_core import clock, messaging, wire
from doctor_core import conf as configuration
from doctor_core.cloud import Cloud
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.services.inspector import InspectorService


class Aftermath:
    """An inspector and its cloud.

    :ivar hosts: the names of the compute hosts.
    """

    def __init__(self, inspector: InspectorService, cloud: Cloud) -> None:
        self._inspector = inspector
        self._cloud = cloud
        self.hosts = sorted(
            service.host for service in cloud.compute_services())

    def take(self, payload: str) -> None:
        """A fault as the monitor's process wrote it."""
        self._inspector.publish(wire.fault_from_payload(
            json.loads(payload), clock.now()))

    def felled(self) -> set[str]:
        """The hosts that are marked down now; blocks on the cloud."""
        return {service.host for service in self._cloud.compute_services()
                if service.forced_down}


@contextlib.contextmanager
def aftermath(hosts: int) -> Iterator[Aftermath]:
    """Start both; they end with the block."""
    with contextlib.ExitStack() as stack:
        embedded = EmbeddedCloud(hosts=hosts,
                                 transport_url=messaging.IN_MEMORY)
        embedded.start()
        stack.callback(embedded.stop)
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix='doctor-calm-'))
        clouds = Path(folder, 'clouds.yaml')
        clouds.touch(mode=0o600)
        clouds.write_text(embedded.clouds_yaml(), encoding='utf-8')
        conf = configuration.prepare([], {
            ('cloud', 'name'): 'doctor-embedded',
            ('cloud', 'clouds_file'): str(clouds),
            ('bus', 'transport_url'): messaging.IN_MEMORY,
            ('inspector', 'port'): 0})
        cloud = Cloud.from_conf(conf)
        stack.callback(cloud.close)
        inspector = InspectorService(conf, state_file='')
        stack.callback(inspector.stop)
        inspector.start()
        yield Aftermath(inspector, cloud)
