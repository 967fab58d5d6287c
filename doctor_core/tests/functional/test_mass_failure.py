"""Many hosts at once: owners are told, and an operator is asked."""

import json
import subprocess

from doctor_core import clock
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.both_daemons import BothDaemonsTestCase
from doctor_core.tests.functional.daemons import Process, run
from doctor_core.tests.functional.embedded import boot
from doctor_core.tests.functional.test_daemons import DaemonsTestCase

LOST = 4
#: Those that fall silent within less are first a path, not so many hosts.
APART_S = 2.0


class ManyTestCase(BothDaemonsTestCase):
    """The first so many hosts fail, one soon after another."""

    lose = LOST

    def setUp(self):
        super().setUp()
        self.lost = [host.name for host in self.seen.hosts()[:self.lose]]
        for host in self.lost[1:]:
            self.servers += boot(self.seen, host, 2)

    def faults(self, *arguments):
        return json.loads(run(
            'doctor', 'faults', 'list', '--inspector-url',
            self.inspector_url, '-f', 'json', *arguments, status=0).stdout)

    def confirm(self, *arguments, status=0):
        return run('doctor', 'faults', 'confirm', '--inspector-url',
                   self.inspector_url, *arguments, status=status)

    def fail_all(self, apart_s=APART_S):
        self.subscribe()
        for host in self.lost:
            self.cloud.fail(host)
            clock.sleep(apart_s)
        self.wait_told()

    def _down_and_in_error(self):
        down = {service.host for service in self.seen.compute_services()
                if service.forced_down}
        in_error = {server.host for server in self.seen.servers()
                    if server.state == 'error'}
        return down, in_error

    def marked(self):
        """The hosts that are marked down, with servers in error."""
        down, in_error = self._down_and_in_error()
        return sorted(down & in_error)

    def touched(self):
        """The hosts of which anything was corrected."""
        down, in_error = self._down_and_in_error()
        return sorted(down | in_error)

    def held(self):
        return {fault['Host']: fault['ID']
                for fault in self.faults('--state', 'held')}

    def all_told(self):
        """Whether all owners of servers on hosts that are held were told."""
        return all(told == servers for told, _of, servers in (
            fault['Told'].split()
            for fault in self.faults('--state', 'held')))

    def wait_held(self, count):
        self.wait_for(
            lambda: len(self.marked()) == self.lose - count
            and len(self.held()) == count, f'{count} hosts to be held')


class MassFailureTest(ManyTestCase):
    """Four of six hosts fail; two may before it is a mass failure."""

    hosts = 6

    def test_operator_confirms(self):
        inspector, monitor = self.start_both()
        self.fail_all()
        self.wait_held(2)
        inspector.wait_for('Mass failure: 3 of 6 compute hosts .*doctor '
                           'faults confirm --all')
        back, dead = sorted(self.held())
        self.wait_for(self.all_told, 'the owners of all servers to be told')

        self.cloud.heal(back)
        self.wait_for(lambda: set(self.held()) == {dead},
                      'the host that is back to be let go of')
        self.assertEqual(0, inspector.end())
        self.assertEqual(1, inspector.output.count('Mass failure:'))

        again = self.inspector(self.conf)
        self.assertIn(f'not marked down: {dead}', again.output)
        self.assertEqual([dead], list(self.held()))
        self.assertEqual(2, len(self.touched()))

        self.assertIn(f'Host {dead} is marked down now, or as soon '
                      'as Nova answers: 1 x force-down, ',
                      self.confirm('--all').stdout.replace(
                          '2 x data-plane-status, ', ''))
        self.wait_for(lambda: dead in self.marked(),
                      'the confirmed host to be marked down')
        self.assertNotIn(back, self.touched())
        self.assertEqual((0, 0), (monitor.end(), again.end()))

    def test_one_of_those_held(self):
        self.start_both()
        self.fail_all()
        self.wait_held(2)
        first, second = sorted(self.held())
        fault_id = self.held()[first]
        self.confirm(fault_id)
        self.wait_for(lambda: first in self.marked(),
                      'the confirmed host to be marked down')
        self.assertEqual([second], list(self.held()))
        self.assertIn('No fault is held', self.confirm(fault_id).stdout)

    def test_share_of_zero_holds_nothing(self):
        inspector, _monitor = self.start_both(
            inspector={'mass_failure_share': 0})
        self.fail_all()
        self.wait_for(lambda: self.marked() == sorted(self.lost),
                      'all to be marked down')
        self.assertNotIn('Mass failure', inspector.output)


class RackTest(ManyTestCase):
    """Three hosts of a rack of four, in a cloud of twelve."""

    hosts = 12
    lose = 3

    def setUp(self):
        super().setUp()
        made = self.seen.post('compute', '/os-aggregates', {
            'aggregate': {'name': 'rack-7'}})['aggregate']
        for action in [{'set_metadata': {'metadata': {'doctor:rack': 'r7'}}},
                       *({'add_host': {'host': host.name}}
                         for host in self.seen.hosts()[:4])]:
            self.seen.post('compute', f'/os-aggregates/{made["id"]}/action',
                           action)

    def notes(self):
        return [fault['Note'] for fault in self.faults('--state', 'held')]

    def test_too_many_of_a_rack(self):
        inspector, _monitor = self.start_both()
        self.fail_all()
        self.wait_held(1)
        inspector.wait_for('Mass failure: 3 of 4 compute hosts of rack r7')
        self.wait_for(self.all_told, 'the owners of all servers to be told')
        note, = self.notes()
        self.assertRegex(note, r'^held until \d\d:\d\d:\d\d UTC: '
                               '3 of 4 hosts of rack r7 are down')

    def test_together_they_are_first_a_path(self):
        inspector, _monitor = self.start_both(
            inspector={'mass_failure_budget': 0})
        self.fail_all(apart_s=0.0)
        self.wait_held(3)
        self.wait_for(self.all_told, 'the owners of all servers to be told')
        self.wait_for(lambda: all(
            note.startswith('held for an operator: ')
            for note in self.notes()), 'the waiting for a witness to end')
        self.assertEqual([], self.touched())
        self.assertIn('is waiting for a witness', inspector.output)


