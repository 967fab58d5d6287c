"""What "doctor faults clear" says. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from doctor_core.wording import counted, few

Answer = Mapping[str, Any]
Correction = Mapping[str, Any]


def outcome(answer: Answer) -> list[str]:
    """What became of a host that was taken back."""
    if answer['fault']:
        return [_fate(answer), *_taken_back(answer['corrections']),
                *_holding(answer, 'restart it now: that marks the host down '
                          'again')]
    host = answer['host']
    return [f'No fault of host {host} was open; it '
            + ('was marked down, and is not any more.'
               if answer['was_marked_down'] else 'was not marked down.'),
            *_left_alone(answer)]


def rehearsal(answer: Answer) -> list[str]:
    """What would become of a host that were taken back."""
    host = answer['host']
    if answer['fault']:
        what = list(_parts(answer['corrections']))
        lines = [f'To be taken back of fault {answer["fault"]} of host '
                 f'{host}, which is {answer["state"]}: '
                 + ('; '.join(what) or 'nothing') + '.']
        if what:
            lines.append('What others have changed since is left as it is. '
                         'The owners of the servers hear of it: be sure that '
                         'they run.')
        return [*lines, *_holding(answer, 'do not clear the host')]
    return [f'No fault of host {host} is open; it is '
            + ('marked down, which would be lifted.'
               if answer['was_marked_down'] else 'not marked down.'),
            *_left_alone(answer)]


def is_done(answer: Answer) -> bool:
    """Whether nothing is left to be done about a host."""
    return not answer['fault'] or answer['state'] == 'cleared'


def _holding(answer: Answer, if_right: str) -> Iterator[str]:
    """Who may say next that the host is lost, and what to do about that.

    :param if_right: what to do if Doctor's own monitor is right.
    """
    own: list[str] = []
    others: list[str] = []
    for one in answer.get('held_by', ()):
        (own if one['is_own_monitor'] else others).append(
            one['source'] or '(no source)')
    if own:
        yield (f'Doctor\'s monitor ({few(own)}) still holds the host as down, '
               'and reports it down again, as a new fault, when the monitor '
               'is restarted. If it is wrong ("doctor hosts" shows what it '
               'sees), mend how it reaches the host, or take the host out of '
               f'[monitor] hosts, and restart it. If it is right, {if_right}.')
    if others:
        yield (f'Still held as down by {few(others)}: the next report that '
               'the host is lost is a new fault; of an alert, when it fires '
               'anew. If it is wrong, stop it.')


def _fate(answer: Answer) -> str:
    note = f': {answer["note"]}' if answer['note'] else ''
    taken = '' if is_done(answer) \
        else 'Taken; Doctor goes on trying by itself. '
    return (f'{taken}Fault {answer["fault"]} of host {answer["host"]} is '
            f'{answer["state"]}{note}')


def _taken_back(corrections: Sequence[Correction]) -> Iterator[str]:
    for state, words in (('undone', 'Taken back'),
                         ('undo-owed', 'Still to be taken back')):
        what = list(_parts(one for one in corrections
                           if one['state'] == state))
        if what:
            yield f'{words}: {"; ".join(what)}.'
    left = [f'{_name(one)} ({one["reason"]})' for one in corrections
            if one['state'] == 'left']
    if left:
        yield f'Left as they are: {few(left, separator="; ")}.'


def _parts(corrections: Iterable[Correction]) -> Iterator[str]:
    """A few words for each kind of correction."""
    by_action: dict[str, list[Correction]] = {}
    for one in corrections:
        by_action.setdefault(one['action'], []).append(one)
    for action, those in by_action.items():
        if action == 'force-down':
            yield 'the force-down in Nova'
        elif action == 'reset-state':
            yield (f'the state of {counted(len(those), "server")} ('
                   + few(f'{_name(one)}: {one["to"]}' for one in those) + ')')
        else:
            names = few(dict.fromkeys(map(_name, those)))
            yield (f'the {action.replace("-", " ")} of '
                   f'{counted(len(those), "port")} (of {names})')


def _name(one: Correction) -> str:
    return str(one['server'] or one['target_id'])


def _left_alone(answer: Answer) -> Iterator[str]:
    """What is marked of a host, and by whom is not known."""
    in_error, ports = answer['servers_in_error'], answer['ports_down']
    if in_error:
        yield (f'In error on it: {few(in_error)}. Look at each: "openstack '
               'server set --state active ID" if it runs.')
    if ports:
        yield (f'Ports whose data plane status is DOWN: {few(ports)}. Look '
               'at each: "openstack port set --data-plane-status ACTIVE ID" '
               'if its server runs.')
