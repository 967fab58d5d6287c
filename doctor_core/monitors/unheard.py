"""Addresses that have never answered: said within two seconds, and not more.

Such a host may be dead; its address may as well be a wrong one, or a firewall
may drop what is sent there. Only of who has answered once, silence says
anything.
"""

import logging
import threading
from collections.abc import Callable, Iterable

from doctor_core import clock
from doctor_core.monitors.judgement import Target
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

#: Who has not answered for so long is told of.
GRACE_S = 1.9
#: A timer must not come before the time that it is for.
_AFTER_S = 0.01
#: What is told at once, so that a cloud behind a firewall is not one line for
#: each of its hosts.
_NAMED = 20


def problem(target: Target, now: float, grace_s: float | None = None) -> str:
    """What is said of an address that has never answered; empty of others.

    :param now: a monotonic time.
    :param grace_s: seconds that it has for that; ``GRACE_S`` when None.
    """
    if target.is_known or now - target.watched_at < (grace_s or GRACE_S):
        return ''
    return f'has never answered at {target.listed}: it is not reported down'


class Unheard:
    """Has the log say who has never answered, each once.

    :param targets: what is watched now; called from a thread of this.
    :param name: the thread's.
    :param grace_s: as that of :func:`problem`.
    """

    def __init__(self, targets: Callable[[], Iterable[Target]], name: str,
                 grace_s: float | None = None) -> None:
        self._grace_s = grace_s
        self._targets = targets
        self._name = name
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_ended = False

    def watch(self) -> None:
        """There are new targets: look at them when their grace is over."""
        first = min((target.watched_at for target in self._targets()
                     if not (target.is_known or target.name in self._said)),
                    default=None)
        if first is None:
            return
        wait_s = first + (self._grace_s or GRACE_S) - clock.monotonic()
        with self._lock:
            # One that waits already comes first, and then this one's turn.
            if self._is_ended or self._timer is not None:
                return
            self._timer = threading.Timer(max(0.0, wait_s) + _AFTER_S,
                                          self.look)
            self._timer.name = self._name
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        """End; may be called again."""
        with self._lock:
            self._is_ended = True
            if self._timer is not None:
                self._timer.cancel()

    def look(self) -> None:
        """Say who has never answered, of whom that was not said."""
        with self._lock:
            self._timer = None
        self._say()
        self.watch()

    def _say(self) -> None:
        now = clock.monotonic()
        silent = {target.name: text for target in list(self._targets())
                  if (text := problem(target, now, self._grace_s))}
        new = [name for name in silent if name not in self._said]
        self._said = set(silent)
        for name in new[:_NAMED]:
            LOG.warning('Host %s %s. A wrong address, or a firewall?',
                        name.partition(' ')[0], silent[name])
        if len(new) > _NAMED:
            LOG.warning('And %s. "doctor hosts" has them', counted(
                len(new) - _NAMED, 'more address', 'more addresses'))
