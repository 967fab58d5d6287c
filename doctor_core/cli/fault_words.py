"""What the commands say of faults. Pure."""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from doctor_core.wording import few

#: What is longer is broken into lines, where it can be.
_WIDE = 100
#: So many lines of tellings a table has.
MOST = 10
#: Characters of an id that a list shows, if they are enough.
_SHORT = 8


def short_ids(ids: Sequence[str]) -> list[str]:
    """Beginnings of ids that name them, as short as for a glance they may
    be.
    """
    length = _SHORT
    while len({one[:length] for one in ids}) < len(set(ids)):
        length += 1
    return [one[:length] for one in ids]


def shortened(things: Sequence[Mapping[str, Any]], name: str
              ) -> list[dict[str, Any]]:
    """Things with no more of the id that has this name than names a fault."""
    ids = short_ids([one[name] for one in things])
    return [{**one, name: short}
            for one, short in zip(things, ids, strict=True)]


def change(one: Mapping[str, Any]) -> tuple[Any, ...]:
    """Something that is not set back, as a line of a list."""
    return (one['host'], one['fault'], one['action'], one['target_id'],
            one['server'], one['before'], one['state'])


def row(fault: Mapping[str, Any], most: int | None = None
        ) -> tuple[Any, ...]:
    """A fault as a line of the list.

    :param most: so many characters of its note, and whole seconds, which is
        enough for a glance; None for all.
    """
    at = fault['detected_at']
    note = fault['note']
    if most is not None and len(note) > most:
        note = f'{note[:most - 3].rstrip()}...'
    return (fault['id'], fault['hostname'], fault['state'],
            _cause(fault), instant(at) if most is None else moment(at),
            _told(fault), fault['servers'], fault['owed'], note)


def details(fault: Mapping[str, Any], most: int | None = None
            ) -> list[tuple[str, Any]]:
    """A fault as names and values.

    :param most: how many lines there are of tellings; None for all.
    """
    return [
        ('ID', fault['id']), ('Host', fault['hostname']),
        ('State', fault['state']), ('Note', fault['note']),
        ('Type', fault['type']), ('Cause', _cause(fault)),
        ('Certainty', fault.get('certainty', '')),
        ('Evidence', '\n'.join(map(_piece, fault.get('evidence', ())))),
        ('Source', fault['source']), ('Severity', fault['severity']),
        ('Detected', instant(fault['detected_at'])),
        ('Received', instant(fault['received_at'])),
        ('Reported back', instant(fault['cleared_at'])),
        ('Witness', fault.get('witness', '')),
        ('Told', _told(fault)),
        ('Repeats', fault['repeats']),
        ('Held open by', ', '.join(
            source or '(no source)' for source in fault['sources'])),
        ('Former', fault['former']), *_ignored(fault),
        *_progress(fault['corrections']),
        *_tellings(fault.get('tellings', ()), most)]


def _piece(one: Mapping[str, Any]) -> str:
    """A piece of evidence as a line."""
    text = f': {one["text"]}' if one['text'] else ''
    return f'{one["kind"]} ({one["source"]}) {instant(one["at"])}{text}'


