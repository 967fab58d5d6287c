"""Queues of a broker, for which oslo.messaging has no words."""

import logging
import threading
from typing import Any

LOG = logging.getLogger(__name__)

#: How long the broker may take to remove a queue.
_REMOVE_S = 5.0


def forget(transport: Any, retry: int) -> None:
    """Have queues declared anew by who publishes next: oslo.messaging does it
    once for a connection. If one was removed since, what is sent is taken,
    and lost.
    """
    driver = transport._driver
    if not hasattr(driver, '_get_connection'):
        return  # not a broker's
    with driver._get_connection(retry=retry) as connection:
        # A release that keeps none of its own declares them each time.
        getattr(connection, '_declared_queues', set()).clear()


def remove(transport: Any, queue: str, retry: int) -> None:
    """Remove a queue, which would fill the broker if nobody reads it."""
    # A broker that is stuck must not keep us from ending.
    removing = threading.Thread(
        target=delete, args=(transport, queue, retry), name='remove-queue',
        daemon=True)
    removing.start()
    removing.join(_REMOVE_S)
    if removing.is_alive():
        LOG.warning('The queue %s may be left on the broker, which does not '
                    'answer', queue)


def delete(transport: Any, queue: str, retry: int) -> None:
    """The same; blocks for as long as it takes."""
    driver = transport._driver
    if not hasattr(driver, '_get_connection'):
        return  # not a broker's
    try:
        # Without the lock oslo.messaging's heartbeat would now and then
        # read the answer, and it would be waited for in vain.
        with driver._get_connection(retry=retry) as connection, \
                connection._connection_lock:
            connection.channel.queue_delete(queue)
    except Exception:  # drivers raise what their library raises
        LOG.exception('The queue %s was not removed from the broker', queue)
