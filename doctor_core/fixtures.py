"""Doubles for those who write and test plugins elsewhere.

This module is part of the public interface; what is in it changes with a
release note only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import conf
from doctor_core.model import Fault


class FakeClock:
    """A clock that goes when it is told to; sleeping moves it.

    :param epoch: its time in seconds since the epoch.
    """

    def __init__(self, epoch: float = 1_700_000_000.0) -> None:
        self._offset = epoch
        self._monotonic = 0.0
        #: Seconds that were slept in all.
        self.slept_s = 0.0

    def now(self) -> float:
        return self._offset + self._monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic += seconds

    def set_epoch(self, epoch: float) -> None:
        """Set the time of day, as an administrator would."""
        self._offset = epoch - self._monotonic


def configuration(values: Mapping[tuple[str, str], Any] | None = None
                  ) -> cfg.ConfigOpts:
    """A configuration without files.

    :param values: options by (group, name).
    """
    return conf.prepare([], values)


class Reported:
    """Takes what a monitor reports, in order; any thread may call it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def __call__(self, fault: Fault) -> None:
        self.faults.append(fault)

    def statuses(self) -> Sequence[tuple[str, str]]:
        """Host and status of each report."""
        return [(fault.hostname, str(fault.status))
                for fault in self.faults]
