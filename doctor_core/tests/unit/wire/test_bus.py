"""Faults as they travel on the bus."""

import dataclasses
import json

import testtools
from hypothesis import example, given
from testtools import matchers

from doctor_core import wire
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import Fault, FaultStatus, SequenceNumber, new_id
from doctor_core.tests.unit.wire.samples import (
    ANY_JSON,
    NOW,
    alert,
    event,
    webhook,
)

FULL = Fault(
    'h0', 'compute.host.down', FaultStatus.DOWN, NOW - 9.25, NOW - 1,
    source='sample', cause='no answer', severity='critical', sender='m1',
    said_at=NOW - 9.25, began_at=NOW - 30, ended_at=NOW - 10,
    sequence=SequenceNumber('boot-1', 7), remarks=('odd', 'more'),
    details={'hostname': 'h0', 'status': 'down', 'source': 'sample',
             'cause': 'no answer', 'severity': 'critical', 'x': [1]})


def travelled(fault, received_at=NOW):
    return wire.fault_from_payload(
        json.loads(json.dumps(wire.fault_to_payload(fault))), received_at)


class ThereAndBackTest(testtools.TestCase):
    def test_nothing_is_lost(self):
        self.assertEqual(FULL, travelled(FULL))

    def test_what_is_not_known_stays_so(self):
        """A time that orders nothing must not become one on the way."""
        fault = dataclasses.replace(
            FULL, said_at=None, began_at=None, ended_at=None, sequence=None,
            sender='', remarks=())
        self.assertEqual(fault, travelled(fault))

    def test_alert(self):
        fault, = wire.parse_faults(webhook(alert(host='a')), NOW).faults
        self.assertThat(travelled(fault, NOW + 9), matchers.MatchesStructure.
                        fromExample(fault, 'id', 'source', 'began_at',
                                    'received_at', 'cause', 'sender'))

    def test_time_that_a_plugin_got_wrong_loses_no_fault(self):
        for at in (1e18, float('nan'), -1e18):
            fault = dataclasses.replace(FULL, detected_at=at, said_at=at)
            got = travelled(fault)
            self.assertEqual((FULL.id, NOW, None),
                             (got.id, got.detected_at, got.said_at))


class FromPayloadTest(testtools.TestCase):
    def test_release_before(self):
        """It writes no order: what was said is the time of the event."""
        payload = {'id': new_id(), 'time': '2027-01-15T07:59:00+00:00',
                   'type': 'compute.host.up', 'received_at': NOW - 1,
                   'details': {'hostname': 'h0', 'status': 'up',
                               'source': 'sample', 'monitor_id': 'm1',
                               'cause': '', 'severity': 'info'}}
        self.assertThat(
            wire.fault_from_payload(payload, NOW),
            matchers.MatchesStructure.byEquality(
                id=payload['id'], said_at=NOW - 60, detected_at=NOW - 60,
                received_at=NOW - 1, source='sample', sender='m1',
                sequence=None, began_at=None, remarks=()))

    def test_foreign_payload_gets_an_id_and_a_time(self):
        fault = wire.fault_from_payload(event(), NOW)
        self.assertEqual(NOW, fault.received_at)
        self.assertThat(fault.id, matchers.HasLength(36))

    def test_id_that_is_not_ours_is_replaced(self):
        for payload_id in ('x' * 5000, 'a\nb', 7, ['x'], {}):
            fault = wire.fault_from_payload(event(id=payload_id), NOW)
            self.assertThat(fault.id, matchers.HasLength(36))
            self.assertIn('is no id of ours', fault.remarks[0])

    def test_hosts_that_are_heard(self):
        self.assertEqual(('sample', {'a', 'b'}), wire.heard_from_payload(
            wire.heard_to_payload('sample', ['b', 'a'])))
        for payload in (None, [], {}, {'source': 7, 'hosts': []},
                        {'source': 's', 'hosts': 'a'}):
            self.assertEqual(('', frozenset()),
                             wire.heard_from_payload(payload))
        self.assertEqual(('s', {'a'}), wire.heard_from_payload(
            {'source': 's', 'hosts': ['a', 7, None]}))

    def test_no_fault(self):
        for payload in (['x'], None, 1, {'event': 1}, {}, {'type': []}):
            self.assertRaises(InvalidEvent, wire.fault_from_payload, payload,
                              NOW)

    @given(ANY_JSON)
    @example({**event(), 'received_at': float('nan'), 'said_at': 10 ** 400,
              'remarks': [1, 'a\nb'], 'sender': '\ud800', 'sequence': []})
    def test_any_payload_is_a_fault_or_refused(self, payload):
        """Some ended in other exceptions, and came back five times."""
        try:
            fault = wire.fault_from_payload(payload, NOW)
        except InvalidEvent:
            return
        for text in (fault.sender, *fault.remarks):
            self.assertEqual(wire.escaped(text), text)
        self.assertTrue(0 <= fault.received_at <= NOW + 86400)
