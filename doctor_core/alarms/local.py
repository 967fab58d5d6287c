"""The alarms that Doctor evaluates itself."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from oslo_config import cfg

from doctor_core import clock
from doctor_core.alarms.base import AlarmManager, Outlets
from doctor_core.alarms.matching import InvalidRule
from doctor_core.alarms.rules import Firing, RuleBook, webhook_body
from doctor_core.cloud import Cloud
from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Checkpoint,
    Event,
    Notice,
    Stage,
    new_id,
)

LOG = logging.getLogger(__name__)


class LocalAlarmManager(AlarmManager):
    """Aodh's event alarms, evaluated in this process.

    The owner of a server has no cache and no queue to wait for. Every method
    may be called from any thread.

    :ivar book: the alarms; others may serve it over HTTP at the same time.
    :ivar changed: told of every alarm that is new or has another state, and
        of the id of one that is gone, so that they can be kept over a
        restart. Called from any thread, of an alarm that fired when its
        owner has been told; must not block for long, nor raise.
    """

    def __init__(self, conf: cfg.ConfigOpts, cloud: Cloud,
                 outlets: Outlets) -> None:
        super().__init__(conf, cloud, outlets)
        self.book = RuleBook()
        self.changed: Callable[[Alarm | str], None] = lambda change: None
        self._creating = threading.Lock()

    def load(self, alarms: Iterable[Alarm]) -> None:
        """Go on with alarms that were kept; :attr:`changed` is not told."""
        for alarm in alarms:
            try:
                self.book.add(alarm)
            except InvalidRule as error:
                LOG.error('Alarm %s (%r) was kept but cannot be evaluated: '
                          '%s', alarm.id, alarm.rule.name, error)

    def create(self, rule: AlarmRule) -> Alarm:
        """Have a rule evaluated from now on.

        An alarm with this very rule is made ready again instead of telling
        its owner twice.

        :raises InvalidRule: it could never be met.
        """
        with self._creating:
            for alarm in self.book.alarms(rule.project_id):
                if alarm.rule == rule:
                    alarm = self.book.set_state(
                        alarm.id, AlarmState.OK, clock.now()) \
                        if alarm.state is AlarmState.ALARM else alarm
                    break
            else:
                alarm = Alarm(new_id(), rule, state_at=clock.now())
                self.book.add(alarm)
        self.changed(alarm)
        return alarm

    def delete(self, alarm: Alarm) -> None:
        """Forget a rule; one that is gone is fine."""
        if self.book.remove(alarm.id):
            self.changed(alarm.id)

    def tell(self, events: Sequence[Event], *, host: str,
             fault_id: str) -> 'Future[list[str]]':
        """Hold the events against the rules and send out the notices.

        When it returns, every notice is on its way.
        """
        fired: list[Firing] = []
        sent: list[tuple[str, Future[None]]] = []
        for event in events:
            server_id = str(event.trait('instance_id') or '')
            firings = self.book.evaluate(event, clock.now())
            self._stamp(Stage.ALARM_EVALUATED, host, server_id, fault_id)
            for firing in firings:
                notice = Notice(webhook_body(firing))
                sent += [(_who(firing, server_id),
                          self.outlets.deliver(action, notice))
                         for action in firing.alarm.rule.actions]
            if firings:
                self._stamp(Stage.ALARM_FIRED, host, server_id, fault_id)
            fired += firings
        outcome = _failures(sent)
        outcome.add_done_callback(
            lambda done: None if done.result() else self._keep(fired))
        return outcome

    def _keep(self, fired: Iterable[Firing]) -> None:
        """Everybody was told: now, and not before, the new states count for
        good. A process that was killed earlier has to fire them again.
        """
        for firing in fired:
            if firing.alarm.state is not firing.previous:
                self.changed(firing.alarm)

    def _stamp(self, stage: Stage, host: str, server_id: str,
               fault_id: str) -> None:
        self.outlets.checkpoint(
            Checkpoint(stage, clock.now(), host, server_id, fault_id))


def _who(firing: Firing, server_id: str) -> str:
    rule = firing.alarm.rule
    whose = f'server {server_id}' if server_id else f'project ' \
                                                    f'{rule.project_id}'
    return f'The owner of {whose} (alarm {rule.name!r})'


def _failures(sent: Sequence[tuple[str, 'Future[None]']]
              ) -> 'Future[list[str]]':
    """Done when all are: a line for each that failed, in the order given."""
    outcome: Future[list[str]] = Future()
    # From here on nobody can cancel it, so setting its result cannot fail.
    outcome.set_running_or_notify_cancel()
    left = len(sent)
    lock = threading.Lock()

    def done(_future: 'Future[None]') -> None:
        nonlocal left
        with lock:
            left -= 1
            last = not left
        if last:
            outcome.set_result([
                f'{who} was not told: {why}'
                for who, future in sent if (why := _why(future))])

    if not sent:
        outcome.set_result([])
    for _, future in sent:
        future.add_done_callback(done)
    return outcome


def _why(future: 'Future[None]') -> str:
    """Why a finished delivery failed; empty when it did not."""
    if future.cancelled():
        return 'cancelled'
    error = future.exception()
    return '' if error is None else str(error) or type(error).__name__
