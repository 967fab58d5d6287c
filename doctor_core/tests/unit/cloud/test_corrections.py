import asyncio
import json

import fixtures
import testtools

from doctor_core.cloud import corrections
from doctor_core.cloud.corrections import Corrector
from doctor_core.cloud.refusals import Final
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark
from doctor_core.web.client import Reply


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


class AskedAgainTest(testtools.TestCase):
    """A server that was evacuated while Nova failed was set to error."""

    def setUp(self):
        super().setUp()
        for name, value in (('_FIRST_PAUSE_S', 0.0), ('_UNSEEN_S', -1.0)):
            self.useFixture(fixtures.MockPatchObject(
                corrections, name, value))
        self.asked = []

    async def send(self, request, *_args, **_options):
        self.asked.append(request.method)
        if len(self.asked) == 1:
            raise CloudError('not now', status=503, recoverable=True)
        return self.shown if request.method == 'GET' else Reply(202, {}, b'')

    def sees_all(self):
        return True

    def outcome(self, host='h', task=None, mark=Mark.LOST):
        self.sender = self
        self.shown = Reply(200, {}, json.dumps({'server': {
            'id': 's', 'status': 'ACTIVE', 'OS-EXT-STS:vm_state': 'active',
            'OS-EXT-SRV-ATTR:host': host,
            'OS-EXT-STS:task_state': task}}).encode())
        reset = Correction(Action.RESET_STATE, 's', 'h', mark)
        one = corrections._Round(self, 60.0, lambda change: None)
        one._asked_at[reset.key] = 0.0
        self.asked = ['POST']
        change, = asyncio.run(one.make([reset]))
        return change

    def test_it_is_there_still(self):
        self.assertTrue(self.outcome().done)
        self.assertEqual(['POST', 'GET', 'POST'], self.asked)

    def test_it_has_left(self):
        change = self.outcome(host='other')
        self.assertIn('not asked again, its server is on host other',
                      change.error)
        self.assertEqual(['POST', 'GET'], self.asked)

    def test_what_has_left_is_given_back_where_it_is(self):
        self.assertTrue(self.outcome(host='other', mark=Mark.BACK).done)

    def test_nova_is_moving_it(self):
        for mark in Mark:
            self.assertIn('Nova is at it: rebuilding', self.outcome(
                task='rebuilding', mark=mark).error)

    def test_nobody_looks_at_what_is_asked_for_at_once(self):
        self.useFixture(fixtures.MockPatchObject(
            corrections, '_UNSEEN_S', 60.0))
        self.sender, self.asked = self, []
        reset = Correction(Action.RESET_STATE, 's', 'h', Mark.LOST)
        change, = asyncio.run(corrections._Round(
            self, 60.0, lambda change: None).make([reset]))
        self.assertTrue(change.done)
        self.assertEqual(['POST', 'POST'], self.asked)
