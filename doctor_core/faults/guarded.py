"""Plugins that raise: a failure with a reason, like any other, that stops
nothing else.
"""

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence

from doctor_core import clock, wire
from doctor_core.exceptions import BackendError, CloudError
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Action, Correction, StateChange
from doctor_core.wording import said

LOG = logging.getLogger(__name__)


class Complaints:
    """Says in the log what plugins raise; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[tuple[str, str, type]] = set()

    def why(self, plugin: object, doing: str, error: BaseException) -> str:
        """What a plugin has raised, in one line: the plugin, what it was to
        do, and the exception. That goes into the log as well; with where it
        was raised the first time.
        """
        if isinstance(error, BackendError):
            # What is outside of Doctor has failed, and not the plugin.
            return said(error)
        name = f'{type(plugin).__module__}.{type(plugin).__qualname__}'
        words = f'{type(error).__name__}: {said(error)}'
        key = name, doing, type(error)
        with self._lock:
            is_new = key not in self._known
            self._known.add(key)
        LOG.error('The plugin %s failed in %s: %s', name, doing, words,
                  exc_info=error if is_new else None)
        return f'the plugin {name} failed in {doing}: {words}'


class GuardedInspector:
    """An inspector of which each correction has an outcome.

    Each method may be called from any thread, and blocks as the plugin does.

    :param stopping: set when the process ends: then nothing more is asked
        for, a BackendError of the plugin is raised, and what it was asked
        for is left as it is.
    """

    def __init__(self, plugin: Inspector, stopping: threading.Event) -> None:
        self._plugin = plugin
        self._stopping = stopping
        self._complaints = Complaints()

    @property
    def changes_nothing(self) -> bool:
        """Whether the cloud stays as it is, whatever the plugin says."""
        return self._plugin.changes_nothing

    def has_ended(self) -> bool:
        """Whether the process ends: what is asked for now would be under way
        then.
        """
        return self._stopping.is_set()

    def check_ended(self) -> None:
        """Ask for nothing at the end.

        :raises CloudError: the process ends.
        """
        if self.has_ended():
            raise CloudError('The process ends', recoverable=True)

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """As the plugin; what it gives no outcome has failed.

        :raises BackendError: the process ends.
        """
        self.check_ended()
        outcomes: dict[tuple[Action, str], StateChange] = {}

        def noted(change: StateChange) -> None:
            change = outcomes[change.correction.key] = self._honest(change)
            done(change)

        why = 'the inspector has not said what became of it'
        try:
            for change in self._plugin.correct(corrections, noted):
                outcomes[change.correction.key] = self._honest(change)
        except Exception as error:  # a plugin may raise what it likes
            if self._stopping.is_set() and isinstance(error, BackendError):
                raise
            why = self._complaints.why(self._plugin, 'correct()', error)
        for one in corrections:
            if one.key not in outcomes:
                noted(StateChange(one, clock.now(), why))
        return [outcomes[one.key] for one in corrections]

    def _honest(self, change: StateChange) -> StateChange:
        """What changes nothing has made nothing, and settled nothing. What
        went wrong is in the plugin's words, or of whoever it asked.
        """
        change = dataclasses.replace(
            change, error=change.error and wire.in_short(change.error),
            remark=change.remark and wire.in_short(change.remark))
        if not self.changes_nothing or change.error and not change.is_final:
            return change
        return dataclasses.replace(
            change, is_final=False,
            error=change.error or 'the inspector changes nothing')

    def release(self, host: str) -> None:
        """As the plugin.

        :raises BackendError: it did not work, for whatever reason; or the
            process ends.
        """
        self.check_ended()
        try:
            self._plugin.release(host)
        except BackendError:
            raise
        except Exception as error:  # a plugin may raise what it likes
            raise BackendError(self._complaints.why(
                self._plugin, 'release()', error),
                recoverable=True) from error
