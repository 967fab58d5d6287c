import argparse
import contextlib
import io
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.cli import faults, hosts, run
from doctor_core.exceptions import NotFound


class WhereTest(testtools.TestCase):
    """Whom the commands ask, as far as it is their own decision."""

    def setUp(self):
        super().setUp()
        self.asked = []
        self.bodies = []
        self.answer = {'faults': [], 'hosts': [], 'isolated': False,
                       'corrections': []}
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.inspector_api.ask', self.ask))
        self.conf = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write('[inspector]\nport = 7\ntls_cert = /c.pem\n'
                       '[monitor]\nstatus_port = 8\n')

    def ask(self, url, method, path, body=None, *, os_cloud='', cafile='',
            program=''):
        self.asked.append((url, path, cafile))
        self.bodies.append(body)
        return self.answer

    def run_command(self, command, *words):
        self.app = SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO())
        made = command(self.app, argparse.Namespace())
        self.status = made.run(made.get_parser('x').parse_args([
            '--config-file', self.conf, *words]))
        return self.asked.pop() if self.asked else None

    def test_doctor_conf(self):
        """An inspector on another port was not found."""
        self.assertEqual(
            ('https://127.0.0.1:7', '/faults', '/c.pem'),
            self.run_command(faults.ListFaults))
        self.assertEqual(('http://127.0.0.1:8', '/hosts', ''),
                         self.run_command(hosts.ListHosts))

    def test_that_new_faults_are_held(self):
        """An option that was forgotten showed nowhere."""
        self.run_command(faults.ListFaults)
        self.assertEqual('', self.app.stderr.getvalue())
        self.answer['hold'] = True
        self.run_command(faults.ListFaults)
        self.assertIn('[inspector] hold is set', self.app.stderr.getvalue())

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
            raise NotFound('There is no x.')

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.inspector_api.ask', ask))
        for command, words in (
                (faults.ShowFault, '"doctor faults list" shows what there '
                 'is.'),
                (faults.ClearHost, '"openstack compute service list '
                 '--service nova-compute" shows the hosts.')):
            written = io.StringIO()
            with contextlib.redirect_stderr(written):
                self.run_command(command, 'x')
            self.assertEqual(f'doctor: There is no x. {words}\n',
                             written.getvalue())

    def test_ids_of_a_list(self):
        """They were full, and broken over two to five lines."""
        fault_id = '8c1a4b0e-5d9f-4a63-9d7c-2b7f60f0a111'
        self.answer = {'faults': [{
            'id': fault_id, 'hostname': 'compute-1.rack-1.example.org',
            'state': 'held', 'cause': 'no answer to probes at all',
            'note': f'{"held " * 40}for ever',
            'detected_at': 0.0, 'told_servers': 1, 'servers': 1, 'owed': 0,
            'unreached': 0}]}
        for words, is_full in ((('--max-width', '80'), False), ((), False),
                               (('-f', 'json'), True), (('-f', 'csv'), True),
                               (('-f', 'value'), True)):
            self.run_command(faults.ListFaults, *words)
            written = self.app.stdout.getvalue()
            self.assertEqual(is_full, fault_id in written, written)
            self.assertEqual(is_full, 'for ever' in written, written)
            self.assertIn(fault_id[:8], written)
            self.assertIn('compute-1.rack-1.example.org', written)

    def test_what_is_not_set_back(self):
        self.assertEqual('/corrections', self.run_command(
            faults.ListFaults, '--changed')[1])
        self.assertEqual('Nothing that is not set back.\n',
                         self.app.stdout.getvalue())
        fault_id = '8c1a4b0e-5d9f-4a63-9d7c-2b7f60f0a111'
        self.answer = {'corrections': [
            {'fault': fault_id, 'host': 'h', 'action': action,
             'target_id': 's1', 'server': 'vm1', 'before': 'active',
             'state': 'done'} for action in ('reset-state', 'x')]}
        for words, fault in (((), fault_id[:8]), (('-f', 'json'), fault_id)):
            self.run_command(faults.ListFaults, '--changed', *words)
            written = self.app.stdout.getvalue()
            self.assertEqual(2, written.count(fault))
            self.assertEqual(fault == fault_id, fault_id in written)
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertRaises(SystemExit, self.run_command,
                              faults.ListFaults, '--changed', '--state',
                              'held')

    def test_a_table_without_lines(self):
        """It was an empty line, as if the command had failed."""
        for command, words in ((faults.ListFaults, 'No faults.\n'),
                               (hosts.ListHosts, 'No hosts.\n')):
            self.run_command(command)
            self.assertEqual(words, self.app.stdout.getvalue())
            self.run_command(command, '-f', 'json')
            self.assertEqual('[]\n', self.app.stdout.getvalue())

    def test_rehearsal(self):
        self.answer = {'host': 'h', 'fault': None, 'was_marked_down': True,
                       'servers_in_error': [], 'ports_down': []}
        for words, order, said in (
                ((), {'host': 'h'}, 'is not any more'),
                (('--dry-run',), {'host': 'h', 'dry_run': True},
                 'would be lifted')):
            self.assertEqual('/faults/clear', self.run_command(
                faults.ClearHost, 'h', *words)[1])
            self.assertEqual(order, self.bodies.pop())
            self.assertIn(said, self.app.stdout.getvalue())


    def test_a_host_that_is_not_cleared_yet(self):
        """A script went on as if it were."""
        for state, words, status in (
                ('cleared', (), 0), ('clearing', (), 1), ('replaced', (), 1),
                ('handled', ('--dry-run',), 0)):
            self.answer = {'host': 'h', 'fault': 'f1', 'state': state,
                           'note': '', 'corrections': [], 'held_by': []}
            self.run_command(faults.ClearHost, 'h', *words)
            self.assertEqual(status, self.status, state)


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