def _ignored(fault: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The event of the host that came last, if it was ignored."""
    one = fault.get('ignored_later')
    return [('Ignored since', f'{one["id"]}: {one["reason"]}')] if one else []


def _cause(fault: Mapping[str, Any]) -> str:
    """Why a host is lost, as far as anybody said."""
    return str(fault['cause'] or fault['type'])


#: Somebody was not reached.
_UNREACHED = frozenset({'given-up', 'told-in-part'})


def _tellings(tellings: Iterable[Mapping[str, Any]], most: int | None
              ) -> list[tuple[str, str]]:
    """What the owners were told, and what became of it: a line for each
    notice that somebody has taken, and one for each telling of which there is
    more to say; those first of whom somebody was not reached, then by time.
    """
    lines = [line for one in sorted(tellings, key=_place)
             for line in _proof(one)]
    if most is not None and len(lines) > most:
        lines[most:] = [f'and {len(lines) - most} more; -f value -c Tellings '
                        'shows all']
    return [('Tellings', '\n'.join(lines))] if lines else []


def _place(one: Mapping[str, Any]) -> tuple[bool, float]:
    """Where a telling stands: what is owed, at the end."""
    times = [taken['at'] for taken in one.get('deliveries', ())]
    at = min(times) if times else one['at']
    return (one['state'] not in _UNREACHED,
            float('inf') if at is None else at)


def _proof(one: Mapping[str, Any]) -> Iterator[str]:
    """What became of one telling; each line names server and news."""
    who = f'{one["name"] or one["server_id"]}, {one["news"]}: '
    deliveries = one.get('deliveries', ())
    sure = _sure(one)
    if one['reason'] or one['state'] != 'told' or not deliveries:
        yield ' '.join(filter(None, (
            f'{who}{_spaced(one["state"])}', instant(one['at']),
            _to_call(one)))) + _reasons(one['reason']) \
            + (sure and f'; {sure}')
    for taken in deliveries:
        yield f'{who}told {instant(taken["at"])}: ' + ', '.join(filter(None, (
            taken['url'], taken['answer'], f'attempt {taken["attempt"]}',
            f'alarm {taken["alarm"]!r} ({taken["alarm_id"]})', sure)))


def _reasons(said: str) -> str:
    """Why it failed: a line for each alarm, where one would be too long."""
    parts = said.split('; ')
    if len(parts) > 1 and len(said) > _WIDE:
        return ':' + ''.join(f'\n  {part}' for part in parts)
    return said and f': {said}'


def _sure(one: Mapping[str, Any]) -> str:
    """What was said of a guest that is back, and whether that is known."""
    verified = one.get('verified')
    return '' if verified is None else \
        f'{one["shown"]}, {"verified" if verified else "not verified"}'


def _to_call(one: Mapping[str, Any]) -> str:
    """Who is to be told by other means."""
    project = one.get('project_id')
    return f'(project {project})' \
        if project and one['state'] in _UNREACHED else ''


def _spaced(state: str) -> str:
    """A state for a person."""
    return state.replace('-', ' ')


def _progress(corrections: Iterable[Mapping[str, Any]]
              ) -> list[tuple[str, str]]:
    """How many corrections of each kind are made, of how many, and which
    never will be.
    """
    by_action: dict[str, list[Mapping[str, Any]]] = {}
    given_up = []
    for one in corrections:
        by_action.setdefault(one['action'], []).append(one)
        if one['state'] in ('given-up', 'in-doubt'):
            given_up.append(f'{one["action"]} of {one["target_id"]}: '
                            f'{one["reason"]}')
    rows = [(action.capitalize(), _done(those))
            for action, those in by_action.items()]
    return rows + ([('Given up', few(given_up, separator='; '))]
                   if given_up else [])


#: What was never made, or is not known to be.
_NOT_MADE = frozenset({'owed', 'asked', 'waived', 'given-up',
                       'in-doubt'})
#: What else is said of corrections, by their states.
_BESIDE = {'given-up': 'given up', 'in-doubt': 'in doubt', 'waived': 'waived',
           'left': 'left as they are', 'passed-on': 'passed on'}


def _done(corrections: Collection[Mapping[str, Any]]) -> str:
    states = [one['state'] for one in corrections]
    done = sum(state not in _NOT_MADE for state in states)
    parts = [f'{done} of {len(states)} done']
    if {'undo-owed', 'undone'} & set(states):
        parts.append(f'{states.count("undone")} undone')
    parts += [f'{states.count(state)} {words}'
              for state, words in _BESIDE.items() if state in states]
    return ', '.join(parts)


def promise(confirmed: Mapping[str, Any]) -> str:
    """What will be done for a fault that was confirmed."""
    what = ', '.join(f'{count} x {action}' for action, count
                     in confirmed['corrections'].items())
    return (f'Host {confirmed["hostname"]} is marked down now, or as soon as '
            f'Nova answers: {what or "nothing is left to do"} '
            f'(fault {confirmed["id"]})')


def moment(at: float | None) -> str:
    """A time for a person, in UTC; empty when there is none."""
    if at is None:
        return ''
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime(
        '%Y-%m-%d %H:%M:%S UTC')


def instant(at: float | None) -> str:
    """As :func:`moment`, to the millisecond."""
    if at is None:
        return ''
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(
        ' ', 'milliseconds').replace('+00:00', ' UTC')


#: Why not everybody was told, by the member that counts those servers.
_UNTOLD = {'told_in_part': 'in part', 'without_alarm': 'without an alarm',
           'unreached': 'not reached'}


def _told(fault: Mapping[str, Any]) -> str:
    """Of how many servers the owners were told that they are lost."""
    text = f'{fault["told_servers"]} of {fault["servers"]}'
    for name, words in _UNTOLD.items():
        if fault.get(name):
            text += f', {fault[name]} {words}'
    return text
