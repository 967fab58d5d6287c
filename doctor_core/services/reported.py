"""What a monitor has reported, and not: what a restarted one has to know; and
where a report stands among the others.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from doctor_core import clock, wire
from doctor_core.model import Fault, FaultStatus, SequenceNumber
from doctor_core.model.evidence import Evidence

LOG = logging.getLogger(__name__)

_NANOSECONDS = 10 ** 9


class Numbering:
    """The order of the reports of a monitor, by this machine's run and its
    monotonic clock.

    All processes of one run of the machine go by that clock, and nobody sets
    it: what a monitor said before it was restarted is older than what it says
    now, and of two that call themselves alike each is heard. No file holds
    it that could be lost, copied or restored. Two runs of the machine have no
    order; there the arrival decides.

    :param monotonic: the time, in seconds. Any thread may use this.
    """

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic
                 ) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> SequenceNumber:
        """The number of one more report; it is greater than the former."""
        with self._lock:
            self._last = max(self._last + 1,
                             int(self._monotonic() * _NANOSECONDS))
            return SequenceNumber(clock.boot_id(), self._last)


class Reported:
    """The hosts reported down and not up since, kept in a file; who has ever
    answered; and who was not reported, since it lives.

    Without it, a host that comes back while no monitor runs would stay down
    for ever, one that dies then could not be told from one that was never
    there, and one that only a path was cut to would be lost at each restart.
    A file that cannot be written or read is a warning: watching is
    more important.

    :param path: the file; its folder is made. Any thread may use this.
    :param kinds: the kinds of monitors there are.
    """

    def __init__(self, path: str, kinds: Collection[str]) -> None:
        self._path = path
        self._lock = threading.Lock()
        content = self._read()
        self._down = _names(content, kinds)
        self._heard = {kind: _heard(content, kind) for kind in kinds}
        self._alive = _signs(content)
        self._write()

    @property
    def alive(self) -> dict[str, Evidence]:
        """Who was kept back though a monitor had it lost, and by what."""
        return dict(self._alive)

    def note_alive(self, signs: Mapping[str, Evidence]) -> None:
        """These are kept back now; of each of them the first sign of life is
        remembered.
        """
        with self._lock:
            if self._alive.keys() != signs.keys():
                self._alive = dict(signs)
                self._write()

    @property
    def heard(self) -> dict[str, frozenset[str]]:
        """Who has ever answered, in the monitors' own words, by their kind.
        """
        return dict(self._heard)

    def note_heard(self, kind: str, names: Collection[str]) -> None:
        """These have answered a monitor of a kind, by now."""
        with self._lock:
            if self._heard.get(kind) != names:
                self._heard[kind] = frozenset(names)
                self._write()

    @property
    def down(self) -> dict[str, frozenset[str]]:
        """Their names, by the kind of monitor that reported them."""
        return dict(self._down)

    def note(self, fault: Fault) -> None:
        """A fault was reported, for sure."""
        with self._lock:
            before = self._down.get(fault.source, frozenset())
            down = before | {fault.hostname} \
                if fault.status is FaultStatus.DOWN \
                else before - {fault.hostname}
            if down != before:
                self._down[fault.source] = down
                self._write()

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._path, encoding='utf-8') as file:
                content = json.load(file)
            if not isinstance(content, dict):
                raise ValueError('it holds no object')
            return content
        except FileNotFoundError:
            return {'down': {}}
        # The latter: what is nested a thousand times.
        except (OSError, ValueError, RecursionError) as error:
            LOG.warning('%s cannot be read, so who was reported down before '
                        'is not known: %s', self._path, error)
            return {'down': {}}

    def _write(self) -> None:
        fresh = f'{self._path}.new'
        try:
            os.makedirs(os.path.dirname(self._path) or '.', exist_ok=True)
            with open(fresh, 'w', encoding='utf-8') as file:
                json.dump(self._content(), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            LOG.warning('%s cannot be written: after a restart it is not '
                        'known who was reported down: %s', self._path, error)

    def _content(self) -> dict[str, Any]:
        return {**{what: {kind: sorted(names)
                          for kind, names in sorted(held.items())}
                   for what, held in (('down', self._down),
                                      ('heard', self._heard))},
                'alive': [wire.witnessed_to_payload(name, [sign])
                          for name, sign in sorted(self._alive.items())]}


def _signs(content: dict[str, Any]) -> dict[str, Evidence]:
    said = content.get('alive')
    read = [wire.witnessed_from_payload(one, clock.now())
            for one in (said if isinstance(said, list) else ())]
    return {name: found[0] for name, found in read if found}


def _heard(content: dict[str, Any], kind: str) -> frozenset[str]:
    heard = content.get('heard')
    names = heard.get(kind) if isinstance(heard, dict) else None
    return frozenset(map(str, names)) if isinstance(names, list) \
        else frozenset()


def _names(content: dict[str, Any], kinds: Collection[str]
           ) -> dict[str, frozenset[str]]:
    """The hosts by the kinds of monitors that there are now. What one
    reported that is not chosen any more, or that is not known, each takes
    over.
    """
    down = content.get('down')
    if isinstance(down, list):
        down = {'': down}
    if not isinstance(down, dict) or not all(
            isinstance(names, list) for names in down.values()):
        LOG.warning('Who was reported down before cannot be read, and is not '
                    'known: %.80r', down)
        return {}
    read = {kind: frozenset(str(name) for name in names)
            for kind, names in down.items()}
    orphans = frozenset[str]().union(*(
        names for kind, names in read.items() if kind not in kinds))
    return {kind: read.get(kind, frozenset()) | orphans for kind in kinds}
