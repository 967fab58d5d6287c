"""Hosts that are taken back, and what is said of it in time."""

import asyncio
import json
import threading
from types import SimpleNamespace

import testtools

from doctor_core import store
from doctor_core.api.clearing import Clearing
from doctor_core.exceptions import BackendError
from doctor_core.faults.answer import Answer
from doctor_core.faults.lifting import Marks
from doctor_core.model import (
    Action,
    Correction,
    Fault,
    FaultStatus,
    Mark,
    News,
    Server,
    Telling,
)
from doctor_core.model.states import CorrectionState, FaultState
from doctor_core.web.exchange import Refused, Request

MARKS = Marks(True, ('s7',), ('p7',))
CORRECTIONS = [
    Correction(Action.FORCE_DOWN, 'c0', 'h0', Mark.LOST, 'false'),
    Correction(Action.RESET_STATE, 's0', 'h0', Mark.LOST, 'active'),
    Correction(Action.DATA_PLANE_STATUS, 'p0', 'h0', Mark.LOST, '', 's0')]


class Hosts:
    """A cloud that answers when it is told to."""

    def __init__(self):
        self.asked = []
        self.answer = None
        self.error = None
        self.steps = {name: threading.Event() for name in (
            'look_up', 'clear', 'look', 'lift')}
        for step in self.steps.values():
            step.set()
        self.begun, self.done = threading.Event(), threading.Event()

    def look_up(self, hostname):
        self.steps['look_up'].wait(30.0)
        if self.error:
            raise self.error
        return None if hostname == 'nosuch' else 'h0'

    def clear(self, hostname, who, begin):
        self.asked.append((hostname, who))
        try:
            host = self.look_up(hostname)
            if host and self.answer:
                begin(host, self.answer.fault_id)
                self.begun.set()
                self.steps['clear'].wait(30.0)
            return host or '', self.answer
        finally:
            self.done.set()

    def look(self, host):
        self.steps['look'].wait(30.0)
        return MARKS

    def lift(self, host, begin):
        self.look(host)
        begin()
        self.begun.set()
        self.steps['lift'].wait(30.0)
        return MARKS


class ClearingTestCase(testtools.TestCase):

    patience_s = 30.0

    def setUp(self):
        super().setUp()
        self.store = store.Store()
        self.hosts = Hosts()
        self.heard = []
        self.api = Clearing(self.store, self.hosts, self.hosts,
                            self.heard.append, ['sample'], self.patience_s)
        self.addCleanup(self.api.pools[0].close)

    def send(self, body, **context):
        sent = Request('POST', '/faults/clear', {}, {}, {},
                       json.dumps(body).encode(), 100.0)
        sent.context.update(context)
        response = asyncio.run(self.api.clear(sent))
        return response.status, json.loads(
            response.body or json.dumps(response.json))

    def refused(self, body):
        return self.assertRaises(Refused, self.send, body)

    def open(self, *states):
        fault = Fault('h0', 'compute.host.down', FaultStatus.DOWN, 9.0, 9.0)
        self.store.faults.add(fault, 'h0', FaultState.HANDLED)
        self.store.corrections.owe(fault.id, CORRECTIONS)
        self.store.tellings.owe(fault.id, [Telling(
            Server('s0', 'vm0', 'p', 'h0'), News.LOST, 'error')])
        for state in states:
            self.store.corrections.move(fault.id, state, CORRECTIONS)
        self.hosts.answer = Answer(fault.id, 'h0', FaultState.CLEARED)
        return fault.id


