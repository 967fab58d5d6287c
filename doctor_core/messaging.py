"""The message bus; the only module that knows oslo.messaging.

What oslo.messaging does by itself loses faults: its notifier logs a message
that was not taken and returns as if it had been sent, its queues do not
outlive the broker, a handler that raises is called again at once and for
ever. So messages are published through the transport, which does raise;
queues are durable by default; and a handler's failures are counted, spaced
and, in the end, set aside on ``<topic>.dead`` where an operator finds them.
"""

import logging
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from oslo_config import cfg

from doctor_core import clock, events
from doctor_core.exceptions import BusError, ConfigError
from doctor_core.model import Fault, new_id

with warnings.catch_warnings():
    # A library below imports eventlet if it is there; Doctor uses threads,
    # and an operator can do nothing about the warning.
    warnings.filterwarnings('ignore', message=r'\s*Eventlet is deprecated')
    import oslo_messaging
    from oslo_messaging import opts as messaging_opts

LOG = logging.getLogger(__name__)

#: Exchange of Doctor's own topics; one of its own, since two declarations
#: of one exchange that disagree on durability block each other.
EXCHANGE = 'doctor'
PUBLISHER = 'doctor'
#: A bus within this process: quick, and polled without a pause.
IN_MEMORY = 'kombu+memory://'
#: Another one, polled every 50 ms, for what is in no hurry.
IN_MEMORY_CALM = 'fake://'

_ATTEMPTS = 5
_PAUSE_S = 1.0
#: How long the broker may take to remove a queue.
_REMOVE_S = 5.0
#: A handler waits for those whom it tells; hosts that fail together must
#: not wait for each other's.
_HANDLERS = 512

#: Called with the event type, the payload and the envelope's metadata.
Handler = Callable[[str, Any, Mapping[str, Any]], None]


def memory_conf() -> cfg.ConfigOpts:
    """A configuration for a bus within this process."""
    conf = cfg.ConfigOpts()
    conf([], project='doctor', default_config_files=[],
         default_config_dirs=[])
    return conf


