"""In which order locks are taken: two threads that take two of them in two
orders wait for each other, some day, for ever.
"""

import graphlib
import sys
import threading

import fixtures


class LockOrder(fixtures.Fixture):
    """Sees the locks that Doctor makes while it is in use, and which is
    taken while which is held: one order that nobody happened to meet is
    enough to be found out.

    A lock is named by where it is made, so those of all hosts are one.
    """

    def _setUp(self):
        self._taken = threading.local()
        #: By lock, those that were held when it was taken.
        self._before = {}
        for name in ('Lock', 'RLock'):
            self.useFixture(fixtures.MonkeyPatch(
                f'threading.{name}', self._maker(getattr(threading, name))))

    def circle(self):
        """Locks that are taken in more than one order; empty if none are."""
        try:
            graphlib.TopologicalSorter(self._before).prepare()
        except graphlib.CycleError as error:
            return error.args[1]
        return []

    def _maker(self, make):
        def made():
            frame = sys._getframe(1)
            module = frame.f_globals.get('__name__', '')
            if not module.startswith('doctor_core.') \
                    or module.startswith('doctor_core.tests.'):
                return make()
            return _Lock(self, make(), f'{module}:{frame.f_lineno}')
        return made

    def _held(self):
        return self._taken.__dict__.setdefault('locks', [])

    def take(self, lock, waits):
        """A thread has taken a lock; whether it would have waited for it."""
        held = self._held()
        if waits and lock not in held:
            self._before.setdefault(lock.name, set()).update(
                one.name for one in held)
        held.append(lock)

    def leave(self, lock):
        """It gives it back."""
        self._held().remove(lock)


class _Lock:

    def __init__(self, order, lock, name):
        self._order = order
        self._lock = lock
        self.name = name

    def acquire(self, blocking=True, timeout=-1):
        taken = self._lock.acquire(blocking, timeout)
        if taken:
            self._order.take(self, blocking)
        return taken

    def release(self):
        self._order.leave(self)
        self._lock.release()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_error):
        self.release()
