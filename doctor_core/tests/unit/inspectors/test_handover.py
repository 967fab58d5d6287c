"""What all inspectors have in common that hand a fault to another service."""

from types import SimpleNamespace

import testtools

from doctor_core.exceptions import CloudError
from doctor_core.fixtures import FakeClock
from doctor_core.inspectors.handover import Handover
from doctor_core.model import Action
from doctor_core.tests.unit.faults import doubles

AWAY = CloudError('503', recoverable=True)


class Somebody(Handover):
    """A service of which a nudge may fail."""

    name = 'Somebody'
    service_type = 'some'
    nudged_after = 0.5

    def __init__(self, cloud):
        cloud.service_of, cloud.service = cloud.service, lambda *_: None
        super().__init__(SimpleNamespace(
            read_back_s=1.0, poll_s=0.1, take_over=True, prepare_s=1.0,
            endpoint=''), cloud, waiting=FakeClock())
        cloud.service = cloud.service_of
        self._unready = ''
        self.nudges = 0
        self.failures = 0

    def nudge(self, host):
        self.nudges += 1
        if self.failures:
            self.failures -= 1
            raise AWAY

    def _nothing(self, *_args):
        """Not looked at here."""

    prepare = takes = report = withdraw = explain = _nothing


class ShownTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = doubles.Cloud(3)
        self.handover = Somebody(self.cloud)

    def shown(self, *ids):
        return self.handover.shown('h0', Action.RESET_STATE, ids)

    def test_servers_that_have_left(self):
        self.cloud.change('s1', host='h1')
        del self.cloud.all_servers['s2']
        self.assertEqual({'s0': 'active', 's1': None, 's2': None},
                         self.shown('s0', 's1', 's2'))

    def test_servers_of_a_cell_that_nova_cannot_see(self):
        self.cloud.unseen = {'h0'}
        self.assertEqual({}, self.shown('s0', 's1'))

    def test_a_service_of_such_a_cell(self):
        self.cloud.unseen = {'h0'}
        self.assertNotIn('c0', self.handover.shown(
            'h0', Action.FORCE_DOWN, ['c0']))


class NudgeTest(testtools.TestCase):

    def test_one_that_failed_is_made_up_for(self):
        handover = Somebody(doubles.Cloud())
        handover.failures = 1
        handover.hand_over('h0')
        self.assertRaises(CloudError, handover.nudge_once, 'h0')
        for _ in range(2):
            handover.nudge_once('h0')
        self.assertEqual(2, handover.nudges)


class TakeOverTest(testtools.TestCase):

    def test_until_the_host_is_back(self):
        handover = Somebody(doubles.Cloud())
        handover.hand_over('h0')
        self.assertEqual(1.0, handover.patience_s('h0'))
        handover.take_over('h0')
        self.assertEqual((0.0, 1.0), (handover.patience_s('h0'),
                                      handover.patience_s('h1')))
        handover.release('h0')
        self.assertEqual(1.0, handover.patience_s('h0'))
