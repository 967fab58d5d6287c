"""What an alarm manager is."""

import abc
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, ClassVar, Protocol

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.model import (
    Alarm,
    AlarmRule,
    Checkpoint,
    Event,
    Need,
    Notice,
    Stage,
)


class Outlets(Protocol):
    """The ways out of an alarm manager; each may be called from any thread.
    """

    def deliver(self, action: str, notice: Notice) -> 'Future[None]':
        """Hand a notice to the notifier of the URL's scheme; never blocks.

        :returns: done when it was delivered; fails with NotifyError when it
            was given up.
        """

    def publish(self, events: Sequence[Event]) -> None:
        """Send events straight to Aodh's topic; may block.

        :raises BusError: the bus did not take them.
        """

    def overhear(self, topic: str, exchange: str, handler:
                 Callable[[str, Any, Mapping[str, Any]], None]) -> None:
        """Have a handler called with a copy of what goes to a topic of
        Aodh's: the event type, the payload and the envelope's metadata.

        :raises BusError: there is no bus.
        """

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Stamp a stage; never blocks."""


class AlarmManager(abc.ABC):
    """Keeps the owners' rules and has them told when one is met.

    :param conf: the configuration; a plugin's own options are in the group
        ``alarm_<name>``.
    :param cloud: the OpenStack APIs.
    :param outlets: where notices, events and stamps go.
    """

    #: Whether the owners hear of Nova's own notification without our doing,
    #: as they do where Ceilometer hands it to Aodh.
    hears_nova: bool = False
    #: What it needs of the deployment.
    needs: ClassVar[frozenset[Need]] = frozenset()
    #: The stages that others stamp with their clocks, and who.
    clocks: ClassVar[Mapping[Stage, str]] = {}

    def __init__(self, conf: cfg.ConfigOpts, cloud: Cloud,
                 outlets: Outlets) -> None:
        self.conf = conf
        self.cloud = cloud
        self.outlets = outlets

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    @abc.abstractmethod
    def create(self, rule: AlarmRule) -> Alarm:
        """Have a rule evaluated from now on; may block.

        :raises BackendError: it was refused.
        """

    @abc.abstractmethod
    def delete(self, alarm: Alarm) -> None:
        """Forget a rule; one that is gone is fine; may block."""

    @abc.abstractmethod
    def tell(self, events: Sequence[Event], *, host: str,
             fault_id: str) -> 'Future[list[str]]':
        """Have the owners told whose rules the events meet.

        Called from any thread; returns at once.

        :param host: whose fault it is, for the stamps.
        :param fault_id: the fault's id, for the stamps.
        :returns: when everybody was told or given up: a line for each
            failure; empty when there was none.
        """

    def head_start_s(self, count: int) -> float:
        """How long those who tell the owners should be left undisturbed by
        what Nova does, once :meth:`tell` was done; never blocks.

        :param count: of how many servers they tell.
        """
        return 0.0

    def missed(self, updates: Sequence[Event]) -> list[Event]:
        """Those of the events that meet a rule whose alarm did not go off,
        although they were told some time ago. May block.

        None where nobody stands between :meth:`tell` and the owners.

        :raises BackendError: it cannot be known now.
        """
        return []

    def watch(self) -> None:
        """From now on stamp what others do on the way to the owners, too, as
        far as it can be seen.

        For who writes a report: it costs what others need in a fault.
        """

    def evaluated_at(self, alarm: Alarm) -> float | None:
        """When others found an alarm's rule met; None: not known.

        May block. What an evaluator of our own finds, it stamps.
        """
        return None
