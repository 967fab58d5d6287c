"""The inspector that has Congress correct Nova.

Congress's data source ``doctor`` has a table of events, its data source
``nova`` one of the servers; four rules of a policy say what follows.
"""

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core import clock
from doctor_core.cloud import Cloud, calls
from doctor_core.exceptions import BackendError, CloudError, ConfigError
from doctor_core.inspectors import handover
from doctor_core.inspectors.congress import policy
from doctor_core.inspectors.congress.tables import POLICY, SOURCES, Tables
from doctor_core.model import Action, Correction, Mark, Need, StateChange
from doctor_core.plugins import Options


class CongressInspector(handover.Handover):
    """Has Congress correct Nova, by rules on its table of events.

    Each host that is down has a row there.
    """

    needs = frozenset({Need.CONGRESS})
    name = 'Congress'
    service_type = 'policy'
    nudged_after = 0.1

    def __init__(self, options: Options, cloud: Cloud, *,
                 waiting: clock.Clock = clock.SYSTEM) -> None:
        super().__init__(options, cloud, waiting=waiting)
        self._tables = Tables(self.service, options.read_back_s)
        #: Held from reading the table until it is written.
        self._table = threading.Lock()
        #: By host, marks that were taken back before Congress knew.
        self._lifted: dict[str, Correction] = {}

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            *super().get_opts(),
            cfg.IntOpt('nova_poll_s', default=10, min=1,
                       help='Seconds between two looks of Congress at Nova, '
                            'if its data source nova is made.'),
            cfg.StrOpt('nova_auth_url', default='',
                       help='Keystone, as Congress reaches it. When it is '
                            'set, the data source nova is made if Congress '
                            'has none, with the user that follows.'),
            cfg.StrOpt('nova_username', default='',
                       help='An administrator, as whom Congress corrects '
                            'Nova.'),
            cfg.StrOpt('nova_password', default='', secret=True,
                       help='The password of that user.'),
            cfg.StrOpt('nova_project_name', default='admin',
                       help='The project of that user.'),
            cfg.StrOpt('nova_user_domain_name', default='Default',
                       help='The domain of that user.'),
            cfg.StrOpt('nova_project_domain_name', default='Default',
                       help='The domain of that project.'),
        ]

    def takes(self, correction: Correction) -> bool:
        """It resets servers that it has seen as ACTIVE only, and takes
        nothing back.
        """
        return correction.mark is Mark.LOST and (
            correction.action is Action.FORCE_DOWN
            or (correction.action is Action.RESET_STATE
                and correction.before == calls.ACTIVE))

    # Preparing.

    def prepare(self) -> None:
        self._check_drivers()
        self._source('nova', self._nova)
        self._check_nova()
        self._source('doctor', dict)
        self._await_nova()
        for rule, text in policy.RULES.items():
            self._rule(rule, text)

    def _list(self, path: str) -> list[Mapping[str, Any]]:
        return self.service.send('GET', path)['results']

    def _check_drivers(self) -> None:
        drivers = {driver['id'] for driver in self._list('/v1/system/drivers')}
        missing = sorted({'doctor', 'nova'} - drivers)
        if missing:
            raise ConfigError(
                f'Congress has not loaded the driver {" and ".join(missing)}:'
                ' see drivers and disabled_drivers in congress.conf.')

    def _source(self, name: str, config: Callable[[], Mapping[str, str]]
                ) -> None:
        """Make a data source of a driver's own name, if it is missing."""
        def find() -> str | None:
            found = self._tables.find_source(name)
            return found['id'] if found else None

        def make() -> str:
            return self._post(SOURCES, {
                'name': name, 'driver': name, 'config': config(),
                'enabled': True, 'description': 'Made by Doctor'}, find)

        self.made.ensure(
            f'data source {name} of Congress', find, make,
            lambda found: self.service.send('DELETE', f'{SOURCES}/{found}'))
        present = self._tables.find_source(name) or {}
        if present.get('driver') != name or not present.get('enabled'):
            raise ConfigError(
                f'Congress\'s data source {name} is not enabled, or not of '
                f'the driver {name}: delete it there, or mend it.')

    def _post(self, path: str, body: Mapping[str, Any],
              find: Callable[[], str | None]) -> str:
        """Make a thing that somebody else may be making right now."""
        try:
            return str(self.service.send('POST', path, body)['id'])
        except CloudError as error:
            found = find() if error.status == 409 else None
            if found is None:
                raise
            return found

    def _nova(self) -> Mapping[str, str]:
        """The configuration of the data source nova."""
        options = self.options
        if not options.nova_auth_url:
            raise ConfigError(
                'Congress has no data source nova: make one there with '
                f'api_version {policy.API_VERSION}, or set nova_auth_url, '
                f'nova_username and nova_password in [{options.section}].')
        return {'auth_url': options.nova_auth_url,
                'username': options.nova_username,
                'password': options.nova_password,
                'project_name': options.nova_project_name,
                'tenant_name': options.nova_project_name,
                'user_domain_name': options.nova_user_domain_name,
                'project_domain_name': options.nova_project_domain_name,
                'poll_time': str(options.nova_poll_s),
                'api_version': policy.API_VERSION}

    def _check_nova(self) -> None:
        config = (self._tables.find_source('nova') or {}).get('config') or {}
        wrong = policy.wrong_api_version(
            str(config.get('api_version') or policy.DEFAULT_API_VERSION))
        if wrong:
            raise ConfigError(wrong)

    def _nova_status(self) -> Mapping[str, Any]:
        return self.service.send('GET', f'{SOURCES}/nova/status')

    def _await_nova(self) -> None:
        """Congress resets no server that it has not seen yet."""
        before = policy.updates(self._nova_status())
        if not before or policy.trouble(self._nova_status()):
            # What it says may be of long ago.
            self.nudge('')
            self.wait_for(lambda: policy.updates(self._nova_status()) > before,
                          'Congress to look at Nova')
        trouble = policy.trouble(self._nova_status())
        if trouble:
            raise ConfigError(
                f'Congress\'s data source nova cannot ask Nova: {trouble}. '
                'See its user, password and auth_url.')

    def _rule(self, name: str, text: str) -> None:
        rules = f'{POLICY}/rules'

        def find() -> str | None:
            return next((found['id'] for found in self._list(rules)
                         if found.get('name') == name), None)

        def make() -> str:
            """Congress knows the columns of a new data source after a
            while, and no rule before that.
            """
            refused = ''

            def made() -> str:
                nonlocal refused
                try:
                    return self._post(rules, {'name': name, 'rule': text},
                                      find)
                except CloudError as error:
                    refused = str(error)
                    if error.status != 400:
                        raise
                    return ''

            try:
                return self.wait_for(made, f'Congress to take rule {name}')
            except CloudError as error:
                self.check_ended()
                if not refused:
                    raise
                raise ConfigError(
                    f'Congress does not take the rule {name}: {refused}'
                ) from error

        self.made.ensure(
            f'rule {name} of Congress', find, make,
            lambda found: self.service.send('DELETE', f'{rules}/{found}'))

    # Faults.

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        host = corrections[0].host if corrections else ''
        if corrections and corrections[0].mark is Mark.BACK:
            try:
                self.release(host)
            except BackendError as error:
                self.check_ended()
                return self._correct_alone(corrections, done, str(error))
        else:
            self._lifted.pop(host, None)
        return super().correct(corrections, done)

    def _correct_alone(self, corrections: Sequence[Correction],
                       done: Callable[[StateChange], None], why: str
                       ) -> list[StateChange]:
        """What can be taken back before Congress knows that a host is back:
        its mark. Servers that are active again would be reset once more by a
        row that is still there.

        :param why: it does not know.
        """
        why = f'Congress does not know yet that the host is back: {why}'
        marks = [one for one in corrections
                 if one.action is Action.FORCE_DOWN]
        changes = [StateChange(one, self.clock.now(), why)
                   for one in corrections if one not in marks]
        for change in changes:
            done(change)
        self._lifted |= {one.host: one for one in marks}
        return changes + [
            dataclasses.replace(change, remark=why)
            for change in self.cloud.correct(marks, done)]

    def release(self, host: str) -> None:
        super().release(host)
        # A Congress that was restarted with its rows has marked it again.
        mark = self._lifted.get(host)
        if mark is not None and self.shown(
                host, Action.FORCE_DOWN, ()).get(mark.target_id) == 'true':
            change, = self.cloud.correct([mark], lambda change: None)
            if not change.done:
                raise CloudError(f'The mark of host {host} that Congress has '
                                 f'made anew: {change.error}',
                                 recoverable=True)
        self._lifted.pop(host, None)

    def report(self, host: str) -> None:
        """The table is Congress's memory of all hosts that are down; what is
        written replaces it.
        """
        with self._table:
            rows = self._tables.events()
            if not any(policy.is_down_row(one, host) for one in rows):
                self._tables.replace_events(
                    [*rows, policy.row(host, clock.now())])

    def withdraw(self, host: str) -> None:
        with self._table:
            rows = self._tables.events()
            others = [one for one in rows if not policy.is_down_row(one, host)]
            if len(others) != len(rows):
                self._tables.replace_events(others)
        if self._tables.is_down(host):
            raise CloudError(f'Congress still takes host {host} for down',
                             recoverable=True)

    def nudge(self, host: str) -> None:
        """There may be servers that Congress has not seen yet."""
        self.service.send('POST', f'{SOURCES}/nova?action=request-refresh',
                          timeout_s=self.options.read_back_s)

    def explain(self, host: str) -> str:
        if not any(policy.is_down_row(one, host)
                   for one in self._tables.events()):
            return (f'Congress has taken the fault of host {host} and lost '
                    'it: it has no row of the host')
        if not self._tables.is_down(host):
            return (f'Congress has the row of host {host}, but its rule '
                    'host_down does not follow from it')
        trouble = policy.trouble(self._nova_status())
        return (f'Congress knows that host {host} is down, but Nova does not '
                'show all that was to follow'
                + (f'; its data source nova says: {trouble}' if trouble
                   else ''))
