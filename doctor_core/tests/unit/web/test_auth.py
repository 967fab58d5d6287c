"""Who may do what."""

import asyncio
import threading
from types import SimpleNamespace

import testtools

from doctor_core.exceptions import CloudError, ConfigError, NotFound
from doctor_core.web import auth
from doctor_core.web.exchange import (
    OPERATOR,
    PUBLIC,
    TENANT,
    Refused,
    Request,
    Response,
    Route,
)
from doctor_core.web.pools import PoolFull

PATIENCE_S = 60
RULES = {'events': OPERATOR, 'alarms': TENANT, 'health': PUBLIC}


def request(rule='events', token='', **headers):
    if token:
        headers['X-Auth-Token'] = token
    return Request('PUT', '/', {}, {}, headers, b'', 100.0, rule=rule)


async def inner(asked):
    return Response(200, asked.context.get('token'))


class GateTestCase(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.asked = []
        self.cached = {}
        self.hang = threading.Event()
        self.addCleanup(self.hang.set)

    def gate(self, strategy='keystone', host='127.0.0.1'):
        gate = auth.Gate(SimpleNamespace(
            auth_strategy=strategy, host=host,
            auth_roles=['admin', 'service']), self.validate, self.cached.get)
        gate.check([Route('GET', '/', inner, rule=rule, access=access)
                    for rule, access in RULES.items()])
        for pool in gate.pools:
            self.addCleanup(pool.close)
        return gate

    def validate(self, token):
        """As Keystone, which has no answer for some."""
        self.asked.append(token)
        if token == 'away':
            raise CloudError('no answer', recoverable=True)
        if token.startswith('hang'):
            self.hang.wait(PATIENCE_S)
        if token not in ('admin', 'member', 'domain'):
            raise NotFound('no such token')
        return self.facts(token)

    def facts(self, role):
        if role == 'domain':
            return SimpleNamespace(project_id='', user_id='u1',
                                   roles=['Admin'], is_of_cloud=False)
        return SimpleNamespace(project_id='p1', user_id='u1', roles=[role],
                               is_of_cloud=True)

    async def status_of(self, gate, *args, **kwargs):
        try:
            return (await gate(request(*args, **kwargs), inner)).status
        except Refused as error:
            return error.status
        except PoolFull:
            return 503

    def status(self, gate, *args, **kwargs):
        return asyncio.run(self.status_of(gate, *args, **kwargs))


class RulesTest(GateTestCase):
    def test_open_to_a_network_is_refused(self):
        for host in ('0.0.0.0', '::', '192.0.2.1', 'controller'):
            error = self.assertRaises(ConfigError, self.gate, 'none', host)
            self.assertIn('auth_strategy', str(error))

    def test_open_on_loopback(self):
        for host in ('127.0.0.1', '127.0.0.9', '::1', 'localhost'):
            self.assertEqual(200, self.status(self.gate('none', host)))

    def test_who_may_post_events(self):
        gate = self.gate()
        self.assertEqual([401, 401, 403, 200, 503], [
            self.status(gate, token=token)
            for token in ('', 'wrong', 'member', 'admin', 'away')])

    def test_administrator_of_a_domain_is_not_the_operator(self):
        """He declared hosts dead, and saw the alarms of all."""
        gate, asked = self.gate(), request('alarms', 'domain')
        self.assertEqual(403, self.status(gate, token='domain'))
        asyncio.run(gate(asked, inner))
        self.assertEqual(('', 'u1', False), gate.who(asked))

    def test_tenants_may_come_to_their_alarms(self):
        gate = self.gate()
        self.assertEqual([401, 200, 200], [
            self.status(gate, 'alarms', token)
            for token in ('', 'member', 'admin')])

    def test_health_is_public(self):
        self.assertEqual(200, self.status(self.gate(), 'health'))

    def test_rule_that_nobody_knows_is_the_operator_s(self):
        for rule in ('', 'other'):
            self.assertEqual(403, self.status(self.gate(), rule, 'member'))

    def test_route_without_a_rule_is_refused(self):
        """A tenant's was whatever lay below a path."""
        gate = self.gate()
        for rule, access in (('', OPERATOR), ('new', 'anybody'), ('new', ''),
                             ('alarms', PUBLIC)):
            error = self.assertRaises(ValueError, gate.check, [
                Route('GET', '/v2/a', inner, rule=rule, access=access)])
            self.assertIn('GET /v2/a', str(error))
        self.assertEqual(TENANT, gate.rules['alarms'])

    def test_who_asks(self):
        asked = request('alarms', 'member')
        asyncio.run(self.gate()(asked, inner))
        self.assertEqual(('p1', 'u1', False), self.gate().who(asked))

    def test_who_without_authentication(self):
        asked = request(**{'X-Project-Id': 'p7', 'X-User-Id': 'u7',
                           'X-Roles': 'member, Admin'})
        self.assertEqual(('p7', 'u7', True), self.gate('none').who(asked))
        self.assertEqual(('', '', False), self.gate('none').who(request()))


class KeystoneHangsTest(GateTestCase):
    """Twelve unknown tokens kept an administrator out."""

    async def crowd(self, gate, names):
        tasks = [asyncio.create_task(self.status_of(gate, token=name))
                 for name in names]
        await asyncio.sleep(0)
        return tasks

    def test_known_token_is_served_at_once(self):
        self.cached['admin'] = self.facts('admin')

        async def run():
            gate = self.gate()
            tasks = await self.crowd(gate, [f'hang{n}' for n in range(40)])
            status = await self.status_of(gate, token='admin')
            self.hang.set()
            return status, await asyncio.gather(*tasks)

        status, others = asyncio.run(run())
        self.assertEqual(200, status)
        self.assertEqual([401] * 16 + [503] * 24, others)
        self.assertNotIn('admin', self.asked)

    def test_token_that_was_valid_does_not_wait_behind_new_ones(self):
        async def run():
            gate = self.gate()
            await self.status_of(gate, token='admin')
            tasks = await self.crowd(gate, [f'hang{n}' for n in range(40)])
            status = await self.status_of(gate, token='admin')
            self.hang.set()
            await asyncio.gather(*tasks)
            return status

        self.assertEqual(200, asyncio.run(run()))

    def test_one_request_for_all_who_show_a_token(self):
        async def run():
            gate = self.gate()
            tasks = await self.crowd(gate, ['hang'] * 50)
            tasks.pop().cancel()
            self.hang.set()
            return await asyncio.gather(*tasks)

        self.assertEqual([401] * 49, asyncio.run(run()))
        self.assertEqual(['hang'], self.asked)
