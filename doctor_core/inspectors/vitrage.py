"""The inspector that has Vitrage correct Nova.

Vitrage's datasource ``doctor`` makes an alarm on the host of an event; a
template says what follows, and Vitrage's notifier ``nova`` does it. When the
host is back, Vitrage takes all of it back by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import clock, wire
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.inspectors import handover
from doctor_core.model import Action, Correction, Need

_DATASOURCE = 'doctor'
#: The trial event at the start: no template knows the type, no cloud the
#: host.
_TRIAL = ('doctor.trial', 'doctor-trial')
_ALARMS = '/v1/alarm?vitrage_id=all&all_tenants=1'
_TEMPLATES = '/v1/template'
_SERVERS = '/v1/resources?resource_type=nova.instance&all_tenants=1'


def template(name: str) -> dict[str, Any]:
    """What follows from a lost host, as Vitrage's template of version 3.

    Sent as JSON: in YAML, which takes the word ``on`` for a truth value, the
    same is easily said wrong. The version is a text to Vitrage.
    """
    return {
        'metadata': {
            'version': '3', 'name': name, 'type': 'standard',
            'description': 'Doctor: a lost host is marked down in Nova, and '
                           'its servers are set to error.'},
        'entities': {
            'lost': {'type': _DATASOURCE, 'name': wire.HOST_DOWN},
            'host': {'type': 'nova.host'},
            'server': {'type': 'nova.instance'}},
        'scenarios': [
            {'condition': 'lost [on] host', 'actions': [
                {'set_state': {'state': 'ERROR', 'target': 'host'}},
                {'mark_down': {'target': 'host'}}]},
            {'condition': 'lost [on] host AND host [contains] server',
             'actions': [
                 {'raise_alarm': {
                     'alarm_name': 'Instance Down', 'severity': 'critical',
                     'target': 'server', 'causing_alarm': 'lost'}},
                 {'mark_down': {'target': 'server'}}]}]}


def event(host: str, status: str, at: float,
          event_type: str = wire.HOST_DOWN) -> dict[str, Any]:
    """The body of ``POST /v1/event``.

    The time has no zone: with one Vitrage drops the event, and all later
    ones of that host until it is reported up. An alarm is known by type and
    host, so ``up`` has the type of ``down``.

    :param at: seconds since the epoch.
    """
    return {'time': wire.iso(at), 'type': event_type,
            'details': {'hostname': host, 'status': status,
                        'source': 'doctor', 'monitor': 'doctor',
                        'cause': event_type, 'severity': 'critical'}}


def has_alarm(alarms: Sequence[Mapping[str, Any]], host: str,
              event_type: str = wire.HOST_DOWN) -> bool:
    """Whether Vitrage's active alarms have one of an event."""
    return any(alarm.get('vitrage_type') == _DATASOURCE
               and alarm.get('name') == event_type
               and alarm.get('hostname') == host for alarm in alarms)


