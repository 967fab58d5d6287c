"""A RabbitMQ of a test's own, on free ports of loopback."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import fixtures

from doctor_core import clock
from doctor_core.tests.functional import requirements

_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'
_HOW = 'apt-get install rabbitmq-server'


def free_port():
    """A port of 127.0.0.1 that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def need_rabbitmq(test):
    """Go on only where RabbitMQ is installed."""
    requirements.require(test, os.path.exists(_SERVER), 'RabbitMQ', _HOW)
    requirements.need_command(test, 'epmd', _HOW)


class SharedRabbitMQ:
    """Mixed into a test class: one broker for all its tests.

    It takes seconds to start; tests keep apart by the topics they use.
    """

    _shared = None

    def setUp(self):
        super().setUp()
        need_rabbitmq(self)
        cls = type(self)
        if cls._shared is None:
            cls._shared = RabbitMQ()
            cls._shared.setUp()
        self.rabbit = cls._shared

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls._shared is not None:
            cls._shared.cleanUp()
            cls._shared = None


class RabbitMQ(fixtures.Fixture):
    """Starts a broker, and can stop, kill and start it again."""

    def _setUp(self):
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.port = free_port()
        epmd_port = free_port()
        self._environment = {
            **os.environ,
            'HOME': str(self.folder),
            'ERL_EPMD_PORT': str(epmd_port),
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODENAME': f'doctor{self.port}@localhost',
            'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODE_PORT': str(self.port),
            'RABBITMQ_DIST_PORT': str(free_port()),
            'RABBITMQ_MNESIA_BASE': str(self.folder / 'mnesia'),
            'RABBITMQ_LOG_BASE': str(self.folder / 'log'),
            'RABBITMQ_CONFIG_FILE': str(self.folder / 'rabbitmq'),
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(self.folder / 'plugins'),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
                '-kernel inet_dist_use_interface {127,0,0,1}'}
        (self.folder / 'plugins').write_text('[].\n')
        # A port mapper of our own: RabbitMQ would leave one behind.
        mapper = subprocess.Popen(
            ['epmd', '-port', str(epmd_port), '-address', '127.0.0.1'],
            env=self._environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(mapper.wait)
        self.addCleanup(mapper.terminate)
        self._process = None
        self.addCleanup(self.stop)
        self.start()

    @property
    def url(self):
        return f'rabbit://guest:guest@127.0.0.1:{self.port}/'

    def start(self):
        """Start the broker; returns when it takes connections."""
        log = open(self.folder / 'out.log', 'ab')  # noqa: SIM115
        self.addCleanup(log.close)
        self._process = subprocess.Popen(
            [_SERVER], env=self._environment, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True)
        clock.wait_for(self._answers, clock.Deadline(90),
                       what='RabbitMQ to take connections')

    def stop(self):
        """Stop it in good order; what is durable is there again later."""
        self._end(signal.SIGTERM)

    def kill(self):
        """End it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self._process is None:
            return
        # Its own process group: the shell script and the Erlang machine.
        os.killpg(self._process.pid, number)
        self._process.wait(60)
        self._process = None
        clock.wait_for(lambda: not self._answers(), clock.Deadline(60),
                       what='RabbitMQ to be gone')

    def _answers(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port), 1) as one:
                # What no AMQP client would say: the broker answers with its
                # own protocol header once it is ready.
                one.settimeout(2)
                one.sendall(b'AMQP\x00\x00\x00\x00')
                return one.recv(8).startswith(b'AMQP')
        except OSError:
            return False
