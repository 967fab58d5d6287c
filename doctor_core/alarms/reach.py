"""Whether any event of ours could ever meet a rule."""

import difflib
import fnmatch

from doctor_core import wire
from doctor_core.alarms.local.matching import TRAITS, InvalidRule
from doctor_core.model import AlarmRule


def check(rule: AlarmRule) -> None:
    """Hold a rule against the events that Doctor makes.

    A trait that an event lacks is unequal to everything, so only "ne" may
    ask for one.

    :raises InvalidRule: none of them could meet it; where other events count
        as well, those may.
    """
    if not any(fnmatch.fnmatchcase(event_type, rule.event_type)
               for event_type in wire.EVENT_TYPES):
        raise InvalidRule(
            'event_rule.event_type', f'no event of type {rule.event_type!r} '
            f'is made here, only {", ".join(wire.EVENT_TYPES)}')
    for number, condition in enumerate(rule.query):
        name = condition.field.removeprefix(TRAITS)
        if name in wire.TRAIT_NAMES or condition.op == 'ne':
            continue
        close = difflib.get_close_matches(name, wire.TRAIT_NAMES, 1)
        hint = f'. Did you mean {TRAITS}{close[0]}?' if close else ''
        raise InvalidRule(
            f'event_rule.query[{number}].field',
            f'no event that is made here has the trait {name!r}{hint}')