class VitrageInspector(handover.Handover):
    """Has Vitrage correct Nova, by a template.

    Each fault is posted as an event.
    """

    needs = frozenset({Need.VITRAGE})
    name = 'Vitrage'
    service_type = 'rca'
    # One that is slow and not deaf would take back all that it has done.
    nudged_after = 0.5

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [*super().get_opts(), cfg.StrOpt(
            'template', default='doctor_host_down',
            help='Vitrage\'s template that says what follows from a lost '
                 'host; made if there is none of that name.')]

    def takes(self, correction: Correction) -> bool:
        return correction.action in (Action.FORCE_DOWN, Action.RESET_STATE)

    # Preparing.

    def prepare(self) -> None:
        self._check_graph()
        self.made.ensure(f'template {self.options.template} of Vitrage',
                         self._find, self._make, self._delete)
        self._await_template()
        self._try_out()

    def _check_graph(self) -> None:
        try:
            self.service.send('GET', '/v1/status')
        except CloudError as error:
            # Older ones do not tell.
            if error.status != 404:
                raise

    def _template(self) -> Mapping[str, Any]:
        """Vitrage's record of the template; empty when there is none."""
        return next((found for found in self.service.send('GET', _TEMPLATES)
                     if found['name'] == self.options.template), {})

    def _find(self) -> str | None:
        found = self._template()
        return found['uuid'] if found else None

    def _make(self) -> str:
        name = self.options.template
        answer = self.service.send('PUT', _TEMPLATES, {
            'templates': [[f'{name}.yaml', template(name)]],
            'template_type': 'standard'})
        return str(answer[0]['uuid'])

    def _delete(self, uuid: str) -> None:
        self.service.send('DELETE', f'{_TEMPLATES}?id={uuid}')

    def _await_template(self) -> None:
        def is_loaded() -> bool:
            found = self._template()
            if found.get('status') == 'ERROR':
                raise ConfigError(
                    f'Vitrage cannot use the template {found["name"]}: '
                    f'{found.get("status details")}. Delete it there, or '
                    'name another one in [inspector_vitrage] template.')
            return found.get('status') == 'ACTIVE'

        self.wait_for(is_loaded, f'Vitrage to load the template '
                                 f'{self.options.template}')

    def _try_out(self) -> None:
        """Whether an event becomes an alarm: nothing else says whether the
        datasource is there.
        """
        kind, host = _TRIAL
        self._post(host, 'down', kind)
        try:
            self.wait_for(lambda: has_alarm(self._alarms(), host, kind),
                          'an alarm')
        except CloudError as error:
            self.check_ended()
            raise ConfigError(
                'Vitrage takes events but makes no alarm of them: add '
                f'{_DATASOURCE} to types in [datasources] of vitrage.conf, '
                'and see that vitrage-graph and vitrage-persistor run '
                f'({error}).') from error
        finally:
            self._post(host, 'up', kind)

    # Faults.

    def _post(self, host: str, status: str,
              event_type: str = wire.HOST_DOWN) -> None:
        self.service.send('POST', '/v1/event',
                          event(host, status, clock.now(), event_type),
                          timeout_s=self.options.read_back_s)

    def _alarms(self) -> Sequence[Mapping[str, Any]]:
        return self.service.send('GET', _ALARMS,
                                 timeout_s=self.options.read_back_s)

    def report(self, host: str) -> None:
        self._post(host, 'down')

    def withdraw(self, host: str) -> None:
        self._post(host, 'up')

    def nudge(self, host: str) -> None:
        """An event with a wrong time, by whomever, makes Vitrage deaf for
        the host until it is reported up.
        """
        if not has_alarm(self._alarms(), host):
            self._post(host, 'up')
            self._post(host, 'down')

    def explain(self, host: str) -> str:
        if not has_alarm(self._alarms(), host):
            return (f'Vitrage has taken the fault of host {host} and dropped '
                    f'it: it has no alarm {wire.HOST_DOWN} of the host')
        found = self._template()
        if found.get('status') != 'ACTIVE':
            return (f'Vitrage has the alarm of host {host}, but its template '
                    f'{self.options.template} is '
                    f'{found.get("status") or "gone"}, and Nova does not '
                    'show all that was to follow')
        unknown = self._unknown_servers(host)
        if unknown:
            return (f'Vitrage has the alarm of host {host}, but does not '
                    f'know {unknown} of its servers: it has to hear '
                    'of new servers by Nova\'s notifications, versioned or '
                    'not as its use_nova_versioned_notifications says')
        return (f'Vitrage has the alarm of host {host}, but Nova does not '
                'show all that was to follow: nova has to be one of '
                'Vitrage\'s notifiers, and Nova to take what it asks')

    def _unknown_servers(self, host: str) -> int:
        """How many servers of a host Vitrage does not know, or not yet as
        running.
        """
        known = {server['id'] for server in self.service.send(
            'GET', _SERVERS, timeout_s=self.options.read_back_s)
            if str(server.get('state')).upper() != 'BUILD'}
        return len({server.id for server in self.cloud.servers(host)} - known)


