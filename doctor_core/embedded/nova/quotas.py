"""How much of Nova a project may use: os-quota-sets and limits."""

from typing import Any

from doctor_core.embedded.nova.compute import Compute
from doctor_core.embedded.nova.microversion import MOST, NovaApi
from doctor_core.embedded.rest import Call, field, forbidden
from doctor_core.web.server import Refused

_RULE = 'os_compute_api:os-quota-sets:'
#: Without limits where servers are concerned, that a demonstration need not
#: raise them first; the others are Nova's own. With the last microversion
#: that has them.
_DEFAULTS = {
    'instances': (-1, MOST), 'cores': (-1, MOST), 'ram': (-1, MOST),
    'metadata_items': (128, MOST), 'key_pairs': (100, MOST),
    'server_groups': (10, MOST), 'server_group_members': (10, MOST),
    'injected_files': (5, 56), 'injected_file_content_bytes': (10240, 56),
    'injected_file_path_bytes': (255, 56),
    'fixed_ips': (-1, 35), 'floating_ips': (-1, 35),
    'security_groups': (-1, 35), 'security_group_rules': (-1, 35)}
_LIMITS = {
    'maxTotalInstances': 'instances', 'maxTotalCores': 'cores',
    'maxTotalRAMSize': 'ram', 'maxTotalKeypairs': 'key_pairs',
    'maxServerMeta': 'metadata_items', 'maxServerGroups': 'server_groups',
    'maxServerGroupMembers': 'server_group_members',
    'maxPersonality': 'injected_files',
    'maxPersonalitySize': 'injected_file_content_bytes',
    'maxTotalFloatingIps': 'floating_ips',
    'maxSecurityGroups': 'security_groups',
    'maxSecurityGroupRules': 'security_group_rules'}
_USED = {
    'totalInstancesUsed': 'instances', 'totalCoresUsed': 'cores',
    'totalRAMUsed': 'ram', 'totalServerGroupsUsed': 'server_groups',
    'totalFloatingIpsUsed': 'floating_ips',
    'totalSecurityGroupsUsed': 'security_groups'}
#: The last microversion in which image metadata have a limit of their own.
_IMAGE_META_UNTIL = 38


class Quotas:
    """Keeps the projects' quotas, and lets no more servers be made."""

    def __init__(self, api: NovaApi, compute: Compute) -> None:
        self._compute = compute
        self._changed: dict[str, dict[str, int]] = {}
        path = '/v2.1/os-quota-sets/{id}'
        api.add('GET', path, self._show)
        api.add('GET', f'{path}/detail', self._detail)
        api.add('GET', f'{path}/defaults', lambda call: {
            'quota_set': {'id': call.params['id'],
                          **_shown(_limits({}), call.version)}})
        api.add('PUT', path, self._update, admin=_RULE + 'update')
        api.add('DELETE', path, self._delete, status=202,
                admin=_RULE + 'delete')
        api.add('GET', '/v2.1/limits', self._limits)

    def _of(self, project_id: str) -> dict[str, int]:
        return _limits(self._changed.get(project_id, {}))

    def _used(self, project_id: str) -> dict[str, int]:
        flavors = [instance.flavor for instance
                   in self._compute.instances.values()
                   if instance.project_id == project_id]
        return dict.fromkeys(_DEFAULTS, 0) | {
            'instances': len(flavors),
            'cores': sum(flavor['vcpus'] for flavor in flavors),
            'ram': sum(flavor['ram'] for flavor in flavors)}

    def check(self, project_id: str, flavor: dict[str, Any], count: int
              ) -> None:
        """Whether a project may have so many more servers.

        :raises Refused: 403, when it may not.
        """
        used, most = self._used(project_id), self._of(project_id)
        asked = {'instances': count, 'cores': count * flavor['vcpus'],
                 'ram': count * flavor['ram']}
        for name, number in asked.items():
            if 0 <= most[name] < used[name] + number:
                raise Refused(
                    403, f'Quota exceeded for {name}: Requested {number}, '
                         f'but already used {used[name]} of {most[name]} '
                         f'{name}')

    def _seen(self, call: Call, project_id: str, rule: str) -> str:
        if project_id != call.caller.project_id \
                and not call.caller.is_admin:
            raise forbidden(rule)
        return project_id

    def _show(self, call: Call) -> dict[str, Any]:
        project_id = self._seen(call, call.params['id'], _RULE + 'show')
        return {'quota_set': {'id': project_id, **_shown(
            self._of(project_id), call.version)}}

    def _detail(self, call: Call) -> dict[str, Any]:
        project_id = self._seen(call, call.params['id'], _RULE + 'detail')
        used = self._used(project_id)
        return {'quota_set': {'id': project_id, **{
            name: {'limit': limit, 'in_use': used[name], 'reserved': 0}
            for name, limit in _shown(self._of(project_id),
                                      call.version).items()}}}

    def _update(self, call: Call) -> dict[str, Any]:
        project_id, body = call.params['id'], call.body('quota_set')
        asked = {}
        for name in body:
            if name == 'force':
                continue
            if name not in _DEFAULTS:
                raise Refused(400, 'Additional properties are not allowed '
                                   f"('{name}' was unexpected)")
            asked[name] = _limit(body, name)
        used = self._used(project_id)
        for name, limit in asked.items():
            if not body.get('force') and 0 <= limit < used[name]:
                raise Refused(
                    400, f'Quota limit {limit} for {name} must be greater '
                         f'than or equal to already used and reserved '
                         f'{used[name]}.')
        self._changed.setdefault(project_id, {}).update(asked)
        return {'quota_set': _shown(self._of(project_id), call.version)}

    def _delete(self, call: Call) -> None:
        self._changed.pop(call.params['id'], None)

    def _limits(self, call: Call) -> dict[str, Any]:
        project_id = self._seen(
            call, call.query.get('tenant_id', call.caller.project_id),
            'os_compute_api:limits:other_project')
        used = _shown(self._used(project_id), call.version)
        most = _shown(self._of(project_id), call.version)
        absolute = {limit: most[name] for limit, name in _LIMITS.items()
                    if name in most}
        absolute |= {shown: used[name] for shown, name in _USED.items()
                     if name in used}
        if call.version <= _IMAGE_META_UNTIL:
            absolute['maxImageMeta'] = most['metadata_items']
        return {'limits': {'rate': [], 'absolute': absolute}}


def _limits(changed: dict[str, int]) -> dict[str, int]:
    """The defaults, but for what was changed."""
    return {name: limit for name, (limit, _) in _DEFAULTS.items()} | changed


def _shown(numbers: dict[str, int], version: int) -> dict[str, int]:
    """What of quotas a microversion has."""
    return {name: number for name, number in numbers.items()
            if version <= _DEFAULTS[name][1]}


def _limit(body: dict[str, Any], name: str) -> int:
    value = field(body, name, (int, str))
    try:
        number = int(value)
    except ValueError:
        number = -2
    if number < -1:
        raise Refused(400, f'Invalid input for field/attribute {name}. '
                           f'Value: {value}.')
    return number
