"""From a rule posted over REST to a webhook at its owner."""

import asyncio
import json

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import clock, opts, wire
from doctor_core.alarms.local.manager import LocalAlarmManager
from doctor_core.consumers.sample import SampleConsumer
from doctor_core.fixtures import options
from doctor_core.model import AlarmRule, Condition, Server, Stage
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.tests.functional.peers import Peer
from doctor_core.web import server as web
from doctor_core.web.client import Client

LONG_S = 60.0
TENANT = '3f6b8f0c5b3f4f3e9a0f6d1f2b7c8d90'

#: The shape of the webhook of a deployment of 2017, with other ids; traits
#: that Doctor cannot know of are left out.
RECORDED = {
    'severity': 'moderate',
    'alarm_name': 'owner_alarm',
    'current': 'alarm',
    'alarm_id': '8a1f0b6c-1111-4222-8333-444455556666',
    'reason': 'Event <id=0b9d5f2a-7777-4888-9999-aaaabbbbcccc,event_type='
              'compute.instance.update> hits the query <query=[{"field": '
              '"traits.state", "op": "eq", "type": "string", "value": '
              '"error"}, {"field": "traits.instance_id", "op": "eq", "type":'
              ' "string", "value": "0d2c7e44-2222-4333-8444-555566667777"}]>'
              '.',
    'reason_data': {
        'type': 'event',
        'event': {
            'event_type': 'compute.instance.update',
            'traits': [
                ['state', 1, 'error'],
                ['user_id', 1, 'b5c0d6b7e8f94a3b8c1d2e3f4a5b6c7d'],
                ['service', 1, 'compute'],
                ['disk_gb', 2, 1],
                ['instance_type', 1, 'tiny'],
                ['tenant_id', 1, TENANT],
                ['vcpus', 2, 1],
                ['memory_mb', 2, 512],
                ['instance_id', 1, '0d2c7e44-2222-4333-8444-555566667777'],
                ['host', 1, 'compute-1.example.org'],
                ['project_id', 1, TENANT],
                ['launched_at', 4, '2026-05-08T13:49:07']],
            'message_signature': '5f1e6d',
            'raw': {},
            'generated': '2026-05-08T13:50:39.991812',
            'message_id': '0b9d5f2a-7777-4888-9999-aaaabbbbcccc'}},
    'previous': 'insufficient data',
}


#: The traits that both have.
NAMES = {entry[0] for entry in RECORDED['reason_data']['event']['traits']}


def shape(value):
    """Keys and types, recursively; of the traits those of that webhook."""
    if isinstance(value, dict):
        return {key: _traits(inner) if key == 'traits' else shape(inner)
                for key, inner in value.items()}
    return type(value)


def _traits(triples):
    return {name: (code, type(value)) for name, code, value in triples
            if name in NAMES}


def server(number=0, project_id=TENANT):
    return Server(
        id=f'0d2c7e44-2222-4333-8444-{number:012d}', name=f'vm{number}',
        project_id=project_id, host='compute-1.example.org',
        user_id='b5c0d6b7e8f94a3b8c1d2e3f4a5b6c7d', flavor='tiny', vcpus=1,
        memory_mb=512, disk_gb=1, launched_at='2026-05-08T13:49:07')


def rule_body(server_id, url):
    return {
        'name': 'owner_alarm', 'type': 'event', 'severity': 'moderate',
        'alarm_actions': [url], 'event_rule': {
            'event_type': 'compute.instance.update',
            'query': [
                {'field': 'traits.state', 'op': 'eq', 'type': 'string',
                 'value': 'error'},
                {'field': 'traits.instance_id', 'op': 'eq',
                 'type': 'string', 'value': server_id}]}}


class Together:
    """Several outcomes as one."""

    def __init__(self, futures):
        self._futures = futures

    def done(self):
        return all(future.done() for future in self._futures)

    def result(self, timeout_s):
        return [line for future in self._futures
                for line in future.result(timeout_s).failures]


class Outlets:
    """The ways out, as the inspector daemon connects them."""

    def __init__(self, deliverer):
        self.deliver = deliverer.deliver
        self.stamps = []
        self.checkpoint = self.stamps.append


class LocalAlarmsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        conf = cfg.ConfigOpts()
        opts.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        self.deliverer = Deliverer(conf)
        self.addCleanup(self.deliverer.close, 0)
        self.outlets = Outlets(self.deliverer)
        self.alarms = LocalAlarmManager(None, None, self.outlets)
        self.consumer = SampleConsumer(options(SampleConsumer, port=0))
        self.addCleanup(self.consumer.stop)
        self.url = self.consumer.start()

    def tell(self, *servers):
        told = self.alarms.tell(
            [wire.instance_update(one, 'error', 1_772_359_200.0)
             for one in servers], host='compute-1', fault_id='fault-1')
        return Together(told)

    def told(self):
        return sorted(notice.server_id
                      for notice in self.consumer.received())


