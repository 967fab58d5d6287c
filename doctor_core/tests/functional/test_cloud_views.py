"""What is read of a cloud, over real HTTP, and what stands between."""

from doctor_core.exceptions import CloudError, NotFound
from doctor_core.model import Host, Hypervisor
from doctor_core.tests.functional.cloud_standin import (
    HOST,
    CloudTestCase,
    between,
    redirect,
    refuse,
)
from doctor_core.web.server import Response

EXTENSION = '/network/v2.0/extensions/data-plane-status'


def record(number):
    return {'id': f's{number}', 'name': f'n{number}', 'tenant_id': 'p',
            'OS-EXT-SRV-ATTR:host': HOST, 'OS-EXT-STS:vm_state': 'active'}


def port_of(number):
    return {'id': f'p{number}', 'device_id': f's{number}',
            'device_owner': 'compute:nova', 'project_id': 'p',
            'binding:host_id': HOST, 'data_plane_status': None}


class TestSomeServers(CloudTestCase):

    def test_each_by_its_id(self):
        self.standin.servers = [record(number) for number in range(30)]
        found = self.cloud().find_servers(
            ['s3', 'nobody', 's3', *(f's{number}' for number in range(30))])
        self.assertEqual(31, len(found))
        self.assertIsNone(found['nobody'])
        self.assertEqual('n3', found['s3'].name)
        self.assertEqual(0, self.standin.count(
            'GET', '/compute/v2.1/servers/detail'))

    def test_none(self):
        self.assertEqual({}, self.cloud().find_servers([]))
        self.assertEqual([], self.cloud().ports_of([]))
        self.assertEqual([], self.standin.asked)

    def test_what_is_not_known_is_not_gone(self):
        """A load balancer's 404 must delete no server."""
        self.standin.servers = [record(1), record(2)]
        for answer in (between, redirect, refuse(404), refuse(503),
                       refuse(404, 'error')):
            self.standin.behaviour['/compute/v2.1/servers/s2'] = answer
            error = self.assertRaises(
                CloudError, self.cloud().find_servers, ['s1', 's2'])
            self.assertTrue(error.recoverable)
            self.assertRaises(CloudError, self.cloud().server, 's2')

    def test_one_that_is_not_known_takes_away_no_other(self):
        self.standin.servers = [record(1), record(2)]
        self.standin.behaviour['/compute/v2.1/servers/s2'] = refuse(500)
        failed = {}
        found = self.cloud().find_servers(['s2', 's1', 'nobody'],
                                          failed.__setitem__)
        self.assertEqual(({'s1', 'nobody'}, {'s2'}),
                         (set(found), set(failed)))
        self.assertIn('500', str(failed['s2']))

    def test_one_that_hangs(self):
        self.standin.servers = [record(1), record(2)]
        self.standin.silent = {'/compute/v2.1/servers/s2'}
        failed = {}
        found = self.cloud(timeout_s=0.5).find_servers(
            ['s2', 's1'], failed.__setitem__)
        self.assertEqual((['s1'], ['s2']), (list(found), list(failed)))

    def test_nova_says_itself_that_there_is_none(self):
        self.assertRaises(NotFound, self.cloud().server, 's2')

    def test_their_ports_in_requests_that_are_not_too_long(self):
        self.standin.ports = [port_of(number) for number in range(100)]
        ports = self.cloud().ports_of(f's{number}' for number in range(70))
        # The stand-in does not filter, as a Neutron that knows no better.
        self.assertEqual({f's{number}' for number in range(70)},
                         {port.server_id for port in ports})
        self.assertEqual(3, self.standin.count('GET',
                                               '/network/v2.0/ports'))


