"""The process was started, and Nova has not answered since."""

import threading

import fixtures
import testtools

from doctor_core.exceptions import BackendError
from doctor_core.model import FaultStatus, News
from doctor_core.tests.unit.faults import doubles

LOST = [('s0', 'error'), ('s1', 'error'), ('s2', 'error')]
BACK = [('s0', 'active'), ('s1', 'active'), ('s2', 'active')]


class NovaAwayTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()

    def kill(self, told=()):
        """The process is killed while these are being told."""
        self.desk.cloud.away = True
        self.desk = self.desk.again(looked=False)
        self.assertEqual(sorted(told), sorted(self.desk.alarms.told))
        self.desk.alarms.hold = None
        self.desk.alarms.told.clear()
        self.made = len(self.desk.inspector.made)

    def hang(self):
        """Owners do not answer."""
        self.desk.alarms.hold = threading.Event()
        self.addCleanup(self.desk.alarms.hold.set)

    def begin(self, status=FaultStatus.DOWN, at=10.0):
        handler = self.desk.handler
        return handler.begin(handler.decide(
            doubles.fault('h0', status, at)))

    def tell(self):
        self.desk.engine.meanwhile.tell()
        self.desk.engine.meanwhile.tell()
        self.desk.engine.pursuit.close()
        self.assertEqual(self.made, len(self.desk.inspector.made))
        return sorted(self.desk.alarms.told)

    def states(self):
        record, = self.desk.store.faults.latest()
        return {(news, state) for (_, news), state
                in self.desk.telling_states(record.id).items()}

    # Telling.

    def test_who_is_owed_it_is_told_once(self):
        self.hang()
        self.begin()
        self.kill(LOST)
        self.assertEqual(LOST, self.tell())
        self.assertEqual({(News.LOST, 'told')}, self.states())

    def test_nothing_is_corrected(self):
        """Decided, and killed before anything was done."""
        self.desk.alarms.hold = threading.Event()
        self.desk.handler.decide(doubles.fault('h0', FaultStatus.DOWN, 10.0))
        self.desk.alarms.hold.set()
        self.kill(LOST)
        self.assertEqual(set(), self.desk.forced_down())
        self.tell()
        self.assertEqual(set(), self.desk.forced_down())

    def test_conservative_tells_what_nova_has_shown(self):
        self.desk = doubles.Desk(notification='conservative')
        self.hang()
        self.begin()
        self.kill(LOST)
        self.assertEqual(LOST, self.tell())

    def test_conservative_waits_for_nova(self):
        self.desk = doubles.Desk(notification='conservative')
        self.desk.handler.decide(doubles.fault('h0', FaultStatus.DOWN, 10.0))
        self.kill()
        self.assertEqual([], self.tell())

    def test_returns(self):
        self.desk.down()
        self.hang()
        self.begin(FaultStatus.UP, 20.0)
        for _ in range(4):
            self.desk.engine.owed.resume()
        self.kill(LOST + BACK)
        self.assertEqual(BACK, self.tell())

    def test_end(self):
        self.desk.stopping.set()
        self.desk.engine.meanwhile.stop()
        self.desk.engine.meanwhile.start()
        self.assertIsNone(self.desk.engine.meanwhile._loop)

    # Taking events.

    def go_on(self):
        self.desk.cloud.away = False
        self.desk.go_on()

    def test_reports_wait(self):
        """Nothing is known of any host."""
        self.kill()
        self.assertEqual('waiting', self.desk.down().state)
        self.assertEqual([], self.desk.place())
        self.assertEqual([], self.desk.alarms.told)
        self.go_on()
        self.assertEqual((LOST, {'h0'}), (
            sorted(self.desk.alarms.told), self.desk.forced_down()))

    def test_report_of_a_host_that_nova_does_not_have(self):
        self.kill()
        self.desk.down('nonsense')
        self.go_on()
        self.assertEqual(['ignored'], [
            one.state for one in self.desk.store.faults.latest()])

    def test_in_the_order_of_arrival(self):
        self.kill()
        self.desk.down(at=10.0)
        self.desk.handle(doubles.fault('h0', FaultStatus.UP, 20.0))
        self.go_on()
        self.desk.resume()
        record, = self.desk.store.faults.latest()
        self.assertEqual(('cleared', set()), (
            record.state, self.desk.forced_down()))

    def test_host_whose_fault_is_open(self):
        """Lost again before all was undone: of what is on it now, nothing is
        known, and nobody would have been told.
        """
        self.desk.down()
        self.desk.handler.decide(doubles.fault('h0', FaultStatus.UP, 20.0))
        self.kill(LOST)
        self.assertEqual('waiting', self.desk.down(at=30.0).state)
        self.go_on()
        record = self.desk.store.faults.open_of('h0')
        self.assertEqual(('handled', {'h0'}), (
            record.state, self.desk.forced_down()))

    def test_over_a_restart(self):
        self.kill()
        self.desk.down()
        self.kill()
        self.go_on()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_an_operator_says_it_again(self):
        self.desk.down()
        self.kill(LOST)
        error = self.assertRaises(BackendError, self.desk.handler.clear,
                                  'h0', 'an operator')
        self.assertTrue(error.recoverable)
        self.assertEqual('handled',
                         self.desk.store.faults.open_of('h0').state)
