import testtools

from doctor_core.tests.unit.embedded.inprocess import Client


class QuotasTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.project = self.client.boot()['tenant_id']
        self.path = f'/os-quota-sets/{self.project}'

    def put(self, **quotas):
        return self.client.nova('PUT', self.path, {'quota_set': quotas})

    def boot(self, **fields):
        return self.client.nova('POST', '/servers',
                                self.client.wanted(**fields),
                                token=self.client.member).status

    def test_nothing_is_limited_at_first(self):
        self.assertEqual(-1, self.client.nova(
            'GET', self.path).json['quota_set']['instances'])
        self.assertEqual(202, self.boot(min_count=30))

    def test_a_quota_is_kept(self):
        for name, limit in (('instances', 2), ('cores', 2), ('ram', 1024)):
            self.put(**{name: limit})
            self.assertEqual([403, 202], [self.boot(min_count=2),
                                          self.boot()])
            self.client.nova('DELETE', self.path)
            for server in self.client.nova(
                    'GET', '/servers', token=self.client.member
            ).json['servers'][:-1]:
                self.client.nova('DELETE', f'/servers/{server["id"]}')

    def test_the_use_is_shown(self):
        self.put(instances=5)
        detail = self.client.nova('GET', f'{self.path}/detail').json
        self.assertEqual({'limit': 5, 'in_use': 1, 'reserved': 0},
                         detail['quota_set']['instances'])
        limits = self.client.nova('GET', '/limits',
                                  token=self.client.member).json
        self.assertEqual((5, 1, 512), tuple(
            limits['limits']['absolute'][name] for name in (
                'maxTotalInstances', 'totalInstancesUsed', 'totalRAMUsed')))

    def test_no_less_than_is_used(self):
        self.assertEqual(400, self.put(instances=0).status)
        self.assertEqual(200, self.put(instances=0, force=True).status)

    def test_what_is_wrong_is_refused(self):
        for quotas in ({'instances': 'x'}, {'instances': -2}, {'moons': 1},
                       {'instances': None}):
            self.assertEqual(400, self.put(**quotas).status)

    def test_of_others_only_for_administrators(self):
        token = self.client.outsider()
        for path in (self.path, f'{self.path}/detail',
                     f'/limits?tenant_id={self.project}'):
            self.assertEqual(403, self.client.nova(
                'GET', path, token=token).status)
            self.assertEqual(200, self.client.nova('GET', path).status)
        self.assertEqual(403, self.client.nova(
            'PUT', self.path, {}, token=self.client.member).status)

    def test_a_deleted_quota_is_the_default(self):
        self.put(cores=9)
        self.assertEqual(202, self.client.nova('DELETE', self.path).status)
        defaults = self.client.nova('GET', f'{self.path}/defaults').json
        self.assertEqual(defaults, self.client.nova('GET', self.path).json)
