"""The monitor daemon's inside, from echoing hosts to the bus."""

import queue

import fixtures
import testtools

from doctor_core import clock, messaging
from doctor_core import conf as configuration
from doctor_core.exceptions import CloudError
from doctor_core.model import Host
from doctor_core.services.monitor import MonitorDaemon
from doctor_core.tests.functional.echo_hosts import EchoHosts

WAIT_S = 30


class Nova:
    """Knows some hosts, or cannot be reached."""

    def __init__(self, known):
        self.known = known
        self.away = False

    def hosts(self):
        if self.away:
            raise CloudError('Nova is away', recoverable=True)
        return self.known

    def aggregates(self):
        return []


class TestMonitorDaemon(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.echo = self.useFixture(EchoHosts(4))
        self.known = [Host(f'h{i}', (address,)) for i, address
                      in enumerate(self.echo.addresses)]
        self.nova = Nova(self.known[:3])
        self.conf = configuration.prepare([], {
            ('DEFAULT', 'state_path'): self.useFixture(
                fixtures.TempDir()).path,
            ('monitor', 'type'): 'fake',
            ('monitor_fake', 'port'): self.echo.port,
            ('monitor_fake', 'interval_ms'): 100.0,
            ('monitor_fake', 'timeout_ms'): 100.0,
            ('monitor_fake', 'soak_s'): 0.2})
        self.bus = messaging.Bus(self.conf, messaging.IN_MEMORY)
        self.addCleanup(self.bus.close)
        self.heard = queue.Queue()
        self.bus.listen(
            self.conf.bus.topic, lambda event_type, payload, _metadata:
            self.heard.put((event_type, payload['details']['hostname']))
            if 'details' in payload else None)

    def start(self):
        self.daemon = MonitorDaemon(self.conf, cloud=self.nova, bus=self.bus)
        self.addCleanup(self.daemon.stop)
        self.daemon.start()

    def states(self):
        return {status.host.name: str(status.state) for status
                in self.daemon.panel.status()}

    def await_states(self, **states):
        clock.wait_for(lambda: self.states() == states,
                       clock.Deadline(WAIT_S), what=str(states))

    def test_fault_goes_to_the_bus(self):
        self.start()
        self.await_states(h0='healthy', h1='healthy', h2='healthy')
        self.echo.silence(1)
        self.assertEqual(('compute.host.down', 'h1'),
                         self.heard.get(timeout=WAIT_S))
        self.echo.restore(1)
        self.assertEqual(('compute.host.up', 'h1'),
                         self.heard.get(timeout=WAIT_S))

    def test_host_that_came_back_between_two_monitors_is_up(self):
        self.start()
        self.await_states(h0='healthy', h1='healthy', h2='healthy')
        self.echo.silence(1)
        self.assertEqual(('compute.host.down', 'h1'),
                         self.heard.get(timeout=WAIT_S))
        self.daemon.stop()
        self.echo.restore(1)
        self.start()
        self.assertEqual(('compute.host.up', 'h1'),
                         self.heard.get(timeout=WAIT_S))

    def test_hosts_come_and_go(self):
        self.start()
        self.nova.known = self.known[1:]
        self.daemon.refresh()
        self.await_states(h1='healthy', h2='healthy', h3='healthy')
        self.assertIn('Hosts that are new: h3; gone: h0', self.log.output)

    def test_nova_away_leaves_all_as_it_was(self):
        self.start()
        self.nova.away = True
        self.daemon.refresh()
        self.assertIn('could not be renewed: Nova is away', self.log.output)
        self.await_states(h0='healthy', h1='healthy', h2='healthy')

    def test_nova_away_at_start_is_waited_for(self):
        self.nova.away = True
        self.nova.hosts = self._back_at_once
        self.start()
        self.await_states(h0='healthy', h1='healthy', h2='healthy')
        self.assertIn('Nova is away', self.log.output)

    def _back_at_once(self):
        was_away, self.nova.away = self.nova.away, False
        if was_away:
            raise CloudError('Nova is away', recoverable=True)
        return self.nova.known

    def test_describes_itself(self):
        self.start()
        self.assertEqual('watching 3 hosts by fake, faults go to topic '
                         'doctor.faults', self.daemon.describe())
