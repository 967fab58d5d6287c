"""Which event types a list of wildcards takes, as Ceilometer sees it."""

import fnmatch
from collections.abc import Sequence


def is_taken(patterns: str | Sequence[str], event_type: str) -> bool:
    """Whether a list takes an event type.

    Those with ``!`` in front are not taken; a list that has no others takes
    all that is left.
    """
    listed = [patterns] if isinstance(patterns, str) else \
        [str(pattern) for pattern in patterns]
    refused = [pattern[1:] for pattern in listed if pattern.startswith('!')]
    taken = [pattern for pattern in listed if not pattern.startswith('!')]
    if refused and not taken:
        taken = ['*']
    return any(fnmatch.fnmatch(event_type, pattern) for pattern in taken) \
        and not any(fnmatch.fnmatch(event_type, pattern)
                    for pattern in refused)
