"""The way of our plugin for collectd to an intake on a bad day."""

import json
import types

import testtools

from doctor_core import clock
from doctor_core.monitors.collectd import doctor_notify as plugin
from doctor_core.tests.functional import peers

WAIT_S = 30
EVENT = {'type': 'compute.host.down', 'details': {'hostname': 'h1'}}


class IntakeTest(testtools.TestCase):

    def make(self, *behaviours, timeout_s=WAIT_S):
        self.peer = peers.Peer(*behaviours)
        self.addCleanup(self.peer.close)
        intake = plugin.Intake(self.peer.url, timeout_s)
        self.addCleanup(intake.close)
        return intake

    def test_list_of_one_event_by_post(self):
        self.assertEqual(200, self.make().post(EVENT))
        head, body = self.peer.requests[0]
        self.assertTrue(head.startswith(b'POST /failure HTTP/1.1\r\n'))
        self.assertEqual([EVENT], json.loads(body))

    def test_connection_is_kept(self):
        intake = self.make()
        for _event in range(3):
            intake.post(EVENT)
        self.assertEqual(1, self.peer.connections())

    def test_kept_connection_that_was_closed(self):
        intake = self.make(peers.OK, peers.reset, peers.OK)
        self.assertEqual([200, 200],
                         [intake.post(EVENT) for _event in range(2)])
        self.assertEqual(2, self.peer.connections())

    def test_status_of_a_refusal(self):
        self.assertEqual(503, self.make(peers.answer(503)).post(EVENT))

    def test_silent_peer(self):
        before = clock.monotonic()
        self.assertRaises(OSError, self.make(None, timeout_s=0.2).post,
                          EVENT)
        self.assertLess(clock.monotonic() - before, WAIT_S)

    def test_refusing_peer(self):
        self.assertRaises(OSError, plugin.Intake(peers.refused_url()).post,
                          EVENT)


class TellerTest(testtools.TestCase):

    def start(self, *behaviours, timeout_s=WAIT_S):
        self.peer = peers.Peer(*behaviours)
        self.addCleanup(self.peer.close)
        self.board = plugin.Board(
            [plugin.Match('h1', {'plugin': 'sensors'})])
        self.logged = []
        teller = plugin.Teller(
            self.board, plugin.Intake(self.peer.url, timeout_s).post,
            lambda _dump: None, self.logged.append)
        self.addCleanup(teller.close)
        teller.start()

    def note(self, severity):
        self.board.note(types.SimpleNamespace(
            plugin='sensors', plugin_instance='psu', type='gauge',
            type_instance='', time=1.0), severity)

    def await_requests(self, count):
        clock.wait_for(lambda: len(self.peer.requests) >= count,
                       clock.Deadline(WAIT_S), what=f'request {count}')

    def test_silent_peer_does_not_keep_collectd_waiting(self):
        self.start(None)
        self.note('FAILURE')
        self.await_requests(1)
        before = clock.monotonic()
        for _round in range(1000):
            self.note('OKAY')
            self.note('FAILURE')
        self.assertLess(clock.monotonic() - before, WAIT_S / 3)
        self.assertEqual(1, len(self.peer.requests))

    def test_what_is_told_late_is_how_things_are_by_then(self):
        self.start(None, peers.OK, timeout_s=0.5)
        self.note('FAILURE')
        self.await_requests(1)
        self.note('OKAY')
        self.note('FAILURE')
        self.await_requests(2)
        clock.wait_for(lambda: not self.board.due(),
                       clock.Deadline(WAIT_S), what='all to be told')
        self.assertEqual(2, len(self.peer.requests))

    def test_pauses_grow(self):
        self.start(*[peers.answer(503)] * 4, peers.OK)
        self.note('FAILURE')
        self.await_requests(5)
        at = self.peer.arrivals
        pauses = [later - earlier for earlier, later
                  in zip(at, at[1:], strict=False)]
        for pause, at_least in zip(pauses, (0.2, 0.4, 0.8, 1.6),
                                   strict=True):
            self.assertGreater(pause, at_least - 0.05)
        self.assertEqual(4, len(self.logged))
