"""What one of Nova's notifications says of a server. Pure.

Formats: Nova's unversioned notifications ``compute.instance.*``, and the
versioned ones ``instance.*``, which are brought into the words of those.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from doctor_core import wire
from doctor_core.model import Server

_GONE = 'deleted'
_DELETED = 'compute.instance.delete.end'
#: Sent at the end of a soft delete, too; the server can be restored then.
_SOFT = 'soft-delete'
_PREFIX = 'compute.instance.'
_VERSIONED_PREFIX = 'instance.'
_DATA = 'nova_object.data'
#: Fields that the versioned ones have under the same name.
_SAME = ('tenant_id', 'user_id', 'display_name', 'host', 'node', 'state',
         'task_state', 'updated_at')


class News(NamedTuple):
    """A notification of a server; times are Nova's.

    :ivar event_type: as of an unversioned one.
    :ivar payload: the same.
    :ivar sent_at: when it was sent; None when it does not say.
    :ivar updated_at: when Nova last wrote down what it says of the server;
        None when it does not say.
    """

    server_id: str
    event_type: str
    payload: Mapping[str, Any]
    sent_at: float | None
    updated_at: float | None


def news(event_type: str, payload: Mapping[str, Any],
         metadata: Mapping[str, Any]) -> News | None:
    """A notification as it came; None when it is none of a server.

    :param metadata: of oslo.messaging, with the time that it was sent.
    """
    if event_type.startswith(_VERSIONED_PREFIX):
        event_type, payload = f'compute.{event_type}', _flat(payload)
    server_id = payload.get('instance_id')
    if not event_type.startswith(_PREFIX) or not isinstance(server_id, str):
        return None
    return News(server_id, event_type, payload,
                wire.known_time(metadata.get('timestamp')),
                wire.known_time(payload.get('updated_at')))


def _flat(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """A versioned payload in the words of an unversioned one."""
    data = _data(payload)
    flavor = _data(data.get('flavor'))
    disks = [size for name in ('root_gb', 'ephemeral_gb')
             if isinstance(size := flavor.get(name), int)]
    return {
        'instance_id': data.get('uuid'),
        **{name: data[name] for name in _SAME if name in data},
        # Nova's other words for it have no zone.
        'launched_at': str(data.get('launched_at') or '').removesuffix('Z'),
        'instance_type': flavor.get('name'),
        'vcpus': flavor.get('vcpus'),
        'memory_mb': flavor.get('memory_mb'),
        'disk_gb': sum(disks) if disks else None,
    }


def _data(value: Any) -> Mapping[str, Any]:
    data = value.get(_DATA) if isinstance(value, dict) else None
    return data if isinstance(data, dict) else {}


def server_heard(event_type: str, payload: Mapping[str, Any],
                 known: Server | None, server_id: str) -> Server | None:
    """A server as it is after a notification.

    :param known: as it was before; None when it was not known.
    :returns: None when it is gone, or too little is known of it; ``known``
        itself when nothing has changed.
    """
    state = str(payload.get('state') or '')
    if state == _GONE or event_type == _DELETED and state != _SOFT:
        return None

    def text(name: str, before: str) -> str:
        return str(payload.get(name) or before)

    def number(name: str, before: int | None) -> int | None:
        value = payload.get(name)
        return value if isinstance(value, int) else before

    def cleared(name: str, before: str) -> str:
        """Absent says nothing; null or empty says that there is none."""
        return str(payload[name] or '') if name in payload else before

    before = known or Server(server_id, '', '', '')
    server = Server(
        id=server_id,
        name=text('display_name', before.name),
        project_id=text('tenant_id', before.project_id),
        host=cleared('host', before.host),
        state=state or before.state,
        user_id=text('user_id', before.user_id),
        flavor=text('instance_type', before.flavor),
        vcpus=number('vcpus', before.vcpus),
        memory_mb=number('memory_mb', before.memory_mb),
        disk_gb=number('disk_gb', before.disk_gb),
        launched_at=text('launched_at', before.launched_at),
        task_state=_task_state(payload, before.task_state),
        power_state=before.power_state,
        node=text('node', before.node))
    if not server.project_id:
        return known
    return known if server == known else server


def _task_state(payload: Mapping[str, Any], before: str) -> str:
    for name in ('new_task_state', 'task_state'):
        if name in payload:
            return str(payload[name] or '')
    return before
