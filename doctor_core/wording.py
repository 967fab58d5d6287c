"""How a line for a person is put, whoever writes it."""

import logging
from collections.abc import Iterable

from doctor_core import wire

LOG = logging.getLogger(__name__)

#: No line names more things than these.
MOST = 10


def few(items: Iterable[object], most: int = MOST, *, separator: str = ', '
        ) -> str:
    """The first few of many, and how many more there are.

    >>> few(['a', 'b', 'c', 'd'], 2)
    'a, b and 2 more'

    :param items: in the order in which they are to be named.
    :param most: how many are named.
    :param separator: what stands between two; ``'; '`` for sentences.
    """
    listed = [str(item) for item in items]
    more = len(listed) - most
    text = separator.join(listed[:most])
    if more <= 0:
        return text
    # Between sentences, the number would belong to the last of them.
    joint = ' ' if separator == ', ' else separator
    return f'{text}{joint}and {more} more'


def said(error: object) -> str:
    """What an error of others says, for a person: in one line, as
    :func:`.wire.in_short`. Never raises: one that cannot say what it is has
    its type for a name.
    """
    try:
        return wire.in_short(error)
    except BaseException as worse:  # a plugin's: it may be anything
        LOG.debug('An error cannot say what it is', exc_info=True)
        return f'{type(error).__name__}, which does not say what it is ' \
            f'({type(worse).__name__})'


def counted(count: int, one: str, many: str = '') -> str:
    """A number of things.

    >>> counted(1, 'server'), counted(0, 'server'), counted(2, 'entry',
    ...                                                     'entries')
    ('1 server', '0 servers', '2 entries')

    :param one: what one of them is called.
    :param many: what several are called; ``one`` with an s when empty.
    """
    return f'{count} {one if count == 1 else many or one + "s"}'


def by_reason(pairs: Iterable[tuple[str, str]], most: int = 3) -> list[str]:
    """What has the same reason, in one sentence for each reason.

    >>> by_reason([('a', 'no.'), ('b', 'no.'), ('c', 'gone')])
    ['a, b: no', 'c: gone']

    :param pairs: what, and why.
    :param most: how many have a name in one sentence.
    """
    found: dict[str, list[str]] = {}
    for what, why in pairs:
        # Other sentences follow on the same line.
        found.setdefault(why.rstrip('. '), []).append(what)
    return [f'{few(names, most)}: {why}' for why, names in found.items()]
