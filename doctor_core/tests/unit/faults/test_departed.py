"""Hosts that left Nova while their fault was open."""

import testtools

from doctor_core.tests.unit.faults import doubles


class DepartedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.alert = {'source': 'alert', 'sender': '', 'said_at': None,
                      'began_at': 10.0}
        self.fault_id = self.desk.down(**self.alert).fault_id

    def look(self, times=5, every_s=40.0):
        for _ in range(times):
            if not self.desk.cloud.away:
                self.desk.affected.refresh()
            self.desk.handler.look_at_open()
            self.desk.resume()
            self.desk.clock.sleep(every_s)
        fault = self.desk.fault(self.fault_id)
        return fault.state, fault.reason

    def leave(self):
        """Its service is deleted, and its servers were evacuated."""
        for name in self.desk.cloud.all_servers:
            self.desk.cloud.change(name, host='h1', state='active')
        del self.desk.cloud.service['h0']

    def test_it_ends(self):
        """It stayed handled for ever."""
        self.leave()
        state, reason = self.look()
        self.assertEqual('cleared', state)
        self.assertIn('no compute service', reason)
        self.assertEqual({'active'}, set(self.desk.states().values()))

    def test_a_list_that_is_short_for_a_moment(self):
        kept = self.desk.cloud.service['h0']
        self.leave()
        self.look(times=1)
        self.desk.cloud.service['h0'] = kept
        self.assertEqual(('handled', ''), self.look())

    def test_while_a_server_is_on_it(self):
        self.leave()
        self.desk.cloud.change('s0', host='h0')
        self.assertEqual(('handled', ''), self.look())

    def test_a_cloud_without_any_service(self):
        self.leave()
        self.desk.cloud.service.clear()
        self.assertEqual(('handled', ''), self.look())

    def test_nova_that_does_not_answer(self):
        self.leave()
        self.look(times=1)
        self.desk.cloud.away = True
        self.assertEqual(('handled', ''), self.look())

    def test_after_a_restart(self):
        self.leave()
        self.desk = self.desk.again()
        self.assertEqual('cleared', self.look()[0])

    def test_a_host_that_is_there_is_not_asked_for(self):
        asked = len(self.desk.cloud.asked)
        self.desk.handler.look_at_open()
        self.assertEqual(asked, len(self.desk.cloud.asked))

    def test_registered_anew_and_lost_still(self):
        kept = self.desk.cloud.service['h0']
        self.leave()
        self.look()
        self.desk.cloud.service['h0'] = kept
        self.desk.affected.refresh()
        self.assertEqual('handled',
                         self.desk.down(at=300.0, **self.alert).state)
