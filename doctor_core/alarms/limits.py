"""How much a tenant may have of alarms, and in one of them."""

import dataclasses
from collections.abc import Iterator

from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.model import AlarmRule

#: Characters of a name, and of each text of a condition.
_TEXT = 255
#: Characters of a description; the one that is made where none is said
#: repeats the event type.
_DESCRIPTION = 1024
#: Characters of a URL; browsers and proxies take no more either.
_URL = 2048
#: Conditions of one alarm; the events have fewer traits.
_CONDITIONS = 50


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one tenant may cost those who share the service.

    :ivar actions: different URLs at the most, as Aodh's
        ``alarm_max_actions``.
    :ivar alarms: of one project at the most, as Aodh's
        ``project_alarm_quota``; None for as many as it likes.
    """

    actions: int = 50
    alarms: int | None = None

    def check(self, rule: AlarmRule) -> None:
        """Hold a rule against the limits.

        :raises InvalidRule: it goes beyond one of them.
        """
        for field, text, most in _texts(rule):
            if len(text) > most:
                raise InvalidRule(field, f'is longer than {most} characters')
        if len(rule.query) > _CONDITIONS:
            raise InvalidRule('event_rule.query', 'has more than '
                                                  f'{_CONDITIONS} conditions')
        count = len(set(rule.actions))
        if count > self.actions:
            raise InvalidRule('alarm_actions', f'count {count} exceeds '
                                               f'maximum value {self.actions}')


def _texts(rule: AlarmRule) -> Iterator[tuple[str, str, int]]:
    """Each text of a rule: its field, and the characters it may have."""
    yield 'name', rule.name, _TEXT
    # Before the description, which may repeat it.
    yield 'event_rule.event_type', rule.event_type, _TEXT
    yield 'description', rule.description, _DESCRIPTION
    yield 'project_id', rule.project_id, _TEXT
    yield 'user_id', rule.user_id, _TEXT
    for number, condition in enumerate(rule.query):
        path = f'event_rule.query[{number}]'
        yield f'{path}.field', condition.field, _TEXT
        yield f'{path}.op', condition.op, _TEXT
        yield f'{path}.type', condition.type, _TEXT
        yield f'{path}.value', condition.value, _TEXT
    for number, action in enumerate(rule.actions):
        yield f'alarm_actions[{number}]', action, _URL
