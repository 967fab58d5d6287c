"""Events in, over HTTP."""

import asyncio
import itertools
import json
import threading
from types import SimpleNamespace

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import clock, wire
from doctor_core.api import events
from doctor_core.api.waiting import Outcomes
from doctor_core.exceptions import BusError
from doctor_core.faults.answer import Answer as Report
from doctor_core.model import SequenceNumber
from doctor_core.tests.unit.wire.samples import ANY_JSON
from doctor_core.web.exchange import Refused, Request

NOW = 1795913519.0
EVENT = {'type': 'compute.host.down', 'time': '2026-01-01T00:00:00Z',
         'details': {'hostname': 'h0', 'status': 'down'}}


def request(body=None, **query):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request('PUT', '/events', {}, query, {}, raw, NOW)


def count():
    """Numbers as the store gives them."""
    numbers = itertools.count(1)
    return lambda: SequenceNumber('store', next(numbers))


class EventsTestCase(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.settings = SimpleNamespace(unknown_events='ignore',
                                        alert_host_labels=['node'])
        self.published = []
        self.outcomes = Outcomes()
        self.events = events.Events(self.settings, self.publish,
                                    self.outcomes, count())
        self.addCleanup(self.close)

    def close(self):
        for pool in self.events.pools:
            pool.close()

    def publish(self, fault):
        self.published.append(fault)

    def take(self, *args, **query):
        return asyncio.run(self.events.take(request(*args, **query)))

    def refused(self, *args):
        return self.assertRaises(Refused, self.take, *args)


class TakeTest(EventsTestCase):
    def test_answers_with_the_id_of_each_fault(self):
        answer = self.take([EVENT, EVENT])
        self.assertEqual((202, ['faults']), (answer.status,
                                             list(answer.json)))
        self.assertEqual([fault.id for fault in self.published],
                         [fault['id'] for fault in answer.json['faults']])

    def test_arrival_is_the_request_s(self):
        self.take(EVENT)
        self.assertEqual(NOW, self.published[0].received_at)

    def test_one_invalid_event_loses_no_other(self):
        """One alert without a host had its group refused, unlogged."""
        answer = self.take([EVENT, {'type': 7}])
        self.assertEqual((202, 'h0'), (answer.status,
                                       answer.json['faults'][0]['hostname']))
        self.assertEqual([{'field': '[1].type', 'error':
                           'must be a string'}], answer.json['refused'])
        self.assertIn('refused: [1].type: must be a string', self.log.output)

    def test_nothing_to_take(self):
        error = self.refused([{'type': 'compute.host.down', 'details': {}},
                              7])
        self.assertEqual(
            (400, '[0].details.hostname', ['[0].details.hostname', '[1]']),
            (error.status, error.facts['field'],
             [one['field'] for one in error.facts['refused']]))
        self.assertEqual([], self.published)
        self.assertIn('[1]: must be an object', self.log.output)

    def test_body_without_entries(self):
        error = self.refused({'events': {}})
        self.assertEqual((400, 'events'), (error.status,
                                           error.facts['field']))

    def test_no_json(self):
        for raw in (b'{', b'\xff', b'[' * 100000, b'1' * 5000, b''):
            self.assertEqual(400, self.refused(raw).status)
        self.assertIn('Events are refused: The body is not JSON',
                      self.log.output)

    def test_label_of_an_alert_that_names_the_host(self):
        alert = {'status': 'firing', 'labels': {'node': 'h0', 'host': 'x'}}
        self.take({'alerts': [alert]})
        self.assertEqual('h0', self.published[0].hostname)

    def test_group_that_is_not_whole(self):
        answer = self.take({'alerts': [{'labels': {'node': 'h0'}}],
                            'truncatedAlerts': 4})
        self.assertIn('left out 4 alerts', answer.json['remarks'][0])
        self.assertIn('left out 4 alerts', self.log.output)

    def test_what_was_replaced_is_said(self):
        answer = self.take({**EVENT, 'time': 'soon'})
        remark = 'time: soon is no time that can be; the arrival counts'
        self.assertEqual([remark], answer.json['faults'][0]['remarks'])
        self.assertIn(remark, self.log.output)

    def test_bus_away(self):
        def publish(_fault):
            raise BusError('away')
        self.events = events.Events(self.settings, publish, self.outcomes,
                                    count())
        self.addCleanup(self.close)
        error = self.refused(EVENT)
        self.assertEqual((503, '1'), (error.status,
                                      error.headers['Retry-After']))


class LongBodyTest(EventsTestCase):
    """A body of 10,000 events held up one of a single host for seconds."""

    def setUp(self):
        super().setUp()
        self.long = [{**EVENT, 'details': {'hostname': f'h{n}',
                                           'status': 'down'}}
                     for n in range(400)]
        self.go_on = threading.Event()

    async def together(self):
        first = asyncio.ensure_future(self.events.take(request(self.long)))
        await asyncio.sleep(0)
        second = await asyncio.wait_for(
            self.events.take(request(EVENT)), 10)
        self.go_on.set()
        return await first, second

    def arrivals(self):
        return [fault.arrival.number for fault in self.published]

    def test_another_is_taken_while_it_is_read(self):
        parse = wire.parse_faults

        def slow(entries, *args):
            # The other one's is an object.
            if isinstance(entries, list):
                self.go_on.wait(10)
            return parse(entries, *args)

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.wire.parse_faults', slow))
        first, second = asyncio.run(self.together())
        self.assertEqual((202, 202, 400, 401), (
            first.status, second.status, len(first.json['faults']),
            len(self.published)))
        # It is published first, and came later.
        self.assertEqual(self.arrivals()[0], max(self.arrivals()))
        self.assertEqual(self.arrivals()[1:], sorted(self.arrivals()[1:]))

    def test_another_is_taken_while_it_is_published(self):
        pool = self.events.pools[0]

        def publish(fault):
            if not self.published:
                clock.wait_for(lambda: pool.taken > 1, clock.Deadline(10),
                               what='the other one')
            self.published.append(fault)

        self.events._publish = publish
        asyncio.run(self.together())
        self.assertLess(self.arrivals().index(max(self.arrivals())), 100)

    def test_what_was_sent_after_an_answer_is_published_after_it(self):
        for body in (self.long, EVENT, self.long):
            self.take(body)
        self.assertEqual(801, len(self.published))
        self.assertEqual(self.arrivals(), sorted(self.arrivals()))

    def test_nothing_to_take(self):
        error = self.refused([{'type': 'x'}] * 4000)
        self.assertEqual((400, 4000),
                         (error.status, len(error.facts['refused'])))

    def test_no_json(self):
        self.assertEqual(400, self.refused(b'[' * 100000).status)


class UnknownTypeTest(EventsTestCase):
    UNKNOWN = {**EVENT, 'type': 'compute.cpu.failure'}

    def test_taken_unless_they_are_to_be_refused(self):
        self.assertEqual(202, self.take(self.UNKNOWN).status)
        self.settings.unknown_events = 'reject'
        error = self.refused(self.UNKNOWN)
        self.assertEqual((422, 'type'), (error.status, error.facts['field']))
        self.assertIn('compute.cpu.failure', str(error))

    def test_loses_no_other(self):
        self.settings.unknown_events = 'reject'
        answer = self.take([self.UNKNOWN, EVENT])
        self.assertEqual(202, answer.status)
        self.assertEqual(['[0].type'], [one['field'] for one
                                        in answer.json['refused']])

    def test_mild_alert_does_not_have_its_group_rejected(self):
        self.settings.unknown_events = 'reject'
        alerts = [{'labels': {'node': 'h0', 'severity': severity}}
                  for severity in ('warning', 'critical')]
        self.take({'alerts': alerts})
        self.assertEqual(['compute.host.degraded', 'compute.host.down'],
                         [fault.type for fault in self.published])


class WaitTest(EventsTestCase):
    def publish(self, fault):
        self.outcomes.put(fault.id, Report(fault.id, 'h0', 'handled', '',
                                           ('s0',)))

    def test_waits_when_asked(self):
        answer = self.take(EVENT, wait='true')
        self.assertEqual((200, 'handled', ['s0']), (
            answer.status, answer.json['faults'][0]['state'],
            answer.json['faults'][0]['servers']))

    def test_tells_what_is_known_when_the_process_ends(self):
        self.events = events.Events(self.settings, lambda fault: None,
                                    self.outcomes, count())
        self.addCleanup(self.close)
        self.outcomes.close()
        self.assertEqual(202, self.take(EVENT, wait='1').status)


class LogTest(EventsTestCase):
    def test_one_line_with_ten_names_at_the_most(self):
        alerts = [{'labels': {'node': f'h{n}'}} for n in range(30)]
        self.take({'alerts': [*alerts, *([{}] * 20)]})
        line, = self.log.output.splitlines()
        self.assertIn('h9 (', line)
        self.assertNotIn('h10 (', line)
        self.assertIn('and 20 more', line)

    @given(ANY_JSON | st.lists(ANY_JSON))
    def test_no_line_holds_control_characters(self, body):
        """A line break in a type forged a line of the log."""
        try:
            answer = self.take(body)
        except Refused as error:
            self.assertEqual(400, error.status)
        else:
            self.assertEqual(202, answer.status)
        for line in self.log.output.split('\n'):
            self.assertEqual(wire.escaped(line), line)
