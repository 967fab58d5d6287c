import asyncio
import json
from concurrent.futures import Future

import testtools

from doctor_core.embedded import aodh, rest
from doctor_core.model import Event, Trait, TraitType
from doctor_core.web.server import Request

ALARM = {
    'name': 'a1', 'type': 'event', 'alarm_actions': ['http://c/failure'],
    'event_rule': {'event_type': 'compute.instance.update', 'query': [
        {'field': 'traits.state', 'op': 'eq', 'type': '',
         'value': 'error'}]}}


def event(project_id):
    return Event('compute.instance.update', '', (
        Trait('project_id', TraitType.STRING, project_id),
        Trait('state', TraitType.STRING, 'error')))


class AodhTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.delivered = []
        callers = {
            'owner': rest.Caller('u1', project_id='p1'),
            'other': rest.Caller('u2', project_id='p2'),
            'admin': rest.Caller('u0', roles=frozenset({'admin'}))}
        self.aodh = aodh.Aodh(rest.Site('http://cloud'), callers.get,
                              self.deliver)

    def deliver(self, action, notice):
        self.delivered.append((action, notice.body))
        return Future()

    def ask(self, method, path, token, body=None, **params):
        route = next(route for route in self.aodh.routes
                     if (route.method, route.path) == (method, path))
        self.assertIsNone(route.pool)
        answer = route.handler(Request(
            method, path, params, {}, {'X-Auth-Token': token},
            json.dumps(body).encode(), 0.0))
        return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer

    def test_an_alarm_goes_off_for_its_own_project(self):
        made = self.ask('POST', '/alarming/v2/alarms', 'owner', ALARM)
        self.assertEqual((201, 'p1'), (made.status,
                                       made.json['project_id']))
        self.aodh.take(event('p2'))
        self.assertEqual([], self.delivered)
        self.aodh.take(event('p1'))
        action, body = self.delivered[0]
        self.assertEqual('http://c/failure', action)
        self.assertEqual(made.json['alarm_id'], body['alarm_id'])

    def test_others_do_not_find_it(self):
        made = self.ask('POST', '/alarming/v2/alarms', 'owner', ALARM)
        for token, status in (('other', 404), ('admin', 200), ('', 401)):
            self.assertEqual(status, self.ask(
                'GET', '/alarming/v2/alarms/{id}', token,
                id=made.json['alarm_id']).status)

    def test_discovery_needs_no_token(self):
        answer = self.ask('GET', '/alarming/', '')
        link = answer.json['versions']['values'][0]['links'][0]
        self.assertEqual('http://cloud/alarming/v2', link['href'])
