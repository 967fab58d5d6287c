"""Which servers a list holds: its filters, its order, whose they are."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from doctor_core.embedded.nova.instances import Instance, is_status
from doctor_core.embedded.rest import Call, flag, forbidden
from doctor_core.web.server import Refused

#: What a plain user may filter by; the rest is ignored in silence.
_FOR_ALL = frozenset({'reservation_id', 'name', 'status', 'image', 'flavor',
                      'all_tenants', 'tags', 'ip', 'ip6', 'changes-since',
                      'changes-before', 'tags-any', 'not-tags',
                      'not-tags-any', 'locked'})
#: What is compared as a whole, and with which part of a server.
_EQUAL: dict[str, Callable[[Instance], Any]] = {
    'host': lambda instance: instance.host,
    'node': lambda instance: instance.host,
    'project_id': lambda instance: instance.project_id,
    'tenant_id': lambda instance: instance.project_id,
    'user_id': lambda instance: instance.user_id,
    'uuid': lambda instance: instance.id,
    'image': lambda instance: instance.image_id,
    'flavor': lambda instance: instance.flavor['id'],
    'reservation_id': lambda instance: instance.reservation_id,
    'vm_state': lambda instance: instance.vm_state,
    'task_state': lambda instance: instance.task_state or '',
    'power_state': lambda instance: str(instance.power_state),
    'hostname': lambda instance: instance.hostname,
    'availability_zone': lambda instance: 'nova' if instance.host else '',
}
_NOT_FILTERS = frozenset({'limit', 'marker', 'page_size', 'sort_key',
                          'sort_dir', 'all_tenants', 'status', 'name',
                          'tags', 'deleted', 'soft_deleted'})
_SORTED: dict[str, Callable[[Instance], Any]] = {
    'created_at': lambda instance: instance.created_at,
    'updated_at': lambda instance: instance.updated_at,
    'launched_at': lambda instance: instance.launched_at or 0.0,
    'display_name': lambda instance: instance.name,
    'host': lambda instance: instance.host,
    'vm_state': lambda instance: instance.vm_state,
    'project_id': lambda instance: instance.project_id,
    'uuid': lambda instance: instance.id,
}


def wanted(instances: Iterable[Instance], call: Call) -> list[Instance]:
    """The servers that a request is for, in the order that it asks for.

    Without ``all_tenants`` they are the caller's project's, whatever project
    a filter names. A plain user's filter by host is ignored.

    :raises Refused: 403 for all_tenants of a plain user; 400 for a filter
        that is wrong; 501 for one that is not served here.
    """
    query = {name: text for name, text in call.query.items()
             if call.caller.is_admin or name in _FOR_ALL}
    tests = _tests(query, call)
    if not _all_tenants(query, call):
        for name in ('tenant_id', 'project_id'):
            query.pop(name, None)
        tests.append(lambda instance:
                     instance.project_id == call.caller.project_id)
    for name, text in query.items():
        if name in _EQUAL:
            tests.append(_equal(_EQUAL[name], text))
    found = [instance for instance in instances
             if all(test(instance) for test in tests)]
    return _sorted(found, call)


def holds_lost(call: Call) -> bool:
    """Whether a list has minimal records of servers whose cell is down.

    Only a whole list has: no filter, no order and no page can be made of
    what is not known.
    """
    return call.version >= 69 and not call.query.keys() - {'all_tenants'}


def _all_tenants(query: dict[str, str], call: Call) -> bool:
    # A bare "all_tenants" means yes.
    asked = 'all_tenants' in query and flag(query['all_tenants'] or 'true')
    if asked and not call.caller.is_admin:
        kind = 'detail' if call.request.path.endswith('/detail') else 'index'
        raise forbidden(f'os_compute_api:servers:{kind}:get_all_tenants')
    return asked


def _equal(part: Callable[[Instance], Any], text: str
           ) -> Callable[[Instance], bool]:
    return lambda instance: part(instance) == text


def _tests(query: dict[str, str], call: Call
           ) -> list[Callable[[Instance], bool]]:
    tests: list[Callable[[Instance], bool]] = []
    unserved = sorted(query.keys() - _EQUAL.keys() - _NOT_FILTERS)
    if unserved:
        raise Refused(501, 'The embedded cloud does not filter servers by '
                           f'{unserved[0]}.')
    if 'name' in query:
        try:
            pattern = re.compile(query['name'])
        except re.error as error:
            raise Refused(400, f'Invalid name filter: {error}') from None
        tests.append(lambda instance: pattern.search(instance.name)
                     is not None)
    if 'status' in query:
        tests.append(_status(query['status'], call))
    if query.get('tags'):
        tags = set(query['tags'].split(','))
        tests.append(lambda instance: tags <= set(instance.tags))
    if not flag(query.get('soft_deleted', 'false')):
        tests.append(lambda instance: instance.vm_state != 'soft-delete')
    if 'deleted' in query and flag(query['deleted']):
        tests.append(lambda instance: False)
    return tests


def _status(text: str, call: Call) -> Callable[[Instance], bool]:
    if not is_status(text):
        if call.version >= 38:
            raise Refused(400, 'Invalid status value')
        return lambda instance: False
    if text.upper() == 'DELETED' and not call.caller.is_admin:
        raise Refused(403, 'Only administrators may list deleted instances')
    return lambda instance: instance.status == text.upper()


def _sorted(found: list[Instance], call: Call) -> list[Instance]:
    key = call.query.get('sort_key', 'created_at')
    if key not in _SORTED:
        raise Refused(400, f'Invalid input for query parameters sort_key. '
                           f'Value: {key}.')
    descending = call.query.get('sort_dir', 'desc') != 'asc'
    return sorted(found, key=lambda instance: (
        _SORTED[key](instance), instance.number), reverse=descending)
