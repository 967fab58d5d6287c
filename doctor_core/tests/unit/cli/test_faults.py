import argparse
import contextlib
import io
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.cli import faults, hosts, run
from doctor_core.exceptions import DoctorError, NotFound

FAULT = {
    'id': 'f1', 'hostname': 'compute-1', 'type': 'compute.host.down',
    'source': 'monitor_sample', 'cause': 'no answer to probes',
    'severity': 'critical', 'detected_at': 1700000000.25,
    'received_at': 1700000000.5, 'cleared_at': None, 'state': 'held',
    'note': 'held in a mass failure', 'repeats': 2, 'former': 'f0',
    'sources': ['collectd', 'sample'], 'servers': 4, 'told_servers': 3,
    'unreached': 1}


class WordsTest(testtools.TestCase):
    def test_moment(self):
        self.assertEqual('2023-11-14 22:13:20 UTC',
                         faults.moment(1700000000.25))
        self.assertEqual('', faults.moment(None))

    def test_row(self):
        self.assertEqual(
            ('f1', 'compute-1', 'held', 'no answer to probes',
             '2023-11-14 22:13:20 UTC', '3 of 4, 1 not reached', 4, 9),
            faults.row({**FAULT, 'owed': 9}))

    def test_cause_that_nobody_named(self):
        self.assertEqual('compute.host.down', faults.row(
            {**FAULT, 'cause': '', 'owed': 0})[3])

    def test_details(self):
        shown = dict(faults.details({**FAULT, 'corrections': [
            {'action': 'reset-state', 'state': 'done', 'done': True},
            {'action': 'reset-state', 'state': 'owed', 'done': False},
            {'action': 'force-down', 'state': 'asked', 'done': False}]}))
        self.assertEqual(('1 of 2 done', '0 of 1 done', ''), (
            shown['Reset-state'], shown['Force-down'], shown['Cleared']))

    def test_what_was_given_up(self):
        """It is said for good, and not counted as done."""
        shown = dict(faults.details({**FAULT, 'corrections': [
            {'action': 'reset-state', 'state': 'done', 'done': True},
            {'action': 'reset-state', 'state': 'given-up', 'done': True,
             'target_id': 's1', 'reason': 'Nova says no'}]}))
        self.assertEqual(
            ('1 of 2 done, 1 given up', 'reset-state of s1: Nova says no'),
            (shown['Reset-state'], shown['Given up']))

    def test_what_was_taken_back(self):
        """It was shown as if it had never been made."""
        for states, words in (
                (['undo-owed'], '1 of 1 done, 0 undone'),
                (['undone'], '1 of 1 done, 1 undone'),
                (['undone', 'left', 'passed-on', 'waived'],
                 '3 of 4 done, 1 undone, 1 waived, 1 left as they are, '
                 '1 passed on')):
            shown = dict(faults.details({**FAULT, 'corrections': [
                {'action': 'force-down', 'state': state, 'done': True}
                for state in states]}))
            self.assertEqual(words, shown['Force-down'])

    def test_servers_and_why_somebody_was_not_reached(self):
        """No server was named, and no reason was given."""
        tellings = [
            {'server_id': f's{index}', 'name': '' if index else 'vm',
             'news': news, 'state': state, 'reason': reason}
            for index, (news, state, reason) in enumerate(
                [('lost', 'told', ''), ('back', 'told', ''),
                 ('lost', 'given-up', 'no answer')]
                + [('lost', 'owed', '')] * 10)]
        shown = dict(faults.details({**FAULT, 'corrections': [],
                                     'tellings': tellings}))
        self.assertTrue(shown['Servers'].startswith(
            's2: given up (no answer); vm: told; s3: owed; '))
        self.assertTrue(shown['Servers'].endswith('; and 2 more'))
        self.assertNotIn('Servers', dict(faults.details(
            {**FAULT, 'corrections': [], 'tellings': tellings[1:2]})))

    def test_cause_is_the_same_everywhere(self):
        for cause, words in (('x', 'x'), ('', 'compute.host.down')):
            fault = {**FAULT, 'cause': cause, 'owed': 0, 'corrections': []}
            self.assertEqual((words, words), (
                faults.row(fault)[3], dict(faults.details(fault))['Cause']))

    def test_who_holds_it_open(self):
        shown = dict(faults.details({**FAULT, 'corrections': []}))
        self.assertEqual(('collectd, sample', 'f0'), (
            shown['Held open by'], shown['Former']))
        shown = dict(faults.details({
            **FAULT, 'corrections': [], 'sources': ['', 'sample']}))
        self.assertEqual('(no source), sample', shown['Held open by'])

    def test_host_that_was_taken_back(self):
        line, = faults.outcome({'host': 'h', 'fault': 'f1', 'note': 'x',
                                'state': 'clearing'})
        self.assertEqual('Fault f1 of host h is clearing: x', line)

    def test_host_without_a_fault_that_was_taken_back(self):
        lines = faults.outcome({
            'host': 'h', 'fault': None, 'was_marked_down': True,
            'servers_in_error': [f's{index}' for index in range(12)]})
        self.assertIn('is not any more', lines[0])
        self.assertIn('s9 and 2 more', lines[1])
        self.assertEqual(1, len(faults.outcome({
            'host': 'h', 'fault': None, 'was_marked_down': False,
            'servers_in_error': []})))

    def test_promise(self):
        self.assertEqual(
            'Host compute-1 is marked down now: 1 x force-down, 4 x '
            'reset-state (fault f1)',
            faults.promise({'id': 'f1', 'hostname': 'compute-1',
                            'corrections': {'force-down': 1,
                                            'reset-state': 4}}))
        self.assertIn('nothing is left', faults.promise(
            {'id': 'f1', 'hostname': 'compute-1', 'corrections': {}}))


