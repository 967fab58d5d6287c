import fixtures
import testtools

from doctor_core.exceptions import BackendError, CommandFailed
from doctor_core.fixtures import FakeClock
from doctor_core.monitors.collectd.agent import Agent, plugin_source
from doctor_core.monitors.collectd.conf import Watch
from doctor_core.tests.unit.monitors.machine import Machine

WATCH = Watch(hostname='h1', folder='/d', url='http://127.0.0.1:1/events',
              interfaces=('eth0',))
THEIRS = {'/d/collectd.conf': b'theirs'}


class AgentTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.machine = Machine(THEIRS)
        self.agent = self.make()

    def make(self, **options):
        return Agent(self.machine, '/d', clock=FakeClock(), **options)

    def test_starts_what_it_brought(self):
        self.agent.start(WATCH)
        self.assertIn(b'eth0', self.machine.files['/d/collectd.conf'])
        self.assertEqual(plugin_source(),
                         self.machine.files['/d/doctor_notify.py'])
        self.assertTrue(self.agent.is_running())

    def test_nobody_else_reads_where_it_tells(self):
        self.agent.start(WATCH)
        self.assertIn('mkdir -p -m 700 /d', self.machine.commands)

    def test_checks_before_it_starts(self):
        self.agent.start(WATCH)
        self.assertEqual(
            ['collectd -t -C /d/collectd.conf',
             'collectd -C /d/collectd.conf'],
            [line for line in self.machine.commands
             if line.startswith('collectd')])

    def test_environment_of_a_virtualenv_is_kept_from_it(self):
        """The Python in collectd took the library of the monitor's own."""
        self.agent.start(WATCH)
        self.assertIn('PYTHONHOME', self.machine.environment)
        self.assertIn('PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
                      self.machine.environment)

    def test_stop_leaves_what_was_there(self):
        self.agent.start(WATCH)
        for _again in range(2):
            self.agent.stop()
        kept = {path: content for path, content in self.machine.files.items()
                if path not in ('/d/collectd.pid', '/d/ready')}
        self.assertEqual((THEIRS, {}), (kept, self.machine.running))

    def test_refused_configuration_is_taken_back(self):
        self.machine.refuses = True
        error = self.assertRaises(CommandFailed, self.agent.start, WATCH)
        self.assertEqual('Parse error', error.tail)
        self.assertEqual(THEIRS, self.machine.files)

    def test_collectd_without_our_plugin_is_ended(self):
        self.machine.dumb = True
        error = self.assertRaises(BackendError, self.agent.start, WATCH)
        self.assertIn('does not start', str(error))
        self.assertEqual({}, self.machine.running)

    def test_one_that_ran_before_is_ended(self):
        self.agent.start(WATCH)
        self.make().start(WATCH)
        self.assertEqual(['101'], list(self.machine.running))

    def test_one_that_does_not_end_is_killed(self):
        self.agent.start(WATCH)
        self.machine.deaf = True
        self.agent.stop()
        self.assertEqual({}, self.machine.running)
        self.assertIn('is killed', self.log.output)

    def test_number_of_another_process_is_left_alone(self):
        self.machine.running['7'] = '/other.conf'
        self.machine.files['/d/collectd.pid'] = b'7'
        self.assertFalse(self.agent.is_running())
        self.agent.start(WATCH)
        self.agent.stop()
        self.assertEqual({'7': '/other.conf'}, self.machine.running)

    def test_only_what_needs_it_is_done_as_root(self):
        agent = self.make(become=('sudo', '-n'))
        agent.start(WATCH)
        agent.stop()
        self.assertEqual(
            ['sudo -n collectd -C /d/collectd.conf', 'sudo -n kill 100'],
            [line for line in self.machine.commands
             if line.startswith('sudo')])

    def test_machine_that_is_away(self):
        self.machine.away = True
        for call in (self.agent.is_running, self.agent.stop,
                     lambda: self.agent.start(WATCH)):
            self.assertTrue(self.assertRaises(BackendError,
                                              call).recoverable)
