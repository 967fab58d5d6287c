from doctor_core.cloud import Cloud
from doctor_core.tests.functional.congress_standin import Congress
from doctor_core.tests.functional.handed_over import SHORT_S, HandedOver
from doctor_core.tests.functional.test_daemons import DaemonsTestCase


class CongressTest(HandedOver, DaemonsTestCase):

    kind = 'congress'
    name = 'Congress'

    def setUp(self):
        super().setUp()
        nova = Cloud.named(self.clouds, 'doctor-embedded')
        self.addCleanup(nova.close)
        self.peer = Congress(nova).start()
        self.addCleanup(self.peer.stop)

    def more_options(self):
        return {'nova_auth_url': f'{self.cloud.url}/identity/v3',
                'nova_username': 'admin', 'nova_password': 'secret'}

    def test_makes_sources_and_rules_once(self):
        self.inspector(self.conf()).end()
        self.assertEqual({'doctor', 'nova'}, set(self.peer.sources))
        self.assertEqual(
            ['active_instance_in_host', 'error_vm_states', 'host_down',
             'host_force_down'],
            sorted(rule['name'] for rule in self.peer.rules.values()))
        self.assertEqual(
            ('2.34', '10', 'admin'),
            tuple(self.peer.sources['nova']['config'][name] for name in
                  ('api_version', 'poll_time', 'username')))

    def test_rows_of_others_stay(self):
        self.inspector(self.conf())
        self.peer.rows = [['t', 'disk.failure', 'h9', 'bad', 'smart', '7']]
        self.down()
        self.up()
        self.assertEqual(
            [['t', 'disk.failure', 'h9', 'bad', 'smart', '7']],
            self.peer.rows)

    def test_server_that_is_not_active(self):
        """Nova could not give its state back, so nobody touches it."""
        stopped = self.servers[0].id
        self.seen.post('compute', f'/servers/{stopped}/action',
                       {'os-stop': None})
        self.wait_for(
            lambda: self.seen.server(stopped).state == 'stopped',
            'the server to be stopped')
        self.inspector(self.conf())
        fault = self.down()
        self.assertEqual(('handled', ''), (fault['state'], fault['note']))
        self.assertEqual('stopped', self.seen.server(stopped).state)

    def test_server_that_congress_has_not_seen_yet(self):
        self.inspector(self.conf(read_back_s=8))
        self.peer._seen = set()
        self.assertEqual('', self.down()['note'])
        self.assertTrue(self.is_marked())

    def test_row_is_lost(self):
        self.peer.forgetful = True
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.assertIn('it has no row of the host', self.down()['note'])
        self.assertTrue(self.is_marked())

    def test_nova_refuses_congress(self):
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.peer._cloud.correct = lambda corrections, done: []
        self.peer.last_error = 'Nova said no'
        self.assertIn('its data source nova says: Nova said no',
                      self.down()['note'])

    def test_congress_that_is_away_cannot_undo_the_return(self):
        """Servers are not active again before Congress knows: it would
        reset them once more. The host is not left marked down for that.
        """
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.down()
        self.peer.stop()
        self.assertEqual('clearing', self.say_up()['state'])
        self.wait_for(lambda: not any(
            service.forced_down for service
            in self.seen.compute_services(self.host)),
            'the mark of the host to be taken back')
        self.assertEqual({'error'}, {
            server.state for server in self.seen.servers(self.host)})
        self.peer.start()
        self.wait_for(self.is_clean, 'everything to be reversed')
        self.peer.poll()
        self.assertTrue(self.is_clean())

    def test_congress_that_is_loaded_anew(self):
        """It says 404 of a table that it has: that is no empty one."""
        self.inspector(self.conf(read_back_s=SHORT_S))
        fault = self.down()
        self.peer.loading = True
        self.put(self.event(self.seen.hosts()[1].name), '/events?wait=1')
        self.assertEqual([self.host], self.peer.lost)
        self.assertEqual('clearing', self.say_up()['state'])
        self.wait_for(lambda: 'is not known whether'
                      in self.fault(fault['id'])['note'],
                      'the reason why it is not reversed')
        self.peer.loading = False
        self.wait_for(self.is_clean, 'everything to be reversed')
        self.assertNotIn(self.host, self.peer.lost)

    # What is wrong at the start.

    def test_driver_is_missing(self):
        self.peer.drivers.remove('doctor')
        self.assertIn('has not loaded the driver doctor', self.wrong())

    def test_data_source_is_missing(self):
        self.assertIn('Congress has no data source nova',
                      self.wrong(nova_auth_url=''))

    def test_too_old_an_api(self):
        self.peer.add_source('nova', api_version='2.10')
        self.assertIn('2.10, which knows no force-down', self.wrong())

    def test_too_new_an_api(self):
        self.peer.add_source('nova', api_version='2.53')
        self.assertIn('2.53, which takes other arguments', self.wrong())

    def test_data_source_is_refused_by_nova(self):
        self.peer.add_source('nova', api_version='2.34')
        self.peer.last_error = 'The request requires authentication (401)'
        line = self.wrong()
        self.assertIn('cannot ask Nova: The request', line)

    def test_rule_is_refused(self):
        self.peer.syncs = 10**6
        self.assertIn('does not take the rule host_down: ',
                      self.wrong(prepare_s=2))
