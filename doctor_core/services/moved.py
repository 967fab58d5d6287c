"""Servers that have left a lost host, and what of them is Doctor's still."""

import logging
from collections.abc import Iterable

from doctor_core import clock, store
from doctor_core.inspectors import affected as affected_map
from doctor_core.model import Action, Correction, Server, StateChange
from doctor_core.services.response import Means

LOG = logging.getLogger(__name__)


def lost_hosts(kept: store.Store) -> list[str]:
    """The hosts that are down, with all done that this calls for."""
    return [fallen.hostname for fallen in kept.fallen(clock.now())
            if fallen.state == store.HANDLED]


def mend_ports(means: Means, host: str) -> None:
    """Set the data plane status of ports back that have left a lost host.

    Nobody else does: after an evacuation Neutron keeps the status that
    Doctor has set, and the host may never come back. Blocks on Neutron, if
    there is anything to do.
    """
    record = means.kept.raised(host)
    if record is None or record.state != store.HANDLED:
        return
    moved = [correction for correction in means.kept.to_reverse(record.id)
             if _has_moved(means, correction)]
    if not moved:
        return
    LOG.warning('Servers have left host %s, which is down: %d of their ports '
                'are set back', host, len(moved))
    means.kept.reversed(record.id, means.inspector.correct(
        [affected_map.reverse(correction) for correction in moved], _noted))


def has_left(affected: affected_map.AffectedMap,
             correction: Correction) -> bool:
    """Whether it is of a server that is on another host by now, or of a port
    of one: then it is not called for any more.
    """
    server = _server(affected, correction)
    return server is not None and server.host not in ('', correction.host)


def is_ours(affected: affected_map.AffectedMap, correction: Correction,
            found: affected_map.Affected) -> bool:
    """Whether what was, or may have been, changed is as Doctor leaves it.

    A server that was evacuated, or reset by its owner, is not Doctor's to
    touch. Its ports are: nobody else sets their data plane status back, and
    they may have moved with it.

    :param found: what is on the host that is back.
    """
    if correction.action is Action.RESET_STATE:
        return any(server.id == correction.target_id
                   and server.state == 'error' for server in found.servers)
    if correction.action is Action.DATA_PLANE_STATUS:
        port = affected.port(correction.target_id)
        return port is None or port.data_plane_status == 'DOWN'
    return True


def as_done(corrections: Iterable[Correction]) -> list[StateChange]:
    """Nothing is left to do for them."""
    return [StateChange(correction, clock.now())
            for correction in corrections]


def _server(affected: affected_map.AffectedMap,
            correction: Correction) -> Server | None:
    """The server that it is about, as far as is known."""
    if correction.action is Action.DATA_PLANE_STATUS:
        port = affected.port(correction.target_id)
        return affected.server(port.server_id) if port else None
    return affected.server(correction.target_id)


def _has_moved(means: Means, correction: Correction) -> bool:
    """Whether it is of a port whose server runs on another host that works.
    """
    server = _server(means.affected, correction)
    # A server that is being evacuated has its new host at once, and its new
    # state at the end.
    return correction.action is Action.DATA_PLANE_STATUS \
        and server is not None and server.state != 'error' \
        and has_left(means.affected, correction) \
        and means.kept.raised(server.host) is None


def _noted(change: StateChange) -> None:
    if not change.done:
        LOG.error('Port %s is not set back, which will be tried again: %s',
                  change.correction.target_id, change.error)
