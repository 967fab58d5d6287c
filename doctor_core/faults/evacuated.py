"""Servers that have left a lost host, and what of them is Doctor's still."""

import logging

from doctor_core import clock
from doctor_core.cloud import calls
from doctor_core.faults import undoing
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.correcting import Correcting
from doctor_core.model import Action, Correction, Server
from doctor_core.model.states import CorrectionState
from doctor_core.store import CorrectionRecord, FaultRecord, Store
from doctor_core.wording import counted

LOG = logging.getLogger(__name__)

_OWED = (CorrectionState.OWED, CorrectionState.ASKED)


def called_for(store: Store, affected: AffectedMap,
               fault_id: str) -> list[Correction]:
    """What is owed still, without what must not be touched: servers that are
    on other hosts by now, that Nova is at, or that somebody else has changed.
    That is settled here.
    """
    owed = []
    for record in store.corrections.of(fault_id, *_OWED):
        server = _server(affected, record.correction)
        settled = None if server is None else _settled(record, server)
        if settled is None:
            owed.append(record.correction)
        else:
            state, why = settled
            store.corrections.move(fault_id, state, [record.correction],
                                   at=clock.now(), reason=why)
    return owed


def _settled(record: CorrectionRecord, server: Server
             ) -> tuple[CorrectionState, str] | None:
    """What becomes of a correction that is not asked for any more, and why;
    None when it is.
    """
    if _has_left(server, record.correction):
        return _moved_to(record), _why_left(record, server)
    if record.correction.action is not Action.RESET_STATE:
        return None
    may_be_made = record.state is CorrectionState.ASKED
    is_busy = server.task_state not in calls.HARMLESS
    if is_busy and may_be_made and server.state == calls.ERROR:
        # Once more would end what Nova is doing with it, an evacuation.
        return CorrectionState.DONE, calls.busy_with(server)
    if server.state in (calls.ACTIVE, calls.ERROR) and not is_busy:
        return None
    why = calls.busy_with(server) if is_busy \
        else f'its state is {server.state} by now'
    return _moved_to(record), why


def _why_left(record: CorrectionRecord, server: Server) -> str:
    """What is said of a correction whose server has left: whether an error
    is Doctor's, nobody can know where the answer of Nova was lost.
    """
    why = f'its server is on host {server.host or "none"} by now'
    if record.state is not CorrectionState.ASKED \
            or record.correction.action is not Action.RESET_STATE \
            or server.state != calls.ERROR:
        return why
    why += ', in error, perhaps since Doctor asked for that and heard no ' \
        f'answer: {undoing.BY_HAND}'
    LOG.warning('Server %s: %s', server.id, why)
    return why


def _moved_to(record: CorrectionRecord) -> CorrectionState:
    """What becomes of a correction whose server has left: nobody but Doctor
    takes back what it may have set of a port.
    """
    if record.state is CorrectionState.OWED:
        return CorrectionState.WAIVED
    if record.correction.action is Action.DATA_PLANE_STATUS:
        return CorrectionState.UNDO_OWED
    return CorrectionState.LEFT


def mend_ports(store: Store, affected: AffectedMap, correcting: Correcting,
               record: FaultRecord) -> None:
    """Set the data plane status of ports back that have left a lost host.

    Nobody else does: after an evacuation Neutron keeps the status that
    Doctor has set, and the host may never come back. Blocks on Neutron, if
    there is anything to do.
    """
    fault_id = record.id
    if correcting.changes_nothing:
        return
    moved = [one.correction for one in store.corrections.of(
        fault_id, CorrectionState.DONE, CorrectionState.UNDO_OWED)
        if one.correction.action is Action.DATA_PLANE_STATUS
        and _works_elsewhere(store, affected, one.correction)]
    if not moved:
        return
    LOG.warning('Servers have left host %s, which is down: %s of theirs to be '
                'set back', record.hostname, counted(len(moved), 'port'))
    store.corrections.move(fault_id, CorrectionState.UNDO_OWED, moved,
                           old=(CorrectionState.DONE,))
    # What another loss has taken over meanwhile, this does not send.
    correcting.undo(fault_id, moved)


def _server(affected: AffectedMap, correction: Correction) -> Server | None:
    """The server that it is about, as far as is known."""
    if correction.action is Action.RESET_STATE:
        return affected.server(correction.target_id)
    if correction.action is not Action.DATA_PLANE_STATUS:
        return None
    port = affected.port(correction.target_id)
    server_id = port.server_id if port else correction.server_id
    return affected.server(server_id) if server_id else None


def _has_left(server: Server, correction: Correction) -> bool:
    """Whether it is on another host, or on none since it was shelved."""
    return server.host != correction.host


def _works_elsewhere(store: Store, affected: AffectedMap,
                     correction: Correction) -> bool:
    """Whether it is of a port whose server runs on another host that works.

    A server that is being evacuated has its new host at once, and its new
    state at the end.
    """
    server = _server(affected, correction)
    return server is not None and server.host not in ('', correction.host) \
        and server.state != calls.ERROR \
        and store.faults.open_of(server.host) is None


