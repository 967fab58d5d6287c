"""How libraries are imported that import eventlet if it is there."""

import contextlib
import os
import warnings
from collections.abc import Iterator

_SWITCH = 'EVENTLET_NO_GREENDNS'


@contextlib.contextmanager
def eventlet_unused() -> Iterator[None]:
    """Import such a library inside; not for several threads at once.

    Doctor uses threads. An operator can do nothing about eventlet's warning
    that it is deprecated, and its name resolution, which is not used either,
    takes as long to import as all the rest of oslo.messaging.
    """
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = 'yes'
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore',
                                    message=r'\s*Eventlet is deprecated')
            yield
    finally:
        if before is None:
            del os.environ[_SWITCH]
        else:
            os.environ[_SWITCH] = before
