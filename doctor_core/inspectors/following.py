"""Waiting for another service to make corrections of one host."""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from doctor_core import clock
from doctor_core.cloud import calls, refusals
from doctor_core.exceptions import BackendError
from doctor_core.model import Correction, Mark, StateChange

if TYPE_CHECKING:
    from doctor_core.inspectors.handover import Handover

LOG = logging.getLogger(__name__)


class Following:
    """Corrections of one host that another service is to make.

    :param worker: what speaks to the service.
    :param done: told of each that has its outcome.
    """

    def __init__(self, worker: 'Handover',
                 corrections: Sequence[Correction],
                 done: Callable[[StateChange], None]) -> None:
        self._worker = worker
        self._done = done
        self._host = corrections[0].host
        self._lowering = corrections[0].mark is Mark.LOST
        self._left = list(corrections)
        self._changes: list[StateChange] = []
        self._trouble = ''

    def follow(self) -> list[StateChange]:
        """Hand over and look until all is made; then do what is left."""
        options = self._worker.options
        waiting = self._worker.clock
        # Of one fault, it is waited once: corrections come in turns.
        deadline = clock.Deadline(
            self._worker.patience_s(self._host) if self._lowering
            else options.read_back_s, waiting)
        nudge_at = clock.Deadline(
            self._worker.nudged_after * options.read_back_s, waiting)
        handed = False
        nudged = not self._lowering
        while self._left:
            self._worker.check_ended()
            handed = handed or self._try(
                self._worker.hand_over if self._lowering
                else self._worker.withdraw)
            if handed:
                self._look()
            if deadline.passed:
                break
            if handed and not nudged and nudge_at.passed and self._left:
                nudged = self._try(self._worker.nudge_once)
            if self._left:
                waiting.sleep(options.poll_s)
        if self._left:
            self._end(handed)
        return self._changes

    def _try(self, step: Callable[[str], Any]) -> bool:
        try:
            with refusals.understood(self._worker.name):
                step(self._host)
        except BackendError as error:
            self._trouble = str(error)
            LOG.debug('%s', error)
            return False
        self._trouble = ''
        return True

    def _look(self) -> None:
        """Keep what Nova shows as made, and servers that have left."""
        self._trouble = ''
        # One after the other, for the list of servers takes far longer.
        for action in sorted({one.action for one in self._left}):
            asked = [one for one in self._left if one.action is action]
            try:
                shown = self._worker.shown(
                    self._host, action, [one.target_id for one in asked])
            except BackendError as error:
                self._trouble = str(error)
                continue
            # What is not shown at all may be in a cell that Nova cannot see.
            made = [one for one in asked if shown.get(one.target_id, '')
                    in (calls.value_of(one), None)]
            self._left = [one for one in self._left if one not in made]
            for one in made:
                self._keep(StateChange(one, self._worker.clock.now()))

    def _keep(self, change: StateChange) -> None:
        self._changes.append(change)
        self._done(change)

    def _end(self, handed: bool) -> None:
        """Nova does not show all in time: say so, and do the rest."""
        why = self._why(handed)
        if self._worker.options.take_over or not self._lowering:
            why += '; Doctor does it itself'
            LOG.error('Host %s: %s', self._host, why)
            if self._lowering:
                self._worker.take_over(self._host)
            self._changes += [
                dataclasses.replace(change, remark=why)
                for change in self._worker.cloud.correct(self._left,
                                                            self._done)]
            return
        self._worker.give_up(self._host)
        for one in self._left:
            self._keep(StateChange(one, self._worker.clock.now(), why))

    def _why(self, handed: bool) -> str:
        name = self._worker.name
        after = f'after {self._worker.options.read_back_s:g} s'
        if not handed:
            what = 'the fault' if self._lowering else 'the return'
            return (f'{name} has not taken {what} of host {self._host} '
                    f'{after}: {self._trouble}')
        if self._trouble:
            return f'it is not known {after} what {name} did: ' \
                   + self._trouble
        if not self._lowering:
            return (f'{name} knows that host {self._host} is back, but Nova '
                    f'does not show it {after}')
        try:
            with refusals.understood(name):
                return f'{after} {self._worker.explain(self._host)}'
        except BackendError as error:
            return (f'Nova does not show {after} what {name} was to do, and '
                    f'{name} does not say why: {error}')
