"""The inspector that hands over to Congress, while that is away."""

from types import SimpleNamespace

import testtools

from doctor_core.cloud import refusals
from doctor_core.exceptions import CloudError
from doctor_core.fixtures import FakeClock
from doctor_core.inspectors.congress.inspector import CongressInspector
from doctor_core.model import Action, Correction, Mark
from doctor_core.tests.unit.faults import doubles

MARK = Correction(Action.FORCE_DOWN, 'c0', 'h0', Mark.BACK)
SERVER = Correction(Action.RESET_STATE, 's0', 'h0', Mark.BACK, 'active')


class Congress:
    """Knows no host; or is away."""

    def __init__(self):
        self.away = True

    def send(self, *_args, **_options):
        if self.away:
            raise CloudError('Congress does not answer', recoverable=True)
        return {'results': []}


class Cloud(doubles.Cloud):

    def __init__(self, congress):
        super().__init__()
        services = self.service
        self.service = lambda *_: congress
        self.services = services

    def compute_services(self, host=None):
        return [one for one in self.services.values() if one.host == host]

    def touch(self, host, **changes):
        service, self.service = self.service, self.services
        super().touch(host, **changes)
        self.service = service


class CongressTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.congress = Congress()
        self.cloud = Cloud(self.congress)
        self.inspector = CongressInspector(
            SimpleNamespace(read_back_s=1.0, poll_s=0.1, take_over=True,
                            prepare_s=1.0, endpoint=''),
            self.cloud, waiting=FakeClock())
        self.done = []
        self.cloud.touch('h0', forced_down=True)


class AwayTest(CongressTestCase):

    def correct(self):
        return self.inspector.correct([MARK, SERVER], self.done.append)

    def is_marked(self):
        return self.cloud.services['h0'].forced_down

    def test_a_host_that_is_back_is_not_left_marked_down(self):
        """It was, as long as Congress did not answer."""
        by_target = {one.correction.target_id: one for one in self.correct()}
        self.assertFalse(self.is_marked())
        self.assertEqual((True, False), tuple(
            by_target[one].done for one in ('c0', 's0')))
        self.assertIn('Congress does not answer', by_target['c0'].remark)
        self.assertEqual(2, len(self.done))

    def test_congress_that_came_back_with_its_rows(self):
        self.correct()
        self.cloud.touch('h0', forced_down=True)
        self.congress.away = False
        self.inspector.release('h0')
        self.assertFalse(self.is_marked())

    def test_a_later_mark_of_somebody_is_left(self):
        self.correct()
        self.congress.away = False
        self.inspector.release('h0')
        self.cloud.touch('h0', forced_down=True)
        self.inspector.release('h0')
        self.assertTrue(self.is_marked())

    def test_the_end_of_the_process(self):
        self.inspector.stop()
        self.assertRaises(CloudError, self.correct)
        self.assertTrue(self.is_marked())


class TableTest(CongressTestCase):
    """Its table of the hosts that are down is replaced in one piece."""

    def setUp(self):
        super().setUp()
        self.written = []
        self.congress.send = self.send

    def send(self, method, _path, body=None, **_options):
        if method != 'GET':
            self.written.append(body)
        elif self.error:
            raise self.error
        return {'results': []}

    def test_one_that_is_not_there_is_empty(self):
        self.error = refusals.refused(
            'GET policy', 404, b'{"error": {"message": "no table"}}',
            service_type='policy')
        self.inspector.report('h0')
        self.assertEqual(1, len(self.written))

    def test_something_between_does_not_empty_it(self):
        """A load balancer's 404 had the rows of all other hosts removed."""
        self.error = refusals.refused('GET policy', 404, b'<html>no backend',
                                      service_type='policy')
        self.assertRaises(CloudError, self.inspector.report, 'h0')
        self.assertEqual([], self.written)
