"""Alarms that outlive the process: a change counts once it is kept."""

import dataclasses
import logging
import threading
from collections.abc import Iterable
from typing import Protocol

from doctor_core.alarms.base import Keeper
from doctor_core.alarms.local.firing import Firing
from doctor_core.alarms.local.rules import RuleBook
from doctor_core.alarms.wire import alarm_to_json
from doctor_core.exceptions import StoreError
from doctor_core.model import Alarm, AlarmState
from doctor_core.soon import Soon
from doctor_core.wording import few

LOG = logging.getLogger(__name__)


class Changes(Protocol):
    """How the alarms of a rule book are changed; as its own methods."""

    def add(self, alarm: Alarm) -> None:
        """Hold this alarm from now on."""

    def replace(self, alarm: Alarm) -> None:
        """Hold this alarm in place of the one of the same id."""

    def remove(self, alarm_id: str) -> bool:
        """Forget an alarm; whether there was one."""

    def set_state(self, alarm_id: str, state: AlarmState, at: float) -> Alarm:
        """Put an alarm into a state."""


class KeptChanges:
    """Changes a rule book, each change once the keeper has it.

    What the keeper raises is raised on, and the book is as it was then. Every
    method may be called from any thread, and all but :meth:`told` block as
    the keeper does.
    """

    def __init__(self, book: RuleBook, keeper: Keeper) -> None:
        self._book = book
        self._keeper = keeper
        self._lock = threading.Lock()
        #: Alarms whose owners were told, and the keeper has not heard of it;
        #: the lock is never held while the keeper is at work.
        self._behind: dict[str, None] = {}
        self._behind_lock = threading.Lock()
        self._is_said = False
        self._soon = Soon(self._catch_up, 'alarms-told')

    def add(self, alarm: Alarm) -> None:
        """As :meth:`.RuleBook.add`, of a new one."""
        self._book.check(alarm)
        with self._lock:
            self._save(alarm)
            self._book.add(alarm)

    def replace(self, alarm: Alarm) -> None:
        """As :meth:`.RuleBook.replace`."""
        self._book.check(alarm)
        with self._lock:
            self._save(self._book.to_keep_instead(alarm))
            self._book.replace(alarm)

    def set_state(self, alarm_id: str, state: AlarmState, at: float) -> Alarm:
        """As :meth:`.RuleBook.set_state`."""
        with self._lock:
            self._save(dataclasses.replace(
                self._book.get(alarm_id), state=state, state_at=at))
            return self._book.set_state(alarm_id, state, at)

    def remove(self, alarm_id: str) -> bool:
        """As :meth:`.RuleBook.remove`."""
        with self._lock:
            if self._book.to_keep(alarm_id) is None:
                return False
            self._keeper.delete(alarm_id)
            return self._book.remove(alarm_id)

    def told(self, firing: Firing) -> None:
        """As :meth:`.RuleBook.told`; never blocks. The keeper has it a moment
        later, together with others: who tells the owners must not wait for a
        disk between two of them. What it does not take then, it is given
        again after a pause, or with the next change.
        """
        if not self._book.told(firing):
            return
        with self._behind_lock:
            self._behind[firing.alarm.id] = None
        self._soon.ask()

    def close(self) -> None:
        """Return when the keeper has been given everything; what it has not
        taken before, once more.
        """
        self._soon.close()

    def _save(self, alarm: Alarm) -> None:
        self._keeper.save({alarm.id: alarm_to_json(alarm)})
        with self._behind_lock:
            self._behind.pop(alarm.id, None)
            is_behind = bool(self._behind)
        if is_behind:
            self._soon.ask()

    def _catch_up(self) -> None:
        with self._lock:
            with self._behind_lock:
                behind, self._behind = self._behind, {}
            kept = False
            try:
                self._keep(behind)
                kept = True
            except StoreError as error:  # the owners were told all the same
                LOG.log(logging.DEBUG if self._is_said else logging.WARNING,
                        'Owners were told, and that is not kept yet, so '
                        'after a restart the next event tells them again: '
                        '%s. The alarms are %s', error, few(behind))
                self._soon.ask_again()
            finally:
                self._is_said = not kept
                if not kept:
                    with self._behind_lock:
                        self._behind = behind | self._behind

    def _keep(self, alarm_ids: Iterable[str]) -> None:
        alarms = filter(None, map(self._book.to_keep, alarm_ids))
        self._keeper.save({alarm.id: alarm_to_json(alarm)
                           for alarm in alarms})
