import testtools

from doctor_core.tests.unit.embedded.inprocess import Client

#: Members by the version that brought them.
SINCE = {
    2: {'OS-EXT-SRV-ATTR:host', 'OS-EXT-STS:vm_state', 'hostId'},
    3: {'OS-EXT-SRV-ATTR:hostname', 'OS-EXT-SRV-ATTR:reservation_id'},
    9: {'locked'}, 16: {'host_status'}, 19: {'description'}, 26: {'tags'},
    63: {'trusted_image_certificates'}, 71: {'server_groups'},
    73: {'locked_reason'}, 96: {'pinned_availability_zone'},
    100: {'scheduler_hints'}}


class ServerViewTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.server = self.client.boot()

    def show(self, version, token=None):
        return self.client.show(self.server['id'], token, f'2.{version}')

    def test_members_come_with_their_versions(self):
        for since, names in SINCE.items():
            self.assertLessEqual(names, self.show(since).keys())
            if since > 2:
                self.assertEqual(set(), names & self.show(since - 1).keys())

    def test_the_flavor_is_a_link_then_a_copy(self):
        self.assertEqual('1', self.show(46)['flavor']['id'])
        flavor = self.show(47)['flavor']
        self.assertEqual(('m1.tiny', 512), (flavor['original_name'],
                                            flavor['ram']))
        self.assertNotIn('id', flavor)

    def test_a_plain_user_sees_no_host(self):
        for version in (1, 3, 74, 100):
            shown = self.show(version, self.client.member)
            self.assertEqual(
                {'OS-EXT-SRV-ATTR:hostname'} if version >= 90 else set(),
                {name for name in shown if name.startswith('OS-EXT-SRV')})
            self.assertEqual(56, len(shown['hostId']))

    def test_the_policy_decides_who_sees_the_host_status(self):
        self.assertIn('host_status', self.show(16, self.client.member))
        self.client = Client(self, owner_sees_host_status=False)
        self.server = self.client.boot()
        self.assertNotIn('host_status', self.show(16, self.client.member))
        self.assertIn('host_status', self.show(16))

    def test_a_list_has_no_server_groups(self):
        for path in ('/servers/detail', '/servers'):
            shown = self.client.nova('GET', f'{path}?all_tenants=1',
                                     version='2.100').json['servers'][0]
            self.assertNotIn('server_groups', shown)
        self.assertEqual({'id', 'name', 'links'}, shown.keys())

    def test_an_error_without_a_fault_shows_none(self):
        self.client.act(self.server, 'os-resetState', {'state': 'error'})
        shown = self.show(74)
        self.assertEqual('ERROR', shown['status'])
        self.assertNotIn('fault', shown)
        self.assertNotIn('progress', shown)
