"""What a consumer is."""

import abc

from oslo_config import cfg

from doctor_core.model import Notice
from doctor_core.plugins import Options


class Consumer(abc.ABC):
    """Stands for the owner of servers: is told, and remembers.

    :param options: the plugin's own, those of :meth:`get_opts`.
    """

    def __init__(self, options: Options) -> None:
        self.options = options

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[consumer_<name>]``.
        """
        return []

    @abc.abstractmethod
    def start(self) -> str:
        """Begin to listen, also after a stop; may block.

        :returns: the URL that an alarm's action has to name, of a scheme
            that there is a notifier for.
        :raises ConfigError: it cannot listen there.
        """

    @abc.abstractmethod
    def stop(self) -> None:
        """End listening: no notice is taken after it has returned. May be
        called from any thread, again, and before a start.
        """

    @abc.abstractmethod
    def received(self) -> list[Notice]:
        """Every notice so far, oldest first, with its time of arrival.

        One that came twice is in it twice. What came before a stop is, too.
        May be called from any thread, at any time; the list is the caller's.
        """
