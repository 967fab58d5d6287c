import fixtures
import testtools

from doctor_core.faults.relisted import Relisted
from doctor_core.model.states import CorrectionState, FaultState
from doctor_core.tests.unit.faults import doubles


class RelistedTest(testtools.TestCase):
    """Nova left a lost host out of its lists for some minutes, and the host
    stayed marked down without a word.
    """

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()
        self.relisted = Relisted(self.desk.affected, self.desk.store)
        self.fault_id = self.desk.down().fault_id

    def left(self):
        """The fault has ended, and its marks are left."""
        kept = self.desk.store.corrections
        record = self.desk.fault(self.fault_id)
        self.desk.engine.handler._holders.begin_clearing(record, 20.0)
        kept.move(self.fault_id, CorrectionState.LEFT, [
            one.correction for one in kept.of(self.fault_id)], at=20.0)
        self.desk.store.faults.move(self.fault_id, FaultState.CLEARED)
        self.desk.affected.refresh()

    def said(self):
        self.relisted.look()
        return self.log.output.count('Host h0 is in Nova again')

    def test_it_is_said_once(self):
        self.left()
        self.assertEqual([1, 1], [self.said(), self.said()])
        self.assertIn('"doctor faults clear h0"', self.log.output)

    def test_not_while_its_fault_is_open(self):
        self.desk.affected.refresh()
        self.assertEqual(0, self.said())

    def test_nor_of_a_host_that_is_back(self):
        self.desk.up()
        self.desk.affected.refresh()
        self.assertEqual(0, self.said())
