import threading

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import clock
from doctor_core.bmc_address import Place
from doctor_core.bmcs import KINDS, Bmcs, bmc_opts
from doctor_core.exceptions import BackendError, ConfigError, NoAnswer
from doctor_core.fixtures import options
from doctor_core.model import Host
from doctor_core.tests.unit.rack import Rack

ONE, TWO, THREE = (Host(name) for name in ('one', 'two', 'three'))
WAIT_S = 20


class Plugin:
    """One that asks controllers, as far as its options go."""

    @classmethod
    def get_opts(cls):
        return bmc_opts(KINDS)


class BmcsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.rack = Rack()

    def made(self, *hosts, kind='redfish', **values):
        bmcs = Bmcs(options(Plugin, **values), kind, self.rack.way)
        bmcs.start(hosts)
        return bmcs

    def refused(self, *hosts, **values):
        return str(self.assertRaises(ConfigError, self.made, *hosts,
                                     **values))

    def await_closed(self, *addresses):
        clock.wait_for(lambda: sorted(self.rack.closed) == sorted(addresses),
                       clock.Deadline(WAIT_S), what=f'{addresses} closed')

    def test_each_host_has_its_own_and_keeps_it(self):
        bmcs = self.made(address='https://{host}-bmc', user='u',
                         password='p', cafile='/ca',
                         addresses=['two = https://else'])
        self.assertIs(bmcs.of(ONE), bmcs.of(ONE))
        self.assertIsNot(bmcs.of(ONE), bmcs.of(TWO))
        self.assertEqual(
            [('redfish', 'https://one-bmc', 'u', 'p', {'cafile': '/ca'}),
             ('redfish', 'https://else', 'u', 'p', {'cafile': '/ca'})],
            self.rack.made)

    def test_a_cipher_suite(self):
        self.made(ONE, kind='ipmi', address='{host}', cipher_suite=3)
        self.assertEqual({'cafile': '', 'cipher_suite': 3},
                         self.rack.made[0][-1])

    def test_without_an_address_a_host_is_left_alone_and_that_is_said_once(
            self):
        bmcs = self.made(ONE, TWO, addresses=['one=b1'])
        self.assertIsNone(bmcs.of(TWO))
        bmcs.keep([ONE, TWO])
        self.assertEqual(1, self.log.output.count(
            'has no address of the management controllers of two: nobody'))
        bmcs.keep([ONE, TWO, THREE])
        self.assertIn('controllers of three: nobody', self.log.output)

    def test_where_they_are_has_to_be_said(self):
        self.assertIn('[plugin_test] address: where', self.refused())

    def test_one_address_for_all_is_refused(self):
        """One machine that is off would have been the death of all."""
        self.assertIn('is the same for all hosts',
                      self.refused(address='https://bmc'))
        self.assertIn('one management controller for one (b1) and two (b1)',
                      self.refused(ONE, TWO, kind='ipmi',
                                   addresses=['one=b1', 'two=b1']))
        self.assertIn('one (one-b) and two (one-b)', self.refused(
            ONE, TWO, kind='ipmi', address='{host}-b',
            addresses=['two=one-b']))

    def test_one_controller_by_two_addresses_is_refused(self):
        for kind, first, second in (
                ('redfish', 'https://b', 'https://b/'),
                ('redfish', 'https://b', 'HTTPS://B.'),
                ('redfish', 'https://b', 'https://b:443'),
                ('redfish', 'https://b', 'http://b'),
                ('redfish', 'https://b', 'https://b/redfish/v1/Systems/1'),
                ('redfish', 'https://b/s/1', 'https://b//s/%31/'),
                ('redfish', 'https://[::1]', 'https://[0:0::1]/'),
                ('ipmi', 'b', 'B:623'), ('ipmi', '::1', '[0::1]:623')):
            said = self.refused(ONE, TWO, kind=kind, addresses=[
                f'one={first}', f'two={second}'])
            self.assertIn(f'for one ({first}) and two ({second})', said)

    def test_two_of_one_machine_are_two(self):
        for kind, first, second in (
                ('redfish', 'https://b/s/1', 'https://b/s/2'),
                ('redfish', 'https://b:1', 'https://b:2'),
                ('ipmi', 'b', 'b:1623')):
            self.made(ONE, TWO, kind=kind, addresses=[f'one={first}',
                                                      f'two={second}'])

    def test_a_name_and_the_address_of_one_machine(self):
        """It was the death of both; it comes out when they are asked."""
        bmcs = self.made(ONE, TWO, THREE, kind='ipmi', addresses=[
            'one=b1', 'two=192.0.2.1', 'three=b3'])
        self.rack.power = {'b1': False, '192.0.2.1': False, 'b3': False}
        self.rack.places = {
            'b1': {Place('192.0.2.1', 0), Place('192.0.2.2', 0)},
            'b3': {Place('192.0.2.3', 0)}}
        said = {str(self.assertRaises(ConfigError, bmcs.of(host).is_on,
                                      WAIT_S)) for host in (ONE, TWO)}
        self.assertEqual({
            '[plugin_test] There is one management controller for one (b1) '
            'and two (192.0.2.1): none of them is asked.'}, said)
        self.assertFalse(bmcs.of(THREE).is_on(WAIT_S))
        bmcs.keep([TWO, THREE])
        self.assertFalse(bmcs.of(TWO).is_on(WAIT_S))

    def test_a_name_that_is_looked_up_too_slowly_is_no_silence(self):
        go = threading.Event()
        self.addCleanup(go.set)
        self.rack.power = {'b1': False}
        self.rack.places = {'b1': lambda: go.wait(WAIT_S) and ()}
        bmc = self.made(ONE, kind='ipmi', addresses=['one=b1']).of(ONE)
        error = self.assertRaises(BackendError, bmc.is_on, 0.01)
        self.assertIn('is not looked up within', str(error))
        self.assertFalse(isinstance(error, NoAnswer))
        go.set()
        self.assertFalse(bmc.is_on(WAIT_S))

    def test_what_is_no_address(self):
        for entry in ('one', 'one=', '=b1'):
            self.assertIn(f"{entry!r} is not", self.refused(
                addresses=[entry]))
        self.assertIn("'one=b2' is not", self.refused(
            addresses=['one=b1', 'one=b2']))
        self.assertIn('[plugin_test] b! is none', self.refused(
            ONE, addresses=['one=b!']))

    def test_a_password_in_an_address_is_not_repeated(self):
        for values in ({'address': 'https://u:xyzzy@{host}'},
                       {'address': 'https://u:xyzzy@b'},
                       {'addresses': ['one=https://u:xyzzy@b']},
                       {'addresses': ['https://u:xyzzy@b']}):
            said = self.refused(ONE, **values)
            self.assertIn('[plugin_test] The address of a man', said)
            self.assertNotIn('xyzzy', said)

    def test_that_of_a_host_that_is_gone_is_closed_and_free(self):
        bmcs = self.made(ONE, TWO, addresses=['one=b1', 'two=b2',
                                              'three=b1'])
        bmcs.keep([TWO])
        self.await_closed('b1')
        self.assertIsNotNone(bmcs.of(THREE))

    def test_a_new_connection(self):
        bmcs = self.made(ONE, address='{host}')
        old = bmcs.of(ONE)
        bmcs.renew(ONE)
        self.assertIsNot(old, bmcs.of(ONE))
        self.await_closed('one')

    def test_all_are_closed_at_the_end_and_once(self):
        bmcs = self.made(ONE, TWO, address='{host}')
        bmcs.close()
        bmcs.close()
        self.await_closed('one', 'two')


class OptionsTest(testtools.TestCase):

    def test_only_those_of_the_kind(self):
        def named(*kinds):
            return {option.name for option in bmc_opts(kinds)}
        self.assertEqual({'cafile'}, named('redfish') - named('ipmi'))
        self.assertEqual({'cipher_suite'}, named('ipmi') - named('redfish'))

    def test_password_is_secret(self):
        self.assertEqual(['password'], [
            option.name for option in bmc_opts(KINDS)
            if isinstance(option, cfg.Opt) and option.secret])
