"""What can be done with a server: the actions of the servers API."""

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.instances import Instance
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.nova.servers import Servers
from doctor_core.embedded.rest import Call, field, forbidden
from doctor_core.web.server import Refused, Response

_TEXT = (str, type(None))


class _Action(NamedTuple):
    """One action.

    :ivar rule: the policy of one for administrators only; else empty.
    :ivar states: the vm_states in which it is possible; empty for any.
    """

    run: Callable[[Call, Instance, dict[str, Any]], Any]
    status: int = 202
    rule: str = ''
    states: frozenset[str] = frozenset()


class Actions:
    """Serves the actions on servers."""

    def __init__(self, api: NovaApi, hosts: Hosts, compute: Compute,
                 servers: Servers) -> None:
        self._hosts = hosts
        self._compute = compute
        self._servers = servers
        states = frozenset
        self._actions = {
            'os-resetState': _Action(
                self._reset, rule='os-admin-actions:reset_state'),
            'os-stop': _Action(
                self._stop, states=states({'active', 'error'})),
            'os-start': _Action(self._start, states=states({'stopped'})),
            'evacuate': _Action(
                self._evacuate, 200, 'os-evacuate',
                states({'active', 'stopped', 'error'})),
            'os-migrateLive': _Action(
                self._live_migrate, 202,
                'os-migrate-server:migrate_live', states({'active'})),
            'migrate': _Action(
                self._migrate, 202, 'os-migrate-server:migrate',
                states({'active', 'stopped'})),
            'confirmResize': _Action(
                self._confirm, 204, states=states({'resized'})),
            'revertResize': _Action(
                self._revert, states=states({'resized'})),
        }
        api.add('POST', '/v2.1/servers/{id}/action', self._act)

    def _act(self, call: Call) -> Response:
        body = call.body()
        if len(body) != 1:
            raise Refused(400, 'Malformed request body')
        name, arguments = next(iter(body.items()))
        action = self._actions.get(name)
        if action is None:
            raise Refused(501, f'The embedded cloud has no action {name}.')
        instance = self._servers.visible(call)
        if action.rule and not call.caller.is_admin:
            raise forbidden(f'os_compute_api:{action.rule}')
        if action.states:
            _refuse_unless(action.states, name, instance)
        answer = action.run(call, instance, arguments
                            if isinstance(arguments, dict) else {})
        return Response(action.status, json=answer)

    def _reset(self, _call: Call, instance: Instance,
               arguments: dict[str, Any]) -> None:
        state = field(arguments, 'state', str)
        if state not in ('active', 'error'):
            raise Refused(400, f'Invalid input for field/attribute state. '
                               f"Value: {state}. '{state}' is not one of "
                               "['active', 'error']")
        self._compute.change(instance, vm_state=state)

    def _stop(self, _call: Call, instance: Instance, _: Any) -> None:
        self._compute.stop(instance)

    def _start(self, _call: Call, instance: Instance, _: Any) -> None:
        self._compute.start(instance)

    def _evacuate(self, call: Call, instance: Instance,
                  arguments: dict[str, Any]) -> dict[str, Any] | None:
        wanted = field(arguments, 'host', _TEXT, None) or ''
        if wanted:
            self._known(wanted, 404)
        if wanted == instance.host:
            raise Refused(400, "The target host can't be the same one.")
        source = self._hosts.get(instance.host)
        if source is None or self._hosts.is_up(source):
            raise Refused(400, f'Compute service of {instance.host} is '
                               'still in use.')
        self._compute.evacuate(instance, wanted,
                               stays_stopped=call.version >= 95)
        return {'adminPass': secrets.token_urlsafe(9)} \
            if call.version < 14 else None

    def _live_migrate(self, call: Call, instance: Instance,
                      arguments: dict[str, Any]) -> None:
        if 'block_migration' not in arguments:
            raise Refused(400, "Invalid input: 'block_migration' is a "
                               'required property')
        wanted = field(arguments, 'host', _TEXT, None) or ''
        source = self._hosts.get(instance.host)
        if source is None or not self._hosts.is_up(source):
            raise Refused(400, f'Compute service of {instance.host} is '
                               'unavailable at this time.')
        self._compute.live_migrate(instance, self._target(instance, wanted))

    def _migrate(self, call: Call, instance: Instance,
                 arguments: dict[str, Any]) -> None:
        wanted = field(arguments, 'host', _TEXT, None) or '' \
            if call.version >= 56 else ''
        self._compute.migrate(instance, self._target(instance, wanted))

    def _confirm(self, _call: Call, instance: Instance, _: Any) -> None:
        self._compute.confirm(instance)

    def _revert(self, _call: Call, instance: Instance, _: Any) -> None:
        self._compute.revert(instance)

    def _target(self, instance: Instance, wanted: str) -> str:
        if wanted:
            self._known(wanted, 400)
        if wanted and wanted == instance.host:
            raise Refused(400, "The target host can't be the same one.")
        return wanted

    def _known(self, name: str, status: int) -> ComputeHost:
        host = self._hosts.get(name)
        if host is None:
            raise Refused(status, f'Compute host {name} could not be found.')
        return host


def _refuse_unless(states: frozenset[str], action: str, instance: Instance
                   ) -> None:
    """Whether a server is where and as it has to be for an action.

    :raises Refused: 409, when it is not.
    """
    if instance.task_state:
        what = f'task_state {instance.task_state}'
    elif instance.vm_state not in states:
        what = f'vm_state {instance.vm_state}'
    elif not instance.host:
        raise Refused(409, f'Instance {instance.id} is not ready')
    else:
        return
    raise Refused(409, f"Cannot '{action}' instance {instance.id} while it "
                       f'is in {what}')
