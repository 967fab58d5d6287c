"""What is done about one fault: tell the owners and correct the cloud."""

import concurrent.futures
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from doctor_core import clock, events, store
from doctor_core.alarms.base import AlarmManager
from doctor_core.exceptions import BackendError
from doctor_core.inspectors import affected as affected_map
from doctor_core.inspectors.base import Inspector
from doctor_core.model import (
    Action,
    Checkpoint,
    Correction,
    Server,
    Stage,
    StateChange,
)

LOG = logging.getLogger(__name__)

#: How much earlier the telling, and what is urgent, begins than the rest, at
#: the most.
_HEAD_START_S = 0.05
_ERROR = 'error'
_ACTIVE = 'active'
#: The state of a fault until all is done that leads to another one.
_BEFORE = {store.HANDLED: store.HANDLING, store.CLEARED: store.CLEARING}
_STAGES = {Action.FORCE_DOWN: Stage.HOST_DOWN,
           Action.RESET_STATE: Stage.SERVER_ERROR}


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of an event.

    :ivar state: ``handled``, ``held``, ``cleared``, ``repeated`` or
        ``ignored``; or ``handling``, ``clearing`` when something is still
        owed and will be tried again.
    :ivar note: why, or what failed; empty when all went well.
    :ivar servers: the ids of the servers whose owners were to be told.
    :ivar changes: the outcome of each correction.
    """

    fault_id: str
    host: str
    state: str
    note: str = ''
    servers: tuple[str, ...] = ()
    changes: tuple[StateChange, ...] = ()


@dataclasses.dataclass(frozen=True)
class Means:
    """What a response works with.

    :ivar settings: the section ``[inspector]``.
    :ivar checkpoint: takes the stamps; never blocks.
    :ivar stopping: set when the process ends: what was not delivered then
        is still owed.
    """

    settings: Any
    affected: affected_map.AffectedMap
    inspector: Inspector
    alarms: AlarmManager
    kept: store.Store
    checkpoint: Callable[[Checkpoint], None]
    stopping: threading.Event


class Response:
    """One fault that is being acted on.

    ``lower``, ``hold`` or ``lift`` begins it, under the lock of the host;
    ``settle`` waits, without that lock, for those who are being told.

    :param found: what is on the host, as far as is known.
    :param tell: whether the owners have yet to be told.
    """

    def __init__(self, means: Means, fault_id: str,
                 found: affected_map.Affected, *, tell: bool) -> None:
        self._means = means
        self.fault_id = fault_id
        self._host = found.host
        self._found = found
        self._servers = {server.id: server for server in found.servers}
        self._tell_owners = tell
        self._told: set[str] = set()
        self._telling: list[concurrent.futures.Future[list[str]]] = []
        self._lock = threading.Lock()
        self._changes: list[StateChange] = []
        self._failures: list[str] = []
        self._goal = store.HANDLED
        self._why_held = ''

    # The host is lost.

    def lower(self, corrections: Sequence[Correction]) -> None:
        """Tell, and correct at the same time; then see what was missed."""
        if self._shortcut:
            self._tell(self._found.servers, _ERROR)
        urgent = self._means.inspector.urgent(corrections)
        with concurrent.futures.ThreadPoolExecutor(1, 'urgent') as pool:
            marking = pool.submit(self._correct, urgent)
            self._give_head_start(marking)
            self._correct([correction for correction in corrections
                           if correction not in urgent])
            marking.result()
        self._add_missed()
        # Whom no correction has told of: it failed, or was not needed.
        self._tell_others()

    def _give_head_start(self,
                         marking: 'concurrent.futures.Future[None]') -> None:
        """Let the telling and the marking of the host get ahead.

        All at once would share the processors: the owners would pay for it,
        and the host would be marked down among the last. Who answers slowly
        gains nothing.
        """
        ahead: list[concurrent.futures.Future[Any]] = [*self._telling,
                                                       marking]
        concurrent.futures.wait(ahead, _HEAD_START_S)
        if self._telling:
            self._means.stopping.wait(
                self._means.alarms.head_start_s(len(self._told)))

    def hold(self, why: str) -> None:
        """Tell, and correct nothing until somebody has decided.

        The owners need not wait for Nova, not in conservative mode either:
        it will not know for long.
        """
        self._goal = store.HELD
        self._why_held = why
        self._tell(self._found.servers, _ERROR)
        self._add_missed()
        self._tell_others()

    @property
    def servers(self) -> tuple[Server, ...]:
        """All that are concerned, as far as is known by now."""
        return tuple(self._servers.values())

    def _tell_others(self) -> None:
        self._tell([server for server in self._servers.values()
                    if server.id not in self._told], _ERROR)

    @property
    def _shortcut(self) -> bool:
        return self._means.settings.notification == 'shortcut'

    def _correct(self, corrections: Sequence[Correction]) -> None:
        if not corrections or self._goal == store.HELD:
            return
        changes = self._means.inspector.correct(corrections, self._lowered)
        self._changes += changes
        self._means.kept.corrected(self.fault_id, changes)

    def _lowered(self, change: StateChange) -> None:
        """Called with each correction of a lost host; must not block."""
        self._noted(change)
        correction = change.correction
        if not change.done:
            return
        if correction.action is Action.FORCE_DOWN:
            LOG.info('doctor mark host(%s) down at %.6f', self._host,
                     change.at)
        elif correction.action is Action.RESET_STATE:
            LOG.info('doctor mark vm(%s) error at %.6f',
                     correction.target_id, change.at)
            self._tell_after_nova(correction.target_id, _ERROR)

    def _noted(self, change: StateChange) -> None:
        correction = change.correction
        if not change.done:
            LOG.error('Host %s: %s of %s failed: %s', self._host,
                      correction.action, correction.target_id, change.error)
        elif (stage := _STAGES.get(correction.action)) is not None:
            self._stamp(stage, change.at,
                        correction.target_id
                        if stage is Stage.SERVER_ERROR else '')

    def _add_missed(self) -> None:
        """Take in what the map did not know of yet."""
        means = self._means
        try:
            now = means.affected.ask(self._host)
        except BackendError as error:
            self._failures.append(
                f'cannot ask what else is on the host: {error}')
            return
        new = [server for server in now.servers
               if server.id not in self._servers]
        if new:
            LOG.warning('Host %s: %d more servers than were known of',
                        self._host, len(new))
            self._servers.update({server.id: server for server in new})
            if self._shortcut:
                self._tell(new, _ERROR)
        known = {(correction.action, correction.target_id) for correction
                 in means.kept.corrections(self.fault_id)}
        missed = [
            correction for correction in affected_map.plan(
                now, ports=means.settings.update_port_data_plane_status)
            if (correction.action, correction.target_id) not in known]
        means.kept.owe(self.fault_id, missed)
        self._correct(missed)

    # The host is back.

    def lift(self, corrections: Sequence[Correction]) -> None:
        """Take back what was changed, and tell of each server that is back.
        """
        self._goal = store.CLEARED
        means = self._means
        if corrections:
            changes = means.inspector.correct(
                [affected_map.reverse(correction)
                 for correction in corrections], self._lifted)
            self._changes += changes
            means.kept.reversed(self.fault_id, changes)
        if not means.kept.corrections(self.fault_id):
            # Nothing of it was ever to be done, by anybody.
            return
        try:
            means.inspector.release(self._host)
        except BackendError as error:
            self._failures.append(f'cannot let go of the host: {error}')

    def _lifted(self, change: StateChange) -> None:
        """Called with each correction of a host that is back."""
        correction = change.correction
        if not change.done:
            LOG.error('Host %s: %s of %s failed: %s', self._host,
                      correction.action, correction.target_id, change.error)
        elif correction.action is Action.FORCE_DOWN:
            LOG.info('doctor mark host(%s) up at %.6f', self._host,
                     change.at)
        elif correction.action is Action.RESET_STATE:
            LOG.info('doctor mark vm(%s) active at %.6f',
                     correction.target_id, change.at)
            self._tell_after_nova(correction.target_id, _ACTIVE)

    def tell_unharmed(self) -> None:
        """Tell of the servers that Nova never had in another state."""
        self._tell([server for server in self._servers.values()
                    if server.state == _ACTIVE], _ACTIVE)

    # Telling.

    def _tell_after_nova(self, server_id: str, state: str) -> None:
        """Nova has the new state: whom did that not tell yet?"""
        server = self._servers.get(server_id)
        if server is None or server_id in self._told:
            return
        if self._means.alarms.hears_nova:
            # Nova's own notification is on its way to them.
            with self._lock:
                self._told.add(server_id)
        else:
            self._tell([server], state)

    def _tell(self, servers: Iterable[Server], state: str) -> None:
        """Have the owners told; returns at once."""
        servers = list(servers)
        if not self._tell_owners or not servers:
            return
        at = clock.now()
        updates = [events.instance_update(server, state, at)
                   for server in servers]
        for server in servers:
            self._stamp(Stage.EVENT_TRANSFORMED, at, server.id)
        with self._lock:
            self._told |= {server.id for server in servers}
            self._telling.append(self._means.alarms.tell(
                updates, host=self._host, fault_id=self.fault_id))

    def settle(self) -> Report:
        """Wait until everybody was told or given up; remember how it went.
        """
        means = self._means
        failures = [change.correction.action + ' of '
                    + change.correction.target_id + ': ' + change.error
                    for change in self._changes if not change.done]
        failures += self._failures
        owed = bool(failures)
        untold = [line for telling in self._telling
                  for line in telling.result()]
        if means.stopping.is_set() and untold:
            owed = True
        elif self._tell_owners and not self._failures:
            # Else there may be owners whom nobody knows of yet.
            means.kept.set_told(self.fault_id)
        remarks = dict.fromkeys(change.remark for change in self._changes
                                if change.remark)
        note = _summary([*failures, *untold, *remarks])
        goal = self._goal
        before = _BEFORE.get(goal, goal)
        state = before if owed else goal
        means.kept.set_state(
            self.fault_id, state, '; '.join(filter(None, (self._why_held,
                                                          note))),
            only_from=before)
        if note:
            LOG.error('Fault %s of host %s: %s%s', self.fault_id,
                      self._host, note,
                      '; it will be tried again' if owed else '')
        else:
            LOG.info('Fault %s of host %s is %s', self.fault_id, self._host,
                     state)
        return Report(self.fault_id, self._host, state, note,
                      tuple(self._servers), tuple(self._changes))

    def _stamp(self, stage: Stage, at: float, server_id: str = '') -> None:
        self._means.checkpoint(Checkpoint(
            stage, at, self._host, server_id, self.fault_id))


def _summary(failures: Sequence[str], most: int = 3) -> str:
    """The first few failures in a line, and how many more there are."""
    more = len(failures) - most
    return '; '.join(failures[:most]) + (
        f'; and {more} more' if more > 0 else '')
