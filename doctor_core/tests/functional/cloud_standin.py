"""The least of an OpenStack: enough for the cloud package to be refused,
kept waiting and lied to in ways that a whole cloud does not know.
"""

import asyncio
import collections
import datetime
import os
import tempfile
import threading
from collections.abc import Callable

import fixtures
import testtools
import yaml
from keystoneauth1 import fixture

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.model import Action, Correction, Mark
from doctor_core.web.server import Request, Response, Route, Server

HOST = 'compute-1'
SERVICE = '5e41c1a0-0000-4000-8000-000000000001'


class StandIn:
    """Keystone, Nova and Neutron behind one port.

    :ivar behaviour: by path, asked before the API itself answers: a
        response instead of the API's, or None.
    :ivar latency_s: how long each answer of Nova and Neutron takes.
    :ivar slow: the beginning of the paths that take that long.
    :ivar silent: the paths at which nothing is ever answered.
    :ivar kept_waiting: set when somebody has asked for one of those.
    :ivar page: how many records a listing gives at a time.
    :ivar newest: the greatest microversion that Nova takes: 2.newest.
    :ivar asked: (method, path) of every request that came, in order.
    """

    def __init__(self, *, port: int = 0,
                 tls: tuple[str, str] | None = None) -> None:
        self.behaviour: dict[str, Callable[[Request], Response | None]] = {}
        self.latency_s = 0.0
        self.slow = '/'
        self.silent: frozenset[str] = frozenset()
        self.kept_waiting = threading.Event()
        self.token_life_s = 3600.0
        self.keystone_status = 0
        self.roles = ['admin']
        self.tokens: dict[str, fixture.V3Token] = {}
        self.asked: list[tuple[str, str]] = []
        self.state: dict[str, object] = {}
        self.ports: list[dict[str, object]] = []
        self.servers: list[dict[str, object]] = []
        self.most_at_a_time = 0
        self.passwords = collections.Counter()
        self.users: list[dict[str, object]] = []
        self._at_a_time = 0
        self.page = 1000
        self.uptime: str | None = None
        self.newest = 96
        self.hypervisor_id = 'h1'
        self._server = Server([
            Route('GET', '/v3', self._version),
            Route('POST', '/v3/auth/tokens', self._issue),
            Route('GET', '/v3/auth/tokens', self._validate),
            Route('GET', '/compute/v2.1/os-services', self._services),
            Route('GET', '/compute/v2.1/os-hypervisors/detail',
                  self._hypervisors),
            Route('GET', '/compute/v2.1/os-hypervisors/{id}',
                  self._hypervisor),
            Route('GET', '/compute/v2.1/os-hypervisors/{id}/uptime',
                  self._hypervisor),
            Route('GET', '/compute/v2.1/servers', self._list_servers),
            Route('GET', '/compute/v2.1/servers/detail', self._list_servers),
            Route('GET', '/compute/v2.1/servers/{id}', self._server_of),
            Route('PUT', '/compute/v2.1/os-services/{id}', self._write),
            Route('POST', '/compute/v2.1/servers/{id}/action', self._write),
            Route('GET', '/network/v2.0/extensions/{id}', self._extension),
            Route('GET', '/network/v2.0/ports', self._list_ports),
            Route('PUT', '/network/v2.0/ports/{id}', self._write),
        ], port=port, name='stand-in', tls=tls,
            middlewares=[self._outermost])

    def start(self) -> 'StandIn':
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.port

    def clouds_yaml(self, folder: str, **more: object) -> str:
        """Write a clouds.yaml with the cloud ``standin``; its path."""
        path = os.path.join(folder, 'clouds.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            yaml.safe_dump({'clouds': {'standin': {'auth': {
                'auth_url': f'{self.url}/v3', 'username': 'doctor',
                'password': 'secret', 'project_name': 'ops',
                'user_domain_id': 'default', 'project_domain_id': 'default',
            }, 'region_name': 'north', **more}}}, file)
        return path

    def expire_tokens(self) -> None:
        """No token that was given out is good any more."""
        self.tokens.clear()

    def count(self, method: str, path: str) -> int:
        return self.asked.count((method, path))

    async def _outermost(self, request, inner):
        self.asked.append((request.method, request.path))
        if request.path in self.silent:
            self.kept_waiting.set()
            await asyncio.get_running_loop().create_future()
        behave = self.behaviour.get(request.path)
        answer = behave(request) if behave else None
        if request.path.startswith('/v3'):
            return answer or await inner(request)
        self._at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self._at_a_time)
        try:
            if self.latency_s and request.path.startswith(self.slow):
                await asyncio.sleep(self.latency_s)
            if request.headers.get('X-Auth-Token') not in self.tokens:
                return Response(401, json={'error': {
                    'code': 401, 'message': 'The request you have made '
                    'requires authentication.'}})
            return answer or await inner(request)
        finally:
            self._at_a_time -= 1

    def _version(self, _request: Request) -> Response:
        return Response(json={'version': {
            'id': 'v3.14', 'status': 'stable', 'updated': '2020-01-01',
            'links': [{'rel': 'self', 'href': f'{self.url}/v3/'}]}})

    def _issue(self, request: Request) -> Response:
        if self.keystone_status:
            return Response(self.keystone_status, json={'error': {
                'code': self.keystone_status, 'message': 'Keystone is ill'}})
        user = request.json()['auth']['identity'].get('password')
        if user and user['user']['password'] != 'secret':
            return Response(401, json={'error': {
                'code': 401, 'message': 'No such user or password'}})
        self.passwords.update(['password' if user else 'token'])
        self.users.append(user['user'] if user else {})
        token = fixture.V3Token(
            user_id='u1', user_name='doctor', project_id='p1',
            project_name='ops',
            expires=datetime.datetime.fromtimestamp(
                clock.now() + self.token_life_s, datetime.UTC
            ).replace(tzinfo=None))
        for role in self.roles:
            token.add_role(name=role)
        for kind, path in (('compute', '/compute/v2.1'), ('identity', '/v3'),
                           ('network', '/network')):
            token.add_service(kind).add_standard_endpoints(
                public=self.url + path, region='north')
        name = f't{len(self.asked)}'
        self.tokens[name] = token
        return Response(201, json=token, headers={'X-Subject-Token': name})

    def _validate(self, request: Request) -> Response:
        token = self.tokens.get(request.headers.get('X-Subject-Token', ''))
        if token is None:
            return Response(404, json={'error': {
                'code': 404, 'message': 'Could not find token'}})
        return Response(json=token)

    def _services(self, request: Request) -> Response:
        return Response(json={'services': [{
            'id': SERVICE, 'binary': 'nova-compute', 'host': HOST,
            'state': 'up', 'status': 'enabled', 'forced_down': False}]})

    def _hypervisors(self, request: Request) -> Response:
        return Response(json={'hypervisors': [{
            'id': self.hypervisor_id, 'host_ip': '192.0.2.1',
            'hypervisor_hostname': f'{HOST}.example',
            'service': {'host': HOST}}]})

    def _hypervisor(self, request: Request) -> Response:
        asked = int(request.headers['OpenStack-API-Version'].split('.')[1])
        is_old = request.path.endswith('/uptime')
        if asked > self.newest:
            return Response(406, json={'errors': [{
                'status': 406, 'detail': f'2.{asked} is not supported'}]})
        if request.params['id'] != self.hypervisor_id \
                or is_old and asked >= 88:
            return Response(404, json={'itemNotFound': {
                'code': 404, 'message': 'could not be found'}})
        if is_old and self.uptime is None:
            return Response(400, json={'badRequest': {
                'code': 400, 'message': 'Compute service is unavailable'}})
        shown = {'uptime': self.uptime} if is_old or asked >= 88 else {}
        return Response(json={'hypervisor': {
            'id': self.hypervisor_id, **shown}})

    def _list_servers(self, request: Request) -> Response:
        return self._listing(request, 'servers', self.servers)

    def _list_ports(self, request: Request) -> Response:
        return self._listing(request, 'ports', self.ports)

    def _listing(self, request: Request, key: str,
                 records: list[dict[str, object]]) -> Response:
        ids = [record['id'] for record in records]
        marker = request.query.get('marker')
        begin = ids.index(marker) + 1 if marker else 0
        page = records[begin:begin + self.page]
        answer: dict[str, object] = {key: page}
        if begin + self.page < len(records):
            # As behind a proxy: an address that nobody outside can reach.
            answer[f'{key}_links'] = [
                {'rel': 'next', 'href': 'http://192.0.2.99/unreachable'}]
        return Response(json=answer)

    def _server_of(self, request: Request) -> Response:
        for record in self.servers:
            if record['id'] == request.params['id']:
                return Response(json={'server': record})
        return Response(404, json={'itemNotFound': {
            'code': 404, 'message': 'Instance could not be found.'}})

    def _extension(self, request: Request) -> Response:
        return Response(json={'extension': {'alias': request.params['id']}})

    def _write(self, request: Request) -> Response:
        target_id, body = request.params['id'], request.json()
        self.state[target_id] = body
        if request.method == 'POST':
            return Response(202)
        if 'port' in body:
            return Response(json={'port': {'id': target_id, **body['port']}})
        return Response(json={'service': {
            'id': target_id, 'host': HOST, 'binary': 'nova-compute', **body}})


