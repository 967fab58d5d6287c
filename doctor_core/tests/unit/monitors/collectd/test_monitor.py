import json
import re

import fixtures
import testtools

from doctor_core import clock
from doctor_core import fixtures as doubles
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.collectd.hearing import SOURCE
from doctor_core.monitors.collectd.monitor import CollectdMonitor
from doctor_core.tests.unit.monitors.machine import Machine
from doctor_core.web.exchange import Request

HOSTS = [Host(f'h{number}', (f'10.0.0.{number}', f'10.1.0.{number}'))
         for number in (1, 2, 3)]


class CollectdTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.machines = {host.name: Machine() for host in HOSTS}
        self.reached = []

    def reach(self, host):
        self.reached.append(host)
        return self.machines[host.name]

    def make(self, **options):
        self.reported = doubles.Reported()
        monitor = CollectdMonitor(doubles.options(CollectdMonitor, **{
            'collectd': 'collectd', 'base_dir': '/d', 'check_s': 3600.0,
            **options}), self.reported, self.reach)
        self.addCleanup(monitor.stop)
        return monitor

    def start(self, hosts=HOSTS, **options):
        monitor = self.make(**options)
        monitor.start(hosts)
        return monitor

    def conf_of(self, name):
        return self.machines[name].files['/d/collectd.conf'].decode()

    def url_of(self, name):
        return re.search('URL "(.*)"', self.conf_of(name))[1]

    def running(self):
        return [name for name, machine in self.machines.items()
                if machine.running]


class WatchesTest(CollectdTestCase):

    def watched(self, **options):
        return {name: dict(watch.neighbours) for name, watch
                in self.start(**options).watches().items()}

    def test_each_pings_the_next_one(self):
        self.assertEqual({'h1': {'10.0.0.2': 'h2'}, 'h2': {'10.0.0.3': 'h3'},
                          'h3': {'10.0.0.1': 'h1'}}, self.watched())

    def test_no_more_neighbours_than_there_are(self):
        self.assertEqual({'10.0.0.2': 'h2', '10.0.0.3': 'h3'},
                         self.watched(neighbours=7)['h1'])

    def test_no_neighbours(self):
        self.assertEqual({'h1': {}, 'h2': {}, 'h3': {}}, self.watched(
            neighbours=0, interfaces=['eth0']))

    def test_tells_through_the_tunnel(self):
        self.start(tunnel_port=7000)
        self.assertRegex(self.conf_of('h1'),
                         'URL "http://127.0.0.1:7000/[^/]+/events"')
        self.assertEqual(3, len({
            self.url_of(name) for name in self.machines}))

    def test_tells_the_inspector_itself(self):
        self.start(tunnel_port=0, inspector_url='https://inspector/events')
        self.assertIn('URL "https://inspector/events"', self.conf_of('h1'))


