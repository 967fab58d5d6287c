"""A connection to a message bus."""

import functools
import logging
import math
from typing import Any

import oslo_messaging
from kombu import transport
from oslo_config import cfg

from doctor_core import clock, wire
from doctor_core.exceptions import BusError, BusRefused, ConfigError
from doctor_core.messaging import handling, queues, refusals, settings, trial
from doctor_core.messaging.broker_watch import BrokerWatch
from doctor_core.messaging.handling import Handler
from doctor_core.messaging.sending import Sending
from doctor_core.messaging.turns import TurnOf, Turns
from doctor_core.model import new_id

LOG = logging.getLogger(__name__)

#: Exchange of Doctor's own topics; one of its own, since two declarations
#: of one exchange that disagree on durability block each other.
EXCHANGE = 'doctor'
PUBLISHER = 'doctor'
#: A bus within this process.
IN_MEMORY = 'kombu+memory://'
# Kombu's own would cost each process that uses it a whole core.
transport.TRANSPORT_ALIASES['memory'] = \
    'doctor_core.messaging.in_memory:Transport'

#: How long the broker may take for a message, besides its retries, which
#: come each second.
_PUBLISH_S = 5.0
#: How long a queue that was there is trusted to be: to ask takes as long as
#: two messages, which hosts that are lost together do not wait for.
_DECLARED_S = 1.0
#: How long the broker takes at the most, when it is well, to let us listen.
_LISTEN_S = 1.0


def memory_conf() -> cfg.ConfigOpts:
    """A configuration for a bus within this process."""
    conf = cfg.ConfigOpts()
    conf([], project='doctor', default_config_files=[],
         default_config_dirs=[])
    return conf


