"""The cloud package on a whole cloud: the embedded one."""

import os
from contextlib import ExitStack

import fixtures
import testtools

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.cloud.tenancy import Mould, Tenancy
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.exceptions import CloudError, ConfigError, NotFound
from doctor_core.model import Action, Correction, Mark


class EmbeddedTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.embedded = EmbeddedCloud(hosts=3, build_s=0.0)
        self.embedded.start()
        self.addCleanup(self.embedded.stop)
        path = os.path.join(self.useFixture(fixtures.TempDir()).path,
                            'clouds.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(self.embedded.clouds_yaml())
        self.clouds_yaml = path
        self.cloud = self.open('doctor-embedded')
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.tenancy = Tenancy(self.cloud, self.stack, timeout_s=20.0)

    def open(self, name):
        cloud = Cloud.named(self.clouds_yaml, name, timeout_s=10.0,
                            retry_for_s=10.0)
        self.addCleanup(cloud.close)
        return cloud

    def mould(self, project_id):
        return Mould(project_id, self.tenancy.flavor('doctor-tiny'),
                     self.tenancy.image('doctor-image', project_id),
                     self.tenancy.network('doctor-net', project_id))

    def boot(self, count):
        """Servers of a new project on the first host; host and servers."""
        host = self.cloud.hosts()[0].name
        names = [f'doctor-vm{number}' for number in range(count)]
        return host, self.tenancy.boot(
            names, host, self.mould(self.tenancy.project('doctor')))


class TestCorrect(EmbeddedTestCase):

    def correct(self, *corrections):
        return self.cloud.correct(corrections, lambda change: None)

    def test_a_full_host_there_and_back(self):
        host, servers = self.boot(30)
        service, = self.cloud.compute_services(host)
        ports = self.cloud.ports(host)
        self.assertEqual(30, len(ports))
        self.embedded.fail(host)
        down = [Correction(Action.FORCE_DOWN, service.id, host,
                           Mark.LOST, 'false')]
        down += [Correction(Action.RESET_STATE, server.id, host,
                            Mark.LOST, server.state) for server in servers]
        down += [Correction(Action.DATA_PLANE_STATUS, port.id, host,
                            Mark.LOST) for port in ports]
        self.assertEqual({''}, {change.error
                                for change in self.correct(*down)})
        service, = self.cloud.compute_services(host)
        self.assertEqual((True, 'down'), (service.forced_down,
                                          service.state))
        self.assertEqual({'error'}, {server.state for server
                                     in self.cloud.servers(host)})
        self.assertEqual({'DOWN'}, {port.data_plane_status for port
                                    in self.cloud.ports(host)})
        self.embedded.heal(host)
        up = [was.back() for was in down]
        self.assertEqual({''}, {change.error
                                for change in self.correct(*up)})
        service, = self.cloud.compute_services(host)
        self.assertFalse(service.forced_down)
        self.assertEqual({'active'}, {server.state for server
                                      in self.cloud.servers(host)})
        self.assertEqual({'ACTIVE'}, {port.data_plane_status for port
                                      in self.cloud.ports(host)})

    def test_back_up_once_nova_compute_was_restarted(self):
        """After an evacuation, Nova answers 400 until then."""
        host, (server,) = self.boot(1)
        service, = self.cloud.compute_services(host)
        self.embedded.fail(host)
        self.correct(Correction(Action.FORCE_DOWN, service.id, host,
                                Mark.LOST, 'false'))
        self.cloud.post('compute', f'/servers/{server.id}/action',
                        {'evacuate': {}})
        clock.wait_for(lambda: self.cloud.server(server.id).host != host,
                       clock.Deadline(10.0), what='the evacuation')
        back = Correction(Action.FORCE_DOWN, service.id, host, Mark.BACK)
        change, = self.correct(back)
        self.assertIn('400', change.error)
        self.embedded.heal(host)
        change, = self.correct(back)
        self.assertEqual('', change.error)

    def test_a_server_that_is_gone(self):
        change, = self.correct(Correction(
            Action.RESET_STATE, '11111111-2222-4333-8444-555555555555',
            'h', Mark.LOST, 'active'))
        self.assertTrue(change.done)

    def test_a_compute_service_that_is_gone(self):
        change, = self.correct(Correction(
            Action.FORCE_DOWN, '11111111-2222-4333-8444-555555555555',
            'h', Mark.LOST, 'false'))
        self.assertIn('404', change.error)


class TestViews(EmbeddedTestCase):

    def test_check(self):
        self.cloud.check()

    def test_a_member_may_not(self):
        error = self.assertRaises(
            ConfigError, self.open('doctor-embedded-member').check)
        self.assertIn('role admin', str(error))

    def test_hosts_and_their_addresses(self):
        hosts = self.cloud.hosts()
        self.assertEqual(3, len(hosts))
        self.assertEqual(3, len({host.address for host in hosts}))

    def test_a_server(self):
        host, (server,) = self.boot(1)
        self.assertEqual(server, self.cloud.server(server.id))
        self.assertEqual(
            ('doctor-vm0', host, 'active', 'doctor-tiny', 1, 64, 1),
            (server.name, server.host, server.state, server.flavor,
             server.vcpus, server.memory_mb, server.disk_gb))
        self.assertNotEqual('', server.launched_at)
        self.assertRaises(NotFound, self.cloud.server, 'nobody')

    def test_who_shows_a_token(self):
        project_id = self.tenancy.project('doctor')
        member = self.tenancy.member('doctor-user', project_id)
        token = member.cloud._access.token().auth_token
        info = self.cloud.validate_token(token)
        self.assertEqual(
            (member.user_id, 'doctor-user', project_id, 'doctor'),
            (info.user_id, info.user_name, info.project_id,
             info.project_name))
        self.assertIn('member', info.roles)
        self.assertNotIn('admin', info.roles)
        self.assertGreater(info.expires_at, clock.now())
        self.assertRaises(NotFound, self.cloud.validate_token, 'forged')


class TestTenancy(EmbeddedTestCase):

    def inventory(self):
        """Every name in the cloud that a tenancy could leave behind."""
        return {key: sorted(record.get('name') or record['id'] for record
                            in self.cloud.get(service_type, path)[key])
                for service_type, path, key in (
                    ('identity', '/projects', 'projects'),
                    ('identity', '/users', 'users'),
                    ('identity', '/roles', 'roles'),
                    ('compute', '/flavors', 'flavors'),
                    ('compute', '/servers?all_tenants=1', 'servers'),
                    ('image', '/images', 'images'),
                    ('network', '/networks', 'networks'),
                    ('network', '/subnets', 'subnets'),
                    ('network', '/ports', 'ports'))}

    def test_everything_is_made_and_unmade(self):
        before = self.inventory()
        project_id = self.tenancy.project('doctor')
        member = self.tenancy.member('doctor-user', project_id)
        host = self.cloud.hosts()[1].name
        servers = self.tenancy.boot(['a', 'b'], host,
                                    self.mould(project_id))
        self.assertEqual(['a', 'b'], [server.name for server in servers])
        self.assertEqual({host}, {server.host for server in servers})
        self.assertEqual({project_id}, {server.project_id
                                        for server in servers})
        seen = member.cloud.get('compute', '/servers')['servers']
        self.assertEqual({'a', 'b'}, {record['name'] for record in seen})
        self.stack.close()
        self.assertEqual((), self.tenancy.leftovers)
        self.assertEqual(before, self.inventory())

    def test_what_existed_is_used_and_left(self):
        with ExitStack() as mine:
            project_id = Tenancy(self.cloud, mine).project('doctor')
            before = self.inventory()
            self.assertEqual(project_id, self.tenancy.project('doctor'))
            self.stack.close()
            self.assertEqual(before, self.inventory())

    def test_servers_on_a_dead_host_are_unmade_too(self):
        before = self.inventory()
        host, _servers = self.boot(2)
        self.embedded.fail(host)
        service, = self.cloud.compute_services(host)
        self.cloud.correct([Correction(Action.FORCE_DOWN, service.id, host,
                                       Mark.LOST, 'false')],
                           lambda change: None)
        self.stack.close()
        self.assertEqual((), self.tenancy.leftovers)
        self.assertEqual(before, self.inventory())

    def test_a_user_who_exists_is_not_given_another_password(self):
        project_id = self.tenancy.project('doctor')
        self.assertRaises(ConfigError, self.tenancy.member, 'demo',
                          project_id)
        before = self.tenancy.member('doctor-user', project_id)
        again = self.tenancy.member('doctor-user', project_id,
                                    password=before.password)
        self.assertEqual(before.user_id, again.user_id)
        self.assertEqual(project_id, again.cloud.project_id())

    def test_a_password_is_not_shown(self):
        member = self.tenancy.member('doctor-user',
                                     self.tenancy.project('doctor'))
        self.assertNotIn(member.password, repr(member))

    def test_a_host_that_does_not_exist(self):
        mould = self.mould(self.tenancy.project('doctor'))
        self.assertRaises(CloudError, self.tenancy.boot, ['a'], 'nowhere',
                          mould)
        self.stack.close()
        self.assertEqual((), self.tenancy.leftovers)