class Bus:
    """A connection to a message bus.

    :param conf: whose files hold ``[oslo_messaging_*]``.
    :param url: the transport URL; empty for ``[DEFAULT] transport_url``.
    :param exchange: the exchange of its topics; None for the deployment's
        ``control_exchange``, with its queues as the deployment declares them.
    :param retry: connection attempts for one message.
    :ivar own_queues: names of the queues that go when listening ends.
    :raises ConfigError: the URL is not understood.
    """

    def __init__(self, conf: cfg.ConfigOpts, url: str = '', *,
                 exchange: str | None = EXCHANGE, retry: int = 3) -> None:
        self._exchange = exchange
        self._retry = retry
        self._lock = threading.Lock()
        self._listeners: list[Any] = []
        self.own_queues: list[str] = []
        own = cfg.ConfigOpts()
        own([], project='doctor',
            default_config_files=_files(conf), default_config_dirs=[])
        _set_defaults(own, ours=exchange == EXCHANGE,
                      in_memory=url.startswith(IN_MEMORY))
        try:
            self._transport = oslo_messaging.get_notification_transport(
                own, url=url or None)
        except (oslo_messaging.InvalidTransportURL,
                oslo_messaging.DriverLoadFailure) as error:
            raise ConfigError(
                f'The transport URL cannot be used: {error}') from None

    def publish(self, topic: str, event_type: str, payload: Any, *,
                priority: str = 'info') -> None:
        """Send a notification; blocks until the broker has it.

        :raises BusError: the broker did not take it.
        """
        message = {
            'message_id': new_id(),
            'publisher_id': PUBLISHER,
            'event_type': event_type,
            'priority': priority.upper(),
            'payload': payload,
            'timestamp': events.iso(clock.now()).replace('T', ' '),
        }
        try:
            # One at a time: connections beyond the pool are not worth it,
            # and oslo.messaging warns about them.
            with self._lock:
                self._transport._send_notification(
                    self._target(f'{topic}.{priority}'), {}, message,
                    version=2.0, retry=self._retry)
        except Exception as error:  # drivers raise what their library raises
            raise BusError(f'The bus did not take {event_type} for {topic}: '
                           f'{error}', recoverable=True) from error

    def listen(self, topic: str, handler: Handler, *, priority: str = 'info',
               exchange: str | None = None, pool: str | None = None) -> None:
        """Have a handler called for each message, several at a time.

        A message is acknowledged when its handler returns. One whose handler
        raises comes again, after a pause, and is set aside after five times.

        :param exchange: where the topic's messages are published; the bus's
            own exchange by default.
        :param pool: a queue of our own, that takes nothing from other
            listeners of the topic.
        """
        endpoint = _Endpoint(self, topic, handler, priority)
        listener = oslo_messaging.get_notification_listener(
            self._transport, [self._target(topic, exchange)], [endpoint],
            executor='threading', allow_requeue=True, pool=pool)
        listener.start()
        self._listeners.append(listener)

    def overhear(self, topic: str, handler: Handler, *,
                 priority: str = 'info', exchange: str | None = None,
                 name: str = '') -> None:
        """Have a handler called for a copy of each message from now on.

        As :meth:`listen`, but nobody else misses anything, and nothing is
        kept for later: the queue is removed when listening ends.

        :param name: whose queue it is, so that one who was killed and comes
            back leaves none behind.
        :raises BusError: the broker does not allow it.
        """
        queue = f'{PUBLISHER}-{name or new_id()}'
        self.own_queues.append(queue)
        try:
            self.listen(topic, handler, priority=priority, exchange=exchange,
                        pool=queue)
        except Exception as error:  # drivers raise what their library raises
            raise BusError(f'Nothing is heard of {topic} on exchange '
                           f'{exchange or self._exchange}: {error}'
                           ) from error

    def stop_listening(self) -> None:
        """Take no more messages; wait for the handlers that run."""
        for listener in self._listeners:
            listener.stop()
        for listener in self._listeners:
            listener.wait()
        self._listeners.clear()
        for queue in self.own_queues:
            self._remove(queue)
        self.own_queues.clear()

    def _remove(self, queue: str) -> None:
        """A queue that nobody reads would fill the broker."""
        # A broker that is stuck must not keep us from ending.
        removing = threading.Thread(target=self._delete, args=(queue,),
                                    name='remove-queue', daemon=True)
        removing.start()
        removing.join(_REMOVE_S)
        if removing.is_alive():
            LOG.warning('The queue %s may be left on the broker, which does '
                        'not answer', queue)

    def _delete(self, queue: str) -> None:
        driver = self._transport._driver
        if not hasattr(driver, '_get_connection'):
            return  # not a broker's
        try:
            # Without the lock oslo.messaging's heartbeat would now and then
            # read the answer, and it would be waited for in vain.
            with driver._get_connection(retry=self._retry) as connection, \
                    connection._connection_lock:
                connection.channel.queue_delete(queue)
        except Exception:  # drivers raise what their library raises
            LOG.exception('The queue %s was not removed from the broker',
                          queue)

    def close(self) -> None:
        """End listening and disconnect; may be called again."""
        self.stop_listening()
        self._transport.cleanup()

    def _target(self, topic: str, exchange: str | None = None
                ) -> oslo_messaging.Target:
        return oslo_messaging.Target(topic=topic,
                                     exchange=exchange or self._exchange)


def _files(conf: cfg.ConfigOpts) -> list[str]:
    try:
        return list(conf.config_file or [])
    except cfg.NoSuchOptError:
        return []


def _set_defaults(conf: cfg.ConfigOpts, *, ours: bool,
                  in_memory: bool) -> None:
    for group, options in messaging_opts.list_opts():
        if group in (None, 'oslo_messaging_rabbit'):
            conf.register_opts(options, group=group)
    messaging_opts.set_defaults(conf, executor_thread_pool_size=_HANDLERS)
    # Back within a second of the broker, instead of up to half a minute.
    rabbit: dict[str, Any] = {
        'rabbit_retry_backoff': 1, 'rabbit_interval_max': 1,
        'kombu_reconnect_delay': 0.1}
    if ours:
        rabbit['amqp_durable_queues'] = True
    if in_memory:
        rabbit['heartbeat_timeout_threshold'] = 0
    for name, value in rabbit.items():
        conf.set_default(name, value, group='oslo_messaging_rabbit')


