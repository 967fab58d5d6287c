"""Corrections as requests to Nova and Neutron, and their answers; pure."""

import dataclasses
from typing import Any

from doctor_core.cloud import refusals
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction

#: Nova tells a user's view of a host from its services, so those go first.
_RANKS = {Action.FORCE_DOWN: 0, Action.RESET_STATE: 1,
          Action.DATA_PLANE_STATUS: 2}


@dataclasses.dataclass(frozen=True)
class Call:
    """A request to a service; the path is relative to its API version."""

    method: str
    service_type: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        return f'{self.method} {self.service_type} {self.path}'


def rank(correction: Correction) -> int:
    """How urgent a correction is; the lowest is the most urgent."""
    return _RANKS[correction.action]


def call_for(correction: Correction) -> Call:
    """The request that makes a correction.

    Compute API: ``PUT /os-services/{id}`` (2.53), ``os-resetState``;
    Networking API: ``PUT /v2.0/ports/{id}``.
    """
    target, new = correction.target_id, correction.new
    if correction.action is Action.FORCE_DOWN:
        return Call('PUT', 'compute', f'/os-services/{target}',
                          {'forced_down': new == 'true'})
    if correction.action is Action.RESET_STATE:
        return Call('POST', 'compute', f'/servers/{target}/action',
                          {'os-resetState': {'state': new}})
    # "Unknown" is null in Neutron's answers, but Neutron answers 500 to it.
    return Call('PUT', 'network', f'/ports/{target}',
                      {'port': {'data_plane_status': new or 'ACTIVE'}})


def refusal(correction: Correction, status: int, body: bytes, *,
            sees_all: bool) -> CloudError | None:
    """What is wrong with an answer; None when the correction is made.

    A server or port that is gone needs no correction any more: none is
    wrong. Nova and Neutron also say 404 for what is hidden from a user; so
    this holds only for one who sees everything.

    :param sees_all: whether the user has the role admin.
    """
    if status < 400:
        return None
    request = str(call_for(correction))
    unforcing = correction.action is Action.FORCE_DOWN \
        and correction.new == 'false'
    if status == 400 and unforcing:
        # After an evacuation, until nova-compute was restarted there.
        return refusals.refused(request, status, body, recoverable=True)
    if status == 404 and correction.action is not Action.FORCE_DOWN:
        if sees_all:
            return None
        return CloudError(
            f'{request}: 404: it is gone, or hidden from a user without '
            'the role admin', status=status)
    return refusals.refused(request, status, body)
