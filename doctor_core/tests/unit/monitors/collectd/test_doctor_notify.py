"""Our plugin for collectd, without collectd."""

import ast
import http.client
import json
import os
import sys
import types

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import wire
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.collectd import doctor_notify as plugin

AT = 1_700_000_000.5
ETH0 = 'connectivity/eth0/gauge/interface_status'
PING = 'ping/ping_droprate/10.0.0.2'


def link(interface='eth0', at=AT):
    return types.SimpleNamespace(
        plugin='connectivity', plugin_instance=interface, type='gauge',
        type_instance='interface_status', time=at)


def drops(address, at=AT):
    return types.SimpleNamespace(
        plugin='ping', plugin_instance='', type='ping_droprate',
        type_instance=address, time=at)


def matches(*neighbours):
    return [plugin.Match('h1', {'plugin': 'connectivity',
                                'plugin_instance': 'eth*'}),
            plugin.Match('h1', {'plugin': 'ovs_events'},
                         warning_is_down=True),
            *(plugin.Match(f'h{number}', {
                'plugin': 'ping', 'type_instance': f'10.0.0.{number}'},
                observed=True) for number in neighbours)]


class BoardTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.board = plugin.Board(matches(2, 3))

    def due(self):
        return {host: is_down for host, (is_down, _news)
                in self.board.due().items()}

    def tell(self):
        for host, is_down in self.due().items():
            self.board.told(host, is_down)

    def test_failure_is_down_with_the_cause(self):
        self.board.note(link(), 'FAILURE')
        self.assertEqual({'h1': (True, (AT, ETH0, 'FAILURE'))},
                         self.board.due())

    def test_nothing_is_due_twice(self):
        self.board.note(link(), 'FAILURE')
        self.tell()
        self.board.note(link(), 'FAILURE')
        self.assertEqual({}, self.due())

    def test_okay_takes_it_back(self):
        self.board.note(link(), 'FAILURE')
        self.tell()
        self.board.note(link(at=AT + 1), 'OKAY')
        self.assertEqual({'h1': (False, (AT + 1, ETH0, 'OKAY'))},
                         self.board.due())

    def test_up_only_when_nothing_fails_any_more(self):
        for interface in ('eth0', 'eth1'):
            self.board.note(link(interface), 'FAILURE')
        self.tell()
        self.board.note(link('eth0'), 'OKAY')
        self.assertEqual({}, self.due())
        self.board.note(link('eth1'), 'OKAY')
        self.assertEqual({'h1': False}, self.due())

    def test_okay_alone_says_nothing(self):
        self.board.note(link(), 'OKAY')
        self.assertEqual({}, self.due())

    def test_what_was_over_before_it_was_told(self):
        self.board.note(link(), 'FAILURE')
        self.board.note(link(), 'OKAY')
        self.assertEqual({}, self.due())

    def test_warning_counts_where_it_is_said_to(self):
        self.board.note(link(), 'WARNING')
        self.assertEqual({}, self.due())
        self.board.note(types.SimpleNamespace(
            plugin='ovs_events', plugin_instance='br0', type='gauge',
            type_instance='link_status', time=AT), 'WARNING')
        self.assertEqual({'h1': True}, self.due())

    def test_what_fits_no_match_is_ignored(self):
        self.board.note(link('lo'), 'FAILURE')
        self.board.note(drops('10.0.0.9'), 'FAILURE')
        self.assertEqual(({}, False), (self.due(), self.board.unsaved))

    def test_one_neighbour_of_two_is_believed(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.assertEqual({'h2': True}, self.due())

    def test_who_sees_nobody_accuses_nobody(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.board.note(drops('10.0.0.3'), 'FAILURE')
        self.assertEqual({}, self.due())
        self.board.note(drops('10.0.0.3'), 'OKAY')
        self.assertEqual({'h2': True}, self.due())

    def test_who_has_lost_a_link_accuses_nobody(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.board.note(link(), 'FAILURE')
        self.assertEqual({'h1': True}, self.due())

    def test_only_neighbour_is_believed(self):
        self.board = plugin.Board(matches(2))
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.assertEqual({'h2': True}, self.due())

    def test_goes_on_after_a_restart(self):
        self.board.note(link(), 'FAILURE')
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.tell()
        self.board.note(drops('10.0.0.2'), 'OKAY')
        saved = json.loads(json.dumps(self.board.dump()))
        self.board = plugin.Board(matches(3), saved)
        self.assertEqual({}, self.due())
        self.board.note(link(), 'OKAY')
        self.assertEqual({'h1': False}, self.due())

    @given(st.lists(st.tuples(
        st.sampled_from(['eth0', 'eth1', '10.0.0.2', '10.0.0.3']),
        st.sampled_from(['FAILURE', 'WARNING', 'OKAY']), st.booleans())))
    def test_told_follows_what_fails(self, sequence):
        board, failing, told = plugin.Board(matches(2, 3)), set(), set()
        for what, severity, tell in sequence:
            board.note(link(what) if what[0] == 'e' else drops(what),
                       severity)
            if severity == 'FAILURE':
                failing.add(what)
            elif severity == 'OKAY':
                failing.discard(what)
            if not tell:
                continue
            for host, (is_down, _news) in board.due().items():
                self.assertNotEqual(is_down, host in told)
                (told.add if is_down else told.discard)(host)
                board.told(host, is_down)
            own = bool(failing & {'eth0', 'eth1'})
            self.assertEqual(own, 'h1' in told)
            for number in (2, 3):
                if f'10.0.0.{number}' not in failing:
                    self.assertNotIn(f'h{number}', told)


class TellerTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.board = plugin.Board(matches(2, 3))
        self.posted, self.answers = [], []
        self.saved, self.logged = [], []
        self.teller = plugin.Teller(
            self.board, self.post, self.saved.append, self.logged.append,
            monitor_id='h1', settle_s=0)

    def post(self, event):
        self.posted.append(event)
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, Exception):
            raise answer
        return answer

    def hosts(self):
        return [event['details']['hostname'] for event in self.posted]

    def test_event_is_one_that_doctor_reads(self):
        self.board.note(link(), 'FAILURE')
        self.assertTrue(self.teller.tell())
        fault, = wire.parse_faults(self.posted, AT).faults
        self.assertEqual(
            ('h1', wire.HOST_DOWN, AT, ETH0, 'critical',
             'collectd'),
            (fault.hostname, fault.type, fault.detected_at, fault.cause,
             fault.severity, fault.source))
        self.assertEqual({'down'}, {fault.details['status'], fault.status})

    def test_own_link_is_evidence_and_a_neighbours_silence_is_not(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.teller.tell()
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        seen, own = wire.parse_faults(self.posted, AT).faults
        self.assertEqual((), seen.evidence)
        self.assertEqual([Evidence(EvidenceKind.LINK_DOWN, 'collectd', AT,
                                   ETH0)], list(own.evidence))
        self.assertEqual((), own.remarks)

    def greeted(self, error):
        """What is kept after an intake was greeted that answers so."""
        def greet():
            if error is not None:
                raise error
        self.teller._greet = greet
        self.assertEqual(2.0 if error else 60.0, self.teller.greet())
        self.teller.tell()
        return self.saved[-1]['trouble']

    def test_who_cannot_tell_knows_it_before_there_is_a_need(self):
        """It was known when the first host was lost, and nobody heard."""
        self.assertEqual('the intake does not answer: no', self.greeted(
            ConnectionRefusedError('no')))
        self.assertEqual('the intake does not answer: x', self.greeted(
            http.client.BadStatusLine('x')))
        self.assertEqual('', self.greeted(None))
        self.assertEqual([], self.posted)

    def test_event_that_is_refused_is_trouble(self):
        self.answers = [403]
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        self.assertEqual('the intake answered 403',
                         self.saved[-1]['trouble'])
        self.teller.tell()
        self.assertEqual('', self.saved[-1]['trouble'])

    def test_ids_differ(self):
        for severity in ('FAILURE', 'OKAY'):
            self.board.note(link(), severity)
            self.teller.tell()
        self.assertEqual(2, len({event['details']['monitor_event_id']
                                 for event in self.posted}))

    def test_refused_is_due_again_and_keeps_back_nobody(self):
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        self.board.note(link(), 'OKAY')
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.posted.clear()
        self.answers = [400]
        self.assertFalse(self.teller.tell())
        self.assertEqual(['h1', 'h2'], self.hosts())
        self.assertEqual(['h1'], list(self.board.due()))
        self.assertIn('answered 400', self.logged[0])

    def test_lost_intake_is_not_asked_for_each_host(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.teller.tell()
        self.board.note(drops('10.0.0.2'), 'OKAY')
        self.board.note(drops('10.0.0.3'), 'FAILURE')
        for error in (ConnectionRefusedError('no'), TimeoutError('late'),
                      http.client.BadStatusLine('x')):
            self.posted.clear()
            self.answers = [error]
            self.assertFalse(self.teller.tell())
            self.assertEqual(['h2'], self.hosts())
        self.assertTrue(self.teller.tell())

    def test_neighbour_that_recovered_in_time_is_not_told(self):
        self.board.note(drops('10.0.0.2'), 'FAILURE')
        self.teller._closing = types.SimpleNamespace(
            wait=lambda _s: self.board.note(drops('10.0.0.2'), 'OKAY'))
        self.assertTrue(self.teller.tell())
        self.assertEqual([], self.posted)

    def test_saves_before_and_after(self):
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        self.assertEqual([([ETH0], False), ([ETH0], True)],
                         [dump['hosts']['h1'] for dump in self.saved[1:]])

    def test_events_are_numbered_and_say_whose_they_are(self):
        """An old event that came late was taken for the newest."""
        for severity in ('FAILURE', 'OKAY'):
            self.board.note(link(), severity)
            self.teller.tell()
        first, second = (event['sequence'] for event in self.posted)
        self.assertEqual((first['epoch'], first['number'] + 1),
                         (second['epoch'], second['number']))
        self.assertEqual({('collectd', 'h1')}, {
            (event['details']['source'], event['details']['monitor_id'])
            for event in self.posted})

    def test_number_is_kept_before_it_is_given(self):
        self.answers = [TimeoutError('late')]
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        self.assertEqual(self.posted[-1]['sequence']['number'],
                         self.saved[-1]['number'])

    def test_numbers_go_on_after_a_restart(self):
        self.board.note(link(), 'FAILURE')
        self.teller.tell()
        self.teller._board = plugin.Board(matches(), self.saved[-1])
        self.teller._board.note(link(), 'OKAY')
        self.teller.tell()
        before, after = (event['sequence'] for event in self.posted)
        self.assertEqual(before['epoch'], after['epoch'])
        self.assertGreater(after['number'], before['number'])

    def test_another_intake_is_told_all_anew(self):
        """A monitor that is started again knows nothing, and a host that came
        back meanwhile was down for ever.
        """
        saved = {'url': 'http://old/', 'hosts': {
            'h1': ([ETH0], True), 'h2': ([PING], True), 'h3': ([], False)}}
        self.teller._board = plugin.Board(matches(2, 3), saved, 'http://old/')
        self.teller.tell()
        self.assertEqual([], self.posted)
        self.teller._board = plugin.Board(matches(2, 3), saved, 'http://new/')
        # Back before anybody was told.
        self.teller._board.note(drops('10.0.0.2'), 'OKAY')
        for _round in range(2):
            self.teller.tell()
        self.assertEqual([('h1', 'down'), ('h2', 'up')], [
            (event['details']['hostname'], event['details']['status'])
            for event in self.posted])
        self.assertEqual('http://new/', self.saved[-1]['url'])

    def test_restarted_without_a_time_tells_none(self):
        self.teller._board = plugin.Board(
            matches(), {'hosts': {'h1': ([ETH0], False)}})
        self.teller.tell()
        self.assertNotIn('time', self.posted[0])


class LinksTest(testtools.TestCase):

    def test_links_at_start(self):
        folder = self.useFixture(fixtures.TempDir())
        for name, state in (('eth0', 'up'), ('eth1', 'lowerlayerdown'),
                            ('tap0', 'unknown')):
            os.mkdir(folder.join(name))
            with open(folder.join(name, 'operstate'), 'w',
                      encoding='ascii') as file:
                file.write(f'{state}\n')
        found = plugin.links(
            [plugin.Match('h1', {'plugin': 'connectivity',
                                 'plugin_instance': name})
             for name in ('eth0', 'eth1', 'tap0', 'gone')]
            + [plugin.Match('h1', {'plugin': 'sensors'})], folder.path)
        self.assertEqual([('eth0', 'OKAY'), ('eth1', 'FAILURE'),
                          ('tap0', 'OKAY')],
                         [(notice.plugin_instance, notice.severity)
                          for notice in found])


class StateFileTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.logged = []
        self.path = self.useFixture(fixtures.TempDir()).join('state')
        self.file = plugin.StateFile(self.path, self.logged.append)

    def test_there_and_back(self):
        self.assertEqual({}, self.file.read())
        dump = {'epoch': 'e', 'number': 3, 'url': 'u',
                'hosts': {'h1': (['x'], True), 'h2': ([], None)}}
        self.file.write(dump)
        self.assertEqual((dump, []), (self.file.read(), self.logged))

    def test_what_was_kept_before_there_were_numbers(self):
        self.file.write({'h1': (['x'], True)})
        kept = self.file.read()
        self.assertEqual(({'h1': (['x'], True)}, 0),
                         (kept['hosts'], kept['number']))

    def test_rubbish_is_logged(self):
        for text in ('{', '[]', '{"h1": 7}', '{"h1": [1]}', '7',
                     '{"epoch": "e"}'):
            with open(self.path, 'w', encoding='utf-8') as file:
                file.write(text)
            self.assertEqual({}, self.file.read(), text)
        self.assertEqual(6, len(self.logged))

    def test_not_writable_is_logged(self):
        plugin.StateFile('/no/such/folder/x', self.logged.append).write({})
        self.assertEqual(1, len(self.logged))


def node(key, *values, children=()):
    return types.SimpleNamespace(key=key, values=values, children=children)


class FakeCollectd:
    """What collectd offers to a plugin."""

    NOTIF_FAILURE, NOTIF_WARNING, NOTIF_OKAY = 1, 2, 4

    def __init__(self):
        self.callbacks = {}
        self.warnings = []
        self.warning = self.warnings.append

    def __getattr__(self, name):
        return lambda callback: self.callbacks.__setitem__(
            name.removeprefix('register_'), callback)


class ConfigurationTest(testtools.TestCase):

    def refused(self, *nodes):
        fake = FakeCollectd()
        plugin.Plugin(fake).register()
        return str(self.assertRaises(
            ValueError, fake.callbacks['config'],
            types.SimpleNamespace(children=nodes)))

    def test_registers_all_callbacks(self):
        fake = FakeCollectd()
        plugin.Plugin(fake).register()
        self.assertEqual({'config', 'init', 'notification', 'shutdown'},
                         set(fake.callbacks))

    def test_what_makes_no_sense_is_refused(self):
        match = node('Match', children=(node('Host', 'h1'),
                                        node('Plugin', 'x')))
        for nodes, text in (
                ((node('Url', 'x'),), 'Url is not known'),
                ((match,), 'are needed'),
                ((node('Match', children=(node('Host', 'h1'),)),),
                 'needs Host and one pattern'),
                ((node('Match', children=(node('Colour', 'x'),)),),
                 'Colour is not known')):
            self.assertIn(text, self.refused(*nodes))

    def test_url_is_http(self):
        for url in ('', 'ftp://x/', 'http://'):
            self.assertRaises(ValueError, plugin.Intake, url)

    def test_needs_the_standard_library_only(self):
        with open(plugin.__file__, encoding='utf-8') as file:
            tree = ast.parse(file.read(), feature_version=(3, 7))
        names = {name for found in ast.walk(tree)
                 for name in (
                     [alias.name for alias in found.names]
                     if isinstance(found, ast.Import)
                     else [found.module]
                     if isinstance(found, ast.ImportFrom) else [])}
        self.assertEqual(set(), {name.partition('.')[0] for name in names}
                         - {*sys.stdlib_module_names, 'collectd'})

    def test_says_what_doctor_calls_it(self):
        self.assertEqual((wire.HOST_DOWN, wire.HOST_UP),
                         (plugin.HOST_DOWN, plugin.HOST_UP))