class _Endpoint:
    """What oslo.messaging calls; it finds the priority by the name."""

    def __init__(self, bus: Bus, topic: str, handler: Handler,
                 priority: str) -> None:
        self._bus = bus
        self._topic = topic
        self._handler = handler
        self._failures: dict[str, int] = {}
        setattr(self, priority, self._handle)

    def _handle(self, _ctxt: Any, _publisher: str, event_type: str,
                payload: Any, metadata: Mapping[str, Any]) -> Any:
        try:
            self._handler(event_type, payload, metadata)
        except Exception:  # the outermost frame of a listener
            return self._failed(event_type, payload, metadata)
        self._failures.pop(str(metadata.get('message_id')), None)
        return oslo_messaging.NotificationResult.HANDLED

    def _failed(self, event_type: str, payload: Any,
                metadata: Mapping[str, Any]) -> Any:
        message_id = str(metadata.get('message_id'))
        count = self._failures.get(message_id, 0) + 1
        self._failures[message_id] = count
        LOG.exception('Message %s (%s) on %s could not be handled, time %d '
                      'of %d', message_id, event_type, self._topic, count,
                      _ATTEMPTS)
        if count < _ATTEMPTS:
            clock.sleep(_PAUSE_S)
            return oslo_messaging.NotificationResult.REQUEUE
        try:
            self._bus.publish(f'{self._topic}.dead', event_type, payload)
        except BusError:
            return oslo_messaging.NotificationResult.REQUEUE
        LOG.error('Message %s (%s) was set aside on %s.dead',
                  message_id, event_type, self._topic)
        self._failures.pop(message_id, None)
        return oslo_messaging.NotificationResult.HANDLED


def ping(bus: Bus, topic: str) -> None:
    """Open the way to a topic, and let the log say so if it is closed.

    The first message of a connection takes ten times as long as the others.
    """
    try:
        bus.publish(topic, events.PING, {})
    except BusError as error:
        LOG.error('The bus does not work yet: %s', error)


class FaultPublisher:
    """Publishes faults from a thread of its own; keeps what was not taken.

    While the bus is away only the latest fault of each host is kept: that is
    the state that counts, and no outage fills the memory.

    :param publish: sends one fault; raises BusError.
    :param retry_s: seconds between two attempts.
    """

    def __init__(self, publish: Callable[[Fault], None],
                 retry_s: float = 1.0) -> None:
        self._publish = publish
        self._retry_s = retry_s
        self._pending: dict[str, Fault] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(
            target=self._main, name='fault-publisher', daemon=True)
        self._thread.start()

    def put(self, fault: Fault) -> None:
        """Take a fault; never blocks; from any thread."""
        with self._changed:
            superseded = self._pending.pop(fault.hostname, None)
            self._pending[fault.hostname] = fault
            self._changed.notify_all()
        if superseded is not None:
            LOG.warning('Fault %s (host %s is %s) was not sent: the bus was '
                        'away, and the host is %s since', superseded.id,
                        fault.hostname, superseded.status, fault.status)

    def close(self, drain_s: float) -> list[Fault]:
        """Send what is left, for so many seconds, and end.

        :returns: what could not be sent.
        """
        with self._changed:
            self._closing = True
            deadline = clock.Deadline(drain_s)
            self._changed.notify_all()
            while self._pending and not deadline.passed:
                self._changed.wait(deadline.left_s())
            left = list(self._pending.values())
            self._pending.clear()
            self._changed.notify_all()
        self._thread.join(1.0)
        return left

    def _main(self) -> None:
        while (fault := self._next()) is not None:
            try:
                self._publish(fault)
            except BusError as error:
                LOG.warning('Fault %s (host %s is %s) is kept: %s', fault.id,
                            fault.hostname, fault.status, error)
                with self._changed:
                    self._changed.wait(self._retry_s)
                continue
            except Exception:  # the thread's outermost frame
                LOG.exception('Fault %s (host %s is %s) is lost', fault.id,
                              fault.hostname, fault.status)
            self._sent(fault)

    def _next(self) -> Fault | None:
        with self._changed:
            while not self._pending:
                if self._closing:
                    return None
                self._changed.wait()
            return next(iter(self._pending.values()))

    def _sent(self, fault: Fault) -> None:
        with self._changed:
            if self._pending.get(fault.hostname) is fault:
                del self._pending[fault.hostname]
            self._changed.notify_all()
