"""What Doctor relies on in Nova's notifications and in Aodh; see
contract_cloud_api."""

import json
import queue
import uuid
from urllib.parse import urlencode

from doctor_core import clock, messaging, wire
from doctor_core.model import Event, Trait, TraitType
from doctor_core.tests.contract_cloud_api import (
    PATIENCE_S,
    CloudApiContract,
    eventually,
    host_of,
)
from doctor_core.web.server import Response, Route, Server


class NotificationsContract(CloudApiContract):
    """Nova's notifications, and what Aodh makes of them."""

    def heard(self):
        """A queue of what Nova tells of servers."""
        if not self.transport_url:
            self.skipTest('no bus of the cloud to listen to')
        heard = queue.Queue()
        bus = messaging.Bus(messaging.memory_conf(), self.transport_url,
                            exchange='nova')
        self.addCleanup(bus.close)
        bus.listen('notifications', lambda event_type, payload, _metadata:
                   heard.put((event_type, payload)),
                   pool=f'contract-{uuid.uuid4().hex[:8]}')
        return heard

    def next_of(self, heard, server, event_type, **members):
        """The next notification of a server that says this."""
        def look():
            try:
                kind, payload = heard.get_nowait()
            except queue.Empty:
                return None
            return kind == event_type and payload.get('instance_id') \
                == server['id'] and all(payload.get(name) == value for
                                        name, value in members.items()) \
                and payload
        return eventually(look, f'{event_type} with {members}')

    def test_a_reset_is_notified_with_what_was_before(self):
        heard = self.heard()
        server = self.boot()
        self.next_of(heard, server, 'compute.instance.create.end')
        self.check(202, self.act(server, 'os-resetState',
                                 {'state': 'error'}))
        payload = self.next_of(heard, server, 'compute.instance.update',
                               state='error')
        self.assertEqual('active', payload['old_state'])
        self.assertEqual(host_of(server), payload['host'])
        self.assertEqual(server['tenant_id'], payload['tenant_id'])
        self.assertEqual(server['user_id'], payload['user_id'])
        self.assertEqual(server['name'], payload['display_name'])
        self.assertEqual(
            [64, 1, 1], [payload[name] for name in
                         ('memory_mb', 'disk_gb', 'vcpus')])
        self.assertTrue(payload['launched_at'])

    def test_a_deletion_is_notified(self):
        heard = self.heard()
        server = self.boot()
        self.delete(server['id'])
        self.next_of(heard, server, 'compute.instance.delete.end')

    def webhook(self):
        """A consumer's URL, and a queue of what is posted to it."""
        posted = queue.Queue()

        def take(request):
            posted.put(json.loads(request.body))
            return Response(200)

        server = Server([Route('POST', '/failure', take)], name='consumer')
        self.addCleanup(server.stop)
        return f'{server.start()}/failure', posted

    def make_alarm(self, server, url, tenant=None):
        tenant = tenant or self.member
        alarm = self.check(201, tenant.alarm('POST', '/alarms', {
            'name': f'doctor-{server["id"]}', 'type': 'event',
            'severity': 'moderate', 'repeat_actions': False,
            'alarm_actions': [url], 'event_rule': {
                'event_type': 'compute.instance.update', 'query': [
                    {'field': 'traits.instance_id', 'op': 'eq', 'type': '',
                     'value': server['id']},
                    {'field': 'traits.state', 'op': 'eq', 'type': '',
                     'value': 'error'}]}}))
        self.addCleanup(self.admin.alarm, 'DELETE',
                        f'/alarms/{alarm["alarm_id"]}')
        return alarm

    def controllers(self):
        """The hosts of Nova's services but the nova-computes."""
        return {service['host'] for service in self.check(
            200, self.admin.compute('GET', '/os-services'))['services']
            if service['binary'] != 'nova-compute'}

    def fire(self, server):
        """Let a server come into error anew."""
        for state in ('active', 'error'):
            self.check(202, self.act(server, 'os-resetState',
                                     {'state': state}))

    def test_an_owner_is_told_with_the_traits_of_the_server(self):
        server = self.boot()
        url, posted = self.webhook()
        alarm = self.make_alarm(server, url)
        self.fire(server)
        body = posted.get(timeout=PATIENCE_S)
        self.assertEqual(
            ('insufficient data', 'alarm', 'moderate'),
            (body['previous'], body['current'], body['severity']))
        self.assertEqual(alarm['alarm_id'], body['alarm_id'])
        traits = {name: value for name, _type, value
                  in body['reason_data']['event']['traits']}
        self.assertEqual(
            (server['id'], 'error', 'active'),
            tuple(traits[name] for name in
                  ('instance_id', 'state', 'old_state')))
        # Not the server's: that of the process that told of it.
        self.assertIn(traits['host'], self.controllers())
        self.assertEqual('alarm', self.check(200, self.member.alarm(
            'GET', f'/alarms/{alarm["alarm_id"]}'))['state'])

    def test_an_owner_is_told_once_until_the_alarm_is_reset(self):
        server = self.boot()
        url, posted = self.webhook()
        alarm = self.make_alarm(server, url)
        self.fire(server)
        posted.get(timeout=PATIENCE_S)
        # The second alarm shows that the event has come all the way.
        other_url, other_posted = self.webhook()
        self.make_alarm(server, other_url)
        self.fire(server)
        other_posted.get(timeout=PATIENCE_S)
        self.assertTrue(posted.empty())
        path = f'/alarms/{alarm["alarm_id"]}/state'
        self.assertEqual('ok', self.check(
            200, self.member.alarm('PUT', path, 'ok')))
        self.fire(server)
        self.assertEqual('ok', posted.get(timeout=PATIENCE_S)['previous'])

    def found(self, tenant, **query):
        """The alarms that a tenant finds, by their ids."""
        parts = [part for field, value in query.items() for part in (
            ('q.field', field), ('q.op', 'eq'), ('q.value', value))]
        return {alarm['alarm_id'] for alarm in self.check(
            200, tenant.alarm('GET', f'/alarms?{urlencode(parts)}'))}

    def test_alarms_are_found_by_name_and_project(self):
        server = self.boot()
        url = 'http://127.0.0.1:9/failure'
        mine = self.make_alarm(server, url)
        self.make_alarm(server, url, self.stranger)
        self.assertEqual({mine['alarm_id']}, self.found(
            self.admin, name=mine['name'],
            project_id=self.member.project_id))
        self.assertEqual(set(), self.found(
            self.admin, name='no-such-alarm',
            project_id=self.member.project_id))
        self.assertEqual({mine['alarm_id']}, self.found(self.member))

    def test_an_administrator_makes_an_alarm_for_others(self):
        server = self.boot()
        alarm = self.check(201, self.admin.alarm('POST', '/alarms', {
            'name': 'doctor', 'type': 'event',
            'project_id': self.member.project_id,
            'alarm_actions': ['http://127.0.0.1:9/failure'], 'event_rule': {
                'event_type': '*', 'query': [
                    {'field': 'traits.instance_id', 'op': 'eq', 'type': '',
                     'value': server['id']}]}}))
        path = f'/alarms/{alarm["alarm_id"]}'
        self.addCleanup(self.admin.alarm, 'DELETE', path)
        self.assertEqual(self.member.project_id, alarm['project_id'])
        self.check(200, self.member.alarm('GET', path))

    def test_an_event_straight_to_aodh_is_told(self):
        if not self.transport_url:
            self.skipTest('no bus of the cloud to send to')
        server = self.boot()
        url, posted = self.webhook()
        self.make_alarm(server, url)
        bus = messaging.Bus(messaging.memory_conf(), self.transport_url,
                            exchange=None)
        self.addCleanup(bus.close)
        event = Event('compute.instance.update', wire.iso(clock.now()), (
            Trait('instance_id', TraitType.STRING, server['id']),
            Trait('state', TraitType.STRING, 'error'),
            Trait('project_id', TraitType.STRING, self.member.project_id)))
        bus.publish(wire.AODH_TOPIC, wire.AODH_EVENT_TYPE,
                    [wire.event_to_payload(event)],
                    priority=wire.AODH_PRIORITY)
        self.assertEqual(event.message_id, posted.get(timeout=PATIENCE_S)[
            'reason_data']['event']['message_id'])
        # Nova was told nothing.
        self.assertEqual('ACTIVE', self.show(server['id'])['status'])

    def test_an_alarm_of_others_is_not_found(self):
        server = self.boot()
        alarm = self.make_alarm(server, 'http://127.0.0.1:9/failure')
        path = f'/alarms/{alarm["alarm_id"]}'
        self.check(404, self.stranger.alarm('GET', path))
        self.check(404, self.stranger.alarm('DELETE', path))
        self.check(204, self.member.alarm('DELETE', path))
        self.check(404, self.member.alarm('GET', path))

    def test_a_condition_without_a_type_is_refused(self):
        self.check(400, self.member.alarm('POST', '/alarms', {
            'name': 'doctor', 'type': 'event', 'alarm_actions': [],
            'event_rule': {'event_type': '*', 'query': [
                {'field': 'traits.state', 'op': 'eq', 'value': 'error'}]}}))
