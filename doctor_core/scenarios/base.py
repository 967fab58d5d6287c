"""What a scenario is."""

import abc
from collections.abc import Callable
from contextlib import ExitStack

from oslo_config import cfg

from doctor_core.model import Need, Outcome


class Scenario(abc.ABC):
    """Something to be run on a cloud, with a verdict.

    :param conf: the configuration; a plugin's own options are in the group
        ``scenario_<name>``.
    :param progress: told of each step in words, for the operator.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 progress: Callable[[str], None]) -> None:
        self.conf = conf
        self.progress = progress

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    @classmethod
    def needs(cls, conf: cfg.ConfigOpts) -> frozenset[Need]:
        """What it needs of the deployment; nothing, unless the plugin knows
        better.
        """
        return frozenset()

    @abc.abstractmethod
    def setup(self, stack: ExitStack) -> None:
        """Make what the scenario needs; may block.

        :param stack: gets an undo for each thing made, before the next one.
        :raises DoctorError: it cannot be made.
        """

    @abc.abstractmethod
    def run(self) -> Outcome:
        """Do it and judge; may block."""

    def leftovers(self) -> list[str]:
        """What could not be undone, once the stack has been unwound."""
        return []
