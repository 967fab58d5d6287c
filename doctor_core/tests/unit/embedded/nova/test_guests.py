import testtools

from doctor_core.tests.unit.embedded.inprocess import Client, host_of

RUNNING, SHUT_DOWN = 1, 4


class GuestsTestCase(testtools.TestCase):

    options = {}

    def setUp(self):
        super().setUp()
        self.client = Client(self, **self.options)
        self.server = self.client.boot()
        self.host = host_of(self.server)

    def reset(self, state):
        self.client.act(self.server, 'os-resetState', {'state': state})

    def act(self, action, arguments=None):
        answer = self.client.act(self.server, action, arguments)
        self.client.settle()
        return answer.status

    def lose(self, how, meanwhile=None):
        """Lose the host, do something, and have it back."""
        self.client.fail(self.host, how)
        if meanwhile:
            meanwhile()
        self.client.heal(self.host)
        self.client.settle()

    def sync(self):
        self.client.ask('POST', f'/embedded/hosts/{self.host}/sync-power')
        self.client.settle()

    def now(self):
        """Its vm_state, what Nova thinks of its guest, and the guest."""
        servers = self.client.ask('GET', '/embedded/servers').json['servers']
        self.guest, = (server for server in servers
                       if server['id'] == self.server['id'])
        return tuple(self.guest[name] for name in (
            'vm_state', 'power_state', 'guest'))


class RebootTest(GuestsTestCase):

    def test_a_host_that_was_cut_off_ran_on(self):
        self.lose('link')
        self.assertEqual(('active', RUNNING, RUNNING), self.now())

    def test_one_that_rebooted_has_its_active_servers_stopped(self):
        self.client.notices.clear()
        self.lose('reboot')
        self.assertEqual(('stopped', SHUT_DOWN, SHUT_DOWN), self.now())
        self.assertEqual(
            ['compute.instance.update', 'compute.instance.power_off.start',
             'compute.instance.update', 'compute.instance.power_off.end'],
            [event_type for event_type, _ in self.client.notices])

    def test_one_that_was_cut_off_may_reboot_then(self):
        self.lose('link', lambda: self.client.fail(self.host, 'reboot'))
        self.assertEqual('stopped', self.now()[0])

    def test_servers_in_error_are_skipped(self):
        """Made active later, they ran no more, and nobody had said so."""
        self.lose('reboot', lambda: self.reset('error'))
        self.sync()
        self.assertEqual(('error', SHUT_DOWN, SHUT_DOWN), self.now())
        self.reset('active')
        self.sync()
        self.assertEqual('stopped', self.now()[0])

    def test_guests_are_resumed_where_the_host_does_so(self):
        self.client.ask('PUT', f'/embedded/hosts/{self.host}',
                        {'resumes_guests': True})
        self.lose('reboot')
        self.assertEqual(('active', RUNNING, RUNNING), self.now())

    def test_but_never_those_in_error(self):
        self.client.ask('PUT', f'/embedded/hosts/{self.host}',
                        {'resumes_guests': True})
        self.lose('reboot', lambda: self.reset('error'))
        self.assertEqual(('error', SHUT_DOWN, SHUT_DOWN), self.now())

    def test_a_hard_reboot_makes_one_in_error_run(self):
        self.lose('reboot', lambda: self.reset('error'))
        self.assertEqual(409, self.act('reboot', {'type': 'SOFT'}))
        self.assertEqual(202, self.act('reboot', {'type': 'HARD'}))
        self.assertEqual(('active', RUNNING, RUNNING), self.now())

    def test_a_dead_host_looks_at_nothing(self):
        self.client.fail(self.host, 'reboot')
        self.sync()
        self.assertEqual('active', self.now()[0])


class NoSyncTest(GuestsTestCase):

    options = {'power_sync_s': -1.0}

    def test_without_a_look_nobody_notices(self):
        self.lose('reboot')
        self.assertEqual(('active', RUNNING, SHUT_DOWN), self.now())
        self.sync()
        self.assertEqual('stopped', self.now()[0])


class PeriodicTest(GuestsTestCase):

    options = {'power_sync_s': 0.0}

    def test_it_looks_now_and_then(self):
        instance = self.client.cloud.compute.instances[self.server['id']]
        instance.guest = SHUT_DOWN
        self.client.on_loop(self.client.cloud.guests.begin)
        self.client.settle()
        self.client.settle()
        self.assertEqual('stopped', self.now()[0])


class PowerSyncTest(GuestsTestCase):

    def test_a_reset_leaves_the_power_state_alone(self):
        self.act('os-stop')
        self.reset('active')
        self.assertEqual(('active', SHUT_DOWN, SHUT_DOWN), self.now())

    def test_a_suspended_server_that_was_made_active_is_harmed(self):
        """It is stopped, and its memory is lost when it is started."""
        self.act('suspend')
        self.assertEqual(('suspended', SHUT_DOWN, SHUT_DOWN), self.now())
        self.assertTrue(self.guest['has_saved_memory'])
        self.reset('active')
        self.sync()
        self.assertEqual('stopped', self.now()[0])
        self.assertEqual(409, self.act('resume'))
        self.act('os-start')
        self.now()
        self.assertEqual((False, True), (self.guest['has_saved_memory'],
                                         self.guest['lost_memory']))

    def test_one_that_was_left_suspended_is_not(self):
        self.act('suspend')
        self.lose('reboot')
        self.sync()
        self.assertEqual('suspended', self.now()[0])
        self.assertEqual(202, self.act('resume'))
        self.assertEqual('active', self.now()[0])
        self.assertFalse(self.guest['lost_memory'])

    def test_a_guest_that_should_not_run_is_stopped(self):
        self.act('os-stop')
        self.client.cloud.compute.instances[
            self.server['id']].guest = RUNNING
        self.sync()
        self.assertEqual(('stopped', SHUT_DOWN, SHUT_DOWN), self.now())

    def test_one_with_a_task_is_left_alone(self):
        instance = self.client.cloud.compute.instances[self.server['id']]
        instance.task_state, instance.guest = 'migrating', SHUT_DOWN
        self.sync()
        self.assertEqual(('active', RUNNING, SHUT_DOWN), self.now())