class TestRestToWebhook(LocalAlarmsTestCase):

    def setUp(self):
        super().setUp()
        self.asker = (TENANT, 'ann', False)
        self.api = web.Server(self.alarms.routes(self))
        self.base = self.api.start()
        self.addCleanup(self.api.stop)

    def who(self, _request):
        return self.asker

    def ask(self, method, path, body=None):
        async def once():
            client = Client()
            try:
                return await client.request(method, self.base + path,
                                            body=body)
            finally:
                await client.close()
        reply = asyncio.run(once())
        return reply.status, json.loads(reply.body) if reply.body else None

    def test_the_owner_gets_what_aodh_would_send(self):
        status, alarm = self.ask('POST', '/v2/alarms',
                                 rule_body(server().id, self.url))
        self.assertEqual(201, status)
        self.assertEqual([], self.tell(server()).result(LONG_S))
        [notice] = self.consumer.received()
        self.assertEqual(shape(RECORDED), shape(notice.body))
        self.assertEqual(
            (alarm['alarm_id'], server().id),
            (notice.body['alarm_id'], notice.server_id))

    def test_the_reason_is_worded_as_aodhs(self):
        self.ask('POST', '/v2/alarms', rule_body(server().id, self.url))
        self.tell(server()).result(LONG_S)
        [notice] = self.consumer.received()
        message_id = notice.body['reason_data']['event']['message_id']
        self.assertEqual(
            RECORDED['reason'].replace(
                '0b9d5f2a-7777-4888-9999-aaaabbbbcccc', message_id).replace(
                '0d2c7e44-2222-4333-8444-555566667777', server().id),
            notice.body['reason'])

    def test_told_once_until_the_owner_is_ready_again(self):
        _, alarm = self.ask('POST', '/v2/alarms',
                            rule_body(server().id, self.url))
        state = f'/v2/alarms/{alarm["alarm_id"]}/state'
        for _ in range(2):
            self.tell(server()).result(LONG_S)
        self.assertEqual((200, 'alarm'), self.ask('GET', state))
        self.assertEqual(1, len(self.consumer.received()))
        self.assertEqual((200, 'ok'), self.ask('PUT', state, 'ok'))
        self.tell(server()).result(LONG_S)
        self.assertEqual(2, len(self.consumer.received()))

    def test_other_tenants_neither_see_nor_stop_it(self):
        _, alarm = self.ask('POST', '/v2/alarms',
                            rule_body(server().id, self.url))
        path = f'/v2/alarms/{alarm["alarm_id"]}'
        self.asker = ('another', 'bob', False)
        status, error = self.ask('DELETE', path)
        self.assertEqual(404, status)
        self.assertIn('not found', error['error_message']['faultstring'])
        self.assertEqual((200, []), self.ask('GET', '/v2/alarms'))
        self.asker = (TENANT, 'ann', False)
        self.assertEqual(200, self.ask('GET', path)[0])
        self.assertEqual((204, None), self.ask('DELETE', path))
        self.tell(server()).result(LONG_S)
        self.assertEqual([], self.told())

    def test_a_filter_over_http(self):
        for number in range(3):
            self.ask('POST', '/v2/alarms', {
                **rule_body(server(number).id, self.url),
                'name': f'a {number}&'})
        status, found = self.ask(
            'GET', '/v2/alarms?q.field=name&q.op=eq&q.value=a%201%26'
                   '&q.field=severity&q.op=eq&q.value=moderate')
        self.assertEqual((200, ['a 1&']),
                         (status, [alarm['name'] for alarm in found]))
        self.assertEqual(200, self.ask('GET', '/v2/capabilities')[0])

    def test_a_body_that_is_not_json_is_refused_in_aodhs_words(self):
        status, error = self.ask('POST', '/v2/alarms')
        self.assertEqual(400, status)
        self.assertIn('JSON', error['error_message']['faultstring'])


class TestManyServers(LocalAlarmsTestCase):

    def create(self, number, *urls):
        self.alarms.create(AlarmRule(
            name=f'alarm-{number}', project_id=TENANT,
            event_type='compute.instance.update', actions=urls, query=(
                Condition('traits.instance_id', server(number).id),
                Condition('traits.state', 'error'))))

    def test_every_owner_of_a_full_host_among_many_servers(self):
        for number in range(1000):
            self.create(number, self.url)
        failed = [server(number) for number in range(0, 1000, 5)]
        outcome = self.tell(*failed)
        self.assertEqual([], outcome.result(LONG_S))
        self.assertEqual([one.id for one in failed], self.told())
        self.assertEqual(
            [(stage, one.id) for one in failed
             for stage in (Stage.ALARM_EVALUATED, Stage.ALARM_FIRED)],
            [(stamp.stage, stamp.server_id)
             for stamp in self.outlets.stamps])

    def test_a_hanging_owner_delays_nobody_and_is_a_failure(self):
        hanging = Peer(None)
        self.addCleanup(hanging.close)
        for number in range(20):
            self.create(number, hanging.url if number == 7 else self.url)
        outcome = self.tell(*(server(number) for number in range(20)))
        clock.wait_for(lambda: len(self.told()) == 19,
                       clock.Deadline(LONG_S), what='the other owners')
        self.assertFalse(outcome.done())
        # The others have been told, but need not have heard that they were.
        self.deliverer.close(2)
        [line] = outcome.result(LONG_S)
        self.assertIn(f'server {server(7).id}', line)
