"""Host aggregates, kept beside what else is known of a cloud."""

import threading

import fixtures
import testtools

from doctor_core.cloud.aggregates import Aggregates
from doctor_core.exceptions import CloudError
from doctor_core.model import Aggregate

SOME = [Aggregate('a', ('h1', 'h2'), rack='r1')]


class Nova:
    """Answers what it is told, in order; the last for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0
        self.entered = threading.Event()
        self.gate = None

    def aggregates(self):
        self.asked += 1
        self.entered.set()
        if self.gate is not None:
            self.gate.wait(10)
        answer = self.answers[0]
        if len(self.answers) > 1:
            del self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class AggregatesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def kept(self, *answers):
        self.nova = Nova(*answers)
        return Aggregates(lambda: self.nova)

    def look(self, kept):
        kept.look()
        kept.wait(10)

    def test_not_known_at_first(self):
        kept = self.kept(SOME)
        self.assertIsNone(kept.known)
        self.assertEqual({}, kept.racks())

    def test_of_the_last_answer(self):
        kept = self.kept(SOME, [])
        self.look(kept)
        self.assertEqual((*SOME,), kept.known)
        self.look(kept)
        self.assertEqual((), kept.known)

    def test_a_failure_keeps_the_former_ones_and_is_said_once(self):
        away = CloudError('Nova is away', recoverable=True)
        kept = self.kept(SOME, away, away, SOME)
        for _look in range(3):
            self.look(kept)
        self.assertEqual((*SOME,), kept.known)
        self.assertEqual(1, self.log.output.count('Nova is away'))
        self.assertIn('taken to be as they were', self.log.output)
        self.look(kept)
        self.assertIn('tells of its host aggregates again', self.log.output)

    def test_one_of_the_first_answer(self):
        kept = self.kept(CloudError('no'))
        self.look(kept)
        self.assertIsNone(kept.known)
        self.assertIn('not known which hosts are of one rack',
                      self.log.output)

    def test_a_defect_ends_nothing(self):
        kept = self.kept(ValueError('odd'), SOME)
        self.look(kept)
        self.look(kept)
        self.assertEqual((*SOME,), kept.known)
        self.assertIn('ValueError: odd', self.log.output)

    def test_nobody_waits_for_a_nova_that_hangs(self):
        kept = self.kept(SOME)
        self.nova.gate = threading.Event()
        self.addCleanup(self.nova.gate.set)
        for _look in range(3):
            kept.look()
        kept.wait(0.01)
        self.assertTrue(self.nova.entered.wait(10))
        self.assertIsNone(kept.known)
        self.assertEqual(1, self.nova.asked)

    def test_the_rack_of_each_host(self):
        kept = self.kept([
            *SOME, Aggregate('b', ('h2', 'h3'), rack='r2'),
            Aggregate('c', ('h4',))])
        self.look(kept)
        self.assertEqual({'h1': 'r1', 'h2': 'r1', 'h3': 'r2'}, kept.racks())
