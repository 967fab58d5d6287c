"""The alarms that Aodh evaluates."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

from oslo_config import cfg

from doctor_core import clock
from doctor_core.alarms.base import AlarmManager, Outlets
from doctor_core.alarms.matching import Matcher
from doctor_core.alarms.wire import rule_to_json, state_from_json
from doctor_core.cloud import Cloud
from doctor_core.exceptions import BusError, CloudError
from doctor_core.model import Alarm, AlarmRule, AlarmState, Event

_SERVICE = 'alarming'
_PATH = '/v2/alarms'


class AodhAlarmManager(AlarmManager):
    """Event alarms in Aodh, which tells the owners itself.

    An alarm of another project than that of the credentials takes the role
    admin. Every method may be called from any thread.
    """

    hears_nova = True

    def __init__(self, conf: cfg.ConfigOpts, cloud: Cloud,
                 outlets: Outlets) -> None:
        super().__init__(conf, cloud, outlets)
        # One thread: events stay in order and the bus needs one connection.
        self._publisher = ThreadPoolExecutor(1, 'alarms-aodh')

    def create(self, rule: AlarmRule) -> Alarm:
        """Have a rule evaluated; blocks on Aodh.

        An alarm of this name and rule is made ready again and used. Aodh
        itself may hear of a new one ``event_alarm_cache_ttl`` seconds later.

        :raises InvalidRule: it could never be met.
        :raises CloudError: Aodh refused, or did not answer.
        :raises ConfigError: the cloud's catalogue has no alarming service.
        """
        Matcher(rule)
        for found in self._named(rule):
            if _is_of(found, rule):
                return self._made_ready(found, rule)
        answer = self.cloud.post(_SERVICE, _PATH, rule_to_json(rule))
        return Alarm(_id(answer), rule, state_from_json(answer), clock.now())

    def _named(self, rule: AlarmRule) -> Iterator[Mapping[str, Any]]:
        """The alarms of a rule's name in its project."""
        query: list[tuple[str, str]] = []
        for field, value in (('name', rule.name),
                             ('project_id', rule.project_id)):
            query += [('q.field', field), ('q.op', 'eq'), ('q.value', value)]
        answer = self.cloud.get(_SERVICE, f'{_PATH}?{urlencode(query)}')
        for found in answer if isinstance(answer, list) else ():
            if isinstance(found, Mapping):
                yield found

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
        except CloudError as error:
            if error.status != 404:
                raise

    def tell(self, events: Sequence[Event], *, host: str,
             fault_id: str) -> 'Future[list[str]]':
        """Send the events straight to Aodh, past Nova and Ceilometer.

        :returns: done when the bus took them. What Aodh makes of them is
            not known here.
        """
        return self._publisher.submit(self._publish, list(events), host)

    def _publish(self, events: Sequence[Event], host: str) -> list[str]:
        if not events:
            return []
        try:
            self.outlets.publish(events)
        except BusError as error:
            return [f'Aodh was not told of {len(events)} events of host '
                    f'{host}: {error}']
        return []


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
