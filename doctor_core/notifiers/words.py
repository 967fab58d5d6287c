"""What the log and the record say of notices."""

import datetime
from typing import Any

from doctor_core import clock, wire
from doctor_core.model import Delivered, Notice
from doctor_core.wording import said


def alarm(notice: Notice) -> str:
    """The name of the alarm that a notice is of."""
    return str(notice.body.get('alarm_name', ''))


def whose(notice: Notice) -> str:
    """The server that a notice is of, and whose that is, as far as known."""
    project = notice.project_id and f' of project {notice.project_id}'
    return f'{notice.server_id or "?"}{project}'


def delivered(notice: Notice, where: str, statistics: dict[str, Any],
              answer: object) -> Delivered:
    """That a notice was taken just now.

    :param statistics: of the attempts.
    :param answer: what the notifier returned; a plugin may return what it
        likes.
    """
    return Delivered(
        str(notice.body.get('alarm_id', '')), alarm(notice), where,
        clock.now(), statistics.get('attempt_number', 1),
        wire.shortened(answer) if isinstance(answer, str) else '')


def told(notice: Notice, taken: Delivered, delivering_s: float) -> str:
    """That an owner was told, and how late that was.

    :param delivering_s: how much of that the notifier took.
    """
    late = _ms(delivering_s)
    if notice.since is not None:
        late = f'{_ms(max(0.0, taken.at - notice.since))} ({late} to deliver)'
    name = f'{taken.alarm!r:.100}'
    return f'Server {notice.server_id or "?"}, alarm {name}, {taken.url}: ' \
        f'told after {late}, attempt {taken.attempt}{_sure(notice)}' \
        + because_of(notice) \
        + (taken.answer and f': {taken.answer}')


def failed(where: str, statistics: dict[str, Any], error: BaseException,
           next_at: float | None = None) -> str:
    """Where an attempt failed, which one it was, and why.

    :param statistics: of the attempts; empty before the first.
    :param next_at: when there is another one; None when there is none.
    """
    # Many a notifier names the place itself.
    why = said(error)
    if why.startswith((f'{where}: ', f'{where} ')):
        why = why.removeprefix(where).lstrip(': ')
    number = statistics.get('attempt_number')
    attempt = f', attempt {number}' if number else ''
    text = f'{where}{attempt}: {why}'
    return text if next_at is None else f'{text}; next at {_clock(next_at)}'


def because_of(notice: Notice) -> str:
    """Of which fault a line of the log is."""
    return notice.fault_id and f', fault {notice.fault_id}'


def _sure(notice: Notice) -> str:
    """Whether Doctor knows what it says of a guest that is back."""
    if notice.trait('verified') is None:
        return ''
    sure = 'verified' if notice.trait('verified') == 'true' \
        else 'not verified'
    return f', {notice.trait("state")}, {sure}'


def _ms(seconds: float) -> str:
    return f'{1000.0 * seconds:.0f} ms'


def _clock(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime(
        '%H:%M:%S UTC')
