"""What a monitor is."""

import abc
import dataclasses
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core.model import Fault, Host
from doctor_core.plugins import Options


@dataclasses.dataclass(frozen=True)
class HostStatus:
    """What a monitor holds of a host.

    :ivar state: in the monitor's words: ``up``, ``suspect``, ``down``, ...
    :ivar problem: why it, or one of its addresses, cannot be watched.
    :ivar last_answer_at: epoch seconds; None before the first answer.
    :ivar near_misses: how often it was suspected and then answered.
    :ivar late: how many answers came after their deadline.
    """

    host: Host
    state: str
    problem: str = ''
    last_answer_at: float | None = None
    near_misses: int = 0
    late: int = 0


def mostly_unwatched(hosts: Collection[HostStatus]) -> bool:
    """Whether most hosts cannot be watched at all."""
    return 2 * sum(host.state == 'unwatched' for host in hosts) > len(hosts)


class Monitor(abc.ABC):
    """Watches hosts and reports faults, and that hosts are back.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param report: takes each verdict; may be called from any thread and
        does not block for long. A verdict is reported once, when it changes.
        Who reports it, and in which order, need not be said: that is added.
    """

    def __init__(self, options: Options,
                 report: Callable[[Fault], None]) -> None:
        self.options = options
        self.report = report

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[monitor_<name>]``."""
        return []

    def presume_down(self, hostnames: Collection[str]) -> None:
        """Learn who was down when a monitor before this one ended.

        Called before :meth:`start`, if at all; names may be of hosts that
        are not watched any more. The plugin reports such a host when it is
        up, or reports it down once more; one that does not have this reports
        what it finds.
        """

    @abc.abstractmethod
    def start(self, hosts: Sequence[Host]) -> None:
        """Begin to watch; returns when every host is being watched.

        Called once, from the main thread.

        :raises ConfigError: it cannot watch here, and what to change.
        """

    def update(self, hosts: Sequence[Host]) -> None:
        """Watch these hosts from now on; may block.

        Called between :meth:`start` and :meth:`stop`, from one thread at a
        time. A plugin that does not have it goes on with the hosts that it
        was given at start.
        """

    def status(self) -> list[HostStatus]:
        """What it holds of every host that it was given.

        Called from any thread between :meth:`start` and :meth:`stop`; does
        not block. Empty for a plugin that does not have it.
        """
        return []

    def isolated(self) -> bool:
        """Whether the monitor itself seems to be cut off; from any thread.
        """
        return False

    def prove_alive(self) -> None:  # noqa: B027
        """Return when what watches has gone round once more.

        Called from one thread between :meth:`start` and :meth:`stop`. A
        plugin that does not have it is taken for alive.
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """End watching; may be called again, and without :meth:`start`.

        Waits for its threads, though not for a probe that does not return.
        Nothing is reported after it.
        """