class LifeTest(CollectdTestCase):

    def test_starts_and_ends_all(self):
        monitor = self.start()
        self.assertEqual(['h1', 'h2', 'h3'], self.running())
        monitor.stop()
        self.assertEqual([], self.running())
        self.assertTrue(all(machine.closed
                            for machine in self.machines.values()))

    def test_host_that_is_away_is_named_and_tried_again(self):
        self.machines['h2'].away = True
        monitor = self.start()
        self.assertEqual(({'h2': 'away'}, ['h1', 'h3']),
                         (monitor.troubles(), self.running()))
        self.assertIn('h2 cannot be watched, or cannot tell: away',
                      self.log.output)
        self.machines['h2'].away = False
        monitor.update(HOSTS)
        self.assertEqual(({}, ['h1', 'h2', 'h3']),
                         (monitor.troubles(), self.running()))

    def test_status_says_who_is_watched(self):
        """``doctor hosts`` showed nothing of this monitor."""
        self.machines['h2'].away = True
        self.assertEqual(
            [('h1', 'watched', ''), ('h2', 'unwatched', 'away'),
             ('h3', 'watched', '')],
            [(status.host.name, status.state, status.problem)
             for status in self.start().status()])

    def test_trouble_is_logged_once(self):
        self.machines['h2'].away = True
        monitor = self.start()
        monitor.update(HOSTS)
        self.assertEqual(1, self.log.output.count('h2 cannot be watched'))

    def test_all_away_may_pass(self):
        for machine in self.machines.values():
            machine.away = True
        self.assertEqual(3, len(self.start().troubles()))

    def test_all_refuse_for_good(self):
        for machine in self.machines.values():
            machine.refuses = True
        error = self.assertRaises(ConfigError, self.start)
        self.assertIn('Parse error', str(error))

    def test_collectd_that_ended_is_started_again(self):
        monitor = self.start()
        self.machines['h3'].running.clear()
        monitor.update(HOSTS)
        self.assertEqual(['h1', 'h2', 'h3'], self.running())
        self.assertIn('The collectd of h3 has ended', self.log.output)

    def test_what_runs_as_it_should_is_left_alone(self):
        monitor = self.start()
        before = dict(self.machines['h1'].running)
        monitor.update(HOSTS)
        self.assertEqual(before, self.machines['h1'].running)

    def test_host_that_goes_is_ended_and_its_neighbour_told(self):
        monitor = self.start()
        monitor.update([HOSTS[0], HOSTS[2]])
        self.assertEqual(['h1', 'h3'], self.running())
        self.assertIn('10.0.0.3', self.conf_of('h1'))
        self.assertNotIn('10.0.0.2', self.conf_of('h1'))

    def test_host_that_moved_is_reached_anew(self):
        monitor = self.start()
        moved = Host('h1', ('10.0.0.9',))
        monitor.update([moved, *HOSTS[1:]])
        self.assertEqual([*HOSTS, moved], self.reached)

    def test_host_that_is_away_at_the_end_is_named(self):
        monitor = self.start()
        self.machines['h1'].away = True
        monitor.stop()
        self.assertIn('The collectd of h1 may still run, in /d: away',
                      self.log.output)


