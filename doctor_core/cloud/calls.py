"""Corrections as requests to Nova and Neutron, and their answers; pure."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from doctor_core.cloud import answers, refusals
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark, Port, Server

if TYPE_CHECKING:
    from doctor_core.web.client import Reply

#: vm_state: all that Nova lets an administrator reset a server to.
ERROR, ACTIVE = 'error', 'active'
#: data_plane_status: all that Neutron takes.
PORT_DOWN, PORT_ACTIVE = 'DOWN', 'ACTIVE'

#: What Nova may be doing with an active server that is active afterwards,
#: too. Whatever else it is doing leads to a state that nobody could restore.
HARMLESS = frozenset({
    '', 'reboot_pending', 'reboot_started', 'rebooting',
    'reboot_pending_hard', 'reboot_started_hard', 'rebooting_hard',
    'image_snapshot', 'image_snapshot_pending', 'image_pending_upload',
    'image_uploading', 'image_backup', 'updating_password', 'migrating'})
#: Nova tells a user's view of a host from its services, so those go first.
_RANKS = {Action.FORCE_DOWN: 0, Action.RESET_STATE: 1, Action.START: 2,
          Action.DATA_PLANE_STATUS: 2}
#: What a question of Doctor's own has among them.
READ_RANK = 1


@dataclasses.dataclass(frozen=True)
class Call:
    """A request to a service; the path is relative to its API version.

    :ivar is_repeatable: whether it may be sent again although the first may
        have been heard, only its answer not.
    """

    method: str
    service_type: str
    path: str
    body: Any = None
    is_repeatable: bool = True

    def __str__(self) -> str:
        return f'{self.method} {self.service_type} {self.path}'


def rank(correction: Correction) -> int:
    """How urgent a correction is; the lowest is the most urgent."""
    return _RANKS[correction.action]


def server_call(server_id: str) -> Call:
    """The request for one server."""
    return Call('GET', 'compute', f'/servers/{quote(server_id, safe="")}')


def read(request: Call, reply: 'Reply') -> Any:
    """The JSON of an answer to a question.

    :raises CloudError: it is a refusal, or of something between.
    """
    if reply.status >= 400:
        raise refusals.refused(str(request), reply.status, reply.body,
                               service_type=request.service_type)
    if reply.status >= 300:
        raise refusals.redirected(str(request), request.service_type,
                                  reply.status,
                                  reply.headers.get('Location', ''))
    answer = refusals.decoded(reply.body)
    if answer is None:
        raise refusals.between(str(request), request.service_type,
                               reply.status, 'the answer is not JSON')
    return answer


def server_found(request: Call, reply: 'Reply') -> Server | None:
    """One server of ``GET /servers/{id}``; None when Nova has none.

    :raises CloudError: as :func:`read`; or it is no server.
    """
    try:
        answer = read(request, reply)
    except refusals.Gone:
        return None
    with refusals.understood(str(request)):
        return answers.server(answer['server'])


def port_call(port_id: str) -> Call:
    """The request for one port."""
    return Call('GET', 'network', f'/ports/{quote(port_id, safe="")}')


def port_found(request: Call, reply: 'Reply') -> Port | None:
    """One port of ``GET /v2.0/ports/{id}``, whoever has it; None when
    Neutron has none.

    :raises CloudError: as :func:`read`; or it is no port.
    """
    try:
        answer = read(request, reply)
    except refusals.Gone:
        return None
    with refusals.understood(str(request)):
        return answers.port(answer['port'])


def why_not_again(correction: Correction, server: Server | None) -> str:
    """Why the state of a server is not to be set once more, some time after
    it was asked for; empty when it is. A reset ends what Nova is doing with
    the server.
    """
    if server is None:
        return ''
    lost = correction.mark is Mark.LOST
    if lost and not server.is_partial and server.host != correction.host:
        return f'its server is on host {server.host or "none"} by now'
    if server.task_state not in (HARMLESS if lost else {''}):
        return busy_with(server)
    return ''


def busy_with(server: Server) -> str:
    """What Nova is doing with a server."""
    return f'Nova is at it: {server.task_state}'


def value_of(correction: Correction) -> str:
    """What the API shows of the target once a correction is made."""
    lost = correction.mark is Mark.LOST
    if correction.action is Action.FORCE_DOWN:
        return str(lost).lower()
    if correction.action in (Action.RESET_STATE, Action.START):
        return ERROR if lost else ACTIVE
    # "Unknown" is null in Neutron's answers, but Neutron answers 500 to it.
    return PORT_DOWN if lost else correction.before or PORT_ACTIVE


def call_for(correction: Correction) -> Call:
    """The request that makes a correction.

    Compute API: ``PUT /os-services/{id}`` (2.53), ``os-resetState``,
    ``reboot``, which also starts a server that is active, stopped or in
    error without a running guest; Networking API: ``PUT /v2.0/ports/{id}``.

    :raises Final: there is no such request, and never will be.
    """
    if not correction.target_id:
        raise refusals.Final(f'{correction.action} on {correction.host}: '
                         'not asked for, the id is not known')
    target = quote(correction.target_id, safe='')
    value = value_of(correction)
    if correction.action is Action.FORCE_DOWN:
        return Call('PUT', 'compute', f'/os-services/{target}',
                          {'forced_down': correction.mark is Mark.LOST})
    if correction.action is Action.RESET_STATE:
        return Call('POST', 'compute', f'/servers/{target}/action',
                          {'os-resetState': {'state': value}})
    if correction.action is Action.START:
        return _start(correction, target)
    return Call('PUT', 'network', f'/ports/{target}',
                      {'port': {'data_plane_status': value}})


def _start(correction: Correction, target: str) -> Call:
    if correction.mark is Mark.LOST:
        raise refusals.Final(
            f'{correction.action} of {target}: not asked for, its host '
            f'{correction.host} is lost')
    return Call('POST', 'compute', f'/servers/{target}/action',
                {'reboot': {'type': 'HARD'}}, is_repeatable=False)


def refusal(correction: Correction, reply: 'Reply', *,
            sees_all: bool) -> CloudError | None:
    """What is wrong with an answer; None when the correction is made.

    It is made when Nova or Neutron said so, in just the way in which they
    do: what stands between may answer 200 as well, or lead to a login page.
    A server or port that is gone needs no correction any more: none is
    wrong. Nova and Neutron also say 404 for what is hidden from a user; so
    this holds only for one who sees everything. A compute service that is
    gone may have been registered anew, with another id: that is wrong.

    :param sees_all: whether the user has the role admin.
    """
    call = call_for(correction)
    if reply.status < 300:
        if _is_confirmed(correction, reply):
            return None
        return refusals.between(str(call), call.service_type, reply.status,
                                'the answer does not confirm it')
    if reply.status < 400:
        return refusals.redirected(str(call), call.service_type,
                                   reply.status,
                                   reply.headers.get('Location', ''))
    return _error(correction, call, reply, sees_all)


def _error(correction: Correction, call: Call, reply: 'Reply',
           sees_all: bool) -> CloudError | None:
    unforcing = correction.action is Action.FORCE_DOWN \
        and correction.mark is Mark.BACK
    # After an evacuation, until nova-compute was restarted there.
    passes = reply.status == 400 and unforcing
    final = None if passes else refusals.finally_refused(
        str(call), call.service_type, reply.status, reply.body)
    if final is not None:
        return final
    error = refusals.refused(
        str(call), reply.status, reply.body, service_type=call.service_type,
        recoverable=True if passes else None)
    if not isinstance(error, refusals.Gone) \
            or correction.action is Action.FORCE_DOWN:
        return error
    if sees_all:
        return None
    return CloudError(f'{call}: 404: it is gone, or hidden from a user '
                      'without the role admin', status=404)


def _is_confirmed(correction: Correction, reply: 'Reply') -> bool:
    """Whether an answer below 300 says that a correction is made."""
    if correction.action in (Action.RESET_STATE, Action.START):
        return reply.status == 202 and not reply.body.strip()
    answer = refusals.decoded(reply.body)
    shown = answer if isinstance(answer, Mapping) else {}
    if correction.action is Action.FORCE_DOWN:
        service = shown.get('service')
        return reply.status == 200 and isinstance(service, Mapping) \
            and service.get('id') == correction.target_id \
            and service.get('forced_down') is (correction.mark is Mark.LOST)
    port = shown.get('port')
    return reply.status == 200 and isinstance(port, Mapping) \
        and port.get('id') == correction.target_id \
        and port.get('data_plane_status') == value_of(correction)
