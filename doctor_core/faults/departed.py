"""Hosts that have left Nova while their fault was open."""

import logging

from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap

LOG = logging.getLogger(__name__)


def why_over(affected: AffectedMap, host: str) -> str:
    """Why the fault of a host is over that nobody can report any more: Nova
    has neither a compute service nor a server of it. Empty when it is not
    over. Blocks on Nova, of hosts only that are missing in its last lists.

    A list may be short for a moment: two looks, some time apart, did not
    find the service, and no look finds a server.
    """
    if host in affected.hosts() or affected.of(host).servers:
        return ''
    try:
        if affected.service(host) is not None or affected.ask(host).servers:
            return ''
    except BackendError as error:
        LOG.debug('%s', error)
        return ''
    return 'Nova has no compute service of the host any more, and no server ' \
        'on it'
