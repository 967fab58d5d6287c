import socket
import threading

import fixtures
import testtools

from doctor_core.corroborators.kdump import KdumpCorroborator
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import FakeClock, options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind

WAIT_S = 20
ONE = Host('one', ('192.0.2.1', '2001:DB8:0::1'))
NAMED = Host('named')


class KdumpCase(testtools.TestCase):
    """Without a socket: what comes is handed over by the test."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.clock = FakeClock()
        self.useFixture(fixtures.MonkeyPatch('doctor_core.clock.SYSTEM',
                                             self.clock))
        self.dns = {}
        self.useFixture(fixtures.MonkeyPatch('socket.getaddrinfo',
                                             self.resolve))
        self.found = []
        self.kdump = KdumpCorroborator(
            options(KdumpCorroborator),
            lambda name, evidence: self.found.append((name, evidence.kind)),
            None)
        self.addCleanup(self.kdump.stop)

    def resolve(self, name, port, **_more):
        if name not in self.dns:
            raise socket.gaierror(socket.EAI_NONAME, 'not known')
        return [(None, None, None, '', (address, 0))
                for address in self.dns[name]]

    def names(self):
        """What the thread does that resolves names, once."""
        self.kdump._resolve_names()
        self.kdump._hear_again()

    def speaks(self, *addresses):
        self.found.clear()
        for address in addresses:
            self.kdump._take(address)
        return [name for name, kind in self.found
                if kind is EvidenceKind.PANICKED]


class HearingTest(KdumpCase):

    def setUp(self):
        super().setUp()
        self.kdump.update([ONE])

    def test_who_speaks_has_panicked(self):
        self.assertEqual(['one'], self.speaks('192.0.2.1'))

    def test_by_each_of_its_addresses_however_it_is_written(self):
        self.assertEqual(['one'], self.speaks('2001:db8::1'))

    def test_it_is_known_for_a_minute_with_the_time_of_its_message(self):
        self.assertIsNone(self.kdump.ask(ONE, ()))
        spoke_at = self.clock.now()
        self.speaks('192.0.2.1')
        self.clock.advance(60.0)
        self.assertEqual((EvidenceKind.PANICKED, 'kdump', spoke_at), tuple(
            getattr(self.kdump.ask(ONE, ()), name)
            for name in ('kind', 'source', 'at')))
        self.clock.advance(0.1)
        self.assertIsNone(self.kdump.ask(ONE, ()))
        self.assertIsNone(self.kdump.ask(NAMED, ()))

    def test_one_that_speaks_as_it_falls_silent_has_panicked(self):
        self.speaks('192.0.2.1')
        self.clock.advance(1.0)
        self.assertIs(EvidenceKind.PANICKED, self.kdump.ask(ONE, ()).kind)

    def test_what_came_of_a_host_that_was_well_says_nothing(self):
        """Whoever tried the way had a host that lost a few probes within a
        minute taken for dead.
        """
        self.speaks('192.0.2.1')
        self.clock.advance(5.0)
        for _time in range(2):
            self.assertIsNone(self.kdump.ask(ONE, ()))

    def test_nor_does_what_came_of_another_silence(self):
        """It has rebooted since."""
        self.kdump.ask(ONE, ())
        self.speaks('192.0.2.1')
        self.clock.advance(30.0)
        self.kdump.forget(ONE)
        self.assertIsNone(self.kdump.ask(ONE, ()))

    def test_what_it_repeats_is_told_once_in_a_second(self):
        self.assertEqual(['one'], self.speaks('192.0.2.1', '2001:db8::1'))
        self.clock.advance(1.1)
        self.assertEqual(['one'], self.speaks('192.0.2.1'))

    def test_of_two_hosts_with_one_address_it_is_the_first(self):
        self.kdump.update([ONE, Host('late', ('192.0.2.1',))])
        self.assertEqual(['one'], self.speaks('192.0.2.1'))

    def test_an_address_that_went_to_another_host_is_that_hosts(self):
        self.kdump.update([Host('one', ('192.0.2.9',)),
                           Host('two', ('192.0.2.1',))])
        self.assertEqual(['two'], self.speaks('192.0.2.1'))
        self.kdump.update([Host('one', ('192.0.2.9',))])
        self.assertEqual([], self.speaks('192.0.2.1'))


class NamesTest(KdumpCase):

    def test_a_host_without_an_address_is_heard_by_its_name(self):
        self.dns = {'named': ['192.0.2.3', '::ffff:192.0.2.4']}
        self.kdump.update([NAMED])
        self.names()
        self.assertEqual(['named', 'named'], [
            self.speaks(address)[0] for address in ('192.0.2.3', '192.0.2.4')
            if not self.clock.advance(2.0)])

    def test_who_spoke_before_names_were_resolved_is_heard_then(self):
        self.kdump.update([NAMED])
        self.speaks('192.0.2.3')
        self.dns = {'named': ['192.0.2.3']}
        self.names()
        self.assertEqual([('named', EvidenceKind.PANICKED)], self.found)
        self.assertEqual('', self.log.output)

    def test_a_name_that_moved_is_followed_once_it_is_resolved_again(self):
        self.dns = {'named': ['192.0.2.3']}
        self.kdump.update([NAMED])
        self.names()
        self.dns = {'named': ['192.0.2.5']}
        self.speaks('192.0.2.5')
        self.names()
        self.assertEqual([('named', EvidenceKind.PANICKED)], self.found)
        self.assertEqual([], self.speaks('192.0.2.3'))

    def test_without_dns_names_are_what_they_were(self):
        self.dns = {'named': ['192.0.2.3']}
        self.kdump.update([NAMED])
        self.names()
        self.dns = {}
        self.kdump.update([NAMED])
        self.names()
        self.assertEqual(['named'], self.speaks('192.0.2.3'))

    def test_what_can_be_no_name_is_no_host(self):
        def refuse(*_args, **_more):
            raise UnicodeError('label too long')
        self.useFixture(fixtures.MonkeyPatch('socket.getaddrinfo', refuse))
        self.kdump.update([Host('x' * 70), ONE])
        self.names()
        self.assertEqual(['one'], self.speaks('192.0.2.1'))

    def test_hosts_that_come_while_names_are_resolved_are_the_ones(self):
        """The older list was written over the newer one."""
        self.dns = {'named': ['192.0.2.3'], 'fresh': ['192.0.2.7']}

        def resolve(name, port, **more):
            if name == 'named':
                self.kdump.update([Host('fresh')])
            return self.resolve(name, port, **more)
        self.useFixture(fixtures.MonkeyPatch('socket.getaddrinfo', resolve))
        self.kdump.update([NAMED, Host('other')])
        self.names()
        self.names()
        self.assertEqual(['fresh'], self.speaks('192.0.2.3', '192.0.2.7'))


class StrangersTest(KdumpCase):

    def test_one_is_named_once(self):
        for _time in range(3):
            self.speaks('192.0.2.66')
            self.names()
        self.assertEqual('Crash kernels speak at addresses of no host that is '
                         'watched: 192.0.2.66\n', self.log.output)

    def test_of_a_flood_a_hundred_are(self):
        """Each was a line of the log, from whatever address it was sent."""
        for turn in range(30):
            self.speaks(*(f'198.51.{turn}.{last}' for last in range(150)))
            self.names()
        self.assertEqual(100, self.log.output.count('198.51.'))
        self.assertEqual(1, self.log.output.count('\n'))


class StartTest(KdumpCase):

    def start(self, *where):
        self.dns = {'127.0.0.1': where}
        error = self.assertRaises(ConfigError, self.kdump.start, [ONE])
        self.kdump.stop()
        return str(error)

    def test_where_it_cannot_listen_it_says_so(self):
        class Taken:
            closed = 0

            def __init__(self, *_args):
                pass

            def setblocking(self, _flag):
                pass

            def bind(self, _address):
                raise OSError(98, 'Address already in use')

            def close(self):
                Taken.closed += 1
        self.useFixture(fixtures.MonkeyPatch('socket.socket', Taken))
        self.assertEqual('[plugin_test] listen = 127.0.0.1, port = 7410: '
                         'Address already in use.', self.start('127.0.0.1'))
        self.assertEqual(1, Taken.closed)

    def test_a_name_that_nobody_knows_is_no_place_to_listen(self):
        self.dns = {}
        error = self.assertRaises(ConfigError, self.kdump.start, [ONE])
        self.assertIn('listen = 127.0.0.1, port = 7410: not known',
                      str(error))


class ThreadsTest(KdumpCase):

    def setUp(self):
        super().setUp()
        self.coming = []
        self.spoken = threading.Event()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.corroborators.kdump._LOOK_S', 0.001))
        self.kdump._bound = lambda: None
        self.kdump._senders = self.senders

    def senders(self):
        if not self.coming:
            self.spoken.set()
            self.kdump._stopping.wait(0.001)
            return ()
        what = self.coming.pop(0)
        if isinstance(what, Exception):
            raise what
        return what

    def test_whatever_goes_wrong_it_listens_on(self):
        """The thread ended with what takes the evidence, or the network."""
        def found(*_evidence):
            raise RuntimeError('out of order')
        self.kdump.found = found
        self.coming = [*[OSError('no network')] * 3, {'192.0.2.1'}, ()]
        self.kdump.start([ONE])
        self.assertTrue(self.spoken.wait(WAIT_S))
        self.assertEqual([1, 1], [self.log.output.count(text) for text in (
            'OSError: no network\n', 'RuntimeError: out of order\n')])

    def test_dns_that_does_not_answer_holds_up_neither_start_nor_end(self):
        """stop() waited until each host's name had been looked up."""
        asked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def resolve(*_args, **_more):
            asked.set()
            go_on.wait(WAIT_S)
            return []
        self.useFixture(fixtures.MonkeyPatch('socket.getaddrinfo', resolve))
        self.coming = [{'192.0.2.1'}]
        self.kdump.start([NAMED, ONE])
        self.assertTrue(asked.wait(WAIT_S))
        self.assertTrue(self.spoken.wait(WAIT_S))
        self.assertEqual([('one', EvidenceKind.PANICKED)], self.found)
        self.kdump.update([NAMED, ONE])
        self.kdump.stop()
        self.assertFalse(go_on.is_set())
        self.kdump.stop()
