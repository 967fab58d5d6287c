"""What a scenario is."""

import abc
from contextlib import ExitStack
from typing import Protocol

from oslo_config import cfg

from doctor_core.model import Need, Outcome
from doctor_core.plugins import Options
from doctor_core.profiler.facts import ReportFacts
from doctor_core.profiler.times import FaultTimes


class Progress(Protocol):
    """How a scenario tells the operator how it goes; never blocks long."""

    def __call__(self, line: str) -> None:
        """Tell of a step, in words."""

    def so_far(self, what: str, done: int, of: int) -> None:
        """Tell how far a step is, as often as you like.

        Shown now and then, of a step that takes long.

        :param what: what is counted, e.g. ``servers run``.
        """


class Scenario(abc.ABC):
    """Something to be run on a cloud, with a verdict.

    What is not abstract need not be there. All is called from one thread,
    in the order of this class; nothing else is called.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param conf: the whole configuration: a scenario starts with it what the
        daemons are made of, and reads of it what it has to expect of them.
    :param progress: told of each step in words, for the operator.
    """

    def __init__(self, options: Options, conf: cfg.ConfigOpts,
                 progress: Progress) -> None:
        self.options = options
        self.conf = conf
        self.progress = progress

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[scenario_<name>]``.
        """
        return []

    @classmethod
    def needs(cls, conf: cfg.ConfigOpts) -> frozenset[Need]:
        """What it needs of the deployment, which may depend on the whole
        configuration; nothing, unless the plugin knows better.
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

    def report(self, outcome: Outcome
               ) -> tuple[FaultTimes, ReportFacts] | None:
        """The times to be drawn, before what was made is taken down.

        :param outcome: what :meth:`run` returned.
        :returns: None when there are none: the operator reads the verdict
            and its reasons.
        """
        return None

    def leftovers(self) -> list[str]:
        """What could not be undone, once the stack has been unwound."""
        return []
