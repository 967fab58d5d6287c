"""What an inspector is."""

import abc
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.model import Correction, StateChange


class Inspector(abc.ABC):
    """Corrects the cloud's picture of a host, or has somebody correct it.

    What a fault affects has been found, the owners are told and the
    corrections remembered outside; a plugin sees to it that they are made.

    :param conf: the configuration; a plugin's own options are in the group
        ``inspector_<name>``.
    :param cloud: the OpenStack APIs.
    """

    def __init__(self, conf: cfg.ConfigOpts, cloud: Cloud) -> None:
        self.conf = conf
        self.cloud = cloud

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    def start(self) -> None:
        """Prepare what the plugin needs; called once, may block.

        :raises ConfigError: it cannot work here, and what to change.
        """

    def stop(self) -> None:
        """Undo what :meth:`start` prepared; may be called again."""

    @abc.abstractmethod
    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """Have these corrections made; blocks until each has an outcome.

        Called from any thread, for several hosts at a time. One correction
        that fails stops no other.

        :param corrections: all of one host.
        :param done: called with each as soon as it has its outcome, from any
            thread; must not block.
        :returns: all outcomes.
        """
