"""The descriptors of this process: how many there are, and who gets them."""

import errno
import logging
import resource

LOG = logging.getLogger(__name__)

#: What the kernel or the process has too few of; a while later it may have.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS,
                        errno.ENOMEM})


def raise_limit() -> None:
    """Have as many as this process may have without asking anybody.

    What most are started with, 1024, is for programs that still call
    ``select()``.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # e.g. without an end
        LOG.warning('There are %d descriptors and no more: %s', soft, error)


def share(parts: int, most: int) -> int:
    """One of so many parts of all; at least one, and not more than ``most``.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, soft // parts))


def is_shortage(error: object) -> bool:
    """Whether an error says that there are too few."""
    return isinstance(error, OSError) and error.errno in _SHORTAGES
