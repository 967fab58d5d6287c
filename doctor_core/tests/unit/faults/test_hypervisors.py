import fixtures
import testtools

from doctor_core.exceptions import CloudError
from doctor_core.faults.hypervisors import Hypervisors
from doctor_core.model import Hypervisor
from doctor_core.tests.unit.faults import doubles

HOSTS = {'h0': True, 'h1': True}


class HypervisorsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.cloud = doubles.Cloud()
        self.hypervisors = Hypervisors(lambda: self.cloud)

    def look(self, *found):
        self.cloud.hypervisors = lambda: list(found)
        self.hypervisors.look()

    def resolve(self, reported, living=HOSTS):
        return self.hypervisors.resolve(reported, living)

    def test_their_names_are_as_good_as_the_host_s(self):
        self.look(Hypervisor('y', 'h0', 'hv-0.example', '10.1.0.1'))
        for name in ('10.1.0.1', 'hv-0.example', 'HV-0.example', 'h0'):
            self.assertEqual('h0', self.resolve(name))
        self.assertIsNone(self.resolve('10.1.0.2'))

    def test_of_several_of_a_host_only_addresses_mean_it(self):
        """Of ironic each node is one, by its own name."""
        self.look(Hypervisor('y0', 'h0', 'node-0', '10.1.0.1'),
                  Hypervisor('y1', 'h0', 'node-1', '10.1.0.1'))
        self.assertEqual((None, 'h0'),
                         (self.resolve('node-0'), self.resolve('10.1.0.1')))

    def test_an_address_of_two_hosts_means_none(self):
        self.look(Hypervisor('y0', 'h0', 'hv-0', '10.1.0.1'),
                  Hypervisor('y1', 'h1', 'hv-1', '10.1.0.1'))
        self.assertIsNone(self.resolve('10.1.0.1'))

    def test_what_every_machine_calls_itself_is_nobody(self):
        for address in ('127.0.0.1', '::1', '0.0.0.0', '::', ''):
            self.look(Hypervisor('y', 'h0', 'hv-0', address))
            self.assertIsNone(self.resolve(address))

    def test_a_record_that_was_left_behind_is_not_meant(self):
        self.assertEqual('h0.new', self.resolve(
            'h0', {'h0': False, 'h0.new': True}))

    def test_ironic_takes_no_machine_down(self):
        self.look(Hypervisor('y', 'h0', 'hv-0', '', 'Ironic'))
        self.assertFalse(self.hypervisors.takes_servers('h0'))
        self.assertTrue(self.hypervisors.takes_servers('h1'))

    def test_machines_that_others_took_over(self):
        """Nova lists none of a nova-compute of ironic that is lost, and all
        its machines were set to error.
        """
        self.look(Hypervisor('y', 'h0', 'node-0', '', 'ironic'))
        self.look(Hypervisor('y', 'h1', 'node-0', '', 'ironic'))
        self.assertFalse(self.hypervisors.takes_servers('h0'))
        self.look(Hypervisor('y', 'h0', 'hv-0', '', 'QEMU'))
        self.assertTrue(self.hypervisors.takes_servers('h0'))

    def test_machines_that_others_took_over_before_our_first_look(self):
        self.look(Hypervisor('y', 'h1', 'node-0', '', 'ironic'))
        self.assertFalse(self.hypervisors.takes_servers('h0', {'node-0'}))
        self.assertTrue(self.hypervisors.takes_servers('h0', {'', 'hv-0'}))

    def test_whose_driver_nobody_has_told_of(self):
        self.assertIsNone(self.hypervisors.takes_servers('h0'))

        def fails(recoverable):
            raise CloudError('no', recoverable=recoverable)
        self.cloud.hypervisors = lambda: fails(True)
        self.hypervisors.look()
        self.assertIsNone(self.hypervisors.takes_servers('h0'))
        self.cloud.hypervisors = lambda: fails(False)
        self.hypervisors.look()
        self.assertTrue(self.hypervisors.takes_servers('h0'))

    def test_a_cloud_that_does_not_tell_leaves_what_was_known(self):
        self.look(Hypervisor('y', 'h0', 'hv-0', '10.1.0.1', 'ironic'))

        def refuses():
            raise CloudError('403')
        self.cloud.hypervisors = refuses
        self.hypervisors.look()
        self.assertIn('is not known: 403', self.log.output)
        self.assertEqual('h0', self.resolve('hv-0'))
        self.assertFalse(self.hypervisors.takes_servers('h0'))

    def test_one_that_is_missing_in_an_answer(self):
        """A report by its address meant no host for good."""
        one = Hypervisor('y0', 'h0', 'hv-0', '10.1.0.1')
        other = Hypervisor('y1', 'h1', 'hv-1', '10.1.0.2')
        self.look(one, other)
        self.look(other)
        self.assertEqual(['h0', 'h0', 'h1'], [
            self.resolve(name) for name in ('10.1.0.1', 'hv-0', '10.1.0.2')])
        self.assertEqual({'h0'}, set(self.hypervisors.called('10.1.0.1')))
        self.assertEqual([True, False], [
            self.hypervisors.is_named(host) for host in ('h0', 'h2')])

    def test_one_that_is_missing_and_another_s_now(self):
        for taken in (Hypervisor('y', 'h1', 'hv-1', '10.1.0.1'),
                      Hypervisor('y', 'h1', 'HV-0', '10.1.0.2')):
            self.look(Hypervisor('y', 'h0', 'hv-0', '10.1.0.1'))
            self.look(taken)
            self.assertEqual(['h1', 'h1'], [
                self.resolve(name)
                for name in (taken.address, taken.hostname)])
            self.assertFalse(self.hypervisors.is_named('h0'))

    def test_uptime_is_asked_for_each_time(self):
        self.assertIsNone(self.hypervisors.uptime_s('h0'))
        self.cloud.uptimes['h0'] = 60.0
        self.assertEqual(60.0, self.hypervisors.uptime_s('h0'))
        self.cloud.away = True
        self.assertRaises(CloudError, self.hypervisors.uptime_s, 'h0')
