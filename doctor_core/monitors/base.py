"""What a monitor is."""

import abc
import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.model import Fault, Host
from doctor_core.model.evidence import Evidence
from doctor_core.plugins import Options

#: For so long a look at the status of all hosts will do.
_HEARD_S = 0.2
#: The words of monitors for a host that answers.
WELL = frozenset({'healthy', 'up'})


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
    """Whether most hosts cannot be watched at all, or nothing is known of
    them and it was said why.
    """
    return 2 * sum(host.state == 'unwatched'
                   or host.state == 'unknown' and host.problem != ''
                   for host in hosts) > len(hosts)


def _leave(hostname: str, is_silent: bool) -> None:
    """Nobody wants to know."""


class Monitor(abc.ABC):
    """Watches hosts and reports faults, and that hosts are back.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param report: takes each verdict; may be called from any thread and
        does not block for long. A verdict is reported once, when it changes.
        Who reports it, and in which order, need not be said: that is added.
    """

    #: Whether what answers is the host itself. A management controller
    #: answers for a host that has panicked, so it bears nobody out.
    hears_hosts = True
    #: When the hosts were looked at last, and when each answered.
    _answers: tuple[float, Mapping[str, float]] = float('-inf'), {}

    def __init__(self, options: Options,
                 report: Callable[[Fault], None]) -> None:
        self.options = options
        self.report = report
        #: Takes the name of a host, and whether it is silent: called when it
        #: missed so much that others are to be asked, and when it answers
        #: after all; from any thread, and does not block. A plugin that does
        #: not call it has others asked only when it reports a host down.
        self.on_silence: Callable[[str, bool], None] = _leave

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

    def presume_heard(self, names: Collection[str]) -> None:
        """Learn who has ever answered a monitor before this one.

        Called before :meth:`start`, if at all, with what :meth:`heard` was.
        A plugin may then tell who has never answered, whose address may be a
        wrong one, from a host that died while no monitor ran.
        """

    def heard(self) -> Collection[str] | None:
        """Who has ever answered: names of the plugin's own. Called from any
        thread between :meth:`start` and :meth:`stop`; does not block. None
        of a plugin that does not have it.
        """
        return None

    def agree(self, hostname: str, evidence: Evidence) -> None:  # noqa: B027
        """Somebody else has a host dead, too: a verdict may come sooner.

        Called from any thread between :meth:`start` and :meth:`stop`; does
        not block, and does not report before it has returned. A plugin that
        does not have it needs nobody's consent.
        """

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        """What else it finds out of a host that another monitor does not
        hear; as :meth:`.Corroborator.ask`. Nobody asks a plugin that does not
        have it.
        """
        return None

    def heard_at(self, hostname: str) -> float | None:
        """When a host that is well answered last, in seconds of
        :func:`doctor_core.clock.monotonic`; None when it is not well, or not
        watched. Called from any thread; does not block. A plugin that does
        not have it is asked for its ``status`` a few times in a second.
        """
        at, heard = self._answers
        if clock.monotonic() - at >= _HEARD_S:
            # Of all at once: thousands may be asked about in a second.
            ago = clock.monotonic() - clock.now()
            heard = {one.host.name: ago + one.last_answer_at
                     for one in self.status() if one.state in WELL
                     and one.last_answer_at is not None}
            self._answers = clock.monotonic(), heard
        return heard.get(hostname)

    @abc.abstractmethod
    def start(self, hosts: Sequence[Host]) -> None:
        """Begin to watch; returns when every host is being watched.

        Called once, by a thread of its own; meanwhile other monitors watch.

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
