import socket

import fixtures
import testtools

from doctor_core.bmc import IpmiBmc, RedfishBmc
from doctor_core.bmc_address import Owners, Place, origin, place, resolved
from doctor_core.exceptions import ConfigError
from doctor_core.tests.unit.test_bmc import Sushy, Tool


class Names:
    """Stands for who knows the addresses of names."""

    def __init__(self, **known):
        self.known = known

    def __call__(self, name, _port, type):
        if name not in self.known:
            raise socket.gaierror
        return [(None, type, 0, '', (address, 0))
                for address in self.known[name]]


class ResolvedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'socket.getaddrinfo', Names(b=['192.0.2.1', '2001:DB8::1'])))

    def test_all_addresses_of_a_name(self):
        self.assertEqual(
            {Place('192.0.2.1', 8443, '/s/1'),
             Place('2001:db8::1', 8443, '/s/1')},
            resolved(place('redfish', 'https://B:8443/s/1/')))

    def test_a_name_that_nobody_knows(self):
        self.assertEqual(set(), set(resolved(Place('c', 0))))

    def test_of_each_kind(self):
        self.assertIn(Place('192.0.2.1', 0),
                      IpmiBmc('b', 'u', 'p', Tool('')).places())
        self.assertIn(Place('192.0.2.1', 0, '/s'), RedfishBmc(
            'https://b/s', 'u', 'p', library=Sushy()).places())


class OriginTest(testtools.TestCase):

    def test_what_is_none(self):
        for url in ('ftp://b', 'https://u@b', 'https://b\\c', 'b'):
            self.assertRaises(ValueError, origin, url)


class OwnersTest(testtools.TestCase):

    def test_what_one_learns_of_who_is_gone_counts_for_nobody(self):
        owners = Owners()
        owners.claim('one', 'b1', Place('b1', 0))
        owners.claim('two', 'b2', Place('b2', 0))
        owners.keep(['two'])
        owners.learn('one', [Place('b2', 0)])
        owners.check('two')

    def test_a_name_that_leads_elsewhere_by_now(self):
        owners = Owners()
        owners.claim('one', 'b1', Place('b1', 0))
        owners.claim('two', 'b2', Place('b2', 0))
        owners.learn('one', [Place('192.0.2.1', 0)])
        self.assertRaises(ConfigError, owners.learn, 'two',
                          [Place('192.0.2.1', 0)])
        owners.learn('one', [Place('192.0.2.2', 0)])
        owners.check('two')
        # A name that is not known for a while leads where it led.
        owners.learn('two', [])
        self.assertRaises(ConfigError, owners.learn, 'one',
                          [Place('192.0.2.1', 0)])
