"""What an alarm manager is."""

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.model import (
    Alarm,
    AlarmRule,
    Checkpoint,
    Delivered,
    Event,
    Need,
    Notice,
    Reached,
    Stage,
)
from doctor_core.plugins import Options

if TYPE_CHECKING:
    from doctor_core.web.server import Request, Route


class Outlets(Protocol):
    """The ways out of an alarm manager; each may be called from any thread.
    """

    def deliver(self, action: str, notice: Notice) -> 'Future[Delivered]':
        """Hand a notice to the notifier of the URL's scheme; never blocks.

        :returns: done when it was delivered, with the proof; fails with
            NotifyError when it was given up.
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


class Pending(Future['list[str] | Reached']):
    """What will become of telling of one event.

    :ivar trouble: why the last attempt failed, while it is tried again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trouble = ''
        # From here on nobody can cancel it, so setting its result cannot
        # fail.
        self.set_running_or_notify_cancel()


class Gate(Protocol):
    """Who asks, of those whom a server lets in."""

    def who(self, request: 'Request') -> tuple[str, str, bool]:
        """The project and the user that ask, and whether as administrator;
        never blocks.

        :raises Refused: nobody may.
        """


class Keeper(Protocol):
    """What alarms outlive the process in; each method from any thread."""

    def all(self) -> Iterable[Mapping[str, Any]]:
        """The documents that were kept, the oldest first."""

    def save(self, documents: Mapping[str, dict[str, Any]]) -> None:
        """Keep these by their ids, instead of others of those ids: all of
        them or none; may block.

        :raises StoreError: none is kept.
        """

    def delete(self, alarm_id: str) -> None:
        """Keep it no longer; one that is gone is fine."""


class NothingKept:
    """A keeper for alarms that end with the process."""

    def all(self) -> Iterable[Mapping[str, Any]]:
        return ()

    def save(self, documents: Mapping[str, dict[str, Any]]) -> None:
        """They are in memory as they are."""

    def delete(self, alarm_id: str) -> None:
        """It is gone from memory as it is."""


class AlarmManager(abc.ABC):
    """Keeps the owners' rules and has them told when one is met.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param cloud: the OpenStack APIs.
    :param outlets: where notices, events and stamps go.
    :param keeper: for alarms that are evaluated here: those that it has
        count from the start.
    """

    #: Whether the owners hear of Nova's own notification without our doing,
    #: as they do where Ceilometer hands it to Aodh.
    hears_nova: bool = False
    #: Whether each owner hears what is said of one server in the order of
    #: :meth:`tell`, although another owner of that server has yet to hear
    #: the first of it. Where not, later news waits until all have heard.
    keeps_order: ClassVar[bool] = False
    #: Whether :meth:`tell` sends over ``outlets.publish``, so that it needs
    #: ``[cloud] notifications_transport_url``.
    publishes: ClassVar[bool] = False
    #: What it needs of the deployment.
    needs: ClassVar[frozenset[Need]] = frozenset()
    #: The stages that others stamp with their clocks, and who.
    clocks: ClassVar[Mapping[Stage, str]] = {}

    def __init__(self, options: Options, cloud: Cloud,
                 outlets: Outlets, keeper: Keeper | None = None) -> None:
        self.options = options
        self.cloud = cloud
        self.outlets = outlets
        self.keeper = keeper or NothingKept()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[alarm_<name>]``."""
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
             fault_id: str) -> 'list[Future[list[str] | Reached]]':
        """Have the owners told whose rules the events meet.

        Called from any thread; returns at once. No attempt is begun for an
        event that is not wanted any more.

        :param host: whose fault it is, for the stamps.
        :param fault_id: the fault's id, for the stamps.
        :returns: one for each event, done when all whose rules it meets
            were told or given up: with whom it has reached, or, where that
            cannot be known here, with a line for each failure. One that
            fails instead is owed still, and told again later, with growing
            pauses; with a BackendError that is not recoverable and no
            BusError, it is given up. The same holds for all of them when
            this raises.
        """

    def routes(self, gate: Gate) -> 'list[Route]':
        """What the inspector serves of the alarms over HTTP; nothing where
        others keep them.

        :param gate: asked at each request whose alarms it may see.
        """
        return []

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

    def close(self) -> None:
        """Nobody is told any more: let go of what it holds. May block, and
        be called again.
        """

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
