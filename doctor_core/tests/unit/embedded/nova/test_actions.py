import testtools

from doctor_core.tests.unit.embedded.inprocess import Client, host_of


class ActionsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.server = self.client.boot()
        self.host = host_of(self.server)

    def act(self, action, arguments=None, **options):
        return self.client.act(self.server, action, arguments,
                               **options).status

    def now(self):
        self.server = self.client.show(self.server['id'])
        return self.server['status'], host_of(self.server)

    def other_host(self):
        return next(name for name in ('embedded-compute-1',
                                      'embedded-compute-2')
                    if name != self.host)

    def test_a_reset_shows_at_once(self):
        for state, status in (('error', 'ERROR'), ('active', 'ACTIVE')):
            self.assertEqual(202, self.act('os-resetState',
                                           {'state': state}))
            self.assertEqual((status, self.host), self.now())

    def test_a_reset_works_with_the_host_dead(self):
        self.client.fail(self.host)
        self.act('os-resetState', {'state': 'error'})
        self.assertEqual('ERROR', self.now()[0])

    def test_a_restart_of_the_host_does_not_undo_a_reset(self):
        self.client.fail(self.host)
        self.act('os-resetState', {'state': 'error'})
        self.client.heal(self.host)
        self.assertEqual('ERROR', self.now()[0])

    def test_what_is_wrong_is_refused(self):
        for body in ({}, {'a': 1, 'b': 2}, [], {'os-resetState': {}},
                     {'os-resetState': {'state': 'x'}},
                     {'os-resetState': None},
                     {'os-migrateLive': {'host': None}},
                     {'migrate': {'host': 'nowhere'}},
                     {'migrate': {'host': self.host}}):
            self.assertEqual(400, self.client.nova(
                'POST', f'/servers/{self.server["id"]}/action', body).status)

    def test_an_action_that_is_not_served_says_so(self):
        self.assertEqual(501, self.act('createImage', {}))

    def test_what_is_for_administrators(self):
        for action in ('os-resetState', 'evacuate', 'migrate',
                       'os-migrateLive'):
            self.assertEqual(403, self.act(action, {},
                                           token=self.client.member))

    def test_stop_and_start(self):
        token = self.client.member
        self.assertEqual(202, self.act('os-stop', token=token))
        self.client.settle()
        self.assertEqual('SHUTOFF', self.now()[0])
        self.assertEqual(4, self.server['OS-EXT-STS:power_state'])
        self.assertEqual(409, self.act('os-stop', token=token))
        self.assertEqual(202, self.act('os-start', token=token))
        self.client.settle()
        self.assertEqual('ACTIVE', self.now()[0])

    def test_live_migration(self):
        target = self.other_host()
        self.assertEqual(202, self.act('os-migrateLive', {
            'host': target, 'block_migration': 'auto'}))
        self.client.settle()
        self.assertEqual(('ACTIVE', target), self.now())

    def test_no_live_migration_from_a_dead_host(self):
        self.client.put_service(self.host, forced_down=True)
        self.assertEqual(400, self.act('os-migrateLive', {
            'host': None, 'block_migration': 'auto'}))

    def test_migration_confirmed(self):
        self.assertEqual(202, self.act('migrate'))
        self.client.settle()
        status, host = self.now()
        self.assertEqual('VERIFY_RESIZE', status)
        self.assertNotEqual(self.host, host)
        self.assertEqual(204, self.act('confirmResize'))
        self.assertEqual(('ACTIVE', host), self.now())

    def test_migration_reverted(self):
        self.act('migrate', {'host': self.other_host()})
        self.client.settle()
        self.assertEqual(202, self.act('revertResize'))
        self.client.settle()
        self.assertEqual(('ACTIVE', self.host), self.now())

    def test_nothing_to_confirm(self):
        self.assertEqual(409, self.act('confirmResize'))

    def test_nothing_is_done_with_a_server_on_no_host(self):
        for number in (1, 2, 3):
            self.client.put_service(f'embedded-compute-{number}',
                                    status='disabled')
        self.server = self.client.boot()
        for action in ('os-stop', 'evacuate'):
            self.assertEqual(409, self.act(action, {}))

    def test_no_migration_without_another_host(self):
        for number in (1, 2, 3):
            self.client.put_service(f'embedded-compute-{number}',
                                    status='disabled')
        self.assertEqual(400, self.act('migrate'))


