"""No body, however odd, makes the embedded cloud fail: it is refused."""

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor_core.tests.unit.embedded.inprocess import Client

TARGETS = {
    '/identity/v3/auth/tokens': ('auth', ['identity', 'scope']),
    '/identity/v3/projects': ('project', ['name', 'domain_id', 'enabled']),
    '/identity/v3/users': ('user', ['name', 'password', 'domain_id']),
    '/identity/v3/endpoints': ('endpoint', ['url', 'service_id',
                                            'interface']),
    '/compute/v2.1/flavors': ('flavor', ['name', 'ram', 'vcpus', 'disk',
                                         'id', 'swap']),
    '/compute/v2.1/servers': ('server', [
        'name', 'flavorRef', 'imageRef', 'networks', 'host', 'metadata',
        'tags', 'min_count', 'availability_zone', 'security_groups']),
    '/network/v2.0/networks': ('network', ['name', 'shared', 'mtu']),
    '/network/v2.0/subnets': ('subnet', [
        'network_id', 'cidr', 'ip_version', 'gateway_ip',
        'allocation_pools']),
    '/network/v2.0/ports': ('port', ['network_id', 'fixed_ips', 'device_id',
                                     'binding:profile']),
    '/image/v2/images': ('', ['name', 'visibility', 'id', 'tags', 'owner']),
    '/alarming/v2/alarms': ('', ['name', 'type', 'event_rule', 'state',
                                 'alarm_actions', 'severity']),
}
#: What looks at more of that which was made.
QUERIES = {'/compute/v2.1/servers': 'all_tenants=1&tags=a&name=b',
           '/network/v2.0/ports': 'fixed_ips=ip_address=10.0.0.1',
           '/network/v2.0/subnets': 'cidr=x'}
WORDS = ['identity', 'methods', 'password', 'user', 'project', 'name',
         'uuid', 'port', 'ip_address', 'subnet_id', 'start', 'end', 'query',
         'field', 'op', 'value', 'event_type', 'state', 'host', 'token',
         'default', 'event', '10.0.0.0/24', '4', '1', 'error', '', 'x' * 300]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8)


@st.composite
def requests(draw):
    """A path and a body for it; most are nearly right."""
    path = draw(st.sampled_from(sorted(TARGETS)))
    member, names = TARGETS[path]
    inner = draw(ANY | st.dictionaries(st.sampled_from(names), ANY))
    return path, {member: inner} if member else inner


ODD = settings(max_examples=150)


class BodiesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def check(self, answer):
        self.assertIn(answer.status, (200, 201, 202, 204, 400, 401, 403, 404,
                                      409, 501), answer.text)

    @ODD
    @given(requests())
    def test_what_makes_something(self, request):
        self.check(self.client.ask('POST', *request))

    @ODD
    @given(st.data())
    def test_what_is_right_but_for_a_member(self, data):
        network = {'network_id': self.client.one('/network/v2.0/networks')[
            'id']}
        bases = {
            '/compute/v2.1/servers': self.client.wanted()['server'],
            '/network/v2.0/ports': network,
            '/network/v2.0/subnets': network | {
                'cidr': '10.0.0.0/24', 'ip_version': 4},
            '/alarming/v2/alarms': {
                'name': 'a', 'type': 'event', 'event_rule': {}},
            '/compute/v2.1/flavors': {
                'name': 'f', 'ram': 1, 'vcpus': 1, 'disk': 1}}
        path = data.draw(st.sampled_from(sorted(bases)))
        member, names = TARGETS[path]
        inner = bases[path] | {data.draw(st.sampled_from(names)):
                               data.draw(ANY)}
        self.check(self.client.ask(
            'POST', path, {member: inner} if member else inner))
        self.client.settle()
        listed = self.client.ask('GET', f'{path}?{QUERIES.get(path, "")}')
        self.assertEqual(200, listed.status, listed.text)

    def test_more_servers_than_memory(self):
        """They were begun, for want of a quota, until memory was full."""
        for name in ('min_count', 'max_count'):
            answer = self.client.ask('POST', '/compute/v2.1/servers', {
                'server': self.client.wanted()['server'] | {name: 2 ** 40}})
            self.assertEqual(400, answer.status)
            self.assertIn(name, answer.text)

    @ODD
    @given(st.sampled_from(['os-resetState', 'evacuate', 'migrate',
                            'os-migrateLive', 'os-stop', 'x']), ANY)
    def test_actions(self, action, arguments):
        if not hasattr(self, 'server'):
            self.server = self.client.boot()
        self.check(self.client.act(self.server, action, arguments))

    @ODD
    @given(ANY | st.fixed_dictionaries({'service': ANY})
           | st.dictionaries(st.sampled_from(
               ['status', 'forced_down', 'disabled_reason']), ANY))
    def test_services(self, body):
        service = self.client.service('embedded-compute-1')
        self.check(self.client.nova(
            'PUT', f'/os-services/{service["id"]}', body))

    @ODD
    @given(st.dictionaries(st.sampled_from(
        ['name', 'fixed_ips', 'device_id', 'binding:host_id',
         'admin_state_up']), ANY))
    def test_changes_of_ports(self, fields):
        if not hasattr(self, 'port'):
            self.client.boot()
            self.port = self.client.one('/network/v2.0/ports')
        self.check(self.client.ask(
            'PUT', f'/network/v2.0/ports/{self.port["id"]}',
            {'port': fields}))
