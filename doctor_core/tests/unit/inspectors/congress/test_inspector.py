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

    def mark(self, correction):
        self.touch(correction.host,
                   forced_down=correction.mark is Mark.LOST)


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


OWN = refusals.refused('GET policy', 404, b'{"error": {"message": "no"}}',
                       service_type='policy')
BETWEEN = refusals.refused('GET policy', 404, b'<html>no backend',
                           service_type='policy')
OTHERS = [{'data': ['t', 'compute.host.down', 'h9', 'down', 'doctor', 'h9']},
          {'data': ['t', 'disk.failure', 'h8', 'bad', 'smart', '7']}]
ROW = {'data': ['t', 'compute.host.down', 'h0', 'down', 'doctor', 'h0']}


class TableTest(CongressTestCase):
    """Its table of the hosts that are down is replaced in one piece; what it
    answers while its driver is loaded must not empty it.
    """

    def setUp(self):
        super().setUp()
        self.written = []
        #: What is answered, one after the other; the last one stays.
        self.answers = {
            'sources': [[{'name': 'doctor'}]],
            'doctor/tables': [[{'id': 'events'}]],
            'events/rows': [[*OTHERS, ROW]],
            'classification/tables': [[{'id': 'host_down'}]],
            'host_down/rows': [[]]}
        self.congress.send = self.send

    def send(self, method, path, body=None, **_options):
        if method != 'GET':
            self.written.append([one['details']['hostname'] for one in body])
            return {}
        answers, = (answers for end, answers in self.answers.items()
                    if path.endswith(end))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {'results': answer}

    def fails(self, do, host):
        """Nothing is written, and it is tried again."""
        error = self.assertRaises(CloudError, do, host)
        self.assertTrue(error.recoverable, str(error))
        self.assertEqual([], self.written)

    def test_rows_of_others_stay(self):
        self.inspector.report('h1')
        self.inspector.withdraw('h0')
        self.assertEqual([['h9', 'h8', 'h0', 'h1'], ['h9', 'h8']],
                         self.written)

    def test_driver_that_does_not_run_yet(self):
        """Congress says 404 to all of it, and has the rows."""
        self.answers.update({'events/rows': [OWN], 'doctor/tables': [OWN]})
        self.fails(self.inspector.report, 'h1')
        self.fails(self.inspector.withdraw, 'h0')

    def test_driver_that_runs_by_the_next_look(self):
        self.answers['events/rows'].insert(0, OWN)
        self.inspector.report('h1')
        self.assertEqual([['h9', 'h8', 'h0', 'h1']], self.written)

    def test_driver_that_has_no_row_yet(self):
        """One that keeps its rows has no table before the first."""
        self.answers['events/rows'] = [OWN]
        self.inspector.withdraw('h0')
        self.inspector.report('h1')
        self.assertEqual([['h1']], self.written)

    def test_data_source_that_is_deleted(self):
        self.answers.update({'events/rows': [OWN], 'sources': [[]]})
        self.inspector.withdraw('h0')
        self.assertEqual([], self.written)

    def test_list_that_cannot_be_had(self):
        for error in (OWN, BETWEEN, CloudError('no answer',
                                               recoverable=True)):
            self.answers.update({'events/rows': [OWN], 'sources': [error]})
            self.fails(self.inspector.report, 'h1')
            self.fails(self.inspector.withdraw, 'h0')

    def test_something_between(self):
        """A load balancer's 404 had the rows of all other hosts removed."""
        self.answers['events/rows'] = [BETWEEN]
        self.fails(self.inspector.report, 'h1')
        self.fails(self.inspector.withdraw, 'h0')

    # The policy, after the row is gone.

    def policy_says(self, rows, tables):
        self.answers.update({'events/rows': [OTHERS], 'host_down/rows': rows,
                             'classification/tables': tables})

    def test_policy_that_still_concludes(self):
        self.policy_says([[{'data': ['h0']}]], [[{'id': 'host_down'}]])
        self.fails(self.inspector.withdraw, 'h0')

    def test_policy_that_is_not_loaded(self):
        for tables in ([{'id': 'host_down'}], OWN, BETWEEN):
            self.policy_says([OWN], [tables])
            self.fails(self.inspector.withdraw, 'h0')

    def test_policy_without_the_rule(self):
        self.policy_says([OWN], [[]])
        self.inspector.withdraw('h0')
