"""What waits for what among the corrections of one host."""

import asyncio
import contextlib
from collections.abc import Iterable

from doctor_core.model import Action, Correction, Mark

#: Seconds for which servers wait for the answer to the force-down.
HEAD_START_S = 0.05
#: Seconds for which a port whose server is done waits for the other servers.
OTHERS_S = 2.0


class HostOrder:
    """The order of one host's corrections.

    A lost host is forced down first: one request, that the scheduler and
    every owner wait for, and that would be answered with the last among a
    hundred others. The servers follow when it is answered, or a little
    later. What comes after a server (its ports, its start) waits for the
    first answer about that server, or about all servers when its server is
    not among them. An error is an answer as well: Nova that is ill holds up
    no port for longer than one request. Neutron wakes Nova for each port,
    and takes its processors: so a port waits a little for the other servers,
    too. Of a host that is back, servers wait for nothing.

    All methods belong to one and the same loop, which runs.

    :param corrections: all of one host.
    :param head_start_s: seconds for which servers wait for the force-down.
    :param others_s: seconds for which a port waits for other servers.
    """

    def __init__(self, corrections: Iterable[Correction], *,
                 head_start_s: float = HEAD_START_S,
                 others_s: float = OTHERS_S) -> None:
        corrections = list(corrections)
        self._others_s = others_s
        self._marks = {one.target_id for one in corrections
                       if _is_lost_mark(one)}
        self._marked = asyncio.Event()
        self._servers = {one.target_id: asyncio.Event()
                         for one in corrections
                         if one.action is Action.RESET_STATE}
        self._unanswered = set(self._servers)
        self._all_servers = asyncio.Event()
        if self._marks:
            asyncio.get_running_loop().call_later(
                head_start_s, self._marked.set)
        else:
            self._marked.set()
        if not self._servers:
            self._all_servers.set()

    async def turn(self, correction: Correction) -> None:
        """Wait until a correction may be sent."""
        if correction.action is Action.FORCE_DOWN:
            return
        if correction.action is Action.RESET_STATE:
            await self._marked.wait()
            return
        if correction.action is Action.START:
            server = self._servers.get(correction.target_id)
            if server is not None:
                await server.wait()
            return
        server = self._servers.get(correction.server_id)
        if server is None:
            await self._all_servers.wait()
            return
        await server.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._others_s):
                await self._all_servers.wait()

    def answered(self, correction: Correction) -> None:
        """There is an answer about it, the first or another."""
        if _is_lost_mark(correction):
            self._marks.discard(correction.target_id)
            if not self._marks:
                self._marked.set()
        elif correction.action is Action.RESET_STATE:
            self._servers[correction.target_id].set()
            self._unanswered.discard(correction.target_id)
            if not self._unanswered:
                self._all_servers.set()


def _is_lost_mark(correction: Correction) -> bool:
    return correction.action is Action.FORCE_DOWN \
        and correction.mark is Mark.LOST