FORCE_DOWN = Correction(Action.FORCE_DOWN, SERVICE, HOST, Mark.LOST, 'false')
UNFORCE = Correction(Action.FORCE_DOWN, SERVICE, HOST, Mark.BACK)


def reset(number: int) -> Correction:
    return Correction(Action.RESET_STATE, f's{number}', HOST, Mark.LOST,
                      'active')


def port(number: int, server_id: str = '') -> Correction:
    return Correction(Action.DATA_PLANE_STATUS, f'p{number}', HOST,
                      Mark.LOST, server_id=server_id)


def between(_request: Request) -> Response:
    """As a proxy answers who has to log in."""
    return Response(body=b'<html>Please log in</html>',
                    content_type='text/html')


def redirect(_request: Request) -> Response:
    return Response(302, headers={
        'Location': 'http://127.0.0.1:1/login?ticket=secret'})


def refuse(status: int, key: str = 'computeFault', message: str = 'broken'):
    return lambda _request: Response(
        status, json={key: {'code': status, 'message': message}})


class CloudTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.standin = StandIn().start()
        self.addCleanup(self.standin.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def cloud(self, **limits):
        limits = {'retry_for_s': 10.0, 'timeout_s': 5.0} | limits
        cloud = Cloud.named(self.standin.clouds_yaml(self.folder), 'standin',
                            **limits)
        self.addCleanup(cloud.close)
        return cloud