class FaultsCommandTest(DaemonsTestCase):
    """``doctor faults`` as an operator uses it."""

    def doctor(self, *arguments, status=0, **environment):
        return run('doctor', 'faults', *arguments, '--inspector-url',
                   self.inspector_url, status=status, environment={
                       'OS_CLOUD': '', 'OS_CLIENT_CONFIG_FILE': self.clouds,
                       **environment})

    def test_clear_and_what_it_would_do(self):
        self.inspector(self.write_conf())
        self.put(self.event(), '/events?wait=1')
        what = ('the force-down in Nova; the state of 4 servers (',
                'the data plane status of 4 ports (of ')
        planned = self.doctor('clear', '--dry-run', self.host).stdout
        for words in ('To be taken back of fault ', *what):
            self.assertIn(words, planned)
        self.assertTrue(self.is_marked())
        done = self.doctor('clear', self.host).stdout
        for words in (f'of host {self.host} is cleared', 'Taken back: ',
                      *what):
            self.assertIn(words, done)
        self.assertIn('"openstack compute service list', self.doctor(
            'clear', 'nosuch', status=1).stderr)

    def test_good_news_can_be_asked_for(self):
        """The id of the answer was nobody's."""
        self.inspector(self.write_conf())
        _status, answer = self.put(self.event(), '/events?wait=1')
        fault_id = answer['faults'][0]['id']
        _status, answer = self.put(self.event(status='up'))
        event_id = answer['faults'][0]['id']
        self.assertNotEqual(fault_id, event_id)
        self.wait_for(lambda: self.put(
            None, f'/faults/{event_id}', 'GET')[0] == 200,
            'the event to be read')
        _status, answer = self.put(None, f'/faults/{event_id}', 'GET')
        self.assertEqual(fault_id, answer['fault']['id'])

    def test_show(self):
        self.inspector(self.write_conf())
        _status, answer = self.put(self.event(), '/events?wait=1')
        fault_id = answer['faults'][0]['id']
        shown = json.loads(self.doctor('show', fault_id, '-f', 'json').stdout)
        self.assertEqual(
            (self.host, 'handled', '0 of 4, 4 without an alarm', '1 of 1 done',
             '4 of 4 done'),
            (shown['Host'], shown['State'], shown['Told'],
             shown['Force-down'], shown['Reset-state']))
        self.assertIn(' UTC', shown['Detected'])
        for name in (fault_id[:8], self.host):
            self.assertIn(fault_id, self.doctor('show', name).stdout)
        listed = self.doctor('list').stdout
        self.assertIn(fault_id[:8], listed)
        self.assertNotIn(fault_id, listed)
        self.assertIn('There is no fault',
                      self.doctor('show', 'nosuch', status=1).stderr)
        self.assertIn('No fault is held',
                      self.doctor('confirm', '--all').stdout)

    def test_options_that_are_gone(self):
        inspector = self.inspector(self.write_conf(inspector={
            'mass_failure_window_s': 60, 'mass_failure_cool_down_s': 600}))
        self.assertEqual(1, inspector.output.count('mass_failure_window_s'))
        self.assertIn('mass_failure_cool_down_s: ignored. All hosts that are '
                      'down and not back count', inspector.output)

    def test_token_is_shown_when_the_inspector_wants_one(self):
        self.inspector(self.write_conf(
            inspector={'auth_strategy': 'keystone'}))
        self.assertEqual('[]\n', self.doctor(
            'list', '--os-cloud', 'doctor-embedded', '-f', 'json').stdout)
        self.assertEqual('[]\n', self.doctor(
            'list', '-f', 'json', OS_CLOUD='doctor-embedded').stdout)
        refused = self.doctor('confirm', '--all', '--os-cloud',
                              'doctor-embedded-member', status=1).stderr
        self.assertIn('roles is needed', refused)

    def test_tls(self):
        how = 'apt-get install openssl'
        openssl = requirements.need_command(self, 'openssl', how)
        certificate, key = (self.folder.join(name)
                            for name in ('cert.pem', 'key.pem'))
        subprocess.run(
            [openssl, 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
             '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
             '-keyout', key, '-out', certificate],
            check=True, capture_output=True)
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(
                inspector={'tls_cert': certificate, 'tls_key': key}),
            ready=r'is ready: .* (https://127\.0\.0\.1:\d+)/events'))
        self.inspector_url = process.match.group(1)
        self.assertEqual('[]\n', self.doctor(
            'list', '-f', 'json', OS_CACERT=certificate).stdout)
        self.assertIn('certificate', self.doctor(
            'list', status=1, OS_CACERT='').stderr)

    def test_one_line_for_what_goes_wrong(self):
        inspector = self.inspector(self.write_conf(
            inspector={'auth_strategy': 'keystone'}))
        wrong = [
            self.doctor('list', status=2, OS_CLOUD=''),
            self.doctor('list', '--os-cloud', 'nosuch', status=2),
            self.doctor('confirm', status=2),
            self.doctor('confirm', 'x', '--all', status=2)]
        inspector.end()
        wrong.append(self.doctor('list', status=1))
        for done in wrong:
            self.assertEqual(1, len(done.stderr.strip().splitlines()),
                             done.stderr)
            self.assertNotIn('Traceback', done.stderr)
