"""Both daemons as processes over a broker, for tests."""

from doctor_core.model import new_id
from doctor_core.tests.functional.daemons import Process
from doctor_core.tests.functional.rabbit import SharedRabbitMQ
from doctor_core.tests.functional.test_daemons import DaemonsTestCase


class BothDaemonsTestCase(SharedRabbitMQ, DaemonsTestCase):
    """A monitor that watches the embedded cloud, and an inspector."""

    def start_both(self, **sections):
        """Start the inspector and the monitor; returns when they are ready.
        """
        self.conf = self.write_conf(
            **sections,
            bus={'transport_url': self.rabbit.url,
                 'topic': f'doctor.faults.{new_id()}'},
            monitor={'type': 'fake', 'status_port': 0, 'refresh_s': 1},
            # Longer than a deployment's: all share a busy machine.
            monitor_fake={'port': self.cloud.probe_port,
                          'interval_ms': 200, 'timeout_ms': 200,
                          'soak_s': 0.2})
        inspector = self.inspector(self.conf)
        monitor = self.useFixture(Process(
            'doctor-monitor', '--config-file', self.conf,
            ready='doctor-monitor is ready'))
        return inspector, monitor
