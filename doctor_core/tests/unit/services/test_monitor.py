import json
import os
import queue

import fixtures
import testtools

from doctor_core import clock, wire
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.faults.reports import is_older
from doctor_core.fixtures import configuration
from doctor_core.model import FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.reports import host_down, host_up
from doctor_core.services.monitor import MonitorDaemon
from doctor_core.store import Said
from doctor_core.tests.unit.entry_points import InstalledDistribution

WAIT_S = 20
PUPPET = '''
from doctor_core.monitors.base import HostStatus, Monitor


class PuppetMonitor(Monitor):
    """Says what a test has it say."""

    presumed = ()
    hosts = ()
    ended = 0
    states = ()
    is_alone = False

    def status(self):
        return [HostStatus(*each) for each in zip(self.hosts, self.states)]

    def isolated(self):
        return self.is_alone

    def presume_down(self, hostnames):
        self.presumed = sorted(hostnames)

    heard_before = ()

    def presume_heard(self, names):
        self.heard_before = sorted(names)

    def heard(self):
        return {'one (192.0.2.1)'}

    def start(self, hosts):
        self.hosts = hosts

    def stop(self):
        self.ended += 1
'''


class Wire:
    """A bus that takes what it is given, but for some times."""

    def __init__(self):
        self.sent = queue.Queue()
        self.refuse = 0

    def publish(self, topic, event_type, payload):
        if self.refuse:
            self.refuse -= 1
            raise BusError('away', recoverable=True)
        self.sent.put(payload)

    def close(self):
        pass


class MonitorCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.useFixture(InstalledDistribution(
            'acme_puppet', PUPPET,
            {'doctor_core.monitors': ['puppet = acme_puppet:PuppetMonitor']}))
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.conf = configuration({
            ('DEFAULT', 'state_path'): self.folder,
            ('monitor', 'type'): 'puppet',
            ('monitor', 'status_port'): 0,
            ('monitor', 'hosts'): ['one=192.0.2.1', 'two=192.0.2.2']})