class Bus:
    """A connection to a message bus.

    :param conf: whose files hold oslo.messaging's options: for Doctor's own
        exchange in ``[oslo_messaging_*]``, for any other, which is the
        deployment's, in ``[notifications_*]``.
    :param url: the transport URL; empty for ``[DEFAULT] transport_url``.
    :param exchange: the exchange of its topics; None for the deployment's
        ``control_exchange``, with its queues as the deployment declares them.
    :param retry: connection attempts for one message.
    :param option: where the URL was written, if not in the configuration.
    :ivar own_queues: names of the queues that go when listening ends.
    :ivar is_closing: whether listening ends.
    :raises ConfigError: the URL or an option is not understood.
    """

    def __init__(self, conf: cfg.ConfigOpts, url: str = '', *,
                 exchange: str | None = EXCHANGE, retry: int = 3,
                 option: str = '') -> None:
        self._exchange = exchange
        self._in_memory = url.startswith(IN_MEMORY)
        self._retry = retry
        self._sending = Sending(self._send, _PUBLISH_S + retry)
        self._listeners: list[Any] = []
        #: Whether the broker took what was published last.
        self._took: bool | None = None
        self.own_queues: list[str] = []
        self.is_closing = False
        side = settings.OURS if exchange == EXCHANGE else settings.NOVAS
        self._option = option or (
            side.option if url else '[DEFAULT] transport_url')
        own = settings.transport_conf(conf, side,
                                      in_memory=self._in_memory)
        self._transport = self._made(own, url, side)
        self._declared_at = -math.inf
        #: Since when listening waits for the broker.
        self._awaited_at: float | None = None
        self._watch = BrokerWatch(self._option, trial.places(
            oslo_messaging.TransportURL.parse(own, url or None)),
            lambda: self.answers)
        if not self._in_memory:
            self._watch.start()

    def _made(self, own: cfg.ConfigOpts, url: str, side: settings.Side
              ) -> oslo_messaging.Transport:
        """A transport that has been tried as far as it goes without a broker.
        """
        try:
            parsed = oslo_messaging.TransportURL.parse(own, url or None)
            complaint = trial.url_complaint(parsed)
            if complaint:
                raise ConfigError(f'{self._option}: {complaint}.')
            if parsed.transport == 'rabbit':
                complaint = trial.options_complaint(own, parsed)
            if complaint:
                raise ConfigError(f'[{side.rabbit_section}] {complaint}')
            return oslo_messaging.get_notification_transport(
                own, url=url or None)
        except oslo_messaging.DriverLoadFailure as error:
            raise ConfigError(f'{self._option}: there is no driver '
                              f'{error.driver!r}.') from None
        except (oslo_messaging.InvalidTransportURL, ValueError):
            # Their words repeat the password.
            raise ConfigError(
                f'{self._option} is not written as rabbit://user:password@'
                'host:port/vhost, special characters of the password as '
                '%XX.') from None

    @property
    def answers(self) -> bool | None:
        """Whether those who listen have the broker right now; where nobody
        listens, whether it took what was published last. It does not while
        it says nothing of a message. None when none of it is known. Asks
        nobody, and never blocks; from any thread.
        """
        awaited_at = self._awaited_at
        if self._sending.is_stuck or awaited_at is not None \
                and clock.monotonic() > awaited_at + _LISTEN_S:
            return False
        linked = {*map(_is_connected, self._listeners)} - {None}
        return False not in linked if linked else self._took

    def publish(self, topic: str, event_type: str, payload: Any, *,
                priority: str = 'info') -> None:
        """Send a notification; blocks until the broker has it, though not
        for longer than a broker needs that is well.

        :raises BusError: the broker did not take it, or not in time: then it
            may have it later all the same. BusRefused where it does not take
            user, password or virtual host, or has the topic otherwise.
        """
        message = {
            'message_id': new_id(),
            'publisher_id': PUBLISHER,
            'event_type': event_type,
            'priority': priority.upper(),
            'payload': payload,
            'timestamp': wire.iso(clock.now()).replace('T', ' '),
        }
        try:
            self._sending(self._target(f'{topic}.{priority}'), message)
            self._took = True
        except Exception as error:  # drivers raise what their library raises
            self._took = False
            refusal = refusals.of_any(error, self._option)
            if refusal:
                raise BusRefused(refusal) from error
            raise BusError(f'The bus did not take {event_type} for {topic}: '
                           f'{error}', recoverable=True) from error

    def _send(self, target: oslo_messaging.Target, message: Any) -> None:
        now = clock.monotonic()
        if now > self._declared_at + _DECLARED_S:
            # One may have been removed since.
            queues.forget(self._transport, self._retry)
            self._declared_at = now
        self._transport._send_notification(target, {}, message, version=2.0,
                                           retry=self._retry)

    def listen(self, topic: str, handler: Handler, *, priority: str = 'info',
               exchange: str | None = None, pool: str | None = None,
               in_order: bool = False, turn_of: TurnOf | None = None
               ) -> None:
        """Have a handler called for each message, several at a time.

        A message is acknowledged when its handler returns. One whose handler
        raises comes again, after a pause, and is set aside after five times;
        one that is no notification at all is dropped.

        :param exchange: where the topic's messages are published; the bus's
            own exchange by default.
        :param pool: a queue of our own, that takes nothing from other
            listeners of the topic.
        :param in_order: one message at a time, in the order of arrival; the
            next one waits while a handler that raised is called again. For
            handlers that do not block for long.
        :param turn_of: of those, whose turn is when: in the order of arrival
            of each only. What waits when listening ends is left to the
            broker, if there is one.
        :raises ConfigError: the broker refuses user, password or virtual
            host, or has the topic's queue with other arguments. One that is
            away is waited for.
        """
        endpoint = handling.Endpoint(self, topic, handler, priority, in_order)
        listener = oslo_messaging.get_notification_listener(
            self._transport, [self._target(topic, exchange)], [endpoint],
            executor='threading', allow_requeue=True, pool=pool)
        listener.dispatcher.dispatch = functools.partial(
            handling.dispatched, listener.dispatcher.dispatch, topic)
        if in_order and turn_of is not None:
            listener._executor_cls = lambda max_workers: Turns(
                turn_of, f'{topic}-turns', leaves=not self._in_memory)
        self._awaited_at = clock.monotonic()
        try:
            listener.start(override_pool_size=1 if in_order else None)
        except Exception as error:  # drivers raise what their library raises
            # What is overheard is not ours.
            refused = refusals.of_any if pool is None else refusals.of_who
            refusal = refused(error, self._option)
            if refusal:
                raise ConfigError(refusal) from error
            raise
        finally:
            self._awaited_at = None
        self._listeners.append(listener)

    def overhear(self, topic: str, handler: Handler, *,
                 priority: str = 'info', exchange: str | None = None,
                 name: str = '') -> None:
        """Have a handler called for a copy of each message from now on.

        As :meth:`listen`, in the order of arrival; but nobody else misses
        anything, and nothing is kept for later: the queue is removed when
        listening ends.

        :param name: whose queue it is, so that one who was killed and comes
            back leaves none behind.
        :raises BusError: the broker does not allow it.
        :raises ConfigError: as :meth:`listen`.
        """
        queue = f'{PUBLISHER}-{name or new_id()}'
        self.own_queues.append(queue)
        try:
            self.listen(topic, handler, priority=priority, exchange=exchange,
                        pool=queue, in_order=True)
        except ConfigError:
            raise
        except Exception as error:  # drivers raise what their library raises
            raise BusError(f'Nothing is heard of {topic} on exchange '
                           f'{exchange or self._exchange}: {error}'
                           ) from error

    def stop_listening(self) -> None:
        """Take no more messages; wait for the handlers that run."""
        self.is_closing = True
        for listener in self._listeners:
            listener.stop()
        for listener in self._listeners:
            listener.wait()
        self._listeners.clear()
        self.is_closing = False
        for queue in self.own_queues:
            queues.remove(self._transport, queue, self._retry)
        self.own_queues.clear()

    def close(self) -> None:
        """End listening and disconnect; may be called again."""
        self._watch.stop()
        self.stop_listening()
        self._sending.close()
        self._transport.cleanup()

    def _target(self, topic: str, exchange: str | None = None
                ) -> oslo_messaging.Target:
        return oslo_messaging.Target(topic=topic,
                                     exchange=exchange or self._exchange)


def ping(bus: Bus, topic: str) -> None:
    """Open the way to a topic, and let the log say so if it is closed.

    The first message of a connection takes ten times as long as the others.

    :raises ConfigError: the broker refuses user, password or virtual host,
        or has the topic's queue with other arguments.
    """
    try:
        bus.publish(topic, wire.PING, {})
    except BusRefused as error:
        raise ConfigError(str(error)) from error
    except BusError as error:
        LOG.error('The bus does not work yet: %s', error)


def _is_connected(listener: Any) -> bool | None:
    """Whether a listener has the broker right now; None when its driver does
    not know. oslo.messaging only tells its log of it.
    """
    try:
        link = listener.listener._poll_style_listener.conn.connection
        return bool(link.connection.connected)
    except AttributeError:
        return None
