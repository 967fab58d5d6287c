import logging
import threading
from contextlib import ExitStack

import testtools

from doctor_core.cloud.refusals import Gone
from doctor_core.cloud.tenancy import Mould, Tenancy
from doctor_core.exceptions import CloudError, ConfigError, DeadlineExceeded
from doctor_core.fixtures import FakeClock

#: Seconds; none is waited when all is well.
PATIENCE_S = 20
MOULD = Mould('p1', 'flavor', 'image', 'network')


class Nova:
    """As much of a cloud as booting asks for."""

    def __init__(self):
        self.quota = {'instances': 10, 'cores': 20, 'ram': 51200}
        self.written = []
        self.lock = threading.Lock()
        #: Called by each who asks for a server, or its deletion.
        self.meet = lambda: None
        self.servers = []
        #: What becomes of a server that is booted.
        self.becomes = {'status': 'ACTIVE', 'OS-EXT-STS:vm_state': 'active'}

    def get(self, service_type, path, *, project_id=None):
        if self.quota is None:
            raise Gone('no such API', status=404)
        return {'quota_set': dict(self.quota)}

    def put(self, service_type, path, body=None, *, project_id=None):
        self.written.append((path, body['quota_set']))
        self.quota.update(body['quota_set'])
        return body

    def post(self, service_type, path, body=None, *, project_id=None):
        self.meet()
        with self.lock:
            return self.made(body['server'], project_id)

    def made(self, wanted, project_id):
        record = {'id': f's{len(self.servers)}', 'name': wanted['name'],
                  'tenant_id': project_id,
                  'OS-EXT-SRV-ATTR:host': wanted['host'], **self.becomes}
        self.servers.append(record)
        return {'server': {'id': record['id']}}

    def delete(self, service_type, path, *, project_id=None):
        self.meet()
        with self.lock:
            self.forget(path)

    def forget(self, path):
        self.servers = [record for record in self.servers
                        if not path.endswith(f'/{record["id"]}')]

    def listing(self, service_type, path, key, query=(), *, project_id=None):
        return iter(list(self.servers))


class TestBoot(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.nova = Nova()
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.counted = []
        self.tenancy = Tenancy(
            self.nova, self.stack, timeout_s=5.0, waiting=FakeClock(),
            so_far=lambda *counted: self.counted.append(counted))

    def boot(self, count):
        return self.tenancy.boot([f'vm{i}' for i in range(count)], 'h1',
                                 MOULD)

    def test_in_the_order_of_the_names(self):
        self.assertEqual(['vm0', 'vm1', 'vm2'],
                         [server.name for server in self.boot(3)])
        self.assertEqual([], self.nova.written)

    def test_the_quota_is_raised_and_set_back(self):
        """Nova allows 10 servers a project by default."""
        self.boot(30)
        self.stack.close()
        self.assertEqual([
            ('/os-quota-sets/p1', {'instances': 30, 'cores': 30}),
            ('/os-quota-sets/p1', {'instances': 10, 'cores': 20})],
            self.nova.written)

    def test_no_limit_is_left_alone(self):
        self.nova.quota = {'instances': -1, 'cores': -1, 'ram': -1}
        self.boot(30)
        self.assertEqual([], self.nova.written)

    def test_no_quotas_at_all(self):
        self.nova.quota = None
        self.assertEqual(30, len(self.boot(30)))

    def test_others_servers_stay(self):
        self.nova.servers = [{'id': 'old', 'name': 'vm0',
                              'status': 'ACTIVE'}]
        self.boot(2)
        self.stack.close()
        self.assertEqual(['old'], [record['id'] for record
                                   in self.nova.servers])

    def test_one_that_ends_in_error(self):
        self.nova.becomes = {'status': 'ERROR', 'fault': {
            'message': 'No valid host was found.'}}
        error = self.assertRaises(CloudError, self.boot, 1)
        self.assertEqual('Server vm0 ended in error: No valid host was '
                         'found.', str(error))
        self.stack.close()
        self.assertEqual([], self.nova.servers)

    def test_one_that_never_runs(self):
        self.nova.becomes = {'status': 'BUILD'}
        self.assertRaises(DeadlineExceeded, self.boot, 1)
        self.stack.close()
        self.assertEqual([], self.nova.servers)

    def test_one_that_runs_elsewhere(self):
        self.nova.becomes['OS-EXT-SRV-ATTR:host'] = 'h2'
        error = self.assertRaises(CloudError, self.boot, 1)
        self.assertEqual('Not on h1: vm0', str(error))

    def test_many_are_asked_for_at_a_time(self):
        """A thousand took minutes, one after the other."""
        barrier = threading.Barrier(2)
        self.nova.meet = lambda: barrier.wait(PATIENCE_S)
        self.boot(4)
        self.stack.close()
        self.assertEqual([], self.nova.servers)

    def test_one_that_cannot_be_asked_for_leaves_none(self):
        self.nova.meet = self.refuse_the_third
        self.assertRaises(CloudError, self.boot, 1000)
        self.nova.meet = lambda: None
        self.assertLess(len(self.nova.servers), 1000)
        self.stack.close()
        self.assertEqual([], self.nova.servers)

    def refuse_the_third(self):
        if len(self.nova.servers) > 2:
            raise CloudError('no', status=403)

    def test_how_far_it_is(self):
        self.boot(2)
        self.stack.close()
        self.assertEqual([
            ('servers are asked for', 1, 2), ('servers are asked for', 2, 2),
            ('servers run', 2, 2), ('servers are deleted', 1, 2),
            ('servers are deleted', 2, 2)], self.counted)

    def test_no_message_names_a_thousand(self):
        """What was left named each of a thousand servers on one line."""
        self.boot(1000)
        self.nova.forget = lambda path: None
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        self.stack.close()
        left, = self.tenancy.leftovers
        self.assertIn('vm9 and 990 more', left)
        self.assertNotIn('vm10', left)


class TestNetwork(testtools.TestCase):

    def network(self, cidr, room):
        with ExitStack() as stack:
            return Tenancy(Neutron(), stack, waiting=FakeClock()).network(
                'net', 'p1', cidr=cidr, room=room)

    def test_a_subnet_that_is_too_small_is_refused_before_it_is_made(self):
        """A thousand servers failed one after the other in a /24."""
        error = self.assertRaises(ConfigError, self.network,
                                  '192.168.168.0/24', 255)
        self.assertEqual('192.168.168.0/24 has addresses for 254 servers, '
                         'not for 255: name a larger subnet.', str(error))

    def test_one_that_is_none(self):
        for cidr in ('10.0.0.1/24', 'here', '2001:db8::/64', '10.0.0.0/33'):
            self.assertRaises(ConfigError, self.network, cidr, 1)

    def test_one_that_is_large_enough(self):
        self.assertEqual('n1', self.network('192.168.168.0/24', 254))


class Neutron:
    """As much of a cloud as a network asks for."""

    def __init__(self):
        self.made = {}

    def get(self, service_type, path, *, project_id=None):
        key = path.partition('?')[0].strip('/')
        return {key: self.made.get(key, [])}

    def post(self, service_type, path, body=None, *, project_id=None):
        self.made[path.strip('/')] = [{'id': f'{path[1]}1'}]
        return {name: {'id': f'{path[1]}1'} for name in body}

    def delete(self, service_type, path, *, project_id=None):
        self.made.pop(path.split('/')[1])
