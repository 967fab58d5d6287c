"""``doctor install`` on a deployment that doctor.conf describes."""

import json
import os
import signal

from doctor_core.tests.functional.daemons import Process, run
from doctor_core.tests.functional.deployment import THEIRS, InstallTestCase
from doctor_core.tests.unit.installers.preparing.memory import NOVA

WAIT_S = 60
CONF = '''
[DEFAULT]
state_path = {home}/state
[installer]
type = local
prepare = true
steady_s = 0
[installer_local]
nodes = one={machine.address} controller
connection = ssh
sudo = true
ssh_user = {machine.user}
ssh_port = {machine.port}
ssh_key_file = {machine.key_file}
ssh_known_hosts = {machine.known_hosts}
files = nova.conf:/etc/nova/nova.conf
controller_services = nova-api:nova-api,nova-conductor:{{node}}-cond
restart_command = service,restart,{{unit}}
check_command = service,check,{{unit}}
[cloud]
clouds_file = {home}/none.yaml
name = none
notifications_transport_url = kombu+memory://
[inspector]
port = 0
update_port_data_plane_status = false
'''
SERVICES = ['nova-api', 'one-cond']


class CommandTest(InstallTestCase):

    def setUp(self):
        super().setUp()
        self.conf = os.path.join(self.home, 'doctor.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(CONF.format(home=self.home, machine=self.machine))

    def install(self, verb, *words, status=0):
        return run('doctor', 'install', verb, '--config-file', self.conf,
                   *words, status=status)

    def test_plan_apply_status_undo(self):
        plan = self.install('plan')
        self.assertIn(f'--- one:{NOVA}\n', plan.stdout)
        self.assertIn('\n+[oslo_messaging_notifications]\n', plan.stdout)
        self.assertIn('\n password = ***\n', plan.stdout)
        self.assertIn('one: to be restarted: nova-api, nova-conductor\n',
                      plan.stdout)
        self.assertNotIn('secret1', plan.stdout + plan.stderr)
        self.check_as_before()
        report = os.path.join(self.home, 'report.json')
        apply = self.install('apply', '--json', report)
        self.assertEqual(f'one: changed: {NOVA}; restarted: nova-api, '
                         'nova-conductor\n', apply.stdout)
        self.assertIn('- one: nova-api is restarted\n', apply.stderr)
        with open(report, encoding='utf-8') as file:
            self.assertEqual([f'one:{NOVA}'], json.load(file)[0]['changed'])
        self.assertEqual(SERVICES, self.restarted())
        self.assertEqual('Nothing is to be changed.\n',
                         self.install('plan').stdout)
        self.assertEqual(
            [{'Node': 'one', 'What': NOVA, 'State': 'applied'}],
            json.loads(self.install('status', '-f', 'json').stdout))
        self.assertEqual('Nothing was to be changed.\n',
                         self.install('apply').stdout)
        self.assertEqual(f'one: put back: {NOVA}; restarted: nova-api, '
                         'nova-conductor\n', self.install('undo').stdout)
        self.check_as_before()
        self.assertEqual('Nothing was to be put back.\n',
                         self.install('undo').stdout)
        self.assertEqual(2 * SERVICES, self.restarted())

    def test_exit_codes_of_trouble(self):
        self.install('apply')
        self.machine.write(NOVA, 'edited\n', 0o640)
        error = self.install('undo', status=1).stderr
        self.assertIn(f'doctor: one:{NOVA} was edited since', error)
        self.install('undo', '--leave-edited')
        self.assertEqual('edited\n', self.machine.read(NOVA))
        self.machine.stop()
        for verb in ('plan', 'apply', 'status', 'undo'):
            self.assertIn('doctor: one: ',
                          self.install(verb, status=1).stderr)

    def test_report_that_cannot_be_written(self):
        """Services were restarted, and the command said exit code 2."""
        done = self.install('apply', '--json', '/nonexistent/x', status=2)
        self.assertIn('/nonexistent/x', done.stderr)
        self.check_as_before()
        done = self.install('apply', '--json', '/dev/full', status=1)
        self.assertIn(f'one: changed: {NOVA}', done.stdout)
        self.assertIn('Cannot write /dev/full', done.stderr)

    def test_need_that_the_deployment_cannot_meet(self):
        error = self.install('apply', '--need', 'congress', status=2).stderr
        self.assertIn('congress: no node of the deployment has the file '
                      'congress.conf', error)
        self.assertIn('install plan: error: argument --need',
                      self.install('plan', '--need', 'x', status=2).stderr)

    def test_what_was_changed_is_told_whatever_else_is_needed(self):
        self.install('apply')
        with open(self.conf, 'r+', encoding='utf-8') as file:
            text = file.read().replace('data_plane_status = false',
                                       'data_plane_status = true')
            file.seek(0)
            file.write(text)
            file.truncate()
        status = self.install('status', '-f', 'json', status=1)
        self.assertIn('neutron-ml2.conf', status.stderr)
        self.assertEqual(
            [{'Node': 'one', 'What': NOVA, 'State': 'applied'}],
            json.loads(status.stdout))

    def test_run_prepares_and_puts_back(self):
        """It could not be set up: there is no cloud."""
        done = run('doctor', 'run', '--config-file', self.conf, status=None)
        self.assertNotEqual(0, done.returncode)
        self.assertIn('nova-api is restarted', done.stdout)
        self.check_as_before()
        self.assertEqual(4, len(self.restarted()))

    def test_killed_while_it_applies(self):
        """What was begun on the node is finished or put back."""
        self.machine.stub('service', 'case $1 in restart) sleep 1;; esac')
        process = self.useFixture(Process(
            'doctor', 'install', 'apply', '--config-file', self.conf,
            ready='nova-api is restarted')).process
        process.send_signal(signal.SIGTERM)
        self.assertEqual(143, process.wait(WAIT_S))
        self.install('undo')
        self.check_as_before()
        self.assertEqual(THEIRS, self.machine.read(NOVA))
