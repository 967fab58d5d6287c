"""What an alarm manager is handed to reach others."""

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from doctor_core import messaging
from doctor_core.model import Checkpoint, Delivered, Event, Notice


@dataclasses.dataclass(frozen=True)
class AlarmOutlets:
    """The four ways of :class:`doctor_core.alarms.base.Outlets`, each a
    method of the part that has it.

    :ivar deliver: the deliverer's.
    :ivar publish: the deployment bus's, as is ``overhear``.
    :ivar checkpoint: the profiler's.
    """

    deliver: Callable[[str, Notice], 'Future[Delivered]']
    publish: Callable[[Sequence[Event]], None]
    overhear: Callable[[str, str, messaging.Handler], None]
    checkpoint: Callable[[Checkpoint], None]
