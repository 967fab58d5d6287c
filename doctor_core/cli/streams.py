"""The standard streams."""

import os
import sys


def open_closed() -> None:
    """Write to nobody, and read nothing, where a stream is closed, as ``>&-``
    has it.

    Before all else: else the next file or connection that is opened gets its
    number, and what a library writes there.
    """
    for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding='utf-8')  # noqa: SIM115
            setattr(sys, name, stream)
