"""The alarms that Aodh evaluates."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from oslo_config import cfg

from doctor_core import clock
from doctor_core.alarms import reach
from doctor_core.alarms.aodh.watch import AodhWatch, went_off_at
from doctor_core.alarms.base import AlarmManager, Keeper, Outlets
from doctor_core.alarms.local.matching import (
    InvalidRule,
    Matcher,
    project_of,
    trait_values,
)
from doctor_core.alarms.wire import (
    rule_from_json,
    rule_to_json,
    state_from_json,
)
from doctor_core.cloud import Cloud
from doctor_core.cloud.refusals import Gone
from doctor_core.exceptions import BusError, CloudError
from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Event,
    Need,
    Reached,
    Stage,
)
from doctor_core.plugins import Options
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

_SERVICE = 'alarming'
_PATH = '/v2/alarms'
#: How long Aodh takes to tell of one event, on two cores that are idle. More
#: brings its owners nothing on busy ones, and keeps their servers waiting.
_TELLS_S = 0.015


class AodhAlarmManager(AlarmManager):
    """Event alarms in Aodh, which tells the owners itself.

    An alarm of another project than that of the credentials takes the role
    admin. Every method may be called from any thread.
    """

    hears_nova = True
    publishes = True
    needs = frozenset({Need.NOTIFICATIONS, Need.EVENT_ALARMS})
    clocks: ClassVar[Mapping[Stage, str]] = {
        Stage.EVENT_TRANSFORMED: 'Ceilometer',
        Stage.ALARM_EVALUATED: 'Aodh',
        Stage.ALARM_FIRED: 'Aodh'}

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.FloatOpt(
                'head_start_s', default=0.5, min=0.0,
                help='In shortcut mode Nova is not asked to reset the '
                     'servers of a lost host for 15 ms for each of them, '
                     'and so many seconds at the most, so that Aodh can '
                     'tell their owners undisturbed; the host is marked '
                     'down at once. 0 where Aodh and Nova have processors '
                     'to spare.'),
            cfg.StrOpt(
                'exchange', default='aodh',
                help='The exchange on which Aodh hands over the alarms that '
                     'have gone off: its control_exchange. "doctor run" '
                     'listens there, to know when it does.'),
            cfg.StrOpt(
                'notifier_topic', default='alarming',
                help='Aodh\'s own option of this name.'),
            cfg.StrOpt(
                'events_exchange', default='ceilometer',
                help='The exchange on which Ceilometer publishes events for '
                     'Aodh: its control_exchange. "doctor run" listens '
                     'there, to know when it does.'),
        ]

    def __init__(self, options: Options, cloud: Cloud,
                 outlets: Outlets, keeper: Keeper | None = None) -> None:
        super().__init__(options, cloud, outlets, keeper)
        # One thread: events stay in order and the bus needs one connection.
        self._publisher = ThreadPoolExecutor(1, 'alarms-aodh')
        self._watch = AodhWatch(outlets)

    def create(self, rule: AlarmRule) -> Alarm:
        """Have a rule evaluated; blocks on Aodh.

        An alarm of this name and rule is made ready again and used. Aodh
        itself may hear of a new one ``event_alarm_cache_ttl`` seconds later.

        :raises InvalidRule: it could never be met.
        :raises CloudError: Aodh refused, or did not answer.
        :raises ConfigError: the cloud's catalogue has no alarming service.
        """
        Matcher(rule)
        try:
            reach.check(rule)
        except InvalidRule as error:
            # Ceilometer's definitions may make more of Nova's notifications.
            LOG.warning('The alarm %r is not met by what Doctor sends to '
                        'Aodh: %s', rule.name, error)
        for found in self._named(rule):
            if _is_of(found, rule):
                return self._made_ready(found, rule)
        answer = self.cloud.post(_SERVICE, _PATH, rule_to_json(rule))
        return Alarm(_id(answer), rule, state_from_json(answer), clock.now())

    def _named(self, rule: AlarmRule) -> Iterator[Mapping[str, Any]]:
        """The alarms of a rule's name in its project."""
        for found in self._listed(name=rule.name, project_id=rule.project_id):
            if isinstance(found, Mapping):
                yield found

    def _listed(self, **wanted: str) -> list[Any]:
        """The alarms with these values, as Aodh writes them.

        :raises CloudError: Aodh refused, or did not answer, or something
            between did in its stead.
        """
        query: list[tuple[str, str]] = []
        for field, value in wanted.items():
            query += [('q.field', field), ('q.op', 'eq'), ('q.value', value)]
        answer = self.cloud.get(_SERVICE, f'{_PATH}?{urlencode(query)}')
        if not isinstance(answer, list):
            raise CloudError('What was said of alarms is no answer of Aodh: '
                             'no list', recoverable=True)
        return answer

    def _made_ready(self, found: Mapping[str, Any], rule: AlarmRule) -> Alarm:
        alarm_id, state = _id(found), state_from_json(found)
        if state is AlarmState.ALARM and not rule.repeat_actions:
            # Gone off before, it would never do so again.
            state = AlarmState.OK
            self.cloud.put(_SERVICE, f'{_path(alarm_id)}/state', str(state))
        return Alarm(alarm_id, rule, state, clock.now())

    def delete(self, alarm: Alarm) -> None:
        """Delete an alarm; one that is gone is fine; blocks on Aodh.

        :raises CloudError: Aodh refused, or did not answer.
        """
        try:
            self.cloud.delete(_SERVICE, _path(alarm.id))
        except Gone as error:
            LOG.debug('%s', error)

    def tell(self, updates: Sequence[Event], *, host: str,
             fault_id: str) -> 'list[Future[list[str] | Reached]]':
        """Send the events straight to Aodh, past Nova and Ceilometer.

        :returns: all done when the bus took them, or failed with BusError
            when it did not. What Aodh makes of them is not known here.
        """
        return [self._publisher.submit(self._publish, list(updates), host)
                ] * len(updates)

    def _publish(self, updates: Sequence[Event], host: str
                 ) -> list[str] | Reached:
        if not updates:
            return []
        self._watch.sent(updates)
        try:
            # In one message: with one each, Aodh's listener handles them at
            # the same time, in threads that hinder each other: 20 events
            # took it two to three times the processor time.
            self.outlets.publish(updates)
        except BusError as error:
            raise BusError('Aodh was not told of '
                           f'{counted(len(updates), "event")} of host '
                           f'{host}: {error}',
                           recoverable=True) from error
        return []

    def head_start_s(self, count: int) -> float:
        """What Aodh needs, up to the operator's ``head_start_s``.

        What Nova notifies of meanwhile, Aodh's listener has to look at, too,
        and on the same processors Nova takes more of them than Aodh.
        """
        return min(_TELLS_S * count, float(self.options.head_start_s))

    def missed(self, updates: Sequence[Event]) -> list[Event]:
        """Those that meet the rule of an alarm that has not gone off; blocks
        on Aodh.

        :raises CloudError: Aodh refused, or did not answer.
        """
        by_project: dict[str, list[Event]] = {}
        for update in updates:
            by_project.setdefault(project_of(update), []).append(update)
        return [update for project_id, own in by_project.items()
                for silent in [self._silent(project_id)]
                for update in own
                if any(matcher.met_by(update.event_type, trait_values(update))
                       for matcher in silent)]

    def _silent(self, project_id: str) -> list[Matcher]:
        """The rules of a project's alarms that have not gone off."""
        matchers = []
        for found in self._listed(project_id=project_id):
            try:
                rule = rule_from_json(found, project_id, '')
                if rule.enabled \
                        and state_from_json(found) is not AlarmState.ALARM:
                    matchers.append(Matcher(rule))
            except InvalidRule as error:
                LOG.debug('An alarm is passed over: %s', error)
        return matchers

    # What a report wants to know.

    def watch(self) -> None:
        """Stamp when Ceilometer sends an event to Aodh, and when Aodh's
        evaluator hands an alarm that has gone off to its notifier.
        """
        self._watch.start(self.options)

    def evaluated_at(self, alarm: Alarm) -> float | None:
        """When Aodh noted in the alarm's history that it goes off.

        The evaluator does so between setting the state and handing the alarm
        to the notifier. None without ``[DEFAULT] record_history``, and where
        Aodh's database keeps whole seconds. The alarm's ``state_timestamp``
        does not serve: that of an event alarm stays as it was.
        """
        try:
            changes = self.cloud.get(_SERVICE, f'{_path(alarm.id)}/history')
        except CloudError as error:
            LOG.info('When alarm %s went off is not known: %s', alarm.id,
                     error)
            return None
        return max((at for change in changes if (at := went_off_at(change))),
                   default=None) if isinstance(changes, list) else None


def _path(alarm_id: str) -> str:
    return f'{_PATH}/{quote(alarm_id, safe="")}'


def _id(answer: object) -> str:
    alarm_id = answer.get('alarm_id') if isinstance(answer, Mapping) else None
    if not isinstance(alarm_id, str) or not alarm_id:
        raise CloudError('Aodh\'s answer names no alarm')
    return alarm_id


def _is_of(found: Mapping[str, Any], rule: AlarmRule) -> bool:
    """Whether an alarm of Aodh's does what a rule says."""
    wanted = rule_to_json(rule)
    # Aodh writes a description where there is none, and sorts the actions
    # as it likes.
    del wanted['description']
    actions = found.get('alarm_actions')
    return isinstance(actions, list) \
        and set(actions) == set(wanted.pop('alarm_actions')) \
        and all(found.get(field) == value
                for field, value in wanted.items())
