"""Alerts of Prometheus Alertmanager, as faults."""

import testtools
from testtools import matchers

from doctor_core import wire
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import FaultStatus
from doctor_core.tests.unit.wire.samples import (
    NOW,
    OF_COLLECTD,
    START,
    alert,
    webhook,
)
from doctor_core.wire import alertmanager


def parse_one(entry, host_labels=wire.HOST_LABELS, **group):
    body = webhook(**group)
    return alertmanager.parse_alert(entry, 'alerts[0]', NOW, host_labels,
                                    alertmanager.group_of(body))


def listed(entry):
    """As the list that the API of Alertmanager takes."""
    fault, = wire.parse_faults([entry], NOW).faults
    return fault


class WebhookTest(testtools.TestCase):

    def test_firing_is_down(self):
        fault = parse_one(alert(host='compute-1', severity='critical',
                                job='node'))
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            hostname='compute-1', type=wire.HOST_DOWN,
            status=FaultStatus.DOWN, detected_at=START, received_at=NOW,
            source='alertmanager/doctor/c0ffee', cause='HostDown',
            sender='http://alertmanager.example', severity='critical',
            began_at=START, ended_at=None, said_at=None, remarks=()))
        self.assertEqual('c0ffee', fault.details['monitor_event_id'])
        self.assertEqual({'summary': 'no answer'},
                         fault.details['annotations'])

    def test_resolved_is_up_since_it_ended(self):
        fault = parse_one(alert('resolved', '2023-11-14T22:13:30Z',
                                host='compute-1'))
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            type=wire.HOST_UP, status=FaultStatus.UP,
            detected_at=START + 10, began_at=START, ended_at=START + 10))

    def test_mild_alert_does_not_kill_a_host(self):
        for severity in ('warning', 'info', 'none', 'WARNING'):
            fault = parse_one(alert(host='a', severity=severity))
            self.assertEqual(wire.HOST_DEGRADED, fault.type)
            self.assertNotIn(fault.type, wire.KNOWN_TYPES)


class StatusTest(testtools.TestCase):

    def test_said_status_wins_over_the_times(self):
        """A firing alert whose end has passed was taken as resolved."""
        fault = parse_one(alert('firing', '2023-11-14T22:13:30Z', host='a'))
        self.assertEqual((FaultStatus.DOWN, START, None), (
            fault.status, fault.detected_at, fault.ended_at))
        fault = parse_one(alert('resolved', '2099-01-01T00:00:00Z',
                                host='a'))
        self.assertEqual((FaultStatus.UP, None), (fault.status,
                                                  fault.ended_at))

    def test_ended_without_a_status_is_up(self):
        for ends, status in (('2023-11-14T22:13:30Z', 'up'),
                             ('2099-01-01T00:00:00Z', 'down'), ('', 'down'),
                             ('soon', 'down')):
            entry = alert(host='a', ends=ends)
            del entry['status']
            self.assertEqual(status, str(listed(entry).status), ends)

    def test_okay_of_collectd_is_up(self):
        labels = {**OF_COLLECTD['labels'], 'severity': 'OKAY'}
        self.assertEqual(wire.HOST_UP, listed(
            {**OF_COLLECTD, 'labels': labels}).type)


class TimesTest(testtools.TestCase):

    def test_time_that_cannot_be_refuses_nothing(self):
        """An alert was refused for its startsAt."""
        fault = parse_one({**alert(host='a'), 'startsAt': 'soon',
                           'endsAt': [1]})
        self.assertEqual((NOW, None), (fault.detected_at, fault.began_at))
        self.assertEqual(
            ('alerts[0].startsAt: soon is no time that can be; the arrival '
             'counts', 'alerts[0].endsAt: a list is no time that can be; the '
             'arrival counts'), fault.remarks)

    def test_time_ahead_of_its_arrival_is_kept_and_remarked(self):
        """A resolved occurrence was not known as such any more."""
        fault = parse_one({**alert('resolved', NOW + 60, host='a'),
                           'startsAt': NOW + 30})
        self.assertEqual((NOW + 30, NOW + 60),
                         (fault.began_at, fault.ended_at))
        self.assertThat(fault.remarks, matchers.HasLength(2))

    def test_beginning_that_cannot_be_still_names_the_occurrence(self):
        for starts in ('2099-01-01T00:00:00Z', '1970-01-01T00:10:00Z'):
            fault = parse_one({**alert(host='a'), 'startsAt': starts})
            self.assertEqual((NOW, wire.utc(starts)),
                             (fault.detected_at, fault.began_at))
            self.assertEqual(fault.began_at, wire.fault_from_payload(
                wire.fault_to_payload(fault), NOW).began_at)

    def test_year_one_is_no_time(self):
        fault = parse_one({**alert(host='a'),
                           'startsAt': '0001-01-01T00:00:00Z'})
        self.assertEqual((NOW, None, ()), (fault.detected_at, fault.began_at,
                                           fault.remarks))