class TestUptime(CloudTestCase):

    def test_of_a_new_nova_and_of_an_old_one(self):
        self.standin.uptime = ' 12:00:01 up 3 days,  2:07,  1 user'
        for newest in (96, 88, 87, 74):
            self.standin.newest = newest
            self.assertEqual(3 * 86400 + 2 * 3600 + 7 * 60,
                             self.cloud().uptime_s(HOST))

    def test_while_the_service_is_not_up(self):
        for newest in (96, 74):
            self.standin.newest = newest
            self.assertIsNone(self.cloud().uptime_s(HOST))

    def test_of_a_driver_that_does_not_tell(self):
        self.standin.newest = 74
        self.standin.behaviour['/compute/v2.1/os-hypervisors/h1/uptime'] = \
            refuse(501, 'notImplemented')
        self.assertIsNone(self.cloud().uptime_s(HOST))

    def test_of_a_host_that_nova_does_not_know(self):
        self.assertIsNone(self.cloud().uptime_s('nowhere'))

    def test_of_a_host_that_was_registered_anew(self):
        """Its hypervisor has another id than when it was listed."""
        self.standin.uptime = 'up 5 min'
        cloud = self.cloud()
        self.assertEqual(300, cloud.uptime_s(HOST))
        self.standin.hypervisor_id = 'h2'
        self.assertEqual(300, cloud.uptime_s(HOST))

    def test_hypervisors_are_listed_only_once(self):
        self.standin.uptime = 'up 5 min'
        cloud = self.cloud()
        for _ in range(3):
            cloud.uptime_s(HOST)
        self.assertEqual(1, self.standin.count(
            'GET', '/compute/v2.1/os-hypervisors/detail'))

    def test_not_known_is_not_unlimited(self):
        path = '/compute/v2.1/os-hypervisors/h1'
        for answer in (between, refuse(500), refuse(404), lambda _request:
                       Response(400, body=b'<html>')):
            self.standin.behaviour[path] = answer
            self.assertRaises(CloudError, self.cloud().uptime_s, HOST)


class TestWholeListings(CloudTestCase):

    def page(self, *answers):
        """Answer the pages of servers so, one after the other."""
        waiting = list(answers)
        self.standin.behaviour['/compute/v2.1/servers/detail'] = \
            lambda _request: waiting.pop(0)

    def listed(self, *servers, more=True):
        links = [{'rel': 'next', 'href': 'x'}] if more else []
        return Response(json={'servers': list(servers),
                              'servers_links': links})

    def test_a_page_that_fails(self):
        """A shorter listing would take its servers from a host."""
        for answer in (Response(500), between(None), Response(json={}),
                       Response(json={'servers': None}), Response(),
                       Response(json={'servers': ['s2']}), Response(204),
                       Response(json=None, body=b'null')):
            self.page(self.listed(record(1)), answer)
            self.assertRaises(CloudError, self.cloud().servers)

    def test_more_without_a_way_to_ask_for_it(self):
        for again in (self.listed(), self.listed(record(1))):
            self.page(self.listed(record(1)), again)
            error = self.assertRaises(CloudError, self.cloud().servers)
            self.assertIn('there is more after', str(error))

    def test_the_last_page_may_be_empty(self):
        self.page(self.listed(record(1)), self.listed(more=False))
        self.assertEqual(1, len(self.cloud().servers()))


class TestBetween(CloudTestCase):

    def test_hosts_and_their_hypervisors(self):
        cloud = self.cloud()
        self.assertEqual([Host(HOST, ('192.0.2.1',))], cloud.hosts())
        self.assertEqual(
            [Hypervisor('h1', HOST, f'{HOST}.example', '192.0.2.1')],
            cloud.hypervisors())

    def test_a_page_instead_of_an_answer_may_pass(self):
        """A proxy's login page was an error for good."""
        self.standin.behaviour['/compute/v2.1/os-services'] = between
        error = self.assertRaises(CloudError, self.cloud().compute_services)
        self.assertIn('something between answered instead of Nova',
                      str(error))
        self.assertTrue(error.recoverable)

    def test_what_changes_something_is_not_redirected(self):
        path = '/compute/v2.1/servers/s1/action'
        self.standin.behaviour[path] = redirect
        error = self.assertRaises(
            CloudError, self.cloud().post, 'compute', '/servers/s1/action')
        self.assertIn('it leads to http://127.0.0.1:1/login', str(error))
        self.assertNotIn('secret', str(error))

    def test_an_extension_that_a_proxy_does_not_know(self):
        """A proxy's 404 left all ports alone until a restart."""
        self.standin.behaviour[EXTENSION] = lambda _request: Response(
            404, body=b'<html>')
        cloud = self.cloud()
        self.assertRaises(CloudError, cloud.has_data_plane_status)
        del self.standin.behaviour[EXTENSION]
        self.assertTrue(cloud.has_data_plane_status())

    def test_nova_behind_a_login_page_is_not_ready(self):
        self.standin.behaviour['/compute/v2.1/servers'] = redirect
        error = self.assertRaises(CloudError, self.cloud().check)
        self.assertTrue(error.recoverable)
