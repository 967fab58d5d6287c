import asyncio
import json
from types import SimpleNamespace

import testtools

from doctor_core import store
from doctor_core.exceptions import (
    BusError,
    CloudError,
    ConfigError,
    NotFound,
)
from doctor_core.model import Action, Correction, Fault, FaultStatus
from doctor_core.services import intake
from doctor_core.services.response import Report
from doctor_core.web.server import Refused, Request, Response

EVENT = {'type': 'compute.host.down', 'time': '2026-01-01T00:00:00Z',
         'details': {'hostname': 'h0', 'status': 'down'}}


def request(body=None, path='/events', query=None, headers=None,
            params=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request('PUT', path, params or {}, query or {}, headers or {},
                   raw, 100.0)


class IntakeTestCase(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.settings = SimpleNamespace(unknown_events='ignore',
                                        alert_host_labels=['node'])
        self.published = []
        self.store = store.Store()
        self.report = None
        self.intake = intake.Intake(self.settings, self.published.append,
                                    self, self.store, self.confirm)

    def wait(self, _fault_id, _timeout_s):
        return self.report

    def confirm(self, fault_ids, who):
        self.confirmed_by = who
        return self.store.release(fault_ids, '')


class IntakeTest(IntakeTestCase):
    def refused(self, *args, **kwargs):
        return self.assertRaises(Refused, self.intake.take,
                                 request(*args, **kwargs))

    def test_answers_with_the_id_of_each_fault(self):
        answer = self.intake.take(request([EVENT, EVENT]))
        self.assertEqual(202, answer.status)
        self.assertEqual([fault.id for fault in self.published],
                         [fault['id'] for fault in answer.json['faults']])

    def test_arrival_is_the_request_s(self):
        self.intake.take(request(EVENT))
        self.assertEqual(100.0, self.published[0].received_at)

    def test_invalid_names_the_field(self):
        error = self.refused([{'type': 'compute.host.down', 'details': {}}])
        self.assertEqual((400, '[0].details.hostname'),
                         (error.status, error.facts['field']))
        self.assertEqual([], self.published)

    def test_one_invalid_event_refuses_all(self):
        self.refused([EVENT, {'type': 7}])
        self.assertEqual([], self.published)

    def test_no_json(self):
        self.assertEqual(400, self.refused(b'{').status)
        self.assertEqual(400, self.refused(b'\xff').status)
        self.assertEqual(400, self.refused(b'[' * 100000).status)

    def test_unknown_type(self):
        unknown = {**EVENT, 'type': 'compute.cpu.failure'}
        self.assertEqual(202, self.intake.take(request(unknown)).status)
        self.settings.unknown_events = 'reject'
        error = self.refused(unknown)
        self.assertEqual((422, 'type'), (error.status, error.facts['field']))

    def test_label_of_an_alert_that_names_the_host(self):
        alert = {'status': 'firing', 'labels': {'node': 'h0', 'host': 'x'}}
        self.intake.take(request({'alerts': [alert]}))
        self.assertEqual('h0', self.published[0].hostname)

    def test_mild_alert_does_not_have_its_group_rejected(self):
        self.settings.unknown_events = 'reject'
        alerts = [{'labels': {'node': 'h0', 'severity': severity}}
                  for severity in ('warning', 'critical')]
        self.intake.take(request({'alerts': alerts}))
        self.assertEqual(['compute.host.degraded', 'compute.host.down'],
                         [fault.type for fault in self.published])

    def test_bus_away(self):
        def publish(_fault):
            raise BusError('away')
        self.intake = intake.Intake(self.settings, publish, self, self.store,
                                    self.confirm)
        self.assertEqual(503, self.refused(EVENT).status)

    def test_waits_when_asked(self):
        self.report = Report('f', 'h0', 'handled', '', ('s0',))
        answer = self.intake.take(request(EVENT, query={'wait': 'true'}))
        self.assertEqual((200, 'handled', ['s0']), (
            answer.status, answer.json['faults'][0]['state'],
            answer.json['faults'][0]['servers']))

    def test_waits_in_vain(self):
        answer = self.intake.take(request(EVENT, query={'wait': 'true'}))
        self.assertEqual(202, answer.status)


class FaultsTest(IntakeTestCase):
    """What the operator sees of faults, and says to them."""

    def open(self, why_held=''):
        fault = Fault('h0', 'compute.host.down', FaultStatus.DOWN, 9.0, 9.0)
        self.store.open(fault, 'h0', [
            Correction(Action.FORCE_DOWN, 'c0', 'h0', 'false', 'true'),
            Correction(Action.RESET_STATE, 's0', 'h0', 'active', 'error')],
            why_held=why_held)
        return fault.id

    def confirm_by(self, body, **context):
        asked = request(body, '/faults/confirm')
        asked.context.update(context)
        return self.intake.confirm(asked)

    def refused(self, body):
        return self.assertRaises(Refused, self.confirm_by, body).status

    def listed(self):
        return [(fault['state'], fault['servers'], fault['owed']) for fault
                in self.intake.list_faults(request()).json['faults']]

    def test_fault_that_does_not_exist(self):
        error = self.assertRaises(
            Refused, self.intake.show_fault, request(params={'id': 'x'}))
        self.assertEqual(404, error.status)

    def test_list_says_what_is_owed(self):
        fault_id = self.open(why_held='many')
        self.assertEqual([('held', 1, 2)], self.listed())
        self.store.set_state(fault_id, store.CLEARING)
        self.assertEqual([('clearing', 1, 2)], self.listed())
        self.store.set_state(fault_id, store.HANDLED)
        self.assertEqual([('handled', 1, 0)], self.listed())

    def test_confirmed_by_id(self):
        fault_id = self.open(why_held='many')
        answer = self.confirm_by({'faults': [fault_id, fault_id]})
        self.assertEqual((202, [{
            'id': fault_id, 'hostname': 'h0',
            'corrections': {'force-down': 1, 'reset-state': 1}}]),
            (answer.status, answer.json['faults']))
        self.assertEqual('an operator', self.confirmed_by)

    def test_all_that_are_held(self):
        held = self.open(why_held='many')
        self.open()
        answer = self.confirm_by({'all': True},
                                 token=SimpleNamespace(user_name='alice'))
        self.assertEqual([held], [one['id'] for one in answer.json['faults']])
        self.assertEqual('alice', self.confirmed_by)
        self.assertEqual([], self.confirm_by({'all': True}).json['faults'])

    def test_all_or_none(self):
        held, other = self.open(why_held='many'), self.open()
        self.assertEqual(404, self.refused({'faults': [held, 'nosuch']}))
        self.assertEqual(409, self.refused({'faults': [held, other]}))
        self.assertEqual(store.HELD, self.store.find(held).state)

    def test_body_that_names_nothing(self):
        for body in ({}, [], 'x', {'all': False}, {'faults': []},
                     {'faults': 'x'}, {'faults': [1]}, {'faults': None},
                     {'all': True, 'faults': ['x']}):
            self.assertEqual(400, self.refused(body), body)


class GateTest(testtools.TestCase):
    def gate(self, strategy='keystone', host='127.0.0.1'):
        return intake.Gate(SimpleNamespace(
            auth_strategy=strategy, host=host,
            auth_roles=['admin', 'service']), self.validate)

    def validate(self, token):
        if token == 'away':
            raise CloudError('no answer', recoverable=True)
        if token not in ('admin', 'member'):
            raise NotFound('no such token')
        return SimpleNamespace(project_id='p1', user_id='u1', roles=[token])

    def ask(self, gate, path='/events', **headers):
        async def inner(asked):
            self.asked = asked
            return Response(200)

        return asyncio.run(gate(request(path=path, headers={
            name.replace('_', '-'): value
            for name, value in headers.items()}), inner))

    def status(self, *args, **kwargs):
        try:
            return self.ask(*args, **kwargs).status
        except Refused as error:
            return error.status

    def test_open_to_a_network_is_refused(self):
        for host in ('0.0.0.0', '::', '192.0.2.1', 'controller'):
            error = self.assertRaises(ConfigError, self.gate, 'none', host)
            self.assertIn('auth_strategy', str(error))

    def test_open_on_loopback(self):
        for host in ('127.0.0.1', '127.0.0.9', '::1', 'localhost'):
            self.assertEqual(200, self.status(self.gate('none', host)))

    def test_who_may_post_events(self):
        gate = self.gate()
        self.assertEqual(
            [401, 401, 403, 200, 503],
            [self.status(gate),
             self.status(gate, X_Auth_Token='wrong'),
             self.status(gate, X_Auth_Token='member'),
             self.status(gate, X_Auth_Token='admin'),
             self.status(gate, X_Auth_Token='away')])

    def test_faults_are_the_operator_s(self):
        self.assertEqual(403, self.status(self.gate(), path='/faults',
                                          X_Auth_Token='member'))

    def test_tenants_may_come_to_their_alarms(self):
        gate = self.gate()
        self.assertEqual(200, self.status(gate, path='/v2/alarms',
                                          X_Auth_Token='member'))
        self.assertEqual(('p1', 'u1', False), gate.who(self.asked))

    def test_confirming_is_the_operator_s(self):
        self.assertEqual(403, self.status(
            self.gate(), path='/faults/confirm', X_Auth_Token='member'))

    def test_health_is_public(self):
        self.assertEqual(200, self.status(self.gate(), path='/healthcheck'))

    def test_who_without_authentication(self):
        asked = request(headers={'X-Project-Id': 'p7', 'X-User-Id': 'u7',
                                 'X-Roles': 'member, Admin'})
        self.assertEqual(('p7', 'u7', True), self.gate('none').who(asked))
        self.assertEqual(('', '', False), self.gate('none').who(request()))
