"""OPNFV Doctor's southbound event as a fault."""

import testtools
from testtools import matchers

from doctor_core import wire
from doctor_core.exceptions import InvalidEvent
from doctor_core.model import FaultStatus, SequenceNumber
from doctor_core.tests.unit.wire.samples import NOW, detailed, event
from doctor_core.wire import southbound


def parse_one(entry):
    return southbound.parse_event(entry, '', NOW)


class FieldsTest(testtools.TestCase):
    def test_fields(self):
        fault = parse_one(detailed(
            status='down', cause='link-down', severity='critical',
            monitor_id='m1', relatedTo=['x']))
        self.assertThat(fault, matchers.MatchesStructure.byEquality(
            source='m1', sender='m1', cause='link-down', severity='critical',
            detected_at=1494251439.710436, said_at=1494251439.710436,
            received_at=NOW, began_at=None, ended_at=None, sequence=None,
            remarks=()))
        self.assertEqual(['x'], fault.details['relatedTo'])

    def test_source_is_a_kind_of_monitor_and_sender_a_process(self):
        for details, expected in (
                ({'source': 's', 'monitor': 'k', 'monitor_id': 'p'},
                 ('s', 'p')),
                ({'monitor': 'k', 'monitor_id': 'p'}, ('k', 'p')),
                ({'monitor': 'k'}, ('k', 'k')), ({}, ('', ''))):
            fault = parse_one(detailed(**details))
            self.assertEqual(expected, (fault.source, fault.sender))

    def test_flat_brahmaputra(self):
        fault = parse_one({'type': 'compute.host.down', 'id': 'x',
                           'hostname': 'compute-0', 'cause': 'c',
                           'sequence': {'epoch': 'e', 'number': 3}})
        self.assertEqual(('compute-0', NOW, None, FaultStatus.DOWN),
                         (fault.hostname, fault.detected_at, fault.said_at,
                          fault.status))
        self.assertEqual({'hostname': 'compute-0', 'cause': 'c'},
                         fault.details)
        self.assertEqual(SequenceNumber('e', 3), fault.sequence)


class OrderTest(testtools.TestCase):
    def test_time_ahead_of_its_arrival_is_kept_and_remarked(self):
        """A sender whose clock is ahead had no order of its own."""
        fault = parse_one(event(time=NOW + 60))
        self.assertEqual((NOW + 60, NOW + 60), (fault.detected_at,
                                                fault.said_at))
        self.assertIn('time: lies 60 s ahead', fault.remarks[0])
        self.assertEqual((), parse_one(event(time=NOW + 5)).remarks)

    def test_time_that_cannot_be_is_the_arrival_s(self):
        """The event was refused, or its fault lost, for its stamp."""
        for value in ('2026.11.29 01:00:00', 10 ** 400, float('nan'), [],
                      True, '9999-12-31T23:59:59-05:00'):
            fault = parse_one(event(time=value))
            self.assertEqual((NOW, None), (fault.detected_at, fault.said_at))
            self.assertThat(fault.remarks[-1],
                            matchers.EndsWith('; the arrival counts'))

    def test_milliseconds(self):
        fault = parse_one(event(time=NOW * 1000 - 500))
        self.assertEqual((NOW - .5, NOW - .5), (fault.detected_at,
                                                fault.said_at))
        self.assertIn('is read as milliseconds', fault.remarks[0])

    def test_sequence(self):
        for number in (7, 7.0, 0, -1):
            self.assertEqual(
                SequenceNumber('e', int(number)), parse_one(event(
                    sequence={'epoch': 'e', 'number': number})).sequence)

    def test_sequence_that_is_none(self):
        for value in (7, [], {}, {'epoch': 'e'}, {'number': 1},
                      {'epoch': ' ', 'number': 1},
                      {'epoch': 'e', 'number': '1'},
                      {'epoch': 'e', 'number': 1.5},
                      {'epoch': 'e', 'number': True},
                      {'epoch': 'e' * 65, 'number': 1},
                      {'epoch': 'e', 'number': 10 ** 30}):
            fault = parse_one(event(sequence=value))
            self.assertIsNone(fault.sequence, value)
            self.assertIn('it is left out', fault.remarks[-1])


class UnfitTextTest(testtools.TestCase):
    def test_one_line_each(self):
        """A line break in a type wrote a line of its own into the log."""
        fault = parse_one({**event(type='t\nX'), 'details': {
            'hostname': 'a\0b', 'source': 'c\x1b[2J', 'cause': 'd\r\n',
            'severity': '\ud800', 'monitor_id': 'm\u2028'}})
        self.assertEqual(
            (r't\u000aX', r'a\u0000b', r'c\u001b[2J', 'd', r'\ud800', 'm'),
            (fault.type, fault.hostname, fault.source, fault.cause,
             fault.severity, fault.sender))
        self.assertIn('type: line breaks and the like are written as escapes',
                      fault.remarks)

    def test_long_cause_is_cut(self):
        self.assertThat(parse_one(detailed(cause='c' * 5000)).cause,
                        matchers.HasLength(1000))

    def test_no_more_remarks_than_a_person_reads(self):
        fault = parse_one(detailed(x=['\0'] * 5000))
        self.assertThat(fault.remarks, matchers.HasLength(11))
        self.assertEqual('and 4990 more', fault.remarks[-1])


class StatusTest(testtools.TestCase):
    def test_up(self):
        for entry in (event(type='compute.host.up'), detailed(status='up'),
                      detailed(status='Up')):
            self.assertEqual(FaultStatus.UP, parse_one(entry).status)

    def test_anything_else_is_down(self):
        for entry in (event(), detailed(), detailed(status='strange')):
            self.assertEqual(FaultStatus.DOWN, parse_one(entry).status)


class InvalidTest(testtools.TestCase):
    def test_names_the_field(self):
        for field, entry in (
                ('body', 'text'),
                ('body', None),
                ('event', {'event': 7}),
                ('type', {}),
                ('type', {'details': {'hostname': 'h'}}),
                ('type', event(type=1)),
                ('details', event(details=[])),
                ('details.hostname', event(details={})),
                ('details.hostname', event(details={'hostname': 7})),
                ('details.hostname', event(details={'hostname': ' '})),
                ('details.hostname', detailed(hostname='h' * 256)),
                ('details.source', detailed(source='s' * 256)),
                ('details.status', detailed(status=1)),
                ('event.type', {'event': {}}),
                ('hostname', {'type': 'compute.host.down'})):
            error = self.assertRaises(InvalidEvent, parse_one, entry)
            self.assertEqual(field, error.field)

    def test_says_it_in_words(self):
        for message, entry in (
                ('body: must be an object', 5),
                ('type: is missing', {}),
                ('type: must be a string', {'type': 3}),
                ('details.hostname: has more than 255 characters',
                 detailed(hostname='h' * 256)),
                ('hostname: is missing', {'type': wire.HOST_DOWN})):
            error = self.assertRaises(InvalidEvent, parse_one, entry)
            self.assertEqual(message, str(error))