class ClearTest(ClearingTestCase):

    def test_open_fault_and_what_was_taken_back(self):
        fault_id = self.open(CorrectionState.ASKED, CorrectionState.DONE,
                             CorrectionState.UNDO_OWED)
        self.store.corrections.move(
            fault_id, CorrectionState.UNDONE, CORRECTIONS[:2])
        self.store.corrections.move(
            fault_id, CorrectionState.LEFT, CORRECTIONS[2:],
            reason='the port is gone')
        status, answer = self.send({'host': 'H0'})
        self.assertEqual((200, fault_id, 'cleared'), (
            status, answer['fault'], answer['state']))
        self.assertEqual(
            [('force-down', '', 'false', 'undone', ''),
             ('reset-state', 'vm0', 'active', 'undone', ''),
             ('data-plane-status', 'vm0', 'ACTIVE', 'left',
              'the port is gone')],
            [(one['action'], one['server'], one['to'], one['state'],
              one['reason']) for one in answer['corrections']])
        self.assertEqual([('H0', 'an operator')], self.hosts.asked)
        self.assertEqual([self.hosts.answer], self.heard)

    def test_who_has_not_said_that_the_host_is_back(self):
        """The monitor said it at its next start, and nobody had known."""
        fault_id = self.open()
        for source in ('sample', 'nagios', 'other'):
            self.store.faults.hold(fault_id, source, 'r1')
        for source in ('', 'other'):
            self.store.faults.let_go(fault_id, source, 'r2')
        for body in ({'host': 'h0'}, {'host': 'h0', 'dry_run': True}):
            self.assertEqual(
                [{'source': 'nagios', 'is_own_monitor': False},
                 {'source': 'sample', 'is_own_monitor': True}],
                self.send(body)[1]['held_by'])

    def test_who_orders_it(self):
        self.send({'host': 'h0'}, token=SimpleNamespace(user_name='alice'))
        self.assertEqual([('h0', 'alice')], self.hosts.asked)

    def test_no_fault_is_known(self):
        """Ports that stay DOWN were not named."""
        self.assertEqual((200, {
            'host': 'h0', 'fault': None, 'was_marked_down': True,
            'servers_in_error': ['s7'], 'ports_down': ['p7']}),
            self.send({'host': 'h0'}))

    def test_no_such_host(self):
        for body in ({'host': 'nosuch'}, {'host': 'nosuch', 'dry_run': True}):
            self.assertEqual(404, self.refused(body).status)

    def test_nova_is_away_or_refuses(self):
        for error, status, words in (
                (BackendError('No answer', recoverable=True), 503,
                 'No answer; nothing was cleared, say it again.'),
                (BackendError('A fault is open'), 409, 'A fault is open')):
            self.hosts.error = error
            refused = self.refused({'host': 'h0'})
            self.assertEqual((status, words),
                             (refused.status, refused.message))

    def test_body_that_names_no_host(self):
        for body in ({}, [], {'host': ''}, {'host': 1}, None,
                     {'host': 'h', 'x': 1}, {'host': 'h', 'dry_run': 1},
                     {'dry_run': True}):
            self.assertEqual(400, self.refused(body).status, body)


class DryRunTest(ClearingTestCase):

    def test_nothing_is_done(self):
        """What would be undone was known only afterwards."""
        fault_id = self.open(CorrectionState.ASKED, CorrectionState.DONE)
        status, answer = self.send({'host': 'h0', 'dry_run': True})
        self.assertEqual((200, fault_id, True, ['c0', 's0', 'p0']), (
            status, answer['fault'], answer['dry_run'],
            [one['target_id'] for one in answer['corrections']]))
        self.assertEqual(([], 'handled'), (
            self.hosts.asked, self.store.faults.find(fault_id).state))

    def test_what_was_never_made(self):
        self.open()
        self.assertEqual([], self.send(
            {'host': 'h0', 'dry_run': True})[1]['corrections'])

    def test_no_fault_is_known(self):
        answer = self.send({'host': 'h0', 'dry_run': True})[1]
        self.assertEqual((False, None, ['p7']), (
            self.hosts.begun.is_set(), answer['fault'], answer['ports_down']))


class NovaAwayTest(ClearingTestCase):
    """Who ordered it waited in vain, and never heard what became of it."""

    patience_s = 0.0

    def hang(self, *names):
        for name in names:
            self.hosts.steps[name].clear()
            self.addCleanup(self.hosts.steps[name].set)

    def begin(self):
        """Have the next order wait until something is begun."""
        ordered = asyncio.wait

        async def wait(work, timeout):
            await asyncio.to_thread(self.hosts.begun.wait, 30.0)
            return await ordered(work, timeout=timeout)

        self.patch(asyncio, 'wait', wait)

    def test_taken(self):
        fault_id = self.open()
        self.hang('clear')
        self.begin()
        status, answer = self.send({'host': 'h0'})
        self.assertEqual((202, fault_id, 'clearing'), (
            status, answer['fault'], answer['state']))
        self.assertIn('as soon as Nova does', answer['note'])
        self.assertEqual([''], [one['source'] for one in answer['held_by']])

    def test_not_begun_is_never_begun(self):
        self.open()
        self.hang('look_up')
        refused = self.refused({'host': 'h0'})
        self.assertEqual(
            (503, 'Nova does not answer; nothing was cleared, say it again.'),
            (refused.status, refused.message))
        self.hosts.steps['look_up'].set()
        self.api.pools[0].close()
        self.assertTrue(not self.hosts.asked or self.hosts.done.wait(30.0))
        self.assertFalse(self.hosts.begun.is_set())

    def test_no_fault_is_known(self):
        self.hosts.answer = None
        self.hang('lift')
        self.begin()
        refused = self.refused({'host': 'h0'})
        self.assertEqual(503, refused.status)
        self.assertIn('was asked to lift', refused.message)

    def test_dry_run(self):
        self.hang('look')
        self.assertEqual(503, self.refused(
            {'host': 'h0', 'dry_run': True}).status)
