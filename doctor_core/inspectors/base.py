"""What an inspector is."""

import abc
from collections.abc import Callable, Sequence
from typing import ClassVar

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.model import Correction, Need, StateChange
from doctor_core.plugins import Options


class Inspector(abc.ABC):
    """Corrects the cloud's picture of a host, or has somebody correct it.

    What a fault affects has been found, the owners are told and the
    corrections remembered outside; a plugin sees to it that they are made.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param cloud: the OpenStack APIs.
    """

    #: What it needs of the deployment.
    needs: ClassVar[frozenset[Need]] = frozenset()
    #: Whether another service corrects servers as soon as it hears of the
    #: host: then their states are those from before, and nobody asks first.
    hands_over: ClassVar[bool] = False
    #: Whether it leaves the cloud as it is, for trials: then nobody was asked
    #: for a correction, all stay owed, and each of its outcomes has an error.
    changes_nothing: ClassVar[bool] = False

    def __init__(self, options: Options, cloud: Cloud) -> None:
        self.options = options
        self.cloud = cloud

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[inspector_<name>]``.
        """
        return []

    def start(self) -> None:
        """Prepare what the plugin needs; called once, may block.

        What is there already is used, so that a restart changes nothing.

        :raises ConfigError: it cannot work here, and what to change.
        """

    def stop(self) -> None:
        """End what is under way, with CloudError for those who wait; what
        was prepared stays for the next start. May be called again, from any
        thread.
        """

    def undo(self) -> list[str]:
        """Take away what this :meth:`start` made, and nothing else; blocks.
        May be called again.

        :returns: what is left, to be removed by hand, and why.
        """
        return []

    def release(self, host: str) -> None:
        """A host is back: whoever was handed its fault is told, and does no
        more about it. Called after its corrections were reversed, also when
        there were none; may block. A host that nobody was told of is fine.

        :raises BackendError: it did not work, and is asked again later.
        """

    @abc.abstractmethod
    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """Have these corrections made; blocks until each has an outcome.

        Called from any thread, for several hosts at a time. One correction
        that fails stops no other.

        :param corrections: all of one host, though seldom all that it calls
            for: its compute service comes alone, as a rule.
        :param done: called with each as soon as it has its outcome, from any
            thread; must not block.
        :returns: all outcomes; one with ``is_final`` is not asked for again,
            and one with ``is_refused`` has nothing that would be undone.
            What has none, also when this raises, has failed, and is asked
            for again later, with growing pauses.
        """
