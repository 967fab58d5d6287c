"""An embedded cloud without sockets: requests go straight to its handlers."""

import asyncio
import json
import re

from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.web.server import Request

URL = 'http://cloud.test'
#: The version that Doctor uses of Nova.
VERSION = '2.74'


class Answer:
    """What a handler answered."""

    def __init__(self, response):
        self.status = response.status
        self.json = response.json
        self.headers = response.headers

    @property
    def text(self):
        return json.dumps(self.json)


class Client:
    """Requests to a cloud's handlers, on a loop of the test's own.

    The work of a nova-compute takes no time: it is done when :meth:`settle`
    returns.

    :param test: the test case, for its cleanups.
    :param options: of the cloud.
    """

    def __init__(self, test, **options):
        self.cloud = EmbeddedCloud(**{
            'build_s': 0.0, 'admin_password': 'secret of admin',
            'member_password': 'secret of demo', **options})
        self.cloud.announce(URL)
        self.notices = []
        self.cloud.on_notification(
            lambda event_type, payload, _at:
                self.notices.append((event_type, payload)))
        self._loop = asyncio.new_event_loop()
        test.addCleanup(self._loop.close)
        self._routes = [(route.method, re.compile(re.sub(
            r'\\{(\w+)\\}', r'(?P<\1>[^/]+)', re.escape(route.path))),
            route.handler) for route in self.cloud.routes]
        self.admin = self.token('admin', 'admin')
        self.member = self.token('demo', 'demo')

    def ask(self, method, path, body=None, *, token=None, version=VERSION,
            headers=None):
        """Send a request.

        :param body: sent as JSON; bytes as they are.
        :param token: None for the administrator's.
        """
        path, _, query = path.partition('?')
        sent = {'OpenStack-API-Version': f'compute {version}',
                'X-Auth-Token': getattr(self, 'admin', '')
                if token is None else token, **(headers or {})}
        for route_method, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            if match and route_method == method:
                request = Request(
                    method, path, match.groupdict(),
                    dict(part.partition('=')[::2]
                         for part in query.split('&') if part), sent,
                    body if isinstance(body, bytes) else
                    json.dumps(body).encode(), 0.0)
                return self._run(handler, request)
        raise AssertionError(f'nothing serves {method} {path}')

    def _run(self, handler, request):
        async def run():
            answer = handler(request)
            return await answer if asyncio.iscoroutine(answer) else answer
        return Answer(self._loop.run_until_complete(run()))

    def settle(self):
        """Let what was begun come to its end."""
        for _ in range(3):
            self._loop.run_until_complete(asyncio.sleep(0))

    def on_loop(self, function):
        """Run a function where the handlers run."""
        async def run():
            return function()
        return self._loop.run_until_complete(run())

    def token(self, user, project, password=None):
        """A new token of a user, scoped to a project."""
        domain = {'id': 'default'}
        scope = {'project': {'name': project, 'domain': domain}}
        answer = self.ask('POST', '/identity/v3/auth/tokens', {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': user, 'domain': domain,
                'password': password or f'secret of {user}'}}},
            'scope': scope}}, token='')
        assert answer.status == 201, answer.text
        return answer.headers['X-Subject-Token']

    def outsider(self):
        """A token of a member of another project than demo's."""
        project = self.made('/identity/v3/projects', 'project',
                            {'name': 'others'})
        user = self.made('/identity/v3/users', 'user', {
            'name': 'outsider', 'password': 'secret of outsider'})
        role = self.ask('GET', '/identity/v3/roles?name=member').json
        self.ask('PUT', f'/identity/v3/projects/{project["id"]}/users/'
                 f'{user["id"]}/roles/{role["roles"][0]["id"]}')
        return self.token('outsider', 'others')

    def made(self, path, member, body, token=None):
        """What a POST makes."""
        answer = self.ask('POST', path, {member: body}, token=token)
        assert answer.status in (200, 201, 202), answer.text
        return answer.json[member]

    def one(self, path, token=None):
        """The first of a list."""
        answer = self.ask('GET', path, token=token)
        return next(entries[0] for name, entries in answer.json.items()
                    if isinstance(entries, list) and entries
                    and not name.endswith('links'))

    # Nova

    def nova(self, method, path, body=None, **options):
        return self.ask(method, f'/compute/v2.1{path}', body, **options)

    def wanted(self, **fields):
        """The body that makes a server in the demo project's network."""
        network = self.one('/network/v2.0/networks')
        image = self.one('/image/v2/images')
        return {'server': {'name': 'vm', 'flavorRef': '1',
                           'imageRef': image['id'],
                           'networks': [{'uuid': network['id']}], **fields}}

    def boot(self, token=None, version=VERSION, **fields):
        """An active server of the member, as an administrator sees it."""
        answer = self.nova('POST', '/servers', self.wanted(**fields),
                           token=token or self.member, version=version)
        assert answer.status == 202, answer.text
        self.settle()
        return self.show(answer.json['server']['id'])

    def show(self, server_id, token=None, version=VERSION):
        return self.nova('GET', f'/servers/{server_id}', token=token,
                         version=version).json['server']

    def act(self, server, action, arguments=None, **options):
        return self.nova('POST', f'/servers/{server["id"]}/action',
                         {action: arguments}, **options)

    def service(self, host, version='2.53'):
        return next(each for each in self.nova(
            'GET', '/os-services?binary=nova-compute', version=version
        ).json['services'] if each['host'] == host)

    def put_service(self, host, **fields):
        return self.nova('PUT', f'/os-services/{self.service(host)["id"]}',
                         fields)

    def fail(self, host, how='link'):
        """Let a host fall silent."""
        self.on_loop(lambda: self.cloud.cut(
            self.cloud.compute_hosts.get(host), how))

    def heal(self, host):
        """Bring it back."""
        self.on_loop(lambda: self.cloud.mend(
            self.cloud.compute_hosts.get(host)))


def host_of(server):
    return server['OS-EXT-SRV-ATTR:host']
