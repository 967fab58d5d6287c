"""The alarms that Doctor evaluates itself."""

import dataclasses
import functools
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from oslo_config import cfg

from doctor_core import clock
from doctor_core.alarms import actions, reach
from doctor_core.alarms.base import (
    AlarmManager,
    Gate,
    Keeper,
    Outlets,
    Pending,
)
from doctor_core.alarms.limits import Limits
from doctor_core.alarms.local import reaching, routes
from doctor_core.alarms.local.kept import KeptChanges
from doctor_core.alarms.local.matching import InvalidRule, project_of
from doctor_core.alarms.local.rules import Firing, RuleBook, webhook_body
from doctor_core.alarms.wire import alarm_from_json
from doctor_core.cloud import Cloud
from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Checkpoint,
    Delivered,
    Event,
    Notice,
    Reached,
    Stage,
    new_id,
)
from doctor_core.plugins import Options
from doctor_core.web.server import Route
from doctor_core.wording import counted, said

LOG = logging.getLogger(__name__)


class LocalAlarmManager(AlarmManager):
    """Aodh's event alarms, evaluated in this process.

    The owner of a server has no cache and no queue to wait for. Every method
    may be called from any thread.

    The keeper has every alarm that is new or has another state; of one that
    fired, when its owner has been told.

    :ivar book: the alarms; served over HTTP at the same time.
    """

    # An alarm that is going off waits for that, and what goes to a consumer
    # for what he has yet to take.
    keeps_order = True

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.IntOpt(
                'max_actions', default=50, min=1,
                help='Different URLs that one alarm may name, as Aodh\'s '
                     'alarm_max_actions. Alarms that have more already are '
                     'kept.'),
            cfg.IntOpt(
                'project_alarm_quota', default=1000, min=1,
                help='Alarms that a project may have, as Aodh\'s option of '
                     'this name; who asks for more is answered 403. A '
                     'project that has more already keeps them.'),
        ]

    def __init__(self, options: Options, cloud: Cloud,
                 outlets: Outlets, keeper: Keeper | None = None) -> None:
        super().__init__(options, cloud, outlets, keeper)
        self.book = RuleBook()
        self._changes = KeptChanges(self.book, self.keeper)
        self._creating = threading.Lock()
        for document in self.keeper.all():
            self._go_on_with(document)
        for scheme, count in actions.unserved(
                alarm.rule.actions for alarm in self.book.alarms()).items():
            LOG.warning('Of %s, URLs of the scheme %.100r are served by no '
                        'notifier that is installed ("doctor plugins"): '
                        'nobody is told there', counted(count, 'alarm'),
                        scheme)

    def _go_on_with(self, document: Mapping[str, Any]) -> None:
        try:
            alarm = alarm_from_json(document)
            self.book.add(alarm)
            reach.check(alarm.rule)
        except InvalidRule as error:
            LOG.error('The alarm %s (%r) was kept but will not go off: %s',
                      document.get('alarm_id'), document.get('name'), error)

    def routes(self, gate: Gate) -> list[Route]:
        """Aodh's v2 API of the alarms."""
        return routes.routes(self.book, gate.who, check=reach.check,
                             limits=Limits(
                                 self.options.max_actions,
                                 self.options.project_alarm_quota),
                             changes=self._changes)

    def create(self, rule: AlarmRule) -> Alarm:
        """Have a rule evaluated from now on.

        An alarm with this very rule is made ready again instead of telling
        its owner twice.

        :raises InvalidRule: it could never be met.
        """
        reach.check(rule)
        with self._creating:
            for alarm in self.book.alarms_of(rule.project_id):
                if alarm.rule == rule:
                    return self._changes.set_state(
                        alarm.id, AlarmState.OK, clock.now()) \
                        if alarm.state is AlarmState.ALARM else alarm
            alarm = Alarm(new_id(), rule, state_at=clock.now())
            self._changes.add(alarm)
            return alarm

    def delete(self, alarm: Alarm) -> None:
        """Forget a rule; one that is gone is fine."""
        self._changes.remove(alarm.id)

    def close(self) -> None:
        """Return when the state of every alarm is kept."""
        self._changes.close()

    def tell(self, events: Sequence[Event], *, host: str,
             fault_id: str) -> 'list[Future[list[str] | Reached]]':
        """Hold the events against the rules and send out the notices.

        When it returns, every notice is on its way; those of the projects
        with few alarms first, so that nobody waits for who has thousands.
        """
        alarms = {project_id: self.book.count_of(project_id)
                  for project_id in set(map(project_of, events))}
        told = {number: self._tell(event, host, fault_id)
                for number, event in sorted(
                    enumerate(events), key=lambda numbered: alarms[
                        project_of(numbered[1])])}
        return [told[number] for number in range(len(events))]

    def _tell(self, event: Event, host: str, fault_id: str,
              alarm_id: str = '') -> Pending:
        """What becomes of an event; of one alarm, if one is named."""
        server_id = str(event.trait('instance_id') or '')
        met = self.book.meet(event, clock.now(), alarm_id)
        firings = met.fired
        self._stamp(Stage.ALARM_EVALUATED, host, server_id, fault_id)
        if firings:
            # Before: an owner that is quick has been told by the time that
            # the notice is handed over.
            self._stamp(Stage.ALARM_FIRED, host, server_id, fault_id)
        outcome = Pending()
        troubles = reaching.Troubles(outcome)
        sent: list[_Sent] = []
        for firing in firings:
            notice = Notice(webhook_body(firing), fault_id=fault_id,
                            project_id=firing.alarm.rule.project_id,
                            is_wanted=event.is_wanted, since=event.since)
            own = [_Sent(_named(firing.alarm), _who(firing, server_id),
                         self._deliver(action, notice, firing, troubles))
                   for action in firing.alarm.rule.actions]
            _reached(own, (), Pending()).add_done_callback(
                functools.partial(self._keep, firing))
            sent += own
        silent = [f'{_named(firing.alarm)} has no actions'
                  for firing in firings if not firing.alarm.rule.actions]
        silent += map(_why_silent, met.silent)
        if not met.telling:
            return _reached(sent, silent, outcome)
        return reaching.together(outcome, [
            _reached(sent, silent, Pending()), *(
                self._after(firing, event, host, fault_id)
                for firing in met.telling)])

    def _deliver(self, action: str, notice: Notice, firing: Firing,
                 troubles: reaching.Troubles) -> 'Future[Delivered]':
        """Hand over a notice for one of its alarm's URLs."""
        key = firing.alarm.id, action
        name = _named(firing.alarm)
        future = self.outlets.deliver(action, dataclasses.replace(
            notice, failed=lambda why: troubles.put(key, f'{name}: {why}')))
        future.add_done_callback(lambda _future: troubles.over(key))
        return future

    def _after(self, former: Firing, event: Event, host: str, fault_id: str
               ) -> Pending:
        """What becomes of an event that meets an alarm whose owner is being
        told of another one: if he hears of that, and it says the same, he
        was told; if he does not, the alarm has to go off.
        """
        def go_on(outcome: Reached) -> Pending | None:
            if not event.is_wanted() \
                    or outcome.told and _words(event) == _words(former.event):
                return None
            return self._tell(event, host, fault_id, former.alarm.id)
        return reaching.after(former.outcome, go_on)

    def _keep(self, firing: Firing,
              outcome: 'Future[list[str] | Reached]') -> None:
        """An owner was told: now, and not before, the new state of the alarm
        counts for good. A process that was killed earlier has to fire it
        again; one that told this owner and not another has not. Where nobody
        could be told, the next event has to fire it, too.
        """
        reached = outcome.result()
        failed = reached.failures if isinstance(reached, Reached) else reached
        try:
            if not failed:
                self._changes.told(firing)
            elif len(failed) == len(firing.alarm.rule.actions):
                self.book.missed(firing)
        finally:
            firing.outcome.set_result(reached)

    def _stamp(self, stage: Stage, host: str, server_id: str,
               fault_id: str) -> None:
        self.outlets.checkpoint(
            Checkpoint(stage, clock.now(), host, server_id, fault_id))


