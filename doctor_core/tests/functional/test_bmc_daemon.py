"""The monitor daemon's inside, with management controllers as witnesses."""

import queue
import types

import fixtures
import testtools

from doctor_core import clock, messaging, wire
from doctor_core import conf as configuration
from doctor_core.model import Host
from doctor_core.services.monitor import MonitorDaemon
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.echo_hosts import EchoHosts
from doctor_core.tests.functional.redfish import RedfishServer

WAIT_S = 30
#: Longer than the genuine library takes for a question on a busy machine.
SILENCE_MS = 20_000.0


class Nova:
    """Knows the hosts, and that they are one rack."""

    def __init__(self, hosts):
        self._hosts = hosts

    def hosts(self):
        return self._hosts

    def aggregates(self):
        return [types.SimpleNamespace(
            name='rack', zone='', rack='rack-1',
            hosts=tuple(host.name for host in self._hosts))]


class WitnessedTest(testtools.TestCase):
    """Three hosts of one rack, which the first monitor would have lost after
    20 seconds only: a verdict that comes is borne out.
    """

    def setUp(self):
        super().setUp()
        requirements.need_library(self, 'sushy')
        self.log = self.useFixture(fixtures.FakeLogger())
        self.echo = self.useFixture(EchoHosts(3))
        self.bmcs = [self.useFixture(RedfishServer()) for _ in range(3)]
        self.hosts = [Host(f'h{i}', (address,), 'rack-1') for i, address
                      in enumerate(self.echo.addresses)]
        self.conf = configuration.prepare([], {
            ('DEFAULT', 'state_path'): self.useFixture(
                fixtures.TempDir()).path,
            ('monitor', 'type'): 'fake',
            ('monitor_fake', 'port'): self.echo.port,
            ('monitor_fake', 'interval_ms'): 100.0,
            ('monitor_fake', 'timeout_ms'): 100.0,
            ('monitor_fake', 'silence_ms'): SILENCE_MS,
            ('monitor_fake', 'agreed_silence_ms'): 300.0,
            ('corroborator', 'type'): 'bmc',
            ('corroborator_bmc', 'addresses'): [
                f'h{i}={bmc.url}' for i, bmc in enumerate(self.bmcs)],
            ('corroborator_bmc', 'user'): 'watcher',
            ('corroborator_bmc', 'password'): 'xyzzy',
            ('corroborator_bmc', 'timeout_s'): 2.0})
        bus = messaging.Bus(self.conf, messaging.IN_MEMORY)
        self.addCleanup(bus.close)
        self.heard = queue.Queue()
        bus.listen(self.conf.bus.topic, self.take)
        daemon = MonitorDaemon(self.conf, cloud=Nova(self.hosts), bus=bus)
        self.addCleanup(daemon.stop)
        daemon.start()
        clock.wait_for(lambda: {str(one.state) for one in
                                daemon.panel.status()} == {'healthy'}
                       and '3 management controllers can be asked'
                       in self.log.output, clock.Deadline(WAIT_S),
                       what='the hosts to be well')

    def take(self, event_type, payload, _metadata):
        if event_type == wire.HOST_DOWN:
            self.heard.put(payload['details'])

    def lose(self, index):
        """A host falls silent; returns what it is reported with."""
        began_at = clock.monotonic()
        self.echo.silence(index)
        details = self.heard.get(timeout=WAIT_S)
        self.assertLess(clock.monotonic() - began_at, SILENCE_MS / 1000)
        self.assertEqual(f'h{index}', details['hostname'])
        return str(details)

    def test_off(self):
        self.bmcs[1].on = False
        self.assertIn('bmc-off', self.lose(1))

    def test_power_lost(self):
        self.bmcs[1].mood = 'nothing'
        self.assertIn('power-lost', self.lose(1))

    def test_on(self):
        """Nobody bears it out; its controller is asked again and again."""
        self.echo.silence(1)
        clock.wait_for(lambda: self.bmcs[1].looks > 3,
                       clock.Deadline(WAIT_S), what='more questions')
        self.assertTrue(self.heard.empty())
        self.assertLessEqual(self.bmcs[0].looks, 1)
