"""What all inspectors have in common that hand a fault to another service.

The other service corrects Nova, whose word is taken for when it did: neither
Congress nor Vitrage says what became of an event.
"""

import abc
import concurrent.futures
import enum
import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import ClassVar, TypeVar

from oslo_config import cfg

from doctor_core import clock
from doctor_core.cloud import Cloud, refusals, undoing
from doctor_core.exceptions import (
    BackendError,
    CloudError,
    ConfigError,
    DeadlineExceeded,
)
from doctor_core.inspectors import base
from doctor_core.inspectors.following import Following
from doctor_core.model import Action, Correction, StateChange
from doctor_core.plugins import Options

LOG = logging.getLogger(__name__)

T = TypeVar('T')

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
#: Seconds between two looks at a service that is getting ready.
_LOOK_S = 0.5


def opts(name: str) -> list[cfg.Opt]:
    """The options that all have.

    :param name: what an operator calls the service.
    """
    return [
        cfg.StrOpt('endpoint', default='',
                   help=f'Where {name} is. Empty for what Keystone\'s '
                        'catalogue says.'),
        cfg.FloatOpt('read_back_s', default=10.0, min=0.1,
                     help=f'Seconds until Nova has to show what {name} was '
                          'to do about a host.'),
        cfg.FloatOpt('poll_s', default=0.1, min=0.01,
                     help='Seconds between two looks at Nova meanwhile.'),
        cfg.BoolOpt('take_over', default=True,
                    help=f'What {name} has not done by then, Doctor does '
                         'itself; the record of the fault says so. If not, '
                         f'{name} is asked again and again. A host that is '
                         'back is never left marked down for that.'),
        cfg.FloatOpt('prepare_s', default=60.0, min=1.0,
                     help=f'Seconds until {name} has to be ready for '
                          'Doctor.'),
    ]


class _Told(enum.Enum):
    """What a service was told of a lost host."""

    BEGUN = enum.auto()
    ONCE = enum.auto()
    NUDGED = enum.auto()
    IN_VAIN = enum.auto()


