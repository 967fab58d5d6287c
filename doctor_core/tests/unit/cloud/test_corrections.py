import asyncio

import fixtures
import testtools

from doctor_core.cloud import corrections
from doctor_core.cloud.corrections import Corrector
from doctor_core.cloud.refusals import Final
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark


class ClosedTest(testtools.TestCase):

    def test_is_not_opened_again(self):
        """A correction of a process that ends could take a minute."""
        corrector = Corrector(None, concurrency=1, timeout_s=1.0,
                              retry_for_s=60.0)
        for _ in range(2):
            corrector.close()
        self.assertRaises(CloudError, corrector.correct, [
            Correction(Action.FORCE_DOWN, 'c', 'h', Mark.LOST)],
            lambda change: None)


class Paced:
    """Answers requests with these errors, one after another."""

    def __init__(self, *errors):
        self.errors = list(errors)

    async def send(self, *_args, **_options):
        raise self.errors.pop(0)


class RefusedTest(testtools.TestCase):
    """Nobody takes back what was never made; what may have been, Doctor."""

    def outcome(self, *errors):
        self.useFixture(fixtures.MockPatchObject(
            corrections, '_FIRST_PAUSE_S', 0.0))
        mark = Correction(Action.FORCE_DOWN, 'c', 'h', Mark.LOST)
        change, = asyncio.run(corrections._Round(
            Paced(*errors), 60.0, lambda change: None).make([mark]))
        return change.is_final, change.is_refused

    def answer(self, status):
        return CloudError('no', status=status)

    def passing(self, status):
        return CloudError('not now', status=status, recoverable=True)

    def test_somebody_said_no(self):
        for status in (400, 403, 404, 409):
            self.assertEqual((False, True),
                             self.outcome(self.answer(status)))
        self.assertEqual((True, True), self.outcome(Final('no', status=400)))
        self.assertEqual((True, True), self.outcome(Final('no', status=501)))
        self.assertEqual((True, True), self.outcome(
            self.passing(409), Final('no', status=400)))

    def test_nobody_knows(self):
        for status in (0, 200, 302, 500):
            self.assertEqual((False, False),
                             self.outcome(self.answer(status)))

    def test_no_answer_came_before_it_was_refused(self):
        for status in (0, 503):
            self.assertEqual((True, False), self.outcome(
                self.passing(status), Final('no', status=400)))
