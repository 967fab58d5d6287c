import testtools

from doctor_core.tests.unit.embedded.inprocess import Client


class FlavorsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def made(self, **fields):
        return self.client.nova('POST', '/flavors', {'flavor': {
            'name': 'f', 'ram': 64, 'vcpus': 1, 'disk': 0, **fields}})

    def names(self, query='', token=None):
        return [flavor['name'] for flavor in self.client.nova(
            'GET', f'/flavors{query}', token=token).json['flavors']]

    def test_the_usual_ones_are_there(self):
        self.assertEqual(['m1.tiny', 'm1.small', 'm1.medium', 'm1.large'],
                         self.names(token=self.client.member))

    def test_one_is_made_booted_and_deleted(self):
        flavor = self.made(id='tiny', disk='2').json['flavor']
        self.assertEqual(('tiny', 2), (flavor['id'], flavor['disk']))
        server = self.client.boot(flavorRef='tiny')
        self.assertEqual(202, self.client.nova(
            'DELETE', '/flavors/tiny').status)
        self.assertEqual(404, self.client.nova(
            'GET', '/flavors/tiny').status)
        # A server keeps what its flavor was.
        self.assertEqual(64, self.client.show(
            server['id'])['flavor']['ram'])

    def test_names_and_ids_are_taken_once(self):
        for fields in ({'name': 'm1.tiny'}, {'id': '1'}):
            self.assertEqual(409, self.made(**fields).status)

    def test_what_is_wrong_is_refused(self):
        for fields in ({'ram': 0}, {'ram': 'much'}, {'vcpus': -1},
                       {'disk': None}, {'name': 7}, {'id': True}):
            self.assertEqual(400, self.made(**fields).status, fields)

    def test_a_private_one_is_for_administrators(self):
        self.made(**{'os-flavor-access:is_public': False, 'id': 'p'})
        token = self.client.member
        self.assertNotIn('f', self.names())
        self.assertIn('f', self.names('?is_public=None'))
        self.assertEqual(['f'], self.names('?is_public=false'))
        self.assertNotIn('f', self.names('?is_public=None', token))
        self.assertEqual(404, self.client.nova('GET', '/flavors/p',
                                               token=token).status)
        self.assertEqual(400, self.client.nova(
            'POST', '/servers', self.client.wanted(flavorRef='p'),
            token=token).status)

    def test_making_is_for_administrators(self):
        self.assertEqual(403, self.client.nova(
            'POST', '/flavors', {}, token=self.client.member).status)

    def test_lists_are_filtered_and_come_in_pages(self):
        self.assertEqual(['m1.large'], self.names('?minRam=5000'))
        self.assertEqual(['m1.medium', 'm1.large'],
                         self.names('?minDisk=30'))
        self.assertEqual(['m1.small'], self.names('?limit=1&marker=1'))
        self.assertEqual(400, self.client.nova(
            'GET', '/flavors?minRam=much').status)

    def test_extra_specs(self):
        path = '/flavors/1/os-extra_specs'
        self.client.nova('POST', path, {'extra_specs': {'a': 'b'}})
        self.assertEqual({'extra_specs': {'a': 'b'}}, self.client.nova(
            'GET', path, token=self.client.member).json)
