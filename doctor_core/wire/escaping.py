"""Texts of others, made fit for a database, a bus and a line of a log."""

import re
from typing import Any

#: What would begin a line of its own, turn the direction of writing, steer
#: a terminal, or be no character at all.
_UNFIT_TO_SHOW = re.compile(
    '[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
#: Of these, what cannot be held either; a description may have lines.
_UNFIT_TO_HOLD = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f'
                            '\ud800-\udfff]')
#: What stands for one half of a character, without the other.
_LONE = re.compile('[\ud800-\udfff]')
#: How far lists and objects may lie within each other.
_DEPTH = 32
#: What a number may be at the most, in any of the three.
_LARGEST = 2 ** 63 - 1
#: How much of a text of others is repeated to a person.
_SHOWN = 60
#: How much of a URL of others a line of the log repeats.
_IN_A_LINE = 200
#: How much of what went wrong is kept, shown and logged.
_IN_SHORT = 500
#: How much is printed when a program ends.
_IN_A_TERMINAL = 2000


def escaped(text: str) -> str:
    """A text for one line: ``\\u000a`` stands for a line break, and so on."""
    return _UNFIT_TO_SHOW.sub(_escape, text)


def shortened(text: str) -> str:
    """A text of any length for one line: escaped, and cut."""
    return _cut(escaped(text[:_IN_A_LINE + 1]), _IN_A_LINE)


def in_short(text: object) -> str:
    """What a plugin, or who was asked, says of what went wrong: in one
    line, escaped, and cut.
    """
    # The first part will do: there are answers of megabytes.
    words = ' '.join(str(text)[:4 * _IN_SHORT].split())
    return _cut(escaped(words[:_IN_SHORT + 1]), _IN_SHORT)


def one_line(text: object) -> str:
    """What a person is told in one line at the end: escaped, and cut where
    nobody reads any more.
    """
    line = escaped(' '.join(str(text).split()))
    return line if len(line) <= _IN_A_TERMINAL \
        else f'{line[:_IN_A_TERMINAL]}...'


def described(value: object) -> str:
    """A value of others, for a message to a person: short, on one line."""
    if isinstance(value, (list, dict)):
        return 'a list' if isinstance(value, list) else 'an object'
    text = value if isinstance(value, str) else str(value)
    return escaped(text[:_SHOWN] + ('...' if len(text) > _SHOWN else ''))


def held(value: Any, path: str, remarks: list[str]) -> Any:
    """A copy of a decoded JSON value that can be held everywhere.

    Texts, names of members included, are escaped, but for tabs and line
    breaks; numbers that are none, or too large, become texts; what lies too
    deep is left out.

    :param path: where it stands, for the remarks.
    :param remarks: is told what was replaced.
    """
    return _held(value, path, remarks, _DEPTH)


def _held(value: Any, path: str, remarks: list[str], depth: int) -> Any:
    if isinstance(value, str):
        kept = _UNFIT_TO_HOLD.sub(_escape, value)
        if kept != value:
            remarks.append(f'{path}: holds characters that are written as '
                           'escapes')
        return kept
    if isinstance(value, (list, dict)):
        if not depth:
            remarks.append(f'{path}: lies too deep and is left out')
            return '...'
        if isinstance(value, list):
            return [_held(inner, f'{path}[{index}]', remarks, depth - 1)
                    for index, inner in enumerate(value)]
        return {_UNFIT_TO_HOLD.sub(_escape, name): _held(
                    inner, below(path, escaped(name)), remarks, depth - 1)
                for name, inner in value.items()}
    if isinstance(value, (int, float)) and not (
            -_LARGEST <= value <= _LARGEST):  # true of NaN too
        remarks.append(f'{path}: is no number that can be kept')
        return str(value)
    return value


def storable(value: Any) -> Any:
    """A decoded JSON value with escapes for what UTF-8 cannot hold.

    :raises RecursionError: it lies too deep.
    """
    if isinstance(value, str):
        return _LONE.sub(_escape, value)
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    if isinstance(value, dict):
        return {_LONE.sub(_escape, name): storable(inner)
                for name, inner in value.items()}
    return value


def below(path: str, name: str) -> str:
    """The path of a member of what stands at a path."""
    return f'{path}.{name}' if path else name


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else f'{line[:most - 3]}...'


def _escape(match: re.Match[str]) -> str:
    return f'\\u{ord(match[0]):04x}'
