"""What a corroborator is."""

import abc
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence
from doctor_core.plugins import Options


class Corroborator(abc.ABC):
    """Says what it knows of a host that fell silent: that it is dead, that it
    lives, or nothing.

    It is asked only while a host is silent, from the first misses on, and
    then every few seconds. At rest it costs nothing.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param found: takes evidence that comes without a question, and the name
        of the host; may be called from any thread, and does not block. What
        is said of a host that is not silent is left.
    :param cloud: how to come to the cloud; makes the connection at its first
        use. Raises ConfigError where there is none.
    """

    def __init__(self, options: Options,
                 found: Callable[[str, Evidence], None],
                 cloud: Callable[[], Cloud]) -> None:
        self.options = options
        self.found = found
        self.cloud = cloud

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section
        ``[corroborator_<name>]``.
        """
        return []

    def start(self, hosts: Sequence[Host]) -> None:  # noqa: B027
        """Get ready to be asked of these hosts.

        Called once, from the main thread; does not wait for any peer.

        :raises ConfigError: it cannot work here, and what to change.
        """

    def update(self, hosts: Sequence[Host]) -> None:  # noqa: B027
        """These are the hosts from now on; may block. Called between
        :meth:`start` and :meth:`stop`, from one thread at a time.
        """

    @abc.abstractmethod
    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        """What it knows now of a host that is silent.

        Called from several threads at a time, each time of another host. May
        block for a few seconds; the verdict does not wait for it.

        :param silent: the hosts that fell silent with it, itself not among
            them.
        :returns: None when it knows nothing.
        :raises BackendError: who would know did not answer; that alone says
            nothing of the host.
        """

    def stop(self) -> None:  # noqa: B027
        """End; may be called again, and without :meth:`start`."""
