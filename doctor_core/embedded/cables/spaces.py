"""Network namespaces of a process that need not be root.

Python has ``os.unshare`` and ``os.setns`` from 3.12 on; ``man 2 unshare``,
``man 7 user_namespaces``.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

_NEW_NET = 0x40000000
_NEW_USER = 0x10000000
_SELF = Path('/proc/self')
_LONGEST = 1000
_LIMITED = (errno.ENOSPC, errno.EUSERS)
_LIMIT = 'there are as many as /proc/sys/user allows'


def _call(function: str, *arguments: int) -> None:
    called = getattr(ctypes.CDLL(None, use_errno=True), function)
    if called(*arguments):
        number = ctypes.get_errno()
        # Of these calls, the ordinary words would say that a disk is full.
        raise OSError(number, _LIMIT if number in _LIMITED
                      else os.strerror(number))


def is_single() -> bool:
    """Whether this process has one thread, and so may leave as a whole;
    false where that cannot be known.
    """
    try:
        return len(os.listdir(_SELF / 'task')) == 1
    except OSError:
        return False


def leave() -> None:
    """Move this process into a network namespace of its own, for good, and
    into a user namespace where that takes one. It is the same user there.

    :raises OSError: it may not, or has several threads.
    """
    try:
        # Of a user namespace root would lose its power over others' files.
        another()
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        _call('unshare', _NEW_USER | _NEW_NET)
        # Without that no group may be named (man 7 user_namespaces).
        _SELF.joinpath('setgroups').write_text('deny', encoding='ascii')
        for name, number in (('uid_map', user), ('gid_map', group)):
            _SELF.joinpath(name).write_text(f'{number} {number} 1',
                                            encoding='ascii')


def another() -> None:
    """Move this thread into a new network namespace.

    :raises OSError: it may not.
    """
    _call('unshare', _NEW_NET)


def handle() -> int:
    """A descriptor of this thread's network namespace, which keeps that
    alive; to be closed by the caller.
    """
    return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


def enter(space: int) -> None:
    """Move this thread into the network namespace of a descriptor.

    :raises OSError: it may not.
    """
    _call('setns', space, _NEW_NET)


def tried(action: Callable[[], object]) -> str:
    """Do something in a child process that ends with it, and wait.

    :param action: may raise OSError.
    :returns: why it went wrong; empty when it did not.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            action()
            status = 0
        except OSError as error:
            os.write(writes, str(error.strerror or error).encode()[:_LONGEST])
        finally:
            # Nothing of the parent's is to be done twice.
            os._exit(status)
    os.close(writes)
    with open(reads, encoding='utf-8', errors='replace') as pipe:
        reason = pipe.read()
    _child, status = os.waitpid(child, 0)
    return reason or ('it ended unexpectedly' if status else '')
