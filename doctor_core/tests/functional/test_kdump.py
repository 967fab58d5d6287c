"""Crash kernels speak over genuine sockets, and by their own program."""

import queue
import shutil
import socket
import subprocess
import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.corroborators.kdump import MESSAGES, KdumpCorroborator
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import EvidenceContract, options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.tests.functional.requirements import require

WAIT_S = 20
#: Where distributions put it; it is not meant to be called by hand.
PLACES = '/usr/libexec/fence-agents:/usr/libexec:/usr/lib/fence-agents'


def speak(to, source, message=MESSAGES[0], times=1):
    """Send a datagram as a crash kernel does."""
    family = socket.AF_INET6 if ':' in to[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for _time in range(times):
            sender.sendto(message, to)


class KdumpContractTest(EvidenceContract, testtools.TestCase):
    plugin = KdumpCorroborator
    hosts = tuple(Host(f'compute-{number}', (f'127.92.0.{number}',))
                  for number in (1, 2, 3))
    kinds = (EvidenceKind.PANICKED,)

    def setUp(self):
        super().setUp()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(('127.0.0.1', 0))
            self.values = {'port': free.getsockname()[1]}

    def show(self, host):
        speak(('127.0.0.1', self.values['port']), host.address)


class ListenerCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.found = queue.Queue()

    def listen(self, address='127.0.0.1', host='127.0.0.1', port=0):
        kdump = KdumpCorroborator(
            options(KdumpCorroborator, listen=address, port=port),
            lambda name, evidence: self.found.put((name, evidence.kind)),
            None)
        self.addCleanup(kdump.stop)
        kdump.start([Host('one', (host,))])
        return kdump

    def need_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.bind(('::1', 0))
        except OSError as error:
            require(self, False, 'IPv6 on the loopback', str(error))

    def assert_heard(self):
        self.assertEqual(('one', EvidenceKind.PANICKED),
                         self.found.get(timeout=WAIT_S))


class ListenerTest(ListenerCase):

    def test_of_either_order_of_bytes(self):
        for message in MESSAGES:
            kdump = self.listen()
            speak(('127.0.0.1', kdump.port), '127.0.0.1', message)
            self.assert_heard()

    def test_whatever_else_comes_is_left(self):
        kdump = self.listen()
        to = '127.0.0.1', kdump.port
        for nonsense in (b'', b'\0', MESSAGES[0][:7], MESSAGES[0] + b'\0',
                         b'x' * 9000, MESSAGES[0][:4] + MESSAGES[1][4:]):
            speak(to, '127.0.0.1', nonsense)
        speak(to, '127.92.0.9')
        speak(to, '127.0.0.1')
        self.assert_heard()
        self.assertTrue(self.found.empty())

    def test_over_ipv6(self):
        self.need_ipv6()
        kdump = self.listen('::1', '0:0::1')
        speak(('::1', kdump.port), '::1')
        self.assert_heard()

    def test_on_all_addresses_of_both_kinds(self):
        self.need_ipv6()
        kdump = self.listen('::')
        speak(('127.0.0.1', kdump.port), '127.0.0.1')
        self.assert_heard()

    def test_on_a_name(self):
        kdump = self.listen('localhost', 'localhost')
        address = kdump._socket.getsockname()[0]
        speak((address, kdump.port), address)
        self.assert_heard()

    def test_a_port_that_is_taken(self):
        taken = self.listen()
        error = self.assertRaises(ConfigError, self.listen, port=taken.port)
        self.assertEqual(f'[plugin_test] listen = 127.0.0.1, port = '
                         f'{taken.port}: Address already in use.', str(error))

    def test_an_address_of_another_machine(self):
        error = self.assertRaises(ConfigError, self.listen, '192.0.2.1')
        self.assertIn('Cannot assign requested address', str(error))

    def test_a_flood_is_one_piece_of_news_and_leaves_the_processor(self):
        kdump = self.listen()
        to = '127.0.0.1', kdump.port
        began_s = clock.monotonic()
        speak(to, '127.0.0.1', times=20000)
        self.assert_heard()
        took_s = clock.monotonic() - began_s
        self.assertLessEqual(self.found.qsize(), took_s + 1.0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            # There is room in its buffer once more: it has not given up.
            clock.wait_for(
                lambda: again.sendto(MESSAGES[0], to) and kdump.ask(
                    Host('one'), ()), clock.Deadline(WAIT_S),
                what='the host to be heard')

    def test_it_ends_at_once_and_frees_the_port(self):
        kdump = self.listen()
        for _time in range(3):
            port = kdump.port
            kdump.stop()
            kdump = self.listen(port=port)
        self.assertEqual(1, sum(
            thread.name == 'corroborator-kdump-listen'
            for thread in threading.enumerate()))


class GenuineTest(ListenerCase):
    """The program that crash kernels run, of fence-agents."""

    def send(self, node, port, *more):
        path = shutil.which('fence_kdump_send', path=PLACES)
        require(self, path, 'the command fence_kdump_send',
                'apt-get install fence-agents')
        subprocess.run([path, '-p', str(port), '-c', '1', '-i', '1', *more,
                        node], check=True, timeout=WAIT_S)

    def test_is_heard(self):
        self.send('127.0.0.1', self.listen().port)
        self.assert_heard()

    def test_is_heard_over_ipv6(self):
        self.need_ipv6()
        self.send('::1', self.listen('::1', '::1').port, '-f', 'ipv6')
        self.assert_heard()