class Handover(base.Inspector):
    """Hands faults over, looks what Nova makes of it, and does the rest.

    :cvar name: what an operator calls the service.
    :cvar service_type: its type in the catalogue.
    :cvar nudged_after: how much of ``read_back_s`` it has before it is
        nudged.
    :param waiting: whose time counts, and how it is waited.
    """

    hands_over = True

    name: ClassVar[str]
    service_type: ClassVar[str]
    nudged_after: ClassVar[float]

    def __init__(self, options: Options, cloud: Cloud, *,
                 waiting: clock.Clock = clock.SYSTEM) -> None:
        super().__init__(options, cloud)
        self.service = cloud.service(self.service_type, options.endpoint)
        self.clock = waiting
        self._stack = ExitStack()
        #: What is made, with its undo.
        self.made = undoing.Made(
            self._stack, timeout_s=options.prepare_s, waiting=waiting)
        self._ended = threading.Event()
        self._unready = f'{self.name} has not been prepared yet'
        self._lock = threading.Lock()
        #: Hosts that the service was told of as down.
        self._lost: dict[str, _Told] = {}
        #: Those of them of which Doctor does all by itself.
        self._taken_over: set[str] = set()

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return opts(cls.name)

    # What a service differs in.

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make what is missing; blocks; called again when it failed.

        :raises ConfigError: only the operator can mend it.
        :raises BackendError: it may work later.
        """

    @abc.abstractmethod
    def takes(self, correction: Correction) -> bool:
        """Whether the service sees to it; Doctor does the rest."""

    @abc.abstractmethod
    def report(self, host: str) -> None:
        """Tell the service that a host is down; raises BackendError."""

    @abc.abstractmethod
    def withdraw(self, host: str) -> None:
        """Tell it that a host is back; raises BackendError."""

    def nudge(self, host: str) -> None:
        """Help it on, once for each fault; raises BackendError."""

    @abc.abstractmethod
    def explain(self, host: str) -> str:
        """Why Nova does not show what it should, as far as the service
        knows: a sentence without its end; raises BackendError.
        """

    # Starting and ending.

    def start(self) -> None:
        """Prepare the service; one that does not answer is asked again in
        the background, for the owners can be told without it.
        """
        try:
            self._prepare()
        except BackendError as error:
            LOG.error('%s cannot be used yet: %s. Faults are handed over as '
                      'soon as it can.', self.name, error)
            threading.Thread(target=self._prepare_later, daemon=True,
                             name=f'prepare-{self.service_type}').start()

    def _prepare(self) -> None:
        try:
            with refusals.understood(f'Preparing {self.name}'):
                self.prepare()
        except (ConfigError, BackendError) as error:
            self._unready = str(error)
            hint = self._hint(error)
            if hint:
                raise ConfigError(f'{error}. {hint}') from error
            raise
        self._unready = ''
        LOG.info('%s is ready to take faults', self.name)

    def _hint(self, error: Exception) -> str:
        """What an operator has to change; empty when it may pass."""
        if not isinstance(error, CloudError) or error.recoverable:
            return ''
        if error.status in (401, 403):
            return (f'{self.name} has to take Doctor\'s user as an '
                    'administrator: see its keystone_authtoken and policy, '
                    'and give the user the role admin.')
        if error.status == 0:
            return (f'Or set [{self.options.section}] endpoint to where '
                    f'{self.name} is.')
        return ''

    def _prepare_later(self) -> None:
        pauses = clock.Pauses(first_s=_FIRST_PAUSE_S,
                              last_s=_LONGEST_PAUSE_S)
        while not self._ended.wait(pauses.next_s()):
            try:
                self._prepare()
                return
            except (ConfigError, BackendError) as error:
                LOG.error('%s cannot be used yet: %s', self.name, error)
            except Exception:  # the thread's outermost frame
                LOG.exception('Preparing %s failed', self.name)

    def stop(self) -> None:
        self._ended.set()

    def undo(self) -> list[str]:
        left = []
        for host in list(self._lost):
            try:
                self.release(host)
            except BackendError as error:
                left.append(f'host {host} as down in {self.name}: {error}')
        self._ended.set()
        self._stack.close()
        return left + self.made.leftovers

    def wait_for(self, predicate: Callable[[], T], what: str) -> T:
        """Until something is there that a start needs.

        :raises BackendError: it is not, in ``prepare_s``.
        """
        def look() -> T:
            self.check_ended()
            return predicate()

        try:
            return clock.wait_for(
                look, clock.Deadline(self.options.prepare_s, self.clock),
                interval_s=_LOOK_S, what=what)
        except DeadlineExceeded as error:
            raise CloudError(str(error), recoverable=True) from None

    def check_ended(self) -> None:
        """Whoever waits for something must not hold up the end.

        :raises CloudError: the process ends.
        """
        if self._ended.is_set():
            raise CloudError('The inspector ends', recoverable=True)

    # Faults.

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        handed = [one for one in corrections if self.takes(one)]
        own = [one for one in corrections if not self.takes(one)]
        with concurrent.futures.ThreadPoolExecutor(1, 'own-part') as pool:
            rest = pool.submit(self.cloud.correct, own, done)
            changes = Following(self, handed, done).follow() \
                if handed else []
            return changes + rest.result()

    def hand_over(self, host: str) -> None:
        """Tell of a host that is down; raises BackendError."""
        if self._unready:
            raise CloudError(self._unready, recoverable=True)
        with self._lock:
            told = self._lost.get(host)
            if told in (_Told.ONCE, _Told.NUDGED):
                return
            self._lost[host] = _Told.BEGUN
        if told is _Told.IN_VAIN:
            # Nothing comes of what it knows already.
            self.withdraw(host)
        self.report(host)
        with self._lock:
            self._lost[host] = _Told.ONCE

    def nudge_once(self, host: str) -> None:
        """Help the service on, if that was not done for this fault yet;
        raises BackendError, and is done the next time then.
        """
        with self._lock:
            if self._lost.get(host) is _Told.NUDGED:
                return
        self.nudge(host)
        with self._lock:
            self._lost[host] = _Told.NUDGED

    def patience_s(self, host: str) -> float:
        """Seconds that the service has for what is wrong with a lost host:
        none once it has let them pass.
        """
        with self._lock:
            return 0.0 if host in self._taken_over \
                else float(self.options.read_back_s)

    def take_over(self, host: str) -> None:
        """Wait no more for what it does about a host, until that is back."""
        with self._lock:
            self._taken_over.add(host)

    def give_up(self, host: str) -> None:
        """It was in vain this time; it is told anew the next time."""
        with self._lock:
            self._lost[host] = _Told.IN_VAIN

    def release(self, host: str) -> None:
        deadline = clock.Deadline(self.options.read_back_s, self.clock)
        while True:
            self.check_ended()
            try:
                with refusals.understood(self.name):
                    self.withdraw(host)
                break
            except BackendError as error:
                if not error.recoverable or deadline.passed:
                    raise
            self.clock.sleep(self.options.poll_s)
        with self._lock:
            self._lost.pop(host, None)
            self._taken_over.discard(host)

    def shown(self, host: str, action: Action, ids: Collection[str]
              ) -> Mapping[str, str | None]:
        """What Nova shows of a host: the values by the ids of its services
        or servers, as corrections have them; None for a server that is not
        on it any more. What Nova cannot see, or tell, is missing.

        :param ids: of which that has to be known.
        :raises BackendError: Nova does not answer.
        """
        if action is Action.FORCE_DOWN:
            return {service.id: str(service.forced_down).lower()
                    for service in self.cloud.compute_services(host)}
        shown: dict[str, str | None] = {
            server.id: server.state for server in self.cloud.servers(host)
            if not server.is_partial}
        # A list leaves out what is in a cell that is down.
        missed = [one for one in ids if one not in shown]
        if missed:
            for server_id, server in self.cloud.find_servers(
                    missed, lambda one, error: LOG.warning(
                        'Server %s: %s', one, error)).items():
                if server is None:
                    shown[server_id] = None
                elif not server.is_partial:
                    shown[server_id] = server.state \
                        if server.host == host else None
        return shown
