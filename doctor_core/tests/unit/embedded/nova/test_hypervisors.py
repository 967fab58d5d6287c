import testtools

from doctor_core.embedded.nova.hypervisors import uptime
from doctor_core.fixtures import FakeClock
from doctor_core.model import new_id
from doctor_core.tests.unit.embedded.inprocess import Client

HOST = 'embedded-compute-1'


class HypervisorsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def listed(self, path='', version='2.53'):
        return self.client.nova('GET', f'/os-hypervisors{path}',
                                version=version).json['hypervisors']

    def test_each_host_is_one(self):
        self.assertEqual(
            [('embedded-compute-1', '127.77.0.1', 'up', 'enabled'),
             ('embedded-compute-2', '127.77.0.2', 'up', 'enabled'),
             ('embedded-compute-3', '127.77.0.3', 'up', 'enabled')],
            [(each['hypervisor_hostname'], each['host_ip'], each['state'],
              each['status']) for each in self.listed('/detail')])

    def test_what_is_used_until_its_version(self):
        self.client.boot(self.client.admin, host=HOST)
        first = self.listed('/detail', '2.87')[0]
        self.assertEqual((1, 512, 1), (first['running_vms'],
                                       first['memory_mb_used'],
                                       first['vcpus_used']))
        statistics = self.client.nova(
            'GET', '/os-hypervisors/statistics', version='2.87').json
        self.assertEqual((3, 1), (
            statistics['hypervisor_statistics']['count'],
            statistics['hypervisor_statistics']['running_vms']))
        self.assertNotIn('running_vms', self.listed('/detail', '2.88')[0])

    def test_a_dead_host_has_no_uptime(self):
        self.assertIn('up', self.listed('/detail', '2.88')[0]['uptime'])
        self.client.fail(HOST)
        self.assertIsNone(self.listed('/detail', '2.88')[0]['uptime'])

    def test_servers_on_request(self):
        server = self.client.boot(self.client.admin, host=HOST)
        listed = self.listed('?with_servers=true', '2.75')
        self.assertEqual([[server['id']], [], []], [
            [each['uuid'] for each in hypervisor['servers']]
            for hypervisor in listed])
        self.assertNotIn('servers', self.listed('?with_servers=true',
                                                '2.74')[1])
        self.assertEqual([server['id']], [
            each['uuid'] for each in self.listed(
                f'/{HOST}/servers', '2.52')[0]['servers']])

    def test_by_name(self):
        query = '?hypervisor_hostname_pattern='
        self.assertEqual(1, len(self.listed(f'{query}compute-2')))
        self.assertEqual(1, len(self.listed('/compute-2/search', '2.52')))
        self.assertEqual(404, self.client.nova(
            'GET', f'/os-hypervisors{query}none', version='2.53').status)

    def test_by_id(self):
        for version in ('2.52', '2.53'):
            path = f'/os-hypervisors/{self.listed(version=version)[0]["id"]}'
            shown = self.client.nova('GET', path, version=version).json
            self.assertEqual(HOST,
                             shown['hypervisor']['hypervisor_hostname'])
        self.assertEqual([400, 404], [
            self.client.nova('GET', f'/os-hypervisors/{wrong}',
                             version='2.53').status
            for wrong in ('1', new_id())])

    def test_pages(self):
        answer = self.client.nova('GET', '/os-hypervisors?limit=2').json
        marker = answer['hypervisors_links'][0]['href'].rpartition('=')[2]
        rest = self.listed(f'?limit=2&marker={marker}')
        self.assertEqual(['embedded-compute-3'], [
            each['hypervisor_hostname'] for each in rest])

    def test_the_zone(self):
        zone = self.client.nova('GET', '/os-availability-zone',
                                token=self.client.member).json
        self.assertEqual([('nova', None)], [
            (each['zoneName'], each['hosts'])
            for each in zone['availabilityZoneInfo']])
        self.client.put_service(HOST, forced_down=True)
        zone = self.client.nova('GET', '/os-availability-zone/detail').json
        self.assertEqual([False, True, True], [
            host['nova-compute']['available'] for host in
            zone['availabilityZoneInfo'][0]['hosts'].values()])

    def test_the_type_can_be_set(self):
        self.client.ask('PUT', f'/embedded/hosts/{HOST}',
                        {'hypervisor_type': 'ironic'})
        self.assertEqual(['ironic', 'fake', 'fake'], [
            each['hypervisor_type'] for each in self.listed('/detail')])


class UptimeTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.client = Client(self, timing=self.clock, service_down_s=60.0)
        self.node_id = self.client.nova('GET', '/os-hypervisors').json[
            'hypervisors'][0]['id']
        self.clock.advance(7200.0)

    def older(self):
        return self.client.nova(
            'GET', f'/os-hypervisors/{self.node_id}/uptime', version='2.87')

    def newer(self):
        return self.client.nova('GET', f'/os-hypervisors/{self.node_id}',
                                version='2.88').json['hypervisor']['uptime']

    def told(self, ran):
        self.assertIn(f' up {ran},  0 users,  load average:', self.newer())
        self.assertIn(f' up {ran},  0 users,  load average:',
                      self.older().json['hypervisor']['uptime'])

    def test_a_text_in_minutes(self):
        self.assertEqual(
            ['0 min', '12 min', ' 1:05', '10:00', '1 day, 0 min',
             '5 days,  3:04'],
            [uptime(seconds).partition(' up ')[2].partition(',  0 users')[0]
             for seconds in (59, 720, 3900, 36000, 86400, 443_040)])

    def test_each_version_has_its_place(self):
        self.told(' 2:00')
        self.assertEqual(404, self.client.nova(
            'GET', f'/os-hypervisors/{self.node_id}/uptime',
            version='2.88').status)

    def test_not_while_it_is_forced_down_or_not_up(self):
        """Who asks before the force-down is lifted learns nothing."""
        self.client.put_service(HOST, forced_down=True)
        self.assertEqual((400, None), (self.older().status, self.newer()))
        self.assertIn('badRequest', self.older().json)
        self.client.put_service(HOST, forced_down=False)
        self.told(' 2:00')
        self.client.fail(HOST)
        self.assertEqual((400, None), (self.older().status, self.newer()))

    def test_a_reboot_begins_anew_and_a_cut_does_not(self):
        for how, ran in (('link', ' 3:00'), ('reboot', '1 min')):
            self.client.fail(HOST, how)
            self.clock.advance(3540.0)
            self.client.heal(HOST)
            self.clock.advance(60.0)
            self.told(ran)

    def test_a_driver_that_does_not_know(self):
        self.client.ask('PUT', f'/embedded/hosts/{HOST}',
                        {'tells_uptime': False})
        self.assertEqual((501, None), (self.older().status, self.newer()))
        self.assertIn('notImplemented', self.older().json)
