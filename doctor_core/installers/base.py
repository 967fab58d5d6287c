"""What an installer is."""

import abc

from oslo_config import cfg

from doctor_core.model import Host, Node


class Installer(abc.ABC):
    """Knows a deployment: its nodes, its bus, and how to fail a host.

    :param conf: the configuration; a plugin's own options are in the group
        ``installer_<name>``.
    """

    #: Whether the deployment has clocks that are not this machine's.
    own_clocks: bool = True

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    @abc.abstractmethod
    def nodes(self) -> list[Node]:
        """The machines of the deployment; may block."""

    def transport_url(self) -> str:
        """Where the cloud's own notifications travel; empty if nowhere."""
        return ''

    @abc.abstractmethod
    def fail(self, host: Host) -> float:
        """Make a compute host fail; may block.

        :returns: when it failed, in seconds since the epoch.
        :raises BackendError: it could not be made to fail.
        """

    @abc.abstractmethod
    def heal(self, host: Host) -> None:
        """Bring a failed host back; one that is up is fine; may block."""
