from contextlib import ExitStack

import testtools

from doctor_core.cloud.tenancy import Mould, Tenancy
from doctor_core.exceptions import CloudError, DeadlineExceeded
from doctor_core.fixtures import FakeClock

MOULD = Mould('p1', 'flavor', 'image', 'network')


class Nova:
    """As much of a cloud as booting asks for."""

    def __init__(self):
        self.quota = {'instances': 10, 'cores': 20, 'ram': 51200}
        self.written = []
        self.servers = []
        #: What becomes of a server that is booted.
        self.becomes = {'status': 'ACTIVE', 'OS-EXT-STS:vm_state': 'active'}

    def get(self, service_type, path, *, project_id=None):
        if self.quota is None:
            raise CloudError('no such API', status=404)
        return {'quota_set': dict(self.quota)}

    def put(self, service_type, path, body=None, *, project_id=None):
        self.written.append((path, body['quota_set']))
        self.quota.update(body['quota_set'])
        return body

    def post(self, service_type, path, body=None, *, project_id=None):
        wanted = body['server']
        record = {'id': f's{len(self.servers)}', 'name': wanted['name'],
                  'tenant_id': project_id,
                  'OS-EXT-SRV-ATTR:host': wanted['host'], **self.becomes}
        self.servers.append(record)
        return {'server': {'id': record['id']}}

    def delete(self, service_type, path, *, project_id=None):
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
        self.tenancy = Tenancy(self.nova, self.stack, timeout_s=5.0,
                               waiting=FakeClock())

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
