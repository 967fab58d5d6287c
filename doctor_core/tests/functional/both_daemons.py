"""Both daemons as processes over a broker, for tests."""

import json
import urllib.request

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
            ready=r'status of the hosts is at (\S+)'))
        where = monitor.match.group(1)
        monitor.wait_for('doctor-monitor is ready')
        # Who has never answered is not lost.
        self.wait_for(lambda: self._states(where) == {'healthy'},
                      'all hosts to have answered')
        return inspector, monitor

    def _states(self, url):
        with urllib.request.urlopen(url, timeout=10) as got:
            return {host['state'] for host in json.loads(got.read())['hosts']}