class BusyTest(testtools.TestCase):
    """While a nova-compute is at work."""

    def setUp(self):
        super().setUp()
        self.client = Client(self, build_s=3600.0)
        self.server = self.client.boot()
        self.client.act(self.server, 'os-resetState', {'state': 'active'})

    def status(self):
        return self.client.show(self.server['id'])['status']

    def test_the_status_tells_what_is_done(self):
        for action, arguments, status in (
                ('os-stop', None, 'ACTIVE'), ('migrate', None, 'RESIZE'),
                ('os-migrateLive', {'block_migration': 'auto'},
                 'MIGRATING')):
            answer = self.client.act(self.server, action, arguments)
            self.assertEqual((202, status), (answer.status, self.status()))
            self.client.act(self.server, 'os-resetState',
                            {'state': 'active'})

    def test_nothing_else_is_begun(self):
        self.client.act(self.server, 'os-stop')
        for action in ('os-stop', 'migrate'):
            self.assertEqual(409, self.client.act(self.server,
                                                  action).status)

    def test_an_error_server_rebuilds(self):
        self.client.put_service(host_of(self.server), forced_down=True)
        self.client.act(self.server, 'os-resetState', {'state': 'error'})
        self.assertEqual(200, self.client.act(self.server, 'evacuate',
                                              {}).status)
        self.assertEqual('REBUILD', self.status())


class EvacuateTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.server = self.client.boot()
        self.host = host_of(self.server)

    def evacuate(self, version='2.74', **arguments):
        answer = self.client.act(self.server, 'evacuate', arguments,
                                 version=version)
        self.client.settle()
        self.server = self.client.show(self.server['id'])
        return answer.status

    def lose_host(self):
        self.client.fail(self.host)
        self.client.put_service(self.host, forced_down=True)

    def force_up(self):
        return self.client.put_service(self.host, forced_down=False).status

    def test_not_while_the_host_is_up(self):
        self.assertEqual(400, self.evacuate())

    def test_not_to_nowhere_nor_to_itself(self):
        self.lose_host()
        self.assertEqual([404, 400], [self.evacuate(host='nowhere'),
                                      self.evacuate(host=self.host)])

    def test_an_error_server_comes_back_active_elsewhere(self):
        self.lose_host()
        self.client.act(self.server, 'os-resetState', {'state': 'error'})
        self.assertEqual(200, self.evacuate())
        self.assertEqual('ACTIVE', self.server['status'])
        self.assertNotEqual(self.host, host_of(self.server))

    def test_a_stopped_server_stays_stopped(self):
        self.client.act(self.server, 'os-stop')
        self.client.settle()
        self.lose_host()
        self.evacuate()
        self.assertEqual('SHUTOFF', self.server['status'])

    def test_since_its_version_all_stay_stopped(self):
        self.lose_host()
        self.evacuate(version='2.95')
        self.assertEqual('SHUTOFF', self.server['status'])

    def test_the_port_moves_but_keeps_its_data_plane_status(self):
        port = self.client.one('/network/v2.0/ports')
        self.client.ask('PUT', f'/network/v2.0/ports/{port["id"]}',
                        {'port': {'data_plane_status': 'DOWN'}})
        self.lose_host()
        self.evacuate()
        port = self.client.one('/network/v2.0/ports')
        self.assertEqual((host_of(self.server), 'DOWN'), (
            port['binding:host_id'], port['data_plane_status']))

    def test_the_host_is_forced_up_after_its_restart_only(self):
        self.lose_host()
        self.evacuate()
        self.assertEqual(400, self.force_up())
        self.client.heal(self.host)
        self.assertEqual(200, self.force_up())

    def test_a_host_that_nobody_left_is_forced_up_at_once(self):
        self.lose_host()
        self.assertEqual(200, self.force_up())

    def test_what_the_dead_host_was_to_do_is_forgotten(self):
        self.client.fail(self.host)
        self.client.act(self.server, 'os-stop')
        self.client.settle()
        self.client.act(self.server, 'os-resetState', {'state': 'error'})
        self.lose_host()
        self.evacuate()
        self.client.heal(self.host)
        self.assertEqual('ACTIVE',
                         self.client.show(self.server['id'])['status'])

    def test_without_another_host_it_fails(self):
        for number in (1, 2, 3):
            self.client.put_service(f'embedded-compute-{number}',
                                    forced_down=True)
        self.evacuate()
        self.assertEqual('ERROR', self.server['status'])
        self.assertIn('No valid host', self.server['fault']['message'])