class WitnessTest(CollectdTestCase):
    """What a host's own collectd has noted, when others do not hear it."""

    def setUp(self):
        super().setUp()
        self.monitor = self.start(interfaces=['data0'], check_s=3600.0)

    def note(self, *failing, trouble='', of='h1'):
        self.machines['h1'].files['/d/state.json'] = json.dumps({
            'epoch': 'e', 'number': 1, 'trouble': trouble,
            'hosts': {of: [list(failing), False]}}).encode()

    def found(self):
        return self.monitor.ask(HOSTS[0], ())

    def test_link_that_the_host_has_down(self):
        self.note('connectivity/data0/gauge/interface_status')
        found = self.found()
        self.assertIs(EvidenceKind.LINK_DOWN, found.kind)
        self.assertIn('data0', found.text)

    def test_host_that_answers_and_has_its_links_lives(self):
        self.note()
        self.assertIs(EvidenceKind.HEARD, self.found().kind)
        self.note('ping/ping_droprate/10.0.0.2', of='h2')
        self.assertIs(EvidenceKind.HEARD, self.found().kind)

    def test_that_it_answers_outlives_a_verdict_of_its_neighbours(self):
        """Both are collectd's; they come by two paths."""
        self.note()
        self.assertNotEqual(SOURCE, self.found().source)

    def test_whatever_else_fails_there_says_neither(self):
        self.note('mcelog/x')
        self.assertIsNone(self.found())

    def test_link_that_it_has_told_of_is_known_without_a_question(self):
        self.machines['h1'].away = True
        for host in ('h2', 'h1'):
            self.tell('h1', host, evidence=[{
                'kind': 'link-down', 'source': 'collectd'}])
        self.assertIs(EvidenceKind.LINK_DOWN, self.found().kind)
        # That is for its own collectd to say.
        self.assertIs(EvidenceKind.HEARD,
                      self.monitor.ask(HOSTS[1], ()).kind)

    def test_who_is_silent_is_seen_and_others_are_asked(self):
        silent = []
        self.monitor.on_silence = lambda *silence: silent.append(silence)
        self.tell('h1', 'h2')
        self.assertEqual(
            ([('h2', True)], ['watched', 'suspect', 'watched']),
            (silent, [one.state for one in self.monitor.status()]))
        self.monitor.agree('h2', Evidence(EvidenceKind.BMC_OFF, 'bmc', 1.0))
        for _round in range(2):
            self.monitor.prove_alive()
        self.assertEqual([('h2', 'down')], self.reported.statuses())
        self.assertEqual('down', self.monitor.status()[1].state)

    def test_who_cannot_tell_any_more_holds_nobody_down(self):
        """The ring is another one, or the host is dead itself."""
        for observer in ('h1', 'h2'):
            self.assertTrue(self.monitor._counts(observer, 'h2'))
        self.assertFalse(self.monitor._counts('h3', 'h2'))
        self.note(trouble='no route')
        self.monitor.update(HOSTS)
        self.assertFalse(self.monitor._counts('h1', 'h2'))
        self.monitor.update(HOSTS[1:])
        self.assertFalse(self.monitor._may_tell('h1', 'h1'))

    def tell(self, observer, host, **details):
        """The collectd of a host posts an event."""
        path = self.monitor._intake.path(observer)
        self.monitor._intake.events(Request('POST', path, {
            'key': path.split('/')[1]}, {}, {}, json.dumps([{
                'type': 'compute.host.down',
                'details': {'hostname': host, **details}}]).encode(), 1.0))
        self.monitor.prove_alive()

    def test_host_that_does_not_answer_says_nothing(self):
        self.machines['h1'].away = True
        self.assertRaises(BackendError, self.found)
        self.assertIsNone(self.monitor.ask(Host('new'), ()))

    def test_state_that_cannot_be_read_says_nothing(self):
        for text in ('[', '[]', '{"hosts": {"h1": 1}}'):
            self.machines['h1'].files['/d/state.json'] = text.encode()
            self.assertRaises(BackendError, self.found)

    def test_collectd_that_cannot_tell_watches_nobody(self):
        """It was known when a host was lost, by nobody's being told."""
        self.note(trouble='the intake does not answer: no route')
        for _round in range(2):
            self.monitor.update(HOSTS)
        one = self.monitor.status()[0]
        self.assertEqual(('unwatched', 'the intake does not answer: no route'),
                         (one.state, one.problem))
        self.assertEqual(1, self.log.output.count('cannot tell: the intake'))
        self.note()
        self.monitor.update(HOSTS)
        self.assertEqual('watched', self.monitor.status()[0].state)

    def test_a_new_one_is_looked_at_within_two_seconds(self):
        self.note(trouble='no route')
        clock.wait_for(lambda: self.monitor.troubles() == {'h1': 'no route'},
                       clock.Deadline(20), what='a look')


class ConfigurationTest(CollectdTestCase):

    def refused(self, hosts=HOSTS, **options):
        return str(self.assertRaises(ConfigError, self.start, hosts,
                                     **options))

    def test_nothing_to_watch(self):
        for hosts, options in ((HOSTS, {'neighbours': 0}), (HOSTS[:1], {})):
            self.assertIn('leaves nothing to watch on h1',
                          self.refused(hosts, **options))

    def test_local_is_one_host(self):
        self.assertIn('mode = local watches one host; [monitor] hosts has 3',
                      self.refused(mode='local', interfaces=['eth0']))

    def test_urls(self):
        for url, port, text in (
                ('ftp://x/', 0, 'is not http:// or https://'),
                ('', 0, 'is not http:// or https://'),
                ('http://127.0.0.1:1/e', 0, 'is the compute host itself')):
            self.assertIn(text, self.refused(inspector_url=url,
                                             tunnel_port=port))

    def test_key_that_is_not_there(self):
        self.reach = None
        self.assertIn('/no/such/key',
                      self.refused(key_file='/no/such/key'))
