"""Event alarms as Aodh understands them: kept, and held against events.

Pure but for a lock: no clock, no network. An event without a project is
nobody's, and only alarms of its own project are looked at.
"""

import dataclasses
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping

from doctor_core.alarms.local.firing import Firing, Met, webhook_body
from doctor_core.alarms.local.matching import (
    InvalidRule,
    Key,
    Matcher,
    Value,
    project_of,
    trait_values,
)
from doctor_core.alarms.wire import alarm_to_json, rule_from_json
from doctor_core.exceptions import NotFound
from doctor_core.model import Alarm, AlarmState, Event

__all__ = ['Firing', 'InvalidRule', 'RuleBook', 'alarm_to_json',
           'rule_from_json', 'webhook_body']


@dataclasses.dataclass
class _Entry:
    """An alarm of the book.

    :ivar number: counts up in the order of coming.
    :ivar untold: what has put it into its state, as long as the owner was
        not told.
    :ivar is_missed: whether the owner will not be told of that any more.
    """

    number: int
    alarm: Alarm
    matcher: Matcher
    untold: Firing | None = None
    is_missed: bool = False

    def telling(self) -> Firing | None:
        """What the owner is being told now."""
        return None if self.untold is None or self.is_missed \
            or self.untold.outcome.done() else self.untold

    def is_unheard(self) -> bool:
        """Whether what has put it into its state is told to nobody."""
        telling = self.telling()
        return self.is_missed or (
            telling is not None and not telling.event.is_wanted())

    def to_keep(self) -> Alarm:
        """As it would have to go on in another process."""
        return self.alarm if self.untold is None else dataclasses.replace(
            self.alarm, state=self.untold.previous)

    def armed(self) -> bool:
        return self.alarm.rule.enabled and (
            self.alarm.rule.repeat_actions or self.is_unheard()
            or self.alarm.state is not AlarmState.ALARM)


