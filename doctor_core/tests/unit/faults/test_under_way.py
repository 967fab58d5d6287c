"""Outcomes of tellings that the store does not take at once."""

import contextlib
import threading
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core.exceptions import StoreError
from doctor_core.faults.told import Outcome
from doctor_core.faults.under_way import UnderWay
from doctor_core.model import News, Server, Telling
from doctor_core.model.states import TellingState

TELLING = Telling(Server('s0', 'vm', 'p', 'h0', 'active'), News.LOST, 'error')


class NotKeptTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.kept = []
        self.has_room = False
        self.refused = threading.Event()
        self.under_way = UnderWay(
            SimpleNamespace(together=contextlib.nullcontext, tellings=self),
            threading.Event(), lambda: 0.0)
        self.under_way.begin('f', [TELLING])

    def settle(self, fault_id, state, settled, *, at):
        if not self.has_room:
            self.refused.set()
            raise StoreError('the disk is full')
        self.kept += [(state, one.server.id) for one, _ in settled]

    def explain(self, fault_id, reasons):
        """Nobody has to be told again."""

    def check(self):
        """The owner is not told anew after a restart."""
        self.has_room = True
        self.under_way.close()
        self.assertEqual([(TellingState.TOLD, 's0')],
                         [one for one in self.kept if one[1]])

    def test_known_before_anybody_waits(self):
        self.under_way.ended('f', TELLING, Outcome())
        self.assertTrue(self.refused.wait(10))
        self.check()

    def test_known_while_somebody_waits(self):
        waiter = self.under_way.settle('f')
        self.under_way.ended('f', TELLING, Outcome())
        self.assertRaises(StoreError, waiter.result, 10)
        self.check()

    def test_known_to_whoever_asks(self):
        with self.under_way._lock:
            self.under_way._of('f').ended.append((TELLING, Outcome()))
        self.assertRaises(StoreError, self.under_way.keep, 'f')
        self.check()
