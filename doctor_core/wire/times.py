"""Times as others write them, and back."""

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

from oslo_utils import timeutils

from doctor_core.wire.escaping import described

#: How far the clocks of two machines that are kept right may be apart.
AHEAD_S = 5.0
_DAY_S = 86400.0
#: The year 2001: what is before it was not filled in, or comes from a clock
#: that was never set.
_FIRST = 978307200.0
#: Seconds or milliseconds since the epoch, written as a text; a shorter one
#: is a date.
_NUMBER = re.compile(r'-?\d{9,}(\.\d*)?')


def iso(at: float, *, zone: bool = False) -> str:
    """A time as ISO 8601 in UTC.

    :param at: seconds since the epoch.
    :param zone: whether to write ``+00:00``; oslo.messaging and Ceilometer
        write UTC without it.
    """
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return (moment if zone else moment.replace(tzinfo=None)).isoformat(
        timespec='microseconds')


def utc(text: str) -> float:
    """The seconds since the epoch of a time as OpenStack writes it.

    :param text: ISO 8601; UTC when it has no zone.
    :raises ValueError: it is no such time.
    """
    return timeutils.parse_isotime(text).timestamp()


def sent_at(metadata: Mapping[str, Any], default: float) -> float:
    """When a notification was sent, by the clock of who sent it.

    :param metadata: of oslo.messaging: ``timestamp`` is UTC without a zone.
    :param default: taken when it does not say.
    """
    try:
        return utc(str(metadata['timestamp']))
    except (KeyError, ValueError):
        return default


def known_time(value: object) -> float | None:
    """The seconds since the epoch of a time as OpenStack writes it; None
    when it is none.
    """
    try:
        return utc(value) if isinstance(value, str) and value else None
    except (ValueError, OverflowError):
        return None


def read(value: object, received_at: float) -> tuple[float | None, str]:
    """A time in an event, whatever stands there.

    ISO 8601, or seconds since the epoch. A time without a zone is local
    time, not UTC as in OpenStack: the monitors of OPNFV Doctor send their
    local time so.

    :param received_at: when the event came, in seconds since the epoch.
    :returns: seconds since the epoch, None when there is none or it cannot
        be; and what is odd about it, for a person, empty when nothing is.
    """
    if value is None or value == '':
        return None, ''
    at, is_number = _seconds(value, received_at)
    # Where our own clock was never set, it says nothing about others'.
    first = _FIRST if received_at >= _FIRST else 0.0
    if at is not None and first <= at <= received_at + _DAY_S:
        return at, ''
    if at is not None and is_number \
            and abs(at / 1000 - received_at) <= _DAY_S:
        return at / 1000, f'{described(value)} is read as milliseconds'
    return None, f'{described(value)} is no time that can be'


def stated(value: object, received_at: float) -> float | None:
    """A time in an event, be it one that cannot be.

    It is compared with others of its sender, by that one's clock.
    """
    at = read(value, received_at)[0]
    return _seconds(value, received_at)[0] if at is None else at


def ahead(at: float | None, received_at: float) -> str:
    """A remark on a time that lies ahead of its arrival; empty of any other.
    """
    if at is None or at <= received_at + AHEAD_S:
        return ''
    return (f'lies {at - received_at:.0f} s ahead of the arrival: the clocks '
            'of its sender and of Doctor differ')


def _seconds(value: object, received_at: float
             ) -> tuple[float | None, bool]:
    """Seconds since the epoch, if they are any; whether it was a number."""
    try:
        if isinstance(value, str):
            if not _NUMBER.fullmatch(value.strip()):
                return _of_iso(value.strip(), received_at), False
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            return None, False
        at = float(value)
    except (ValueError, OverflowError, OSError):
        return None, False
    return (at if math.isfinite(at) else None), True


def _of_iso(text: str, received_at: float) -> float:
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment.timestamp()
    # In autumn an hour of local time comes twice: it is the one near now,
    # or else news would seem to be an hour old.
    return min((moment.replace(fold=fold).timestamp() for fold in (0, 1)),
               key=lambda at: abs(at - received_at))