class SourceTest(testtools.TestCase):

    def test_both_of_a_pair_are_one_source(self):
        one, other = (parse_one(alert(host='a'), externalURL=url)
                      for url in ('http://am-0', 'http://am-1'))
        self.assertEqual(one.source, other.source)
        self.assertEqual(('http://am-0', 'http://am-1'),
                         (one.sender, other.sender))

    def test_two_alerts_of_a_host_are_two(self):
        self.assertNotEqual(
            parse_one(alert(host='a')).source,
            parse_one({**alert(host='a'), 'fingerprint': 'f2'}).source)

    def test_fingerprint_is_made_of_the_labels(self):
        labels = OF_COLLECTD['labels']
        down = listed(OF_COLLECTD)
        up = listed({'startsAt': NOW, 'labels': dict(
            reversed({**labels, 'severity': 'OKAY'}.items()))})
        other = listed({'labels': {**labels, 'connectivity': 'eth1'}})
        self.assertEqual(down.source, up.source)
        self.assertNotEqual(down.source, other.source)
        self.assertThat(down.source, matchers.MatchesRegex(
            'alertmanager/collectd/[0-9a-f]{16}$'))

    def test_severities_of_prometheus_are_two_alerts(self):
        one, other = (listed({'labels': {'host': 'a', 'severity': severity}})
                      for severity in ('critical', 'page'))
        self.assertNotEqual(one.source, other.source)

    def test_names_that_are_too_long_or_odd(self):
        fault = parse_one({**alert(host='a'), 'fingerprint': 'f\n' * 99},
                          receiver='r\n' * 99)
        self.assertThat(fault.source, matchers.MatchesRegex(
            'alertmanager/[0-9a-f]{16}/[0-9a-f]{16}$'))


class HostLabelTest(testtools.TestCase):

    def test_best_label_wins(self):
        self.assertEqual('a', parse_one(alert(
            instance='10.0.0.1:9100', host='b', hostname='a')).hostname)

    def test_instance_loses_its_port(self):
        for label, hostname in (('h1:9100', 'h1'), ('h1', 'h1'),
                                ('10.0.0.1:9100', '10.0.0.1'),
                                ('[fd00::1]:9100', 'fd00::1'),
                                ('fd00::1', 'fd00::1'),
                                ('http://h1:9100/metrics', 'h1'),
                                ('https://[fd00::1]/', 'fd00::1')):
            self.assertEqual(hostname,
                             parse_one(alert(instance=label)).hostname)

    def test_labels_are_chosen_by_the_caller(self):
        self.assertEqual('a', parse_one(
            alert(node='a', host='b'), ['node']).hostname)


class ListTest(testtools.TestCase):

    def test_notification_of_collectd(self):
        self.assertThat(
            listed(OF_COLLECTD), matchers.MatchesStructure.byEquality(
                hostname='h1', type=wire.HOST_DOWN, sender='collectd',
                cause='collectd_connectivity_gauge', severity='FAILURE'))


class RefusedTest(testtools.TestCase):

    def test_names_the_field(self):
        for entry, field in (
                ('x', 'alerts[0]'),
                ({'labels': []}, 'alerts[0].labels'),
                ({'labels': 'x'}, 'alerts[0].labels'),
                ({'labels': {'host': ' '}}, 'alerts[0].labels'),
                ({'labels': None}, 'alerts[0].labels'),
                ({'labels': {'host': 7}}, 'alerts[0].labels.host'),
                ({**alert(host='a'), 'annotations': 'x'},
                 'alerts[0].annotations')):
            error = self.assertRaises(InvalidEvent, parse_one, entry)
            self.assertEqual(field, error.field, entry)
