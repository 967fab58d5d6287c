"""What a consumer is."""

import abc

from oslo_config import cfg

from doctor_core.model import Notice


class Consumer(abc.ABC):
    """Stands for the owner of servers: is told, and remembers.

    :param conf: the configuration; a plugin's own options are in the group
        ``consumer_<name>``.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    @abc.abstractmethod
    def start(self) -> str:
        """Begin to listen.

        :returns: the URL that an alarm's action has to name.
        :raises ConfigError: it cannot listen there.
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """End listening; may be called again."""

    @abc.abstractmethod
    def received(self) -> list[Notice]:
        """Every notice so far, oldest first, with its time of arrival."""
