import datetime
import json
import time

import testtools
from hypothesis import given
from hypothesis import strategies as st
from testtools import matchers

from doctor_core import events
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import FaultStatus, Server, TraitType

NOW = 1700000000.0


def event(**changes):
    entry = {'time': '2017-05-08T13:50:39.710436+00:00',
             'type': 'compute.host.down',
             'details': {'hostname': 'compute-0', 'status': 'down',
                         'monitor': 'monitor_sample'}}
    entry.update(changes)
    return entry


class DialectsTest(testtools.TestCase):
    def hostnames(self, body):
        return [fault.hostname for fault in events.parse_faults(body, NOW)]

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

    def test_flat_brahmaputra(self):
        body = {'type': 'compute.host.down', 'hostname': 'compute-0'}
        fault, = events.parse_faults(body, NOW)
        self.assertEqual(('compute-0', NOW, FaultStatus.DOWN),
                         (fault.hostname, fault.detected_at, fault.status))

    def test_fields(self):
        body = event(details={
            'hostname': 'compute-0', 'status': 'down', 'cause': 'link-down',
            'severity': 'critical', 'monitor_id': 'm1', 'relatedTo': ['x']})
        fault, = events.parse_faults(body, NOW)
        self.assertEqual(
            ('m1', 'link-down', 'critical', 1494251439.710436, NOW, ['x']),
            (fault.source, fault.cause, fault.severity, fault.detected_at,
             fault.received_at, fault.details['relatedTo']))


class TimeTest(testtools.TestCase):
    def parsed(self, value):
        return events.parse_faults(event(time=value), NOW)[0].detected_at

    def test_without_a_zone_is_local_time(self):
        value = '2017-05-08T13:50:39.710436'
        expected = time.mktime(datetime.datetime.fromisoformat(
            value).timetuple()) + 0.710436
        self.assertAlmostEqual(expected, self.parsed(value), places=5)

    def test_zones(self):
        self.assertEqual(self.parsed('2017-05-08T13:50:39Z'),
                         self.parsed('2017-05-08T15:50:39+02:00'))

    def test_absent_is_now(self):
        self.assertEqual(NOW, self.parsed(None))

    def test_epoch_seconds(self):
        self.assertEqual(12.5, self.parsed(12.5))


class StatusTest(testtools.TestCase):
    def status(self, **changes):
        return events.parse_faults(event(**changes), NOW)[0].status

    def test_up_by_type(self):
        self.assertEqual(FaultStatus.UP, self.status(type='compute.host.up'))

    def test_up_by_status(self):
        self.assertEqual(FaultStatus.UP, self.status(
            details={'hostname': 'h', 'status': 'up'}))

    def test_anything_else_is_down(self):
        self.assertEqual(FaultStatus.DOWN, self.status(
            details={'hostname': 'h', 'status': 'strange'}))


class InvalidTest(testtools.TestCase):
    def assert_refused(self, field, body):
        error = self.assertRaises(InvalidEvent, events.parse_faults, body,
                                  NOW)
        self.assertEqual(field, error.field)

    def test_names_the_field(self):
        for field, body in (
                ('body', []),
                ('body', 'text'),
                ('body', None),
                ('events', {'events': {}}),
                ('events', {'events': []}),
                ('[0]', ['text']),
                ('type', {'details': {'hostname': 'h'}}),
                ('type', event(type=1)),
                ('details', event(details=[])),
                ('details.hostname', event(details={})),
                ('details.hostname', event(details={'hostname': 7})),
                ('details.hostname', event(details={'hostname': ' '})),
                ('details.status', event(details={'hostname': 'h',
                                                  'status': 1})),
                ('[1].time', [event(), event(time='yesterday')]),
                ('time', event(time=float('nan'))),
                ('time', event(time=True)),
                ('events[0].event.type', {'events': [{'event': {}}]}),
                ('hostname', {'type': 'compute.host.down'})):
            self.assert_refused(field, body)

    @given(st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(['event', 'events', 'type', 'time', 'details',
                             'hostname', 'status', 'x']), inner),
        max_leaves=12))
    def test_no_body_breaks_it(self, body):
        try:
            faults = events.parse_faults(body, NOW)
        except InvalidEvent as error:
            self.assertThat(error.field, matchers.Not(matchers.Equals('')))
        else:
            self.assertThat(faults, matchers.Not(matchers.HasLength(0)))


class BusTest(testtools.TestCase):
    def test_there_and_back(self):
        fault, = events.parse_faults(event(), NOW)
        payload = json.loads(json.dumps(events.fault_to_payload(fault)))
        back = events.fault_from_payload(payload, NOW + 9)
        self.assertEqual(
            (fault.id, fault.hostname, fault.status, fault.received_at),
            (back.id, back.hostname, back.status, back.received_at))
        self.assertAlmostEqual(fault.detected_at, back.detected_at, places=5)

    def test_foreign_payload_gets_an_id_and_a_time(self):
        fault = events.fault_from_payload(event(), NOW)
        self.assertEqual(NOW, fault.received_at)
        self.assertThat(fault.id, matchers.Not(matchers.Equals('')))

    def test_no_fault(self):
        self.assertRaises(InvalidEvent, events.fault_from_payload, ['x'], NOW)


class SentAtTest(testtools.TestCase):
    def test_as_oslo_messaging_stamps(self):
        self.assertEqual(1779349538.8, events.sent_at(
            {'timestamp': '2026-05-21 07:45:38.800000'}, NOW))

    def test_with_a_zone(self):
        self.assertEqual(1779349538.0, events.sent_at(
            {'timestamp': '2026-05-21T09:45:38+02:00'}, NOW))

    def test_without_one(self):
        for metadata in ({}, {'timestamp': None}, {'timestamp': 'soon'}):
            self.assertEqual(NOW, events.sent_at(metadata, NOW))


class InstanceUpdateTest(testtools.TestCase):
    SERVER = Server('s1', 'vm1', 'p1', 'compute-0', user_id='u1',
                    flavor='m1.tiny', vcpus=1, memory_mb=512, disk_gb=1,
                    launched_at='2017-05-08T13:49:07')

    def test_traits(self):
        update = events.instance_update(self.SERVER, 'error', NOW)
        expected = {'state': 'error', 'old_state': 'active',
                    'instance_id': 's1', 'tenant_id': 'p1',
                    'project_id': 'p1', 'user_id': 'u1', 'vcpus': 1,
                    'memory_mb': 512, 'disk_gb': 1, 'host': 'compute-0',
                    'instance_type': 'm1.tiny'}
        self.assertEqual(expected, {name: update.trait(name)
                                    for name in expected})

    def test_long_texts_are_cut_as_ceilometer_cuts_them(self):
        server = Server('s1', 'n' * 300, 'p1', 'compute-0')
        update = events.instance_update(server, 'error', NOW)
        self.assertEqual(255, len(update.trait('display_name')))

    def test_payload(self):
        update = events.instance_update(self.SERVER, 'error', NOW)
        payload = events.event_to_payload(update)
        self.assertIn(['state', int(TraitType.STRING), 'error'],
                      payload['traits'])
        self.assertIn(['launched_at', int(TraitType.DATETIME),
                       '2017-05-08T13:49:07'], payload['traits'])
        self.assertEqual('2023-11-14T22:13:20.000000', payload['generated'])
