"""What can be done with a server: the actions of the servers API."""

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.flavors import Flavors
from doctor_core.embedded.nova.hosts import ComputeHost, Hosts
from doctor_core.embedded.nova.instances import Instance
from doctor_core.embedded.nova.lifecycle import Lifecycle
from doctor_core.embedded.nova.microversion import NovaApi
from doctor_core.embedded.nova.servers import Servers
from doctor_core.embedded.rest import Call, field, forbidden
from doctor_core.web.server import Refused, Response

_TEXT = (str, type(None))
#: The vm_states in which a server can be rebooted, by the kind of reboot.
_REBOOTED = {
    'soft': frozenset({'active'}),
    'hard': frozenset({'active', 'stopped', 'paused', 'suspended', 'error'})}


class _Action(NamedTuple):
    """One action.

    :ivar rule: the policy of one for administrators only; else empty.
    :ivar states: the vm_states in which it is possible; empty for any.
    :ivar is_hostless: whether it is possible with one that is on no host.
    """

    run: Callable[[Call, Instance, dict[str, Any]], Any]
    status: int = 202
    rule: str = ''
    states: frozenset[str] = frozenset()
    is_hostless: bool = False


class Actions:
    """Serves the actions on servers."""

    def __init__(self, api: NovaApi, hosts: Hosts, compute: Compute,
                 lifecycle: Lifecycle, servers: Servers, flavors: Flavors
                 ) -> None:
        self._hosts = hosts
        self._compute = compute
        self._lifecycle = lifecycle
        self._servers = servers
        self._flavors = flavors
        self._actions = self._moving() | self._staying() | self._shelving()
        api.add('POST', '/v2.1/servers/{id}/action', self._act)

    def _moving(self) -> dict[str, _Action]:
        states = frozenset
        return {
            'evacuate': _Action(
                self._evacuate, 200, 'os-evacuate',
                states({'active', 'stopped', 'error'})),
            'os-migrateLive': _Action(
                self._live_migrate, 202,
                'os-migrate-server:migrate_live',
                states({'active', 'paused'})),
            'migrate': _Action(
                self._migrate, 202, 'os-migrate-server:migrate',
                states({'active', 'stopped'})),
            'resize': _Action(
                self._resize, states=states({'active', 'stopped'})),
            'confirmResize': _Action(
                self._confirm, 204, states=states({'resized'})),
            'revertResize': _Action(
                self._revert, states=states({'resized'})),
        }

    def _staying(self) -> dict[str, _Action]:
        states = frozenset
        return {
            'os-resetState': _Action(
                self._reset, rule='os-admin-actions:reset_state'),
            'os-stop': _Action(
                self._stop, states=states({'active', 'error'})),
            'os-start': _Action(self._start, states=states({'stopped'})),
            'reboot': _Action(self._reboot),
            'pause': self._turn('pause', 'active'),
            'unpause': self._turn('unpause', 'paused'),
            'suspend': self._turn('suspend', 'active'),
            'resume': self._turn('resume', 'suspended'),
            'rescue': _Action(
                self._rescue, 200,
                states=states({'active', 'stopped', 'error'})),
            'unrescue': self._turn('unrescue', 'rescued'),
            'restore': self._turn('restore', 'soft-delete'),
        }

    def _shelving(self) -> dict[str, _Action]:
        states, lifecycle = frozenset, self._lifecycle
        return {
            'shelve': _Action(
                lambda _call, instance, _: lifecycle.shelve(instance),
                states=states({'active', 'stopped', 'paused', 'suspended'})),
            'shelveOffload': _Action(
                lambda _call, instance, _: lifecycle.offload(instance),
                rule='os-shelve:shelve_offload', states=states({'shelved'})),
            'unshelve': _Action(
                lambda _call, instance, _: lifecycle.unshelve(instance),
                states=states({'shelved', 'shelved_offloaded'}),
                is_hostless=True),
            'forceDelete': _Action(
                lambda _call, instance, _: self._compute.delete(instance),
                204),
        }

    def _turn(self, name: str, state: str) -> _Action:
        """One that needs no arguments, and is possible in one state."""
        return _Action(
            lambda _call, instance, _: self._lifecycle.turn(name, instance),
            states=frozenset({state}))

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
            _refuse_unless(action.states, name, instance,
                           is_hostless=action.is_hostless)
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

    def _reboot(self, _call: Call, instance: Instance,
                arguments: dict[str, Any]) -> None:
        kind = field(arguments, 'type', str).lower()
        if kind not in _REBOOTED:
            raise Refused(400, 'Invalid input for field/attribute type. '
                               f"Value: {kind}. '{kind}' is not one of "
                               "['HARD', 'Hard', 'hard', 'SOFT', 'Soft', "
                               "'soft']")
        _refuse_unless(_REBOOTED[kind], 'reboot', instance)
        self._lifecycle.turn(f'reboot-{kind}', instance)

    def _rescue(self, _call: Call, instance: Instance, _: Any
                ) -> dict[str, Any]:
        self._lifecycle.turn('rescue', instance)
        return {'adminPass': secrets.token_urlsafe(9)}

    def _resize(self, _call: Call, instance: Instance,
                arguments: dict[str, Any]) -> None:
        wanted = str(field(arguments, 'flavorRef', (str, int)))
        flavor = self._flavors.get(wanted)
        if flavor is None:
            raise Refused(400, f'Flavor {wanted} could not be found.')
        if flavor['id'] == instance.flavor['id']:
            raise Refused(400, 'When resizing, instances must change '
                               'flavor!')
        self._compute.migrate(instance, '', dict(flavor))

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


def _refuse_unless(states: frozenset[str], action: str, instance: Instance,
                   *, is_hostless: bool = False) -> None:
    """Whether a server is where and as it has to be for an action.

    :raises Refused: 409, when it is not.
    """
    if instance.task_state:
        what = f'task_state {instance.task_state}'
    elif instance.vm_state not in states:
        what = f'vm_state {instance.vm_state}'
    elif not instance.host and not is_hostless:
        raise Refused(409, f'Instance {instance.id} is not ready')
    else:
        return
    raise Refused(409, f"Cannot '{action}' instance {instance.id} while it "
                       f'is in {what}')
