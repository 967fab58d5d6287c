"""A genuine link of a machine goes down, and comes back by itself."""

import contextlib
import ipaddress

import testtools

from doctor_core import clock
from doctor_core.exceptions import (
    BackendError,
    ConfigError,
    DeadlineExceeded,
)
from doctor_core.installers import faults
from doctor_core.model import Host
from doctor_core.runner import SshRunner
from doctor_core.tests.functional.linked import WAIT_S, LinkedMachine
from doctor_core.tests.unit.installers.faults import doubles


class LinkTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machine = self.useFixture(LinkedMachine(self))
        self.host = Host('compute-1', (self.machine.address,))
        self.before = self.machine.settled()

    def injector(self, address='', **options):
        runner = SshRunner(
            address or self.machine.address, port=22, user=self.machine.user,
            key_file=self.machine.key_file, connect_s=3.0,
            host_key=self.machine.host_key())
        self.addCleanup(runner.close)
        return faults.injector(
            doubles.options(fault='link-down', **options),
            lambda _host: runner)

    def await_network(self):
        with contextlib.suppress(DeadlineExceeded):
            clock.wait_for(lambda: self.machine.network() == self.before,
                           clock.Deadline(WAIT_S), what='the network')
        self.assertEqual(self.before, self.machine.network())

    def await_cut(self, device='eth0'):
        clock.wait_for(lambda: not self.machine.is_up(device),
                       clock.Deadline(WAIT_S), what='the cut',
                       interval_s=0.01)
        return clock.now()

    def left(self):
        """What is left of it in the machine."""
        return [path for path in self.machine.tree('/run/doctor-link')
                if path not in ('run/doctor-link', 'run/doctor-link/.')]

    def test_cut_stamped_and_healed(self):
        injector = self.injector(fault_link_down_s=3)
        self.assertIn('default via', ' '.join(self.before))
        about = injector.fail(self.host)
        seen_at = self.await_cut()
        self.assertNotEqual(self.before, self.machine.network())
        injector.heal(self.host)
        self.await_network()
        stamp = injector.failed_at(self.host)
        self.assertEqual('the node', stamp.clock)
        self.assertGreater(stamp.uncertainty_s, 0)
        # Our own clock is its clock.
        self.assertLess(stamp.at - stamp.uncertainty_s, seen_at)
        self.assertLess(abs(stamp.at - about), WAIT_S)
        self.assertEqual([], self.left())

    def test_link_comes_back_though_nobody_heals(self):
        injector = self.injector(fault_link_down_s=1)
        injector.fail(self.host)
        self.await_cut()
        self.await_network()

    def test_another_way_to_the_host_brings_it_back_at_once(self):
        injector = self.injector(self.machine.other, fault_link_down_s=600)
        before = clock.monotonic()
        injector.fail(self.host)
        self.await_cut()
        injector.heal(self.host)
        self.await_network()
        self.assertLess(clock.monotonic() - before, 500)
        self.assertEqual('the node', injector.failed_at(self.host).clock)

    def test_somebody_else_heals(self):
        """Whoever cut it may have died."""
        self.injector(fault_link_down_s=600,
                      address=self.machine.other).fail(self.host)
        self.await_cut()
        other = self.injector(self.machine.other)
        other.heal(self.host)
        self.await_network()
        self.assertRaises(BackendError, other.failed_at, self.host)
        other.heal(self.host)

    def test_interface_that_leads_to_an_address(self):
        gateway = ipaddress.ip_address(self.machine.other) - 1
        injector = self.injector(fault_link_down_s=600,
                                 fault_towards=str(gateway))
        injector.fail(self.host)
        self.await_cut('eth1')
        self.assertTrue(self.machine.is_up('eth0'))
        injector.heal(self.host)
        self.await_network()

    def test_interface_that_is_down_already(self):
        self.machine.ip('link add eth9 type veth peer name eth10')
        injector = self.injector(fault_interface='eth9')
        error = self.assertRaises(BackendError, injector.fail, self.host)
        self.assertIn('eth9 is down already', str(error))
        self.assertEqual([], self.left())

    def test_unknown_interface_changes_nothing(self):
        injector = self.injector()
        for host in (Host('x', ('10.91.255.255',)), Host('x', ('x',)),
                     Host('x', ('127.0.0.1',))):
            error = self.assertRaises(ConfigError, injector.fail, host)
            self.assertIn('fault_interface', str(error))
        self.assertEqual(self.before, self.machine.network())

    def test_host_that_never_failed(self):
        injector = self.injector()
        injector.heal(self.host)
        self.assertRaises(BackendError, injector.failed_at, self.host)
        self.assertEqual(self.before, self.machine.network())
