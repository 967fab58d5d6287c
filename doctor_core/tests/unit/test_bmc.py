"""The controllers of machines, spoken to by doubles of what speaks to them.
"""

import errno
import pathlib
import ssl
import sys
import threading
import types

import fixtures
import testtools
from testtools import matchers

from doctor_core.bmc import IpmiBmc, RedfishBmc, connect
from doctor_core.exceptions import BackendError, ConfigError, NoAnswer
from doctor_core.runner import Done, Runner

#: Longer than any test takes.
LONG_S = 30.0
SHORT_S = 0.01


class Tool(Runner):
    """Stands for the machine that ipmitool runs on."""

    def __init__(self, answer):
        self.answer = answer
        self.ran = []
        self.limits = []

    def execute(self, argv, *, input=None, timeout_s=30.0):
        self.ran.append(list(argv))
        self.limits.append(timeout_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, Done) \
            else Done(0, self.answer.encode())


class IpmiTest(testtools.TestCase):

    def made(self, said, address='bmc-1'):
        self.tool = Tool(said)
        return IpmiBmc(address, 'admin', 'xyzzy', self.tool)

    def test_power(self):
        self.assertTrue(self.made('Chassis Power is on\n').is_on(LONG_S))
        self.assertFalse(self.made('Chassis Power is off\n').is_on(LONG_S))

    def test_words(self):
        self.made('', 'bmc-1:6230').switch(False, 2.5)
        self.assertEqual(
            ['ipmitool', '-v', '-I', 'lanplus', '-H', 'bmc-1', '-p', '6230',
             '-U', 'admin', '-E', 'chassis', 'power', 'off'],
            self.tool.ran[0])
        self.assertEqual([2.5], self.tool.limits)

    def test_who_only_asks_needs_few_rights(self):
        """It asked with the rights of an administrator, and a user who may
        only look was refused.
        """
        tool = Tool('Chassis Power is on')
        IpmiBmc('b', 'watcher', 'xyzzy', tool, cipher_suite=3).is_on(LONG_S)
        self.assertEqual(['-E', '-C', '3', '-L', 'USER', 'chassis', 'power',
                          'status'], tool.ran[0][10:])

    def test_addresses(self):
        """An address of IPv6 was cut at its first colon."""
        for address, name, port in (
                ('::1', '::1', '623'), ('[2001:db8::1]:6230', '2001:db8::1',
                                        '6230'),
                ('192.0.2.1', '192.0.2.1', '623'), ('b:1', 'b', '1')):
            self.made('', address).switch(True, LONG_S)
            self.assertEqual(['-H', name, '-p', port], self.tool.ran[0][4:8])

    def test_what_is_no_address(self):
        for address in ('', ':623', 'b:x', 'b:70000', 'https://b'):
            error = self.assertRaises(ConfigError, self.made, '', address)
            self.assertIn('is not the name or the address', str(error))

    def test_who_to_log_in_as_is_no_part_of_it(self):
        """A password in an address stood in the log, and in what is shown.
        """
        for kind, address in (('ipmi', 'u:xyzzy@b'), ('ipmi', 'xyzzy@b:1'),
                              ('redfish', 'https://u:xyzzy@b'),
                              ('redfish', 'ftp://u:xyzzy@b/x'),
                              ('redfish', 'u:xyzzy@b')):
            error = self.assertRaises(
                ConfigError, self.made if kind == 'ipmi' else connect,
                *(('', address) if kind == 'ipmi'
                  else (kind, address, 'u', 'p')))
            self.assertIn('user and password', str(error))
            self.assertNotIn('xyzzy', str(error))

    def test_nonsense_is_no_answer(self):
        error = self.assertRaises(BackendError, self.made('Hello').is_on,
                                  LONG_S)
        self.assertTrue(error.recoverable)

    def test_one_that_cannot_be_reached_may_come_back(self):
        """A BMC that did not answer was taken for one that refused."""
        error = self.assertRaises(BackendError, self.made(Done(
            1, b'', b'Error: Unable to establish IPMI v2 / RMCP+ session\n'
        )).is_on, LONG_S)
        self.assertTrue(error.recoverable)
        self.assertIn('The BMC bmc-1', str(error))

    def test_silence_is_told_from_words(self):
        """What is written by the genuine one, with -v."""
        end = b'Error: Unable to establish IPMI v2 / RMCP+ session\n'
        for said, is_silence in (
                (Done(1, b'', b'Get Auth Capabilities error\n' + end), True),
                (BackendError('took more than 5 s'), True),
                (Done(1, b'', b'Error in open session response message : '
                              b'invalid authentication algorithm\n' + end),
                 False),
                (Done(1, b'', b'Address lookup for b failed\nCould not open '
                              b'socket!\n' + end), False),
                ('Hello', False)):
            error = self.assertRaises(BackendError, self.made(said).is_on,
                                      LONG_S)
            self.assertEqual(is_silence, isinstance(error, NoAnswer), said)

    def test_one_that_refuses_will_again(self):
        for said in (b'RAKP 2 HMAC is invalid', b'unauthorized name',
                     b'Insufficient privilege level'):
            error = self.assertRaises(
                BackendError, self.made(Done(1, b'', said)).is_on, LONG_S)
            self.assertFalse(error.recoverable)

    def test_not_installed(self):
        error = self.assertRaises(ConfigError,
                                  self.made(Done(127)).switch, True, LONG_S)
        self.assertIn('ipmitool', str(error))


