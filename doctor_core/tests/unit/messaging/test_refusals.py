import fixtures
import testtools
from amqp import exceptions as amqp

from doctor_core import messaging
from doctor_core.exceptions import BusRefused, ConfigError
from doctor_core.messaging import refusals
from doctor_core.model import new_id

_OTHERWISE = ("PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for "
              "queue 'doctor.faults.info'\nin vhost '/'")


def as_raised(cause):
    """As oslo.messaging raises what the broker refused."""
    try:
        try:
            raise cause
        except Exception:
            raise RuntimeError('Unable to connect after inf tries') \
                from None
    except RuntimeError as error:
        return error


class RefusalsTest(testtools.TestCase):
    def test_a_queue_with_other_arguments(self):
        error = as_raised(amqp.PreconditionFailed(_OTHERWISE))
        said = refusals.of_any(error, '[bus] transport_url')
        self.assertIn("'x-message-ttl' for queue 'doctor.faults.info'", said)
        self.assertTrue(said.startswith('[bus] transport_url: '))
        self.assertNotIn('\n', said)
        self.assertEqual('', refusals.of_who(error, ''))

    def test_a_user_that_is_refused(self):
        error = as_raised(amqp.AccessRefused('no such user'))
        for refused in (refusals.of_any, refusals.of_who):
            self.assertIn('[bus] transport_url: the broker refuses it',
                          refused(error, '[bus] transport_url'))

    def test_what_passes(self):
        for error in (OSError('away'), as_raised(amqp.ConnectionForced())):
            self.assertEqual('', refusals.of_any(error, ''))


class QueueIsOtherwiseTest(testtools.TestCase):
    """A daemon ended with a traceback, and was started again for ever."""

    def setUp(self):
        super().setUp()

        def refuse(*_args, **_options):
            raise as_raised(amqp.PreconditionFailed(_OTHERWISE))
        for name in ('transport.Transport._send_notification',
                     'server.MessageHandlingServer.start'):
            self.useFixture(fixtures.MonkeyPatch(f'oslo_messaging.{name}',
                                                 refuse))
        self.bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        self.addCleanup(self.bus.close)

    def test_whoever_listens_ends_with_one_line(self):
        said = str(self.assertRaises(ConfigError, self.bus.listen, new_id(),
                                     lambda *message: None))
        self.assertIn("arg 'x-message-ttl'", said)

    def test_whoever_publishes_ends_with_one_line(self):
        said = str(self.assertRaises(ConfigError, messaging.ping, self.bus,
                                     new_id()))
        self.assertIn("arg 'x-message-ttl'", said)
        self.assertRaises(BusRefused, self.bus.publish, new_id(), 'down', {})
