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
    then every few seconds until it answers. At rest it costs nothing.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param found: takes the name of a host, and evidence of it that comes
        without a question; may be called from any thread between
        :meth:`start` and :meth:`stop`, and does not block. What is said of a
        host that is not silent is left.
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
        :meth:`start` and :meth:`stop`, from one thread at a time, while
        others ask.
        """

    def forget(self, host: Host) -> None:  # noqa: B027
        """What is asked of a host next is of another silence of it.

        Called if the host has answered since it was asked about, right before
        :meth:`ask`, by the same thread. Only a plugin that compares what it
        sees with what it saw before needs it.
        """

    @abc.abstractmethod
    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        """What it knows now of a host that is silent.

        Called from several threads at a time, each time of another host. May
        block for a few seconds; the verdict does not wait for it, and the
        host is not asked about again before it has returned. What it returns
        once the host has answered is left.

        :param silent: some that fell silent with it, itself not among them.
        :returns: None when it knows nothing.
        :raises BackendError: who would know did not answer; that alone says
            nothing of the host. OSError likewise; anything else is a defect
            of the plugin, which is logged.
        """

    def stop(self) -> None:  # noqa: B027
        """End; may be called again, without :meth:`start`, and while it is
        asked or handed hosts. It may wait for its own threads for a second or
        two; after five it is left.
        """