class _Shelf:
    """One project's alarms, found by an equality that each asks for.

    A tenant has an alarm for each server, and an event is of one server: to
    look at all of them for each event would be work in the square.

    :ivar count: how many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._keyed: dict[Key, dict[str, _Entry]] = {}
        self._others: dict[str, _Entry] = {}

    def add(self, entry: _Entry) -> None:
        key = entry.matcher.key
        group = self._others if key is None \
            else self._keyed.setdefault(key, {})
        group[entry.alarm.id] = entry
        self.count += 1

    def remove(self, entry: _Entry) -> None:
        key = entry.matcher.key
        self.count -= 1
        if key is None:
            del self._others[entry.alarm.id]
            return
        del self._keyed[key][entry.alarm.id]
        if not self._keyed[key]:
            del self._keyed[key]

    def candidates(self, values: Mapping[str, Value]) -> Iterator[_Entry]:
        """Every alarm that an event with these traits can meet, once."""
        yield from self._others.values()
        for key in values.items():
            yield from self._keyed.get(key, {}).values()


class RuleBook:
    """Keeps alarms and says which of them an event sets off.

    Every method may be called from any thread; none blocks for long.

    :param alarms: what it holds to begin with.
    :raises InvalidRule: as :meth:`add`.
    """

    def __init__(self, alarms: Iterable[Alarm] = ()) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._entries: dict[str, _Entry] = {}
        self._shelves: dict[str, _Shelf] = {}
        for alarm in alarms:
            self.add(alarm)

    def check(self, alarm: Alarm) -> None:
        """Whether it could be held.

        :raises InvalidRule: as :meth:`add`.
        """
        _matcher(alarm)

    def add(self, alarm: Alarm) -> None:
        """Hold this alarm from now on, in place of one of the same id.

        :raises InvalidRule: its rule could never be decided, or it has no
            project; the book is as it was.
        """
        matcher = _matcher(alarm)
        with self._lock:
            old = self._entries.get(alarm.id)
            self._put(old, _Entry(old.number if old else next(self._numbers),
                                  alarm, matcher))

    def replace(self, alarm: Alarm) -> None:
        """Hold this alarm in place of the one of the same id.

        Its owner is still to be told, if he was, unless the state is another.

        :raises NotFound: there is none any more.
        :raises InvalidRule: as :meth:`add`.
        """
        matcher = _matcher(alarm)
        with self._lock:
            self._put(self._entry(alarm.id), self._next(alarm, matcher))

    def _next(self, alarm: Alarm, matcher: Matcher) -> _Entry:
        """What comes in place of an entry."""
        old = self._entry(alarm.id)
        is_same = (alarm.state, alarm.state_at) == (
            old.alarm.state, old.alarm.state_at)
        return _Entry(old.number, alarm, matcher,
                      *((old.untold, old.is_missed) if is_same else ()))

    def _put(self, old: _Entry | None, entry: _Entry) -> None:
        if old is not None:
            self._unshelve(old)
        self._entries[entry.alarm.id] = entry
        self._shelves.setdefault(
            entry.alarm.rule.project_id, _Shelf()).add(entry)

    def remove(self, alarm_id: str) -> bool:
        """Forget an alarm.

        :returns: whether there was one.
        """
        with self._lock:
            entry = self._entries.pop(alarm_id, None)
            if entry is not None:
                self._unshelve(entry)
            return entry is not None

    def _unshelve(self, entry: _Entry) -> None:
        shelf = self._shelves[entry.alarm.rule.project_id]
        shelf.remove(entry)
        if not shelf.count:
            del self._shelves[entry.alarm.rule.project_id]

    def get(self, alarm_id: str) -> Alarm:
        """The alarm of this id.

        :raises NotFound: there is none.
        """
        with self._lock:
            return self._entry(alarm_id).alarm

    def alarms(self) -> list[Alarm]:
        """The alarms of all projects, the oldest first."""
        with self._lock:
            return [entry.alarm for entry in self._entries.values()]

    def alarms_of(self, project_id: str) -> list[Alarm]:
        """A project's alarms, the oldest first; of no project, none."""
        return [alarm for alarm in self.alarms()
                if alarm.rule.project_id == project_id]

    def count_of(self, project_id: str) -> int:
        """How many alarms a project has."""
        with self._lock:
            shelf = self._shelves.get(project_id)
            return 0 if shelf is None else shelf.count

    def set_state(self, alarm_id: str, state: AlarmState, at: float) -> Alarm:
        """Put an alarm into a state, e.g. ``ok`` to make it ready again.

        :param at: when, in seconds since the epoch.
        :returns: the alarm in its new state.
        :raises NotFound: there is none of that id.
        """
        with self._lock:
            entry = self._entry(alarm_id)
            entry.alarm = dataclasses.replace(
                entry.alarm, state=state, state_at=at)
            entry.untold, entry.is_missed = None, False
            return entry.alarm

    def told(self, firing: Firing) -> bool:
        """The owner was told of a firing.

        :returns: whether there is a state to be kept because of it.
        """
        with self._lock:
            entry = self._entries.get(firing.alarm.id)
            if entry is None or entry.untold is not firing:
                return False
            entry.untold, entry.is_missed = None, False
            return True

    def missed(self, firing: Firing) -> None:
        """Nobody was told of a firing: the next event sets the alarm off, as
        if this one had not.
        """
        with self._lock:
            entry = self._entries.get(firing.alarm.id)
            if entry is not None and entry.untold is firing:
                entry.is_missed = True

    def to_keep(self, alarm_id: str) -> Alarm | None:
        """An alarm as it would have to go on in another process: one whose
        owner was not told goes off there again. None when it is gone.
        """
        with self._lock:
            entry = self._entries.get(alarm_id)
            return None if entry is None else entry.to_keep()

    def to_keep_instead(self, alarm: Alarm) -> Alarm:
        """As :meth:`to_keep`, once an alarm is in place of the one of the
        same id.

        :raises NotFound: there is none any more.
        """
        matcher = _matcher(alarm)
        with self._lock:
            return self._next(alarm, matcher).to_keep()

    def _entry(self, alarm_id: str) -> _Entry:
        entry = self._entries.get(alarm_id)
        if entry is None:
            raise NotFound(f'There is no alarm {alarm_id}.')
        return entry

    def evaluate(self, event: Event, at: float) -> list[Firing]:
        """Which alarms an event sets off; they are in state alarm then.

        An alarm without ``repeat_actions`` goes off once, until somebody
        sets its state to something else.

        :param at: when, in seconds since the epoch.
        :returns: a firing for each, the oldest alarm first.
        """
        return self.meet(event, at).fired

    def meet(self, event: Event, at: float, alarm_id: str = '') -> Met:
        """As :meth:`evaluate`, with the alarms that it does not set off.

        :param alarm_id: of this one only; empty for all.
        """
        with self._lock:
            met = Met([], [], [])
            for entry in self._met(event):
                telling = entry.telling()
                if alarm_id not in ('', entry.alarm.id):
                    continue
                if entry.armed():
                    met.fired.append(self._fire(entry, event, at))
                elif entry.alarm.rule.enabled and telling is not None:
                    met.telling.append(telling)
                else:
                    met.silent.append(entry.alarm)
            return met

    def _met(self, event: Event) -> list[_Entry]:
        """The alarms that an event meets, the oldest first."""
        shelf = self._shelves.get(project_of(event))
        if shelf is None or not (event.event_type and event.message_id):
            return []
        values = trait_values(event)
        return sorted((entry for entry in shelf.candidates(values)
                       if entry.matcher.met_by(event.event_type, values)),
                      key=lambda entry: entry.number)

    def _fire(self, entry: _Entry, event: Event, at: float) -> Firing:
        previous = entry.untold.previous \
            if entry.untold and entry.is_unheard() else entry.alarm.state
        if previous is not AlarmState.ALARM:
            entry.alarm = dataclasses.replace(
                entry.alarm, state=AlarmState.ALARM, state_at=at)
            entry.untold = Firing(entry.alarm, previous, event)
            entry.is_missed = False
            return entry.untold
        return Firing(entry.alarm, previous, event)


def _matcher(alarm: Alarm) -> Matcher:
    if not alarm.rule.project_id:
        raise InvalidRule('project_id', 'is missing')
    return Matcher(alarm.rule)
