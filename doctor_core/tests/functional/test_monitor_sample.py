"""The monitor ``sample`` with genuine ICMP."""

import os
import signal
import socket
import time

import testtools

from doctor_core import clock
from doctor_core.exceptions import ConfigError
from doctor_core.monitors.probing.icmp import IcmpWire
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.namespaces import Namespaces
from doctor_core.tests.functional.watched import WAIT_S, Watched

#: The machine that runs tests is busy.
CALM = {'interval_ms': 50, 'timeout_ms': 40, 'soak_s': 0.2,
        'hold_down_s': 0}
#: Of the monitor's own namespace.
OWN = {'loopback': '127.91.0.1', 'own': '10.90.1.1', 'own6': 'fd90::1:1'}


def need_icmp(test):
    try:
        IcmpWire().close()
        works = True
    except ConfigError:
        works = False
    requirements.require(
        test, works, 'ICMP sockets',
        'run as root, or sysctl -w net.ipv4.ping_group_range="0 2147483647"')


class TestWire(testtools.TestCase):

    def setUp(self):
        super().setUp()
        need_icmp(self)

    def exchange(self, wire, *names):
        self.addCleanup(wire.close)
        addresses = [wire.resolve(name) for name in names]
        ident = wire.renew()
        self.assertEqual([], wire.send(wire.prepare(addresses), 77))
        expected = {(address, ident, 77) for address in addresses}
        answers = set()

        def complete():
            answers.update(wire.receive())
            return answers >= expected
        clock.wait_for(complete, clock.Deadline(WAIT_S), what='answers')
        self.assertEqual(expected, answers & expected)

    def test_ipv4(self):
        self.exchange(IcmpWire(), '127.0.0.1', '127.91.0.1')

    def test_ipv6(self):
        with open('/proc/net/if_inet6', encoding='ascii') as file:
            requirements.require(self, ' lo\n' in file.read(), 'IPv6 on lo',
                                 'sysctl -w net.ipv6.conf.lo.disable_ipv6=0')
        self.exchange(IcmpWire(), '::1', '127.0.0.1')

    def test_unprivileged(self):
        with open('/proc/sys/net/ipv4/ping_group_range',
                  encoding='ascii') as file:
            first, last = map(int, file.read().split())
        granted = {os.getegid(), *os.getgroups()}
        if not any(first <= group <= last for group in granted):
            error = self.assertRaises(ConfigError, IcmpWire,
                                      unprivileged=True)
            self.assertIn('net.ipv4.ping_group_range', str(error))
            self.assertIn('CAP_NET_RAW', str(error))
        else:
            self.exchange(IcmpWire(unprivileged=True), '127.0.0.1')

    def test_name_that_does_not_resolve(self):
        wire = IcmpWire()
        self.addCleanup(wire.close)
        self.assertRaises(socket.gaierror, wire.resolve, 'no.such.invalid')


class TestInNamespaces(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.net = self.useFixture(Namespaces(self, 5))

    def watch(self, family=0, **more):
        return self.useFixture(Watched(
            'sample', {**{name: addresses[family] for name, addresses
                          in self.net.hosts.items()}, **more},
            CALM, self.net.enter()))

    def test_own_addresses_are_not_watched(self):
        """The monitor heard itself, however dead such a host was."""
        states = self.watch(**OWN).status()['states']
        self.assertEqual({name: 'unwatched' for name in OWN},
                         {name: states[name] for name in OWN})
        self.assertEqual('healthy', states['h1'])

    def test_cut_and_plugged(self):
        watched = self.watch()
        self.net.cut('h3')
        self.assertEqual(('h3', 'down'), watched.next())
        self.net.plug('h3')
        self.assertEqual(('h3', 'up'), watched.next())
        self.assertTrue(watched.quiet())

    def test_cut_over_ipv6(self):
        watched = self.watch(family=1)
        self.net.cut('h2')
        self.assertEqual(('h2', 'down'), watched.next())
        self.assertTrue(watched.quiet())

    def test_two_at_once(self):
        watched = self.watch()
        self.net.cut('h1')
        self.net.cut('h5')
        self.assertEqual({('h1', 'down'), ('h5', 'down')},
                         {watched.next(), watched.next()})

    def test_own_uplink_cut_is_nobodys_death(self):
        watched = self.watch()
        self.net.cut('mon')
        clock.wait_for(lambda: watched.status()['isolated'],
                       clock.Deadline(WAIT_S), what='isolation')
        self.net.plug('mon')
        clock.wait_for(
            lambda: set(watched.status()['states'].values()) == {'healthy'},
            clock.Deadline(WAIT_S), what='all to be healthy')
        self.assertTrue(watched.quiet())

    def test_dead_at_start_is_told(self):
        self.net.cut('h4')
        watched = self.watch()
        self.assertEqual(('h4', 'down'), watched.next())

    def test_stopped_monitor_still_sees_after_that(self):
        watched = self.watch()
        for _ in range(3):
            watched.process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            watched.process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        self.assertTrue(watched.quiet())
        self.net.cut('h1')
        self.assertEqual(('h1', 'down'), watched.next())
