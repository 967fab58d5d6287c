"""JSON of others: what one value has that cannot be read costs no other."""

import json
from typing import Any

from doctor_core.wire.escaping import storable

#: How a person is told of lists and objects that are too many to read.
TOO_DEEP = 'it holds lists and objects too deep within each other'


def decoded(body: bytes | str, *, as_sent: bool = False) -> Any:
    """The value of a JSON text.

    A whole number of more digits than Python reads becomes an infinite one,
    which no reader takes for a time or a count.

    :param as_sent: leave characters that no text can hold as they are, for
        who replaces and tells of them; else they are written as escapes.
    :raises ValueError: it is no JSON, or holds too much within each other.
    """
    try:
        value = json.loads(body, parse_int=_integer)
        return value if as_sent else storable(value)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)