class WhereTest(testtools.TestCase):
    """Whom the commands ask, as far as it is their own decision."""

    def setUp(self):
        super().setUp()
        self.asked = []
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.inspector_api.ask', self.ask))
        self.conf = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write('[inspector]\nport = 7\ntls_cert = /c.pem\n'
                       '[monitor]\nstatus_port = 8\n')

    def ask(self, url, method, path, body=None, *, os_cloud='', cafile='',
            program=''):
        self.asked.append((url, path, cafile))
        return {'faults': [], 'hosts': [], 'isolated': False}

    def run_command(self, command, *words):
        app = SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO())
        made = command(app, argparse.Namespace())
        made.take_action(made.get_parser('x').parse_args([
            '--config-file', self.conf, *words]))
        return self.asked.pop()

    def test_doctor_conf(self):
        """An inspector on another port was not found."""
        self.assertEqual(
            ('https://127.0.0.1:7', '/faults', '/c.pem'),
            self.run_command(faults.ListFaults))
        self.assertEqual(('http://127.0.0.1:8', '/hosts', ''),
                         self.run_command(hosts.ListHosts))

    def test_state(self):
        """Any word was taken, and nothing found."""
        self.assertEqual('/faults?state=held', self.run_command(
            faults.ListFaults, '--state', 'held')[1])
        written = io.StringIO()
        with contextlib.redirect_stderr(written):
            self.assertRaises(SystemExit, self.run_command,
                              faults.ListFaults, '--state', 'nonsense')
        self.assertIn("choose from 'handling', 'handled', 'held'",
                      written.getvalue())

    def test_url(self):
        for word in ('--url', '--inspector-url'):
            self.assertEqual(
                ('http://h', '/faults', ''),
                self.run_command(faults.ListFaults, word, 'http://h'))
        for word in ('--url', '--monitor-url'):
            self.assertEqual(
                ('http://h', '/hosts', ''),
                self.run_command(hosts.ListHosts, word, 'http://h'))

    def test_what_is_not_there(self):
        """Who was told so did not learn what there is."""
        def ask(*_args, **_options):
            raise NotFound('There is no fault x.')

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.inspector_api.ask', ask))
        error = self.assertRaises(DoctorError, self.run_command,
                                  faults.ShowFault, 'x')
        self.assertEqual('There is no fault x. "doctor faults list" shows '
                         'what there is.', str(error))


class ArgumentsTest(testtools.TestCase):
    """Numbers are looked at where they are typed."""

    def refused(self, *words):
        app = SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO())
        parser = run.Demo(app, argparse.Namespace()).get_parser('demo')
        written = io.StringIO()
        with contextlib.redirect_stderr(written):
            self.assertRaises(SystemExit, parser.parse_args, words)
        return written.getvalue()

    def test_numbers(self):
        """Options that nobody had typed were named, in another unit."""
        for option, values in (
                ('--servers', ('0', '-1', 'x', '1.5', '9' * 5000)),
                ('--hosts', ('0',)),
                ('--limit-ms', ('0', '-5', 'nan', 'inf', 'x', '')),
                ('--latency-ms', ('-5', 'nan', 'inf'))):
            for value in values:
                self.assertIn(f'argument {option}:',
                              self.refused(f'{option}={value}'))
