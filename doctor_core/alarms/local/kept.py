"""Alarms that outlive the process: a change counts once it is kept."""

import dataclasses
import logging
import threading
from typing import Protocol

from doctor_core.alarms.base import Keeper
from doctor_core.alarms.local.firing import Firing
from doctor_core.alarms.local.rules import RuleBook
from doctor_core.alarms.wire import alarm_to_json
from doctor_core.exceptions import StoreError
from doctor_core.model import Alarm, AlarmState

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
    method may be called from any thread, and blocks as the keeper does.
    """

    def __init__(self, book: RuleBook, keeper: Keeper) -> None:
        self._book = book
        self._keeper = keeper
        self._lock = threading.Lock()
        #: Alarms whose owners were told, and the keeper has not heard of it.
        self._behind: dict[str, None] = {}

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
        """As :meth:`.RuleBook.told`; what the keeper does not take now, it is
        given again with the next change.
        """
        if not self._book.told(firing):
            return
        with self._lock:
            is_first = not self._behind
            self._behind[firing.alarm.id] = None
            self._catch_up(logging.WARNING if is_first else logging.DEBUG)

    def _save(self, alarm: Alarm) -> None:
        self._keeper.save(alarm.id, alarm_to_json(alarm))
        self._behind.pop(alarm.id, None)
        self._catch_up(logging.DEBUG)

    def _catch_up(self, level: int) -> None:
        for alarm_id in [*self._behind]:
            alarm = self._book.to_keep(alarm_id)
            try:
                if alarm is not None:
                    self._keeper.save(alarm_id, alarm_to_json(alarm))
            except StoreError as error:
                LOG.log(level, 'The owner of alarm %s was told, and that is '
                        'not kept yet, so after a restart the next '
                        'event tells again: %s', alarm_id, error)
                return
            except Exception:  # the owner was told all the same
                LOG.exception('What became of alarm %s is not kept', alarm_id)
                return
            del self._behind[alarm_id]
