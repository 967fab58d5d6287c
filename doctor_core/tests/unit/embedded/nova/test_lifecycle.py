import testtools

from doctor_core.tests.unit.embedded.inprocess import Client, host_of


class LifecycleTestCase(testtools.TestCase):

    options = {}

    def setUp(self):
        super().setUp()
        self.client = Client(self, **self.options)
        self.server = self.client.boot()
        self.host = host_of(self.server)

    def act(self, action, arguments=None, **options):
        answer = self.client.act(self.server, action, arguments, **options)
        self.client.settle()
        return answer.status

    def now(self):
        shown = self.client.show(self.server['id'])
        return (shown['status'], shown['OS-EXT-STS:vm_state'],
                shown['OS-EXT-STS:power_state'])


class TurnTest(LifecycleTestCase):

    def test_there_and_back(self):
        """The states in the words of Nova's API, and their guests."""
        for action, there, back in (
                ('pause', ('PAUSED', 'paused', 3), 'unpause'),
                ('suspend', ('SUSPENDED', 'suspended', 4), 'resume'),
                ('os-stop', ('SHUTOFF', 'stopped', 4), 'os-start')):
            self.assertEqual(202, self.act(action, token=self.client.member))
            self.assertEqual(there, self.now())
            self.assertEqual(409, self.act(action))
            self.assertEqual(202, self.act(back))
            self.assertEqual(('ACTIVE', 'active', 1), self.now())

    def test_rescue(self):
        answer = self.client.act(self.server, 'rescue', {})
        self.client.settle()
        self.assertEqual((200, ['adminPass']),
                         (answer.status, list(answer.json)))
        self.assertEqual(('RESCUE', 'rescued', 1), self.now())
        self.assertEqual(202, self.act('unrescue'))
        self.assertEqual(('ACTIVE', 'active', 1), self.now())

    def test_reboot(self):
        self.assertEqual(202, self.act('reboot', {'type': 'SOFT'}))
        self.act('suspend')
        self.assertEqual(409, self.act('reboot', {'type': 'soft'}))
        self.assertEqual(202, self.act('reboot', {'type': 'hard'}))
        self.assertEqual(('ACTIVE', 'active', 1), self.now())
        self.assertEqual([400, 400], [
            self.act('reboot', {'type': 'x'}), self.act('reboot')])

    def test_any_state_is_reset_blindly(self):
        self.act('pause')
        for state, status in (('error', 'ERROR'), ('active', 'ACTIVE')):
            self.act('os-resetState', {'state': state})
            self.assertEqual((status, state, 3), self.now())

    def test_a_dead_host_does_it_when_it_is_back(self):
        self.client.fail(self.host)
        self.act('pause')
        self.assertEqual('active', self.now()[1])
        self.client.heal(self.host)
        self.assertEqual('paused', self.now()[1])


class ResizeTest(LifecycleTestCase):

    def resized(self):
        self.assertEqual(202, self.act('resize', {'flavorRef': '2'}))
        self.assertEqual('VERIFY_RESIZE', self.now()[0])

    def flavor(self):
        return self.client.show(self.server['id'])['flavor'][
            'original_name']

    def test_confirmed(self):
        self.resized()
        self.act('confirmResize')
        self.assertEqual(('ACTIVE', 'm1.small'),
                         (self.now()[0], self.flavor()))

    def test_reverted(self):
        self.resized()
        self.act('revertResize')
        self.assertEqual(('ACTIVE', 'm1.tiny'),
                         (self.now()[0], self.flavor()))

    def test_what_is_wrong(self):
        self.assertEqual([400, 400, 400], [
            self.act('resize', {'flavorRef': wanted} if wanted else {})
            for wanted in ('1', 'none', '')])


class ShelveTest(LifecycleTestCase):

    def test_it_is_on_no_host(self):
        """Null is neither an empty text nor absent."""
        self.assertEqual(202, self.act('shelve'))
        self.assertEqual(('SHELVED_OFFLOADED', 'shelved_offloaded', 4),
                         self.now())
        shown = self.client.show(self.server['id'])
        self.assertIsNone(shown['OS-EXT-SRV-ATTR:host'])
        self.assertEqual('', shown['host_status'])
        payload = self.client.notices[-1][1]
        self.assertEqual((None, 'shelved_offloaded'),
                         (payload['host'], payload['state']))

    def test_back_on_a_host(self):
        self.act('shelve')
        self.assertEqual(202, self.act('unshelve'))
        self.assertEqual(('ACTIVE', 'active', 1), self.now())
        self.assertTrue(host_of(self.client.show(self.server['id'])))

    def test_without_a_host_it_stays(self):
        self.act('shelve')
        for number in (1, 2, 3):
            self.client.put_service(f'embedded-compute-{number}',
                                    status='disabled')
        self.assertEqual(202, self.act('unshelve'))
        self.assertEqual('SHELVED_OFFLOADED', self.now()[0])
        self.assertEqual(409, self.act('pause'))


class KeptShelvedTest(LifecycleTestCase):

    options = {'offload_s': -1.0}

    def test_it_is_offloaded_by_an_administrator(self):
        self.act('shelve')
        self.assertEqual(('SHELVED', 'shelved', 4), self.now())
        self.assertEqual(403, self.act('shelveOffload',
                                       token=self.client.member))
        self.assertEqual(202, self.act('shelveOffload'))
        self.assertEqual('SHELVED_OFFLOADED', self.now()[0])

    def test_it_starts_where_it_was(self):
        self.act('shelve')
        self.act('unshelve')
        self.assertEqual(('ACTIVE', 'active', 1), self.now())
        self.assertEqual(self.host,
                         host_of(self.client.show(self.server['id'])))


class SoftDeleteTest(LifecycleTestCase):

    options = {'reclaim_s': 3600.0}

    def delete(self):
        status = self.client.nova(
            'DELETE', f'/servers/{self.server["id"]}').status
        self.client.settle()
        return status

    def listed(self, query=''):
        return [server['id'] for server in self.client.nova(
            'GET', f'/servers?all_tenants=1{query}').json['servers']]

    def test_it_is_kept_and_not_listed(self):
        self.assertEqual(204, self.delete())
        self.assertEqual(('SOFT_DELETED', 'soft-delete', 4), self.now())
        self.assertEqual([], self.listed())
        self.assertEqual([self.server['id']],
                         self.listed('&soft_deleted=true'))

    def test_it_is_restored(self):
        self.delete()
        self.assertEqual(202, self.act('restore'))
        self.assertEqual(('ACTIVE', 'active', 1), self.now())

    def test_it_is_deleted_for_good(self):
        self.delete()
        self.assertEqual(204, self.act('forceDelete'))
        self.assertEqual(404, self.act('restore'))

    def test_one_that_nobody_can_stop_is_deleted_for_good(self):
        self.client.put_service(self.host, forced_down=True)
        self.delete()
        self.assertEqual(404, self.act('restore'))
