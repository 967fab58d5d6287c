import socket

import fixtures
import oslo_messaging
import testtools

from doctor_core import messaging
from doctor_core.messaging import trial
from doctor_core.messaging.broker_watch import BrokerWatch

OPTION = '[bus] transport_url'


def closed_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class BrokerWatchTest(testtools.TestCase):
    """Of a broker that was away, the log said nothing with its name."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.now = 100.0
        self.answers = None
        for name, new in (
                ('clock.monotonic', lambda: self.now),
                ('background.begin', lambda work, _name: work())):
            self.useFixture(fixtures.MonkeyPatch(f'doctor_core.{name}', new))

    def watch(self, *places):
        return BrokerWatch(
            OPTION, places or [('127.0.0.1', closed_port())],
            lambda: self.answers)

    def look(self, watch, answers, for_s=10):
        self.answers = answers
        for _ in range(for_s):
            watch.look()
            self.now += 1

    def test_one_line_with_host_port_and_why(self):
        port = closed_port()
        watch = self.watch(('127.0.0.1', port))
        self.look(watch, False, 60)
        self.assertEqual(
            f'The broker of {OPTION} does not answer: 127.0.0.1:{port} '
            '(Connection refused). It is tried again all the time\n',
            self.log.output)

    def test_one_line_when_it_is_back(self):
        watch = self.watch()
        for _ in range(2):
            self.look(watch, False)
            self.look(watch, True)
        lines = self.log.output.splitlines()
        self.assertEqual(4, len(lines))
        self.assertEqual([f'The broker of {OPTION} answers again'] * 2,
                         lines[1::2])

    def test_a_moment_is_no_outage(self):
        watch = self.watch()
        for _ in range(5):
            self.look(watch, False, 2)
            self.look(watch, True, 2)
        self.assertEqual('', self.log.output)

    def test_nobody_knows(self):
        self.look(self.watch(), None)
        self.assertEqual('', self.log.output)

    def test_each_node(self):
        port = closed_port()
        with socket.create_server(('127.0.0.1', 0)) as server:
            well = server.getsockname()[1]
            self.look(self.watch(('127.0.0.1', port), ('127.0.0.1', well),
                                 ('h' * 64, 1), ('::1', port)), False)
        self.assertIn(f'127.0.0.1:{port} (Connection refused), 127.0.0.1:'
                      f'{well} (it takes connections, but no messages), '
                      + 'h' * 64, self.log.output)
        self.assertIn(f', [::1]:{port} (', self.log.output)


class OfABusTest(testtools.TestCase):
    def bus(self, url):
        bus = messaging.Bus(messaging.memory_conf(), url)
        self.addCleanup(bus.close)
        return bus

    def test_it_knows_the_nodes_and_no_password(self):
        bus = self.bus('rabbit://u:secret@one:1,v:secret@[::2]/vhost')
        self.assertEqual([('one', 1), ('::2', 5672)], bus._watch._places)
        self.assertEqual(OPTION, bus._watch._option)

    def test_one_that_is_waited_for_does_not_answer(self):
        """At the start it had not answered yet, for as long as it took."""
        bus = self.bus(messaging.IN_MEMORY)
        said = []

        def start(*_args, **_options):
            said.append(bus.answers)
            bus._awaited_at -= 5
            said.append(bus.answers)
        self.useFixture(fixtures.MonkeyPatch(
            'oslo_messaging.server.MessageHandlingServer.start', start))
        bus.listen('topic', lambda *message: None)
        bus._listeners.clear()
        self.assertEqual([None, False, None], [*said, bus.answers])


class PlacesTest(testtools.TestCase):
    def test_where_a_broker_is(self):
        """Of a URL that was not set the log named no host and no reason."""
        for text, found in (
                ('rabbit://', [('localhost', 5672)]),
                ('rabbit://a:7,[::1]/x', [('a', 7), ('::1', 5672)])):
            url = oslo_messaging.TransportURL.parse(
                messaging.memory_conf(), text)
            self.assertEqual(found, trial.places(url))