class MonitorDaemonTest(MonitorCase):

    def setUp(self):
        super().setUp()
        self.bus = Wire()
        self.start()

    def start(self):
        self.daemon = MonitorDaemon(self.conf, bus=self.bus)
        self.addCleanup(self.daemon.stop)
        self.monitor = self.daemon.panel.monitors['puppet']
        self.daemon.start()
        self.bus.sent.get(timeout=WAIT_S)  # the first one opens the way

    def taken(self):
        """The faults in the order in which the publisher took them."""
        numbers = []
        put = self.daemon._publisher.put
        self.daemon._publisher.put = lambda fault: (
            numbers.append(fault.sequence), put(fault))
        return numbers

    def say(self, fault):
        self.monitor.report(fault)
        return self.bus.sent.get(timeout=WAIT_S)

    def test_who_was_heard_is_known_to_the_next_one(self):
        self.assertEqual([], self.monitor.heard_before)
        self.daemon.stop()
        self.start()
        self.assertEqual(['one (192.0.2.1)'], self.monitor.heard_before)

    def kept(self, what):
        with open(os.path.join(self.folder, 'monitor.json'),
                  encoding='utf-8') as file:
            return json.load(file)[what]

    def test_who_was_heard_is_kept_at_once(self):
        """A monitor that was killed in its first minute had heard nobody."""
        self.daemon.stop()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.services.monitor._HEARD_S', 0.01))
        self.useFixture(fixtures.MonkeyPatch(
            'acme_puppet.PuppetMonitor.heard', lambda _monitor: {'new'}))
        self.start()
        clock.wait_for(lambda: self.kept('heard') == {'puppet': ['new']},
                       clock.Deadline(WAIT_S), what='it is kept')

    def test_one_that_ends_before_it_began_has_heard_the_same(self):
        """While Nova was waited for, all were forgotten; those who died then
        had never answered, and were not reported.
        """
        self.daemon.stop()
        self.useFixture(fixtures.MonkeyPatch(
            'acme_puppet.PuppetMonitor.heard', lambda _monitor: set()))
        MonitorDaemon(self.conf, bus=Wire()).stop()
        self.assertEqual({'puppet': ['one (192.0.2.1)']}, self.kept('heard'))

    def test_who_was_kept_back_is_known_to_the_next_one(self):
        signs = {'one': Evidence(EvidenceKind.HEARTBEAT, 'nova', 1.7e9)}
        self.daemon.panel.presume_alive(signs)
        self.daemon.note_alive()
        self.daemon.stop()
        self.start()
        self.assertEqual(signs, self.daemon.panel.kept_back())

    def test_each_report_has_the_next_number(self):
        numbers = self.taken()
        self.say(host_down('one', 'no answer'))
        self.say(host_up('one'))
        self.assertGreater(numbers[1].number, numbers[0].number)
        self.assertEqual(1, len({each.epoch for each in numbers}))

    def test_a_restarted_monitor_goes_on(self):
        """Its reports were taken for older ones than those before."""
        before = self.taken()
        self.say(host_down('one', 'no answer'))
        self.daemon.stop()
        self.start()
        after = self.taken()
        self.assertEqual(['one'], self.monitor.presumed)
        self.say(host_up('one'))
        self.assertEqual(before[0].epoch, after[0].epoch)
        self.assertGreater(after[0].number, before[0].number)

    def test_a_file_that_was_restored_makes_nothing_old(self):
        """Up to a thousand reports were ignored, a return among them."""
        path = os.path.join(self.folder, 'monitor.json')
        with open(path, encoding='utf-8') as file:
            kept = file.read()
        numbers = self.taken()
        for _ in range(1500):
            self.say(host_down('one', 'no answer'))
        self.daemon.stop()
        with open(path, 'w', encoding='utf-8') as file:
            file.write(kept)
        self.start()
        after = self.taken()
        self.say(host_up('one'))
        last, first = (Said(FaultStatus.UP, None, one.epoch, one.number)
                       for one in (numbers[-1], after[0]))
        self.assertFalse(is_older(first, last))
        self.assertTrue(is_older(last, first))

    def test_a_second_one_is_refused(self):
        """Each forgot whom the other one had reported."""
        error = self.assertRaises(ConfigError, MonitorDaemon, self.conf,
                                  bus=Wire())
        self.assertIn(f'in use by process {os.getpid()}: two monitors',
                      str(error))
        self.daemon.stop()
        self.start()

    def test_a_place_that_cannot_be_written_is_watched_from(self):
        self.daemon.stop()
        self.conf.set_override('state_path', '/proc/no/such')
        self.start()
        self.assertIn('Nothing keeps a second monitor away', self.log.output)

    def test_who_is_down_is_kept_once_it_is_sent(self):
        self.bus.refuse = 1
        self.say(host_down('one', 'no answer'))
        self.daemon.stop()
        self.assertEqual({'puppet': ['one']}, self.kept('down'))

    def test_who_is_heard_is_told_now_and_then(self):
        """Of a host that never changed, nobody heard."""
        self.monitor.states = ('healthy', 'suspect')
        self.daemon.refresh()
        self.assertEqual(('puppet', frozenset({'one'})),
                         wire.heard_from_payload(
                             self.bus.sent.get(timeout=WAIT_S)))

    def test_who_is_heard_is_told_soon_after_the_start(self):
        """A mistyped name was no stranger to the inspector for a minute."""
        self.daemon.stop()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.services.monitor._SOON_S', 0.01))
        self.useFixture(fixtures.MonkeyPatch(
            'acme_puppet.PuppetMonitor.states', ('healthy', 'healthy')))
        self.start()
        self.assertEqual(('puppet', frozenset({'one', 'two'})),
                         wire.heard_from_payload(
                             self.bus.sent.get(timeout=WAIT_S)))

    def test_not_while_it_is_cut_off_or_the_bus_is(self):
        self.monitor.states = ('healthy', 'healthy')
        self.monitor.is_alone = True
        self.daemon.refresh()
        self.monitor.is_alone = False
        self.bus.refuse = 1
        self.daemon.refresh()
        self.assertTrue(self.bus.sent.empty())

    def test_stops_its_monitor(self):
        self.daemon.stop()
        self.assertEqual(1, self.monitor.ended)

    def test_describes_itself(self):
        self.assertEqual('watching 2 hosts by puppet, faults go to topic '
                         'doctor.faults', self.daemon.describe())

    def test_a_monitor_without_a_status_is_alive(self):
        self.daemon.prove_alive()
        self.assertEqual([], self.daemon.panel.status())
