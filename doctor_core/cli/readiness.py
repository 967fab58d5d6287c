"""What a daemon tells systemd: that it is ready, that it lives, that it ends.

The protocol is that of sd_notify(3): datagrams of ``NAME=value`` lines to the
socket that ``NOTIFY_SOCKET`` names. Without one, nothing is sent.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping

LOG = logging.getLogger(__name__)

#: Told to systemd twice as often as it wants to hear it.
_SHARE = 2
#: A supervisor that does not read must not stop the daemon.
_SEND_S = 1.0


class Supervisor:
    """Who started the daemon and wants to hear how it is: systemd, or nobody.

    Any thread may call; a method blocks for 1 s at the most.

    :param environment: where ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and
        ``WATCHDOG_PID`` are looked for; that of the process when None.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = _address(environment.get('NOTIFY_SOCKET', ''))
        self._interval_s = _interval_s(environment) if self._address else 0.0
        self._ended = threading.Event()

    def ready(self, status: str) -> None:
        """The daemon has taken up its work.

        :param status: what it does, for ``systemctl status``; one line.
        """
        self._tell('READY=1', f'STATUS={status}')

    def ending(self) -> None:
        """The daemon was asked to end; no more is told of its life."""
        self._ended.set()
        self._tell('STOPPING=1')

    def watch(self, prove_alive: Callable[[], None]) -> None:
        """Tell from now on that the daemon lives, as long as it does.

        :param prove_alive: called again and again from one thread; returns
            when what does the daemon's work has gone round once more. While
            it does not return, or raises, nothing is told, and systemd ends
            the daemon after ``WatchdogSec``.
        """
        if self._interval_s:
            # No Periodic: what is proved may hang, and the end must not.
            threading.Thread(target=self._watch, args=(prove_alive,),
                             name='watchdog', daemon=True).start()

    def _watch(self, prove_alive: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                prove_alive()
                if not self._ended.is_set():
                    self._tell('WATCHDOG=1')
            except Exception:  # the thread's outermost frame
                if not self._ended.is_set():
                    LOG.exception('The daemon cannot prove that it works')
            self._ended.wait(self._interval_s)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        message = '\n'.join(line.replace('\n', ' ') for line in lines)
        try:
            with socket.socket(socket.AF_UNIX,
                               socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(_SEND_S)
                out.sendto(message.encode(), self._address)
        except OSError as error:
            LOG.warning('systemd was not told %s: %s', lines[0], error)


def _address(place: str) -> str:
    """The socket's address: a path, or a name that is in no folder."""
    if place.startswith('@'):
        return f'\0{place[1:]}'
    if place and not place.startswith('/'):
        LOG.warning('NOTIFY_SOCKET=%s is not understood: systemd is told '
                    'nothing', place)
        return ''
    return place


def _interval_s(environment: Mapping[str, str]) -> float:
    """Seconds between two signs of life; 0 when nobody wants them."""
    if environment.get('WATCHDOG_PID', '') not in ('', str(os.getpid())):
        return 0.0
    wanted = environment.get('WATCHDOG_USEC', '')
    return int(wanted) / 1e6 / _SHARE if wanted.isdecimal() else 0.0
