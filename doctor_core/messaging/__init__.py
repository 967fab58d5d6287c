"""The message bus; the only package that knows oslo.messaging.

What oslo.messaging does by itself loses faults: its notifier logs a message
that was not taken and returns as if it had been sent, its queues do not
outlive the broker, a handler that raises is called again at once and for
ever. So messages are published through the transport, which does raise;
queues are durable by default; and a handler's failures are counted, spaced
and, in the end, set aside on ``<topic>.dead`` where an operator finds them.
"""

from doctor_core.eventlet_unused import eventlet_unused

with eventlet_unused():  # before all else that imports it
    import oslo_messaging  # noqa: F401

from doctor_core.messaging.bus import (
    EXCHANGE,
    IN_MEMORY,
    PUBLISHER,
    Bus,
    memory_conf,
    ping,
)
from doctor_core.messaging.handling import Handler
from doctor_core.messaging.publisher import FaultPublisher, Report, publish
from doctor_core.messaging.turns import Turn, TurnOf

__all__ = ['EXCHANGE', 'IN_MEMORY', 'PUBLISHER', 'Bus',
           'FaultPublisher', 'Handler', 'Report', 'Turn', 'TurnOf',
           'memory_conf', 'ping', 'publish']