class Sushy:
    """Stands for the library: what it has of one BMC.

    :ivar power: of the system; an exception to raise; or an event to wait
        for before it is on.
    """

    POWER_STATE_OFF, RESET_ON, RESET_FORCE_OFF = 'off', 'On', 'ForceOff'

    class connector:
        class Connector:
            def __init__(self, _base, **words):
                self.words = words

    class exceptions:
        SushyError = type('SushyError', (Exception,), {})
        ConnectionError = type('ConnectionError', (SushyError,), {})
        ServerSideError = type('ServerSideError', (SushyError,), {})

    def __init__(self, power='on', systems=1):
        self.power = power
        self.paths = [f'/s/{number}' for number in range(systems)]
        self.auth = types.SimpleNamespace(
            SessionOrBasicAuth=lambda *_words: self, close=self.close)
        self.asked = []
        self.closed = 0

    def close(self):
        self.closed += 1

    def Sushy(self, base, *, auth, connector):
        self.asked.append((base, connector.words['server_side_retries']))
        return self

    def get_system_collection(self):
        return self

    def get_members(self):
        return [types.SimpleNamespace(path=path) for path in self.paths] \
            if len(self.paths) != 1 else [self]

    def get_system(self, path):
        self.asked.append(path)
        return self

    def refresh(self, force):
        self.asked.append('again')

    def reset_system(self, what):
        self.asked.append(what)

    @property
    def power_state(self):
        if isinstance(self.power, threading.Event):
            self.power.wait(LONG_S)
            return 'on'
        if isinstance(self.power, Exception):
            raise self.power
        return self.power


