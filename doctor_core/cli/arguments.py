"""Numbers on the command line, for ``type=`` of an argument."""

import argparse
import re

#: No wait and no limit is longer, in whichever unit.
_MOST = 1e9


def whole(text: str) -> int:
    """A number of servers, hosts or cells."""
    return _whole(text, 1, 10**6)


def port(text: str) -> int:
    """A TCP port, or 0 for a free one."""
    return _whole(text, 0, 65535)


def milliseconds(text: str) -> float:
    """Milliseconds, or none."""
    return _number(text, 'milliseconds', 0)


def some_milliseconds(text: str) -> float:
    """Milliseconds, more than none."""
    return _more_than_none(milliseconds(text))


def some_seconds(text: str) -> float:
    """Seconds, more than none."""
    return _more_than_none(_number(text, 'seconds', 0))


def seconds_or_never(text: str) -> float:
    """Seconds; a negative number means never."""
    return _number(text, 'seconds', -_MOST)


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch('[0-9]{1,7}', text) or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(
            f'{text} is no whole number from {least} to {most}')
    return int(text)


def _number(text: str, unit: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float('nan')
    if not least <= value <= _MOST:  # true of NaN too
        raise argparse.ArgumentTypeError(f'{text} is no number of {unit}')
    return value


def _more_than_none(value: float) -> float:
    if not value:
        raise argparse.ArgumentTypeError('has to be more than 0')
    return value
