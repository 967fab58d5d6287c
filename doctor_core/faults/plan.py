"""What the loss of a host calls for: corrections, and tellings. Pure."""

import dataclasses
from collections.abc import Iterable, Mapping

from doctor_core.cloud import calls
from doctor_core.model import (
    Action,
    ComputeService,
    Correction,
    Mark,
    News,
    Port,
    Server,
    Telling,
)
from doctor_core.model.evidence import EvidenceKind, certainty

_NOTHING: Mapping[str, str] = {}


@dataclasses.dataclass(frozen=True)
class Affected:
    """What a lost host takes with it.

    :ivar takes_servers: False for a host of the driver ``ironic``: its
        machines run on without it; None while it is not known which driver
        it has. Its owners are told then, and its servers left as they are.
    :ivar is_partial: whether Nova cannot see the host's cell, and this is
        what was known before.
    :ivar no_ports: why Neutron could not be asked for its ports, and these
        are what was known before; empty when it was.
    :ivar unknown: servers of which Nova does not tell where they are, by
        their ids, and why; they are not among the others.
    """

    host: str
    service: ComputeService | None
    servers: tuple[Server, ...] = ()
    ports: tuple[Port, ...] = ()
    takes_servers: bool | None = True
    is_partial: bool = False
    no_ports: str = ''
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)


def is_restorable(server: Server) -> bool:
    """Whether Nova could give its state back: an administrator can reset a
    server to active or to error, and to nothing else.
    """
    return server.state == calls.ACTIVE and server.task_state in calls.HARMLESS


def marks(service: ComputeService | None) -> list[Correction]:
    """What marks a host: each service of its name that is not marked yet.

    :param service: one of them, with its namesakes.
    """
    # Without an id there is nothing to ask for, in a cell that is down.
    return [Correction(Action.FORCE_DOWN, one.id, one.host, Mark.LOST,
                       'false')
            for one in (service.all() if service is not None else ())
            if one.id and not one.forced_down]


def corrections(affected: Affected, *, ports: bool) -> list[Correction]:
    """What has to be set right, leaving alone what is so already, and what
    could not be taken back.

    :param ports: whether Neutron's data plane status is corrected, too.
    """
    host = affected.host
    wanted = marks(affected.service)
    if not affected.takes_servers:
        return wanted
    wanted += [
        Correction(Action.RESET_STATE, server.id, host, Mark.LOST,
                   server.state, server.id)
        for server in affected.servers if is_restorable(server)]
    if ports:
        wanted += [
            Correction(Action.DATA_PLANE_STATUS, port.id, host, Mark.LOST,
                       port.data_plane_status, port.server_id)
            for port in affected.ports
            if port.data_plane_status != calls.PORT_DOWN]
    return wanted


def rests_on(kinds: Iterable[EvidenceKind], *, is_path_suspected: bool
             ) -> dict[str, str]:
    """What a notice says of how sure the loss is: traits, by name. None of a
    fault whose report did not say what it rests on.

    :param kinds: of evidence. Who has seen it is no business of owners.
    """
    seen = set(kinds)
    known = [kind for kind in EvidenceKind if kind in seen]
    said = {'certainty': str(certainty(
                known, is_path_suspected=is_path_suspected)),
            'evidence': ', '.join(known)}
    return {name: text for name, text in said.items() if text}


def tellings(affected: Affected, before: Mapping[str, str] = _NOTHING,
             sure: Mapping[str, str] = _NOTHING) -> list[Telling]:
    """What the owners of its servers are to be told: each the same event,
    whether or not Nova will show it.

    :param before: by id, the states of servers that Doctor has set to error
        already, in an earlier fault of the host.
    :param sure: what :func:`rests_on` says of the fault.
    """
    if affected.takes_servers is False:
        return []
    return [Telling(server, News.LOST, calls.ERROR, {
                'corrected': str(server.id in before
                                 or is_restorable(server)).lower(),
                'state_before': before.get(server.id, server.state),
                **sure})
            for server in affected.servers]


def uncorrected(telling: Telling) -> Telling:
    """What the owner of a server is told whose state was not set."""
    return dataclasses.replace(
        telling, traits={**telling.traits, 'corrected': 'false'})