class RedfishTest(testtools.TestCase):

    def made(self, *words, url='https://b', **options):
        self.library = Sushy(*words, **options)
        return RedfishBmc(url, 'admin', 'xyzzy', library=self.library)

    def test_power(self):
        for state, on in (('on', True), ('off', False),
                          ('powering off', True)):
            self.assertEqual(on, self.made(state).is_on(LONG_S))

    def test_power_that_is_not_said_is_not_known(self):
        """It was taken for on."""
        error = self.assertRaises(BackendError, self.made(None).is_on,
                                  LONG_S)
        self.assertTrue(error.recoverable)

    def test_its_words_are_one_line(self):
        """They forged a line of the log, of any length."""
        self.made('on')
        for error in (self.library.exceptions.SushyError, ValueError):
            bmc = self.made(error('oops\n INFO\x1b[2J' + 'x' * 10**6))
            text = str(self.assertRaises(BackendError, bmc.is_on, LONG_S))
            self.assertIn(r'oops INFO\u001b[2Jxx', text)
            self.assertThat(len(text), matchers.LessThan(600))

    def test_it_is_asked_anew_each_time(self):
        bmc = self.made(url='https://b/s/1/')
        self.assertTrue(bmc.is_on(LONG_S))
        self.library.power = 'off'
        self.assertFalse(bmc.is_on(LONG_S))
        bmc.switch(True, LONG_S)
        self.assertEqual([('https://b', 2), '/s/1', 'again', 'On'],
                         self.library.asked)

    def test_one_of_several_has_to_be_named(self):
        error = self.assertRaises(ConfigError, self.made(systems=2).is_on,
                                  LONG_S)
        self.assertIn('/s/0, /s/1', str(error))
        error = self.assertRaises(ConfigError, self.made(systems=90).is_on,
                                  LONG_S)
        self.assertIn('/s/9 and 80 more', str(error))

    def test_the_limit_is_kept(self):
        """It took as long as the library tried: a minute for each read."""
        go = threading.Event()
        bmc = self.made(go)
        for _time in range(2):
            error = self.assertRaises(NoAnswer, bmc.is_on, SHORT_S)
            self.assertTrue(error.recoverable)
            self.assertIn('within 0.01 s', str(error))
        go.set()
        self.assertTrue(bmc.is_on(LONG_S))

    def test_what_may_pass(self):
        errors = Sushy.exceptions
        for error, recoverable in (
                (errors.ConnectionError('x'), True),
                (errors.ServerSideError('x'), True),
                (errors.SushyError('x'), False), (ValueError('x'), False)):
            found = self.assertRaises(BackendError, self.made(error).is_on,
                                      LONG_S)
            self.assertEqual(recoverable, found.recoverable)
            self.assertIn('https://b', str(found))

    def test_an_error_of_the_system_is_said_in_its_words(self):
        """It was three lines of all libraries on the way."""
        error = Sushy.exceptions.ConnectionError('Max retries exceeded')
        error.__context__ = OSError(errno.ECONNREFUSED, 'Connection refused')
        found = self.assertRaises(BackendError, self.made(error).is_on,
                                  LONG_S)
        self.assertEqual('The BMC https://b: Connection refused', str(found))

    def test_silence_is_told_from_words(self):
        for number, is_silence in (
                (errno.EHOSTUNREACH, True), (errno.ETIMEDOUT, True),
                (errno.ECONNREFUSED, False), (errno.ECONNRESET, False)):
            error = Sushy.exceptions.ConnectionError('x')
            error.__context__ = OSError(number, 'x')
            found = self.assertRaises(BackendError, self.made(error).is_on,
                                      LONG_S)
            self.assertEqual(is_silence, isinstance(found, NoAnswer), number)

    def test_a_certificate_that_is_not_trusted_does_not_pass(self):
        error = Sushy.exceptions.ConnectionError('x')
        error.__context__ = OSError()
        error.__context__.__cause__ = ssl.SSLCertVerificationError()
        found = self.assertRaises(BackendError, self.made(error).is_on,
                                  LONG_S)
        self.assertFalse(found.recoverable)

    def test_logged_out_once(self):
        bmc = self.made()
        bmc.close()
        bmc.is_on(LONG_S)
        bmc.close()
        bmc.close()
        self.assertEqual(1, self.library.closed)


class ConnectTest(testtools.TestCase):

    def test_by_kind(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.EnvironmentVariable('PATH', str(folder)))
        error = self.assertRaises(ConfigError, connect, 'ipmi', 'b', 'u', 'p')
        self.assertIn('ipmitool is not installed', str(error))
        tool = folder / 'ipmitool'
        tool.touch(0o755)
        self.assertIsInstance(connect('ipmi', 'b', 'u', 'p'), IpmiBmc)
        error = self.assertRaises(ConfigError, connect, 'redfish', 'b:1',
                                  'u', 'p')
        self.assertIn('b:1 is not http', str(error))

    def test_library_that_is_missing(self):
        known = sys.modules.pop('sushy', None)
        sys.modules['sushy'] = None
        try:
            error = self.assertRaises(ConfigError, connect, 'redfish',
                                      'https://b', 'admin', 'xyzzy')
        finally:
            del sys.modules['sushy']
            if known is not None:
                sys.modules['sushy'] = known
        self.assertIn('doctor-core[redfish]', str(error))
