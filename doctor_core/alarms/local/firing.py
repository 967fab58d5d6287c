"""What an event does to alarms, and what their owners are told of it."""

import dataclasses
import json
from concurrent.futures import Future
from typing import Any, NamedTuple

from doctor_core import wire
from doctor_core.alarms.wire import query_to_json
from doctor_core.model import Alarm, AlarmState, Event


@dataclasses.dataclass(frozen=True)
class Firing:
    """An alarm that an event set off.

    :ivar alarm: in its new state.
    :ivar previous: the state before.
    :ivar outcome: what became of telling the owner; who tells sets it.
    """

    alarm: Alarm
    previous: AlarmState
    event: Event
    outcome: Future[Any] = dataclasses.field(
        default_factory=Future, compare=False, repr=False)


class Met(NamedTuple):
    """The alarms that an event meets.

    :ivar fired: those that it sets off.
    :ivar telling: what the owners of others are being told now.
    :ivar silent: the rest.
    """

    fired: list[Firing]
    telling: list[Firing]
    silent: list[Alarm]


def webhook_body(firing: Firing) -> dict[str, Any]:
    """What Aodh posts to an alarm's actions, field for field."""
    alarm, event = firing.alarm, firing.event
    query = json.dumps(query_to_json(alarm.rule), sort_keys=True)
    return {
        'alarm_name': alarm.rule.name,
        'alarm_id': alarm.id,
        'severity': str(alarm.rule.severity),
        'previous': str(firing.previous),
        'current': str(alarm.state),
        'reason': f'Event <id={event.message_id},'
                  f'event_type={event.event_type}> hits the query '
                  f'<query={query}>.',
        'reason_data': {'type': 'event',
                        'event': wire.event_to_payload(event)},
    }
