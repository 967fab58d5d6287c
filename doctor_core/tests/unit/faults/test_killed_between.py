"""Killed between two writes that only make sense together."""

import testtools

from doctor_core.model import Server
from doctor_core.tests.unit.faults import doubles


class Killed(BaseException):
    """The process ends here."""


def killed(*_args, **_kwargs):
    raise Killed


class KilledTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()

    def test_while_an_operator_clears(self):
        """The operator's word stood in a fault that went on: at the next
        news servers were given back of which nobody had seen anything.
        """
        self.desk.cloud.beating = False
        alert = {'source': 'alert', 'sender': 'x'}
        fault_id = self.desk.down(**alert).fault_id
        self.desk.store.corrections.owe_undo = killed
        self.assertRaises(Killed, self.desk.handler.clear, 'h0', 'admin')
        del self.desk.store.corrections.owe_undo
        self.desk = self.desk.again()
        fault = self.desk.fault(fault_id)
        self.assertEqual(('handled', ''), (fault.state, fault.witness))
        self.assertEqual('clearing', self.desk.up(at=50.0, **alert).state)
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_while_a_server_comes_to_light(self):
        """It was owed in a fault that nobody went on with."""
        fault_id = self.desk.down().fault_id
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        self.desk.affected.refresh()
        self.desk.store.faults.move = killed
        record = self.desk.fault(fault_id)
        self.assertRaises(Killed, self.desk.engine.pursuit.look_for_more,
                          record)
        del self.desk.store.faults.move
        self.desk = self.desk.again()
        self.desk.look_for_more()
        self.desk.resume()
        self.assertIn(('s9', 'error'), self.desk.alarms.told)
        self.assertEqual('error', self.desk.states()['s9'])
