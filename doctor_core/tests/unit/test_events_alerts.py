"""Alerts of Prometheus Alertmanager, as events."""

import testtools
from hypothesis import given
from hypothesis import strategies as st
from testtools import matchers

from doctor_core import events
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import FaultStatus

NOW = 1_800_000_000.0
START = 1_700_000_000.0

#: As collectd 5.12 posts a notification.
OF_COLLECTD = {
    'labels': {'alertname': 'collectd_connectivity_gauge', 'instance': 'h1',
               'connectivity': 'eth0', 'type': 'interface_status',
               'severity': 'FAILURE', 'service': 'collectd'},
    'annotations': {'summary': 'gone'},
    'startsAt': '2026-11-22T08:05:01.624000072Z'}


def alert(status='firing', ends='0001-01-01T00:00:00Z', **labels):
    return {'status': status,
            'labels': {'alertname': 'HostDown', **labels},
            'annotations': {'summary': 'no answer'},
            'startsAt': '2023-11-14T22:13:20Z', 'endsAt': ends,
            'generatorURL': 'http://prometheus.example/graph',
            'fingerprint': 'c0ffee'}


def webhook(*alerts):
    """As Alertmanager posts them, version 4 of its webhook."""
    return {'version': '4', 'groupKey': '{}:{alertname="HostDown"}',
            'truncatedAlerts': 0, 'status': 'firing', 'receiver': 'doctor',
            'groupLabels': {}, 'commonLabels': {}, 'commonAnnotations': {},
            'externalURL': 'http://alertmanager.example',
            'alerts': list(alerts)}


def parse_one(entry, **options):
    fault, = events.parse_faults(webhook(entry), NOW, **options)
    return fault


class WebhookTest(testtools.TestCase):

    def test_firing_is_down(self):
        fault = parse_one(alert(host='compute-1', severity='critical',
                                job='node'))
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            hostname='compute-1', type=events.HOST_DOWN,
            status=FaultStatus.DOWN, detected_at=START, received_at=NOW,
            source='node', cause='HostDown', severity='critical'))
        self.assertEqual('c0ffee', fault.details['monitor_event_id'])
        self.assertEqual({'summary': 'no answer'},
                         fault.details['annotations'])

    def test_resolved_is_up_since_it_ended(self):
        fault = parse_one(alert('resolved', '2023-11-14T22:13:30Z',
                                host='compute-1'))
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            type=events.HOST_UP, status=FaultStatus.UP,
            detected_at=START + 10))

    def test_all_alerts_of_a_group(self):
        faults = events.parse_faults(webhook(
            alert(host='a'), alert('resolved', host='b')), NOW)
        self.assertEqual(
            [('a', 'down'), ('b', 'up')],
            [(fault.hostname, str(fault.status)) for fault in faults])

    def test_survives_the_bus(self):
        sent = parse_one(alert(host='compute-1'))
        got = events.fault_from_payload(events.fault_to_payload(sent), NOW)
        self.assertEqual(
            (sent.id, sent.hostname, sent.status, sent.detected_at,
             sent.cause),
            (got.id, got.hostname, got.status, got.detected_at, got.cause))

    def test_mild_alert_does_not_kill_a_host(self):
        for severity in ('warning', 'info', 'none', 'WARNING'):
            fault = parse_one(alert(host='a', severity=severity))
            self.assertEqual(events.HOST_DEGRADED, fault.type)
            self.assertNotIn(fault.type, events.KNOWN_TYPES)


class HostLabelTest(testtools.TestCase):

    def test_best_label_wins(self):
        self.assertEqual('a', parse_one(alert(
            instance='10.0.0.1:9100', host='b', hostname='a')).hostname)

    def test_instance_loses_its_port(self):
        for label, hostname in (('h1:9100', 'h1'), ('h1', 'h1'),
                                ('10.0.0.1:9100', '10.0.0.1'),
                                ('[fd00::1]:9100', 'fd00::1'),
                                ('fd00::1', 'fd00::1')):
            self.assertEqual(hostname,
                             parse_one(alert(instance=label)).hostname)

    def test_labels_are_chosen_by_the_caller(self):
        self.assertEqual('a', parse_one(
            alert(node='a', host='b'), host_labels=['node']).hostname)

    def test_no_host_is_refused_by_field(self):
        error = self.assertRaises(
            InvalidEvent, events.parse_faults,
            webhook(alert(host='a'), alert(host=' ')), NOW)
        self.assertEqual(('alerts[1].labels', 'names no host; looked for '
                          'hostname, host, instance'),
                         (error.field, error.why))


class ListTest(testtools.TestCase):

    def test_notification_of_collectd(self):
        fault, = events.parse_faults([OF_COLLECTD], NOW)
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            hostname='h1', type=events.HOST_DOWN, source='collectd',
            cause='collectd_connectivity_gauge', severity='FAILURE'))

    def test_okay_of_collectd_is_up(self):
        labels = {**OF_COLLECTD['labels'], 'severity': 'OKAY'}
        fault, = events.parse_faults([{**OF_COLLECTD, 'labels': labels}],
                                     NOW)
        self.assertEqual(events.HOST_UP, fault.type)

    def test_ended_without_a_status_is_up(self):
        for ends, status in (('2023-11-14T22:13:30Z', 'up'),
                             ('2099-01-01T00:00:00Z', 'down'), ('', 'down')):
            entry = alert(host='a', ends=ends)
            del entry['status']
            fault, = events.parse_faults([entry], NOW)
            self.assertEqual(status, str(fault.status), ends)

    def test_event_with_labels_is_an_event(self):
        fault, = events.parse_faults(
            [{'type': events.HOST_DOWN, 'hostname': 'a', 'labels': {}}], NOW)
        self.assertEqual('a', fault.hostname)


class RefusedTest(testtools.TestCase):

    def field(self, body):
        return self.assertRaises(InvalidEvent, events.parse_faults, body,
                                 NOW).field

    def test_names_the_field(self):
        for body, field in (
                ({'alerts': {}}, 'alerts'),
                ({'alerts': []}, 'alerts'),
                ({'alerts': ['x']}, 'alerts[0]'),
                ({'alerts': [{'labels': []}]}, 'alerts[0].labels'),
                ([{'labels': 'x'}], '[0].labels'),
                ([{'labels': {'host': 7}}], '[0].labels.host'),
                (webhook({**alert(host='a'), 'annotations': 'x'}),
                 'alerts[0].annotations'),
                (webhook({**alert(host='a'), 'startsAt': 'soon'}),
                 'alerts[0].startsAt')):
            self.assertEqual(field, self.field(body), body)

    @given(st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(['labels', 'host', 'instance', 'status',
                             'severity', 'startsAt', 'endsAt']), inner),
        max_leaves=8))
    def test_only_ever_refuses(self, entry):
        try:
            fault, = events.parse_faults({'alerts': [entry]}, NOW)
        except InvalidEvent as error:
            self.assertTrue(error.field.startswith('alerts[0]'))
        else:
            self.assertTrue(fault.hostname)