def _who(firing: Firing, server_id: str) -> str:
    whose = f'server {server_id}' if server_id \
        else f'project {firing.alarm.rule.project_id}'
    return f'{_named(firing.alarm)} of {whose}'


def _words(event: Event) -> tuple[object, object]:
    """Of which server an event says what."""
    return event.trait('instance_id'), event.trait('state')


def _named(alarm: Alarm) -> str:
    return f'alarm {alarm.rule.name!r} ({alarm.id})'


def _why_silent(alarm: Alarm) -> str:
    why = 'has gone off before, and was not set back' \
        if alarm.rule.enabled else 'is disabled'
    return f'{_named(alarm)} {why}'


class _Sent(NamedTuple):
    """A notice on its way, because of which alarm and to whom."""

    alarm: str
    who: str
    future: 'Future[Delivered]'


def _reached(sent: Sequence[_Sent], silent: Iterable[str],
             outcome: Pending) -> Pending:
    """Done when all are: who was told, and a line for each that failed, in
    the order given.
    """
    left = len(sent)
    lock = threading.Lock()

    def done(_future: 'Future[Delivered]') -> None:
        nonlocal left
        with lock:
            left -= 1
            last = not left
        if last:
            whys = [_why(one.future) for one in sent]
            outcome.set_result(Reached(
                tuple(dict.fromkeys(one.alarm for one, why in zip(
                    sent, whys, strict=True) if not why)),
                tuple(f'{one.who} was not told: {why}' for one, why in zip(
                    sent, whys, strict=True) if why),
                tuple(silent), tuple(_deliveries(sent))))

    if not sent:
        outcome.set_result(Reached(silent=tuple(silent)))
    for one in sent:
        one.future.add_done_callback(done)
    return outcome


def _deliveries(sent: Iterable[_Sent]) -> Iterator[Delivered]:
    """The notices that were taken, of deliveries that have ended."""
    for one in sent:
        told = None if _why(one.future) else one.future.result()
        # An outlet of others may not say.
        if isinstance(told, Delivered):
            yield told


def _why(future: 'Future[Delivered]') -> str:
    """Why a finished delivery failed; empty when it did not."""
    if future.cancelled():
        return 'cancelled'
    error = future.exception()
    return '' if error is None else said(error) or type(error).__name__
