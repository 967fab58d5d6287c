from doctor_core.cloud import Cloud
from doctor_core.tests.functional.handed_over import SHORT_S, HandedOver
from doctor_core.tests.functional.test_daemons import DaemonsTestCase
from doctor_core.tests.functional.vitrage_standin import Vitrage


class VitrageTest(HandedOver, DaemonsTestCase):

    kind = 'vitrage'
    name = 'Vitrage'

    def setUp(self):
        super().setUp()
        nova = Cloud.named(self.clouds, 'doctor-embedded')
        self.addCleanup(nova.close)
        self.peer = Vitrage(nova).start()
        self.addCleanup(self.peer.stop)

    def test_event_is_dropped(self):
        """The datasource was there at the start, and is not any more."""
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.peer.deaf = True
        self.subscribe()
        fault = self.down()
        self.assertEqual('handled', fault['state'])
        self.assertIn('Vitrage has taken the fault of host '
                      f'{self.host} and dropped it', fault['note'])
        self.assertIn('Doctor does it itself', fault['note'])
        self.assertTrue(self.is_marked())

    def test_poisoned_by_somebody_elses_event(self):
        """A time with an offset makes Vitrage deaf for the host."""
        self.inspector(self.conf(read_back_s=8))
        self.peer._take({'time': '2026-01-01T00:00:00+00:00',
                         'type': 'compute.host.down', 'details': {
                             'hostname': self.host, 'status': 'down'}})
        fault = self.down()
        self.assertEqual(('handled', ''), (fault['state'], fault['note']))
        self.assertEqual([self.host], self.peer.lost)

    def test_notifier_is_missing(self):
        self.peer.break_it()
        self.inspector(self.conf(read_back_s=SHORT_S))
        fault = self.down()
        self.assertIn('nova has to be one of Vitrage\'s notifiers',
                      fault['note'])
        self.assertTrue(self.is_marked())

    def test_server_that_vitrage_has_not_heard_of(self):
        self.peer.unheard_of = {self.servers[0].id}
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.assertIn('does not know 1 of its servers',
                      self.down()['note'])
        self.assertTrue(self.is_marked())

    def test_vitrage_that_does_not_answer_at_all(self):
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.subscribe()
        self.peer.stalled = True
        fault = self.down()
        self.assertEqual('handled', fault['state'])
        self.assertIn('Vitrage has not taken the fault', fault['note'])
        self.assertTrue(self.is_marked())
        self.wait_told()

    def test_template_is_gone(self):
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.peer.forget()
        self.assertIn('its template doctor_host_down is gone',
                      self.down()['note'])

    def test_host_is_back_and_vitrage_does_not_hear_it(self):
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.down()
        self.peer.deaf = True
        fault = self.up()
        self.assertIn('Vitrage knows that host', fault['note'])
        self.assertTrue(self.is_clean())

    def test_own_template_of_the_operator(self):
        self.peer.templates['u1'] = {
            'uuid': 'u1', 'name': 'ours', 'status': 'ACTIVE',
            'status details': '', 'type': 'standard', 'date': ''}
        self.inspector(self.conf(template='ours'))
        self.assertEqual(['ours'], self.peer.template_names)
        self.assertEqual('', self.down()['note'])

    def test_datasource_is_missing(self):
        self.peer.datasources.clear()
        self.assertIn('add doctor to types in [datasources]',
                      self.wrong(prepare_s=2))

    def test_template_is_refused(self):
        self.peer.fault_of_template = 'syntax error'
        self.assertIn('cannot use the template doctor_host_down: syntax '
                      'error', self.wrong())

    def test_trial_leaves_no_alarm(self):
        self.inspector(self.conf())
        self.assertEqual({}, self.peer._alarms)
