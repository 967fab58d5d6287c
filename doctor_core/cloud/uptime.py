"""How long a host has run, from what the command ``uptime`` writes; pure."""

import re
from typing import Any

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: Beginnings of the units, in several spellings; in seconds.
_UNITS = {'s': 1.0, 'm': _MINUTE, 'h': _HOUR, 'd': _DAY, 'w': 7 * _DAY,
          'y': 365 * _DAY}
_UP = re.compile(r'(?:^|\s)up\s+(?P<rest>.*)', re.DOTALL)
_COUNT = re.compile(
    r'(?P<number>\d{1,9})\s*(?P<unit>s|secs?|seconds?|m|mins?|minutes?|'
    r'h|hrs?|hours?|d|days?|w|weeks?|y|years?)(?![\w-])')
_CLOCK = re.compile(r'(?P<hours>\d{1,9}):(?P<minutes>\d{1,2})'
                    r'(?::(?P<seconds>\d{1,2})(?:\.\d+)?)?(?![\d:])')
_BETWEEN = re.compile(r'[\s,]*')


def seconds(text: Any) -> float | None:
    """Seconds that a host has been up; None when the text does not say.

    Takes what hypervisors hand through: that of procps and busybox
    (``12:00:01 up 3 days,  2:07,  1 user, ...``, ``up 5 min``), of BSD
    (``up 12 secs``, ``up 1 hr``), ``uptime -p`` (``up 1 week, 2 hours``) and
    a Python timedelta (``up 2 days, 1:02:03``, Hyper-V). Most count whole
    minutes: the host may have been up for nearly a minute more.
    """
    match = _UP.search(text) if isinstance(text, str) else None
    if match is None:
        return None
    rest, at, sum_s, is_said = match['rest'], 0, 0.0, False
    while True:
        count, time = _COUNT.match(rest, at), _CLOCK.match(rest, at)
        if count is not None:
            sum_s += int(count['number']) * _UNITS[count['unit'][0]]
            at = count.end()
        elif time is not None:
            sum_s += int(time['hours']) * _HOUR \
                + int(time['minutes']) * _MINUTE + int(time['seconds'] or 0)
            at = time.end()
        else:
            # The number of users, the load: what follows says no more.
            return sum_s if is_said else None
        is_said = True
        at = _BETWEEN.match(rest, at).end()  # type: ignore[union-attr]
