"""Whether a silent host has power, by its management controller."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent import futures

from oslo_config import cfg

from doctor_core import background, clock
from doctor_core.bmc import Bmc, connect
from doctor_core.bmcs import KINDS, Bmcs, bmc_opts
from doctor_core.cloud import Cloud
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import BackendError, ConfigError, NoAnswer
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.plugins import Options
from doctor_core.wording import by_reason, counted, said

LOG = logging.getLogger(__name__)

_SOURCE = 'bmc'
#: How many are tried at a time after the start: they are in no hurry.
_AT_A_TIME = 4
#: How many neighbours are asked at a time; one that answers is enough.
_NEIGHBOURS = 3


class BmcCorroborator(Corroborator):
    """Asks the management controller of a silent host for its power.

    One that says "off" proves that the host is dead, one that says "on"
    nothing. When it says nothing, though it has answered before, and those of
    neighbours do answer, then it has lost its power, and the host as well. Of
    several that fell silent together only their own controllers count: a
    switch may be what all of them stand behind, and the others do not.

    :param way: makes the way to a controller, as
        :func:`doctor_core.bmc.connect`.
    """

    def __init__(self, options: Options,
                 found: Callable[[str, Evidence], None],
                 cloud: Callable[[], Cloud],
                 way: Callable[..., Bmc] = connect) -> None:
        super().__init__(options, found, cloud)
        self._bmcs = Bmcs(options, options.kind, way)
        self._trial = _Trial(self._try)
        self._lock = threading.Lock()
        #: By rack; and all, by name.
        self._racks: dict[str, list[Host]] = {}
        self._hosts: frozenset[str] = frozenset()
        #: When which controller said last whether there is power.
        self._answered_at: dict[str, float] = {}
        #: Whom it was asked about since they answered last.
        self._asked: set[str] = set()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt(
                'kind', default='redfish',
                choices=[('redfish', 'the library sushy has to be installed: '
                                     'doctor-core[redfish]'),
                         ('ipmi', 'the command ipmitool has to be installed '
                                  'on this machine')],
                help='How the management controllers are spoken to.'),
            *bmc_opts(KINDS),
            cfg.FloatOpt(
                'timeout_s', default=5.0, min=0.1,
                help='Seconds within which a controller has to answer.'),
            cfg.BoolOpt(
                'shared_port', default=False,
                help='Whether controllers share a network port with their '
                     'hosts (NC-SI, "shared LOM"): then one that falls '
                     'silent with its host says nothing.')]

    def start(self, hosts: Sequence[Host]) -> None:
        self._bmcs.start(hosts)
        self._take(hosts)

    def update(self, hosts: Sequence[Host]) -> None:
        self._bmcs.keep(hosts)
        self._take(hosts)

    def _take(self, hosts: Sequence[Host]) -> None:
        racks: dict[str, list[Host]] = {}
        for host in hosts:
            racks.setdefault(host.rack, []).append(host)
        names = frozenset(host.name for host in hosts)
        with self._lock:
            new = [host for host in hosts if host.name not in self._hosts]
            self._hosts, self._racks = names, racks
            for name in self._answered_at.keys() - names:
                del self._answered_at[name]
            self._asked &= names
        self._trial.add(new)

    def forget(self, host: Host) -> None:
        with self._lock:
            self._asked.discard(host.name)
        # Nobody has used the session for long.
        self._bmcs.renew(host)

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        if host.name not in self._hosts:
            return None
        began_at = clock.monotonic()
        with self._lock:
            is_first = host.name not in self._asked
            self._asked.add(host.name)
        try:
            return self._ask(host)
        except NoAnswer:
            if self.options.shared_port or not self._answered(host):
                raise
            if is_first and not silent:
                # Who falls silent with it is known at the next question.
                raise
            neighbour = self._neighbour(host, silent, began_at)
            if neighbour is None:
                raise
        # Once more: only of one that is silent before and after its neighbour
        # spoke can it be said that it is not the network. Anew, for the first
        # question may be under way still.
        self._bmcs.renew(host)
        try:
            return self._ask(host)
        except NoAnswer:
            return Evidence(
                EvidenceKind.POWER_LOST, _SOURCE, clock.now(),
                'its management controller is silent, too, and that of '
                f'{neighbour} answers')

    def _ask(self, host: Host) -> Evidence | None:
        bmc = self._bmcs.of(host)
        if bmc is None:
            return None
        is_on = bmc.is_on(self.options.timeout_s)
        with self._lock:
            if host.name in self._hosts:
                self._answered_at[host.name] = clock.monotonic()
        if is_on:
            # With power it may be dead nevertheless.
            return None
        return Evidence(EvidenceKind.BMC_OFF, _SOURCE, clock.now(),
                        'its management controller says that it is off')

    def _answered(self, host: Host, since: float = float('-inf')) -> bool:
        with self._lock:
            return self._answered_at.get(host.name, float('-inf')) > since

    def _neighbour(self, host: Host, silent: Sequence[Host], since: float
                   ) -> str | None:
        """Whose controller answers that stands nearby; the name of a host.

        :param silent: who fell silent with it; of its rack, where that is
            known. Others of the rack are asked only where nobody did.
        :param since: what was said since then counts.
        """
        with self._lock:
            rack = self._racks.get(host.rack, []) if host.rack else []
        near = _near(host, silent, rack)
        for other in near:
            if self._answered(other, since):
                return other.name
        random.shuffle(near)
        near.sort(key=lambda other: not self._answered(other))
        return _first(self._says, near[:_NEIGHBOURS])

    def _says(self, host: Host) -> str | None:
        try:
            self._ask(host)
        except (BackendError, ConfigError) as error:
            LOG.debug('The management controller of %s, a neighbour: %s',
                      host.name, error)
            return None
        return host.name if self._answered(host) else None

    def _try(self, host: Host) -> str:
        """Ask a controller that was never asked, and log out again.

        :returns: why it cannot be asked; empty when it can.
        """
        try:
            bmc = self._bmcs.of(host)
            if bmc is None:
                return ''
            self._ask(host)
            bmc.close()
        except (BackendError, ConfigError) as error:
            return said(error)
        return ''

    def stop(self) -> None:
        self._trial.stop()
        self._bmcs.close()


class _Trial:
    """Tries controllers once, a few at a time, and says which cannot be
    asked. Any thread may use it; nothing blocks.

    :param attempt: tries that of a host; returns why it cannot be asked,
        or an empty text.
    """

    def __init__(self, attempt: Callable[[Host], str]) -> None:
        self._attempt = attempt
        self._lock = threading.Lock()
        self._left: list[Host] = []
        self._running = 0
        self._tried = 0
        self._failed: list[tuple[str, str]] = []

    def add(self, hosts: Sequence[Host]) -> None:
        """Have those of these tried, too."""
        with self._lock:
            self._left += hosts
            fresh = min(_AT_A_TIME - self._running, len(hosts))
            self._running += fresh
        for _ in range(fresh):
            background.begin(self._work, 'bmc-trial')

    def stop(self) -> None:
        """Begin with no other one."""
        with self._lock:
            self._left.clear()

    def _work(self) -> None:
        while (host := self._next()) is not None:
            try:
                why = self._attempt(host)
            except Exception as defect:  # a thread's outermost frame
                LOG.exception('A management controller cannot be tried')
                why = f'{type(defect).__name__}: {said(defect)}'
            with self._lock:
                self._tried += 1
                if why:
                    self._failed.append((host.name, why))

    def _next(self) -> Host | None:
        with self._lock:
            if self._left:
                return self._left.pop(0)
            self._running -= 1
            if self._running or not self._tried:
                return None
            tried, self._tried = self._tried, 0
            failed, self._failed = self._failed, []
        if failed:
            LOG.warning('%d of %s cannot be asked, and prove nothing: %s',
                        len(failed), counted(tried, 'management controller'),
                        '; '.join(by_reason(sorted(failed))))
        else:
            LOG.info('%s can be asked',
                     counted(tried, 'management controller'))
        return None


def _near(host: Host, silent: Sequence[Host], rack: Sequence[Host]
          ) -> list[Host]:
    """Whose controllers stand where that of a host does."""
    if silent:
        return [other for other in silent
                if not host.rack or other.rack == host.rack]
    return [other for other in rack if other.name != host.name]


def _first(ask: Callable[[Host], str | None], hosts: Sequence[Host]
           ) -> str | None:
    """The first answer that is one, of several asked at once."""
    begun = [background.begin(lambda host=host: ask(host),  # type: ignore
                              'bmc-neighbour') for host in hosts]
    return next((answer for one in futures.as_completed(begun)
                 if (answer := one.result())), None)
