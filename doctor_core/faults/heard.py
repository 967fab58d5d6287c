"""What one of Nova's notifications says of a server. Pure.

Formats: Nova's unversioned notifications ``compute.instance.*``.
"""

from collections.abc import Mapping
from typing import Any

from doctor_core.model import Server

_GONE = 'deleted'
_DELETED = 'compute.instance.delete.end'
#: Sent at the end of a soft delete, too; the server can be restored then.
_SOFT = 'soft-delete'


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
