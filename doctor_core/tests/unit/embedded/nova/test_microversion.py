import testtools

from doctor_core.embedded.nova import microversion
from doctor_core.tests.unit.embedded.inprocess import URL, Client
from doctor_core.web.server import Refused, Request


def asked(**headers):
    return microversion.asked(Request('GET', '/', {}, {}, {
        name.replace('_', '-'): value for name, value in headers.items()},
        b'', 0.0))


class AskedTest(testtools.TestCase):

    def test_the_oldest_by_default(self):
        self.assertEqual(1, asked())
        self.assertEqual(1, asked(OpenStack_API_Version='volume 3.50'))

    def test_either_header(self):
        self.assertEqual(53, asked(OpenStack_API_Version='compute 2.53'))
        self.assertEqual(53, asked(
            OpenStack_API_Version='volume 3.1, compute 2.53'))
        self.assertEqual(16, asked(X_OpenStack_Nova_API_Version='2.16'))

    def test_the_newer_header_counts(self):
        self.assertEqual(53, asked(OpenStack_API_Version='compute 2.53',
                                   X_OpenStack_Nova_API_Version='2.1'))

    def test_the_latest(self):
        self.assertEqual(100, asked(OpenStack_API_Version='compute latest'))

    def test_beyond_the_range_is_406(self):
        for number in ('2.0', '2.101', '1.1', '3.0'):
            error = self.assertRaises(Refused, asked,
                                      OpenStack_API_Version='compute '
                                                            + number)
            self.assertEqual(406, error.status)

    def test_what_is_no_version_is_400(self):
        for text in ('2', '2.x', '2.01', 'x2.1', '2.1.1'):
            error = self.assertRaises(Refused, asked,
                                      OpenStack_API_Version=f'compute {text}')
            self.assertEqual(400, error.status)


class NovaApiTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def test_the_version_is_answered(self):
        headers = self.client.nova('GET', '/servers', version='2.53').headers
        self.assertEqual(('compute 2.53', '2.53'), (
            headers['OpenStack-API-Version'],
            headers['X-OpenStack-Nova-API-Version']))
        self.assertIn('OpenStack-API-Version', headers['Vary'])

    def test_a_refusal_is_in_novas_form(self):
        answer = self.client.nova('GET', '/servers', version='2.900')
        self.assertEqual(406, answer.json['computeFault']['code'])
        answer = self.client.nova('GET', '/servers/none')
        self.assertEqual(404, answer.json['itemNotFound']['code'])

    def test_discovery_tells_the_range(self):
        root = self.client.ask('GET', '/compute/', token='').json
        version = self.client.nova('GET', '', token='').json['version']
        self.assertEqual([version], root['versions'])
        self.assertEqual(('2.100', '2.1'),
                         (version['version'], version['min_version']))
        self.assertEqual(f'{URL}/compute/v2.1/',
                         version['links'][0]['href'])

    def test_what_was_taken_out_is_not_found(self):
        self.assertEqual([200, 404], [
            self.client.nova('GET', '/os-hypervisors/statistics',
                             version=version).status
            for version in ('2.87', '2.88')])
