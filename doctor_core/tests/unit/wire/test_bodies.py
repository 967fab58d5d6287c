"""The faults of a body, in every dialect."""

import json

import testtools
from hypothesis import given
from hypothesis import strategies as st
from testtools import matchers

from doctor_core import wire
from doctor_core.exceptions import InvalidEvent
from doctor_core.tests.unit.wire.samples import (
    ANY_JSON,
    NOW,
    OF_COLLECTD,
    alert,
    event,
    webhook,
)


class DialectsTest(testtools.TestCase):
    def hostnames(self, body):
        parsed = wire.parse_faults(body, NOW)
        self.assertEqual([], parsed.refused)
        return [fault.hostname for fault in parsed.faults]

    def test_bare_object(self):
        self.assertEqual(['compute-0'], self.hostnames(event()))

    def test_list(self):
        other = event(details={'hostname': 'compute-1'})
        self.assertEqual(['compute-0', 'compute-1'],
                         self.hostnames([event(), other]))

    def test_wrapped_in_event(self):
        self.assertEqual(['compute-0'], self.hostnames({'event': event()}))

    def test_list_of_wrapped(self):
        self.assertEqual(['compute-0'], self.hostnames([{'event': event()}]))

    def test_events_of_wrapped_and_bare(self):
        self.assertEqual(
            ['compute-0', 'compute-0'],
            self.hostnames({'events': [{'event': event()}, event()]}))

    def test_all_alerts_of_a_group(self):
        self.assertEqual(['a', 'b'], self.hostnames(webhook(
            alert(host='a'), alert('resolved', host='b'))))

    def test_list_of_alerts_and_events(self):
        self.assertEqual(['h1', 'compute-0'],
                         self.hostnames([OF_COLLECTD, event()]))

    def test_event_with_labels_is_an_event(self):
        self.assertEqual(['a'], self.hostnames(
            [{'type': wire.HOST_DOWN, 'hostname': 'a', 'labels': {}}]))


class EachForItselfTest(testtools.TestCase):
    def test_alert_without_a_host_loses_no_other(self):
        """One alert that named no host had its whole group refused."""
        parsed = wire.parse_faults(webhook(
            alert(host='a'), alert(rulename='HostDown'), alert(host='b'),
            'x'), NOW)
        self.assertEqual(['a', 'b'],
                         [fault.hostname for fault in parsed.faults])
        self.assertEqual(
            [('alerts[1].labels',
              'names no host; looked for hostname, host, instance'),
             ('alerts[3]', 'must be an object')],
            [(error.field, error.why) for error in parsed.refused])

    def test_events(self):
        parsed = wire.parse_faults({'events': [{'event': {}}, event()]}, NOW)
        self.assertEqual(['events[0].event.type'],
                         [error.field for error in parsed.refused])
        self.assertThat(parsed.faults, matchers.HasLength(1))

    def test_name_longer_than_a_name_can_be(self):
        parsed = wire.parse_faults(
            [event(), event(type='t' * 256), event(details={
                'hostname': 'h' * 256}), [OF_COLLECTD][0] | {
                'labels': {'host': 'h' * 300}}], NOW)
        self.assertEqual(
            ['[1].type', '[2].details.hostname', '[3].labels.host'],
            [error.field for error in parsed.refused])

    def test_type_that_is_not_wanted(self):
        parsed = wire.parse_faults([event(), event(type='disk.failure')],
                                   NOW, types=wire.KNOWN_TYPES)
        self.assertThat(parsed.faults, matchers.HasLength(1))
        self.assertEqual(
            '[1].type: Doctor does not act on events of type disk.failure; '
            'it knows compute.host.down, compute.host.up',
            str(parsed.refused[0]))

    def test_group_that_is_not_whole(self):
        """Nobody heard that the sender had left alerts out."""
        parsed = wire.parse_faults(webhook(alert(host='a'),
                                           truncatedAlerts=3), NOW)
        remark = ('truncatedAlerts: the sender left out 3 alerts; nothing is '
                  'known of them')
        self.assertEqual((remark,), parsed.remarks)
        self.assertIn(remark, parsed.faults[0].remarks)


class NoEntriesTest(testtools.TestCase):
    def test_names_the_field(self):
        for field, body in (('body', []), ('events', {'events': {}}),
                            ('events', {'events': []}),
                            ('alerts', {'alerts': {}}),
                            ('alerts', {'alerts': []}),
                            ('body', [1] * 10001)):
            error = self.assertRaises(InvalidEvent, wire.parse_faults, body,
                                      NOW)
            self.assertEqual(field, error.field)


class AnyBodyTest(testtools.TestCase):
    @given(ANY_JSON | st.lists(ANY_JSON)
           | st.dictionaries(st.sampled_from(['alerts', 'events']),
                             st.lists(ANY_JSON), min_size=1))
    def test_each_entry_is_a_fault_or_refused(self, body):
        try:
            parsed = wire.parse_faults(body, NOW)
        except InvalidEvent as error:
            self.check_text(str(error))
            return
        self.assertTrue(parsed.faults or parsed.refused)
        for error in parsed.refused:
            self.check_text(str(error))
        for fault in parsed.faults:
            self.check(fault)

    def check(self, fault):
        for text in (fault.hostname, fault.type, fault.source, fault.cause,
                     fault.severity, fault.sender, *fault.remarks):
            self.check_text(text)
        for name in (fault.hostname, fault.type, fault.source):
            self.assertLessEqual(len(name), 255)
        payload = json.loads(json.dumps(wire.fault_to_payload(fault),
                                        allow_nan=False))
        self.assertEqual(fault, wire.fault_from_payload(payload, NOW))

    def check_text(self, text):
        self.assertEqual(wire.escaped(text), text)
        text.encode()
