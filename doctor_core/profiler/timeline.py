"""Collects the checkpoints of all faults; pure."""

import collections
import threading
from collections.abc import Iterable, Sequence

from doctor_core.model import Checkpoint, Stage
from doctor_core.profiler.times import HOST_STAGES, Clocks, FaultTimes


class _Stamps:
    """The earliest stamp of each stage and server of one fault."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.at: dict[tuple[str, Stage], float] = {}
        self.repeated: collections.Counter[tuple[str, Stage]] = \
            collections.Counter()

    def add(self, checkpoint: Checkpoint) -> None:
        host_stage = checkpoint.stage in HOST_STAGES
        key = ('' if host_stage else checkpoint.server_id, checkpoint.stage)
        if key in self.at:
            self.repeated[key] += 1
        self.at[key] = min(checkpoint.at, self.at.get(key, checkpoint.at))

    @property
    def detected_at(self) -> float:
        return self.at.get(('', Stage.DETECTED), min(self.at.values()))

    def copy(self) -> '_Stamps':
        twin = _Stamps(self.host)
        twin.at.update(self.at)
        twin.repeated.update(self.repeated)
        return twin


class Timeline:
    """Collects checkpoints from all threads and sorts them by fault.

    A checkpoint need not name its fault: who cuts a link or receives a
    notice does not know its id. Such a one goes to the fault of its host, or
    of its server, that was last detected before it; a T00 to the one that
    was detected next.

    :param clocks: whose clock stamped what.
    :param max_faults: how many faults are kept; the oldest are forgotten.
    """

    def __init__(self, clocks: Clocks | None = None,
                 max_faults: int = 1000) -> None:
        self.clocks = clocks or Clocks()
        self._max_faults = max_faults
        self._lock = threading.Lock()
        self._faults: dict[str, _Stamps] = {}
        self._loose: collections.deque[Checkpoint] = collections.deque(
            maxlen=100 * max_faults)

    def add(self, checkpoint: Checkpoint) -> None:
        """Note a checkpoint; any thread may call, and is not held up."""
        with self._lock:
            if not checkpoint.fault_id:
                self._loose.append(checkpoint)
                return
            stamps = self._faults.setdefault(
                checkpoint.fault_id, _Stamps(checkpoint.host))
            stamps.host = stamps.host or checkpoint.host
            stamps.add(checkpoint)
            if len(self._faults) > self._max_faults:
                del self._faults[next(iter(self._faults))]

    def faults(self) -> list[tuple[str, str]]:
        """The id and the host of every fault, in order of the first stamp.
        """
        with self._lock:
            return [(fault_id, stamps.host)
                    for fault_id, stamps in self._faults.items()]

    def fault(self, fault_id: str, host: str = '',
              servers: Iterable[str] = ()) -> FaultTimes:
        """What is known of one fault by now; never fails.

        :param fault_id: may be unknown; then all there is are checkpoints
            that name no fault.
        :param host: the host, if no checkpoint of the fault names it.
        :param servers: those that are affected, so that one of which nobody
            stamped anything is missed.
        """
        expected = list(servers)
        with self._lock:
            known = self._faults.get(fault_id)
            stamps = known.copy() if known else _Stamps(host)
            # Of the same host, in the order in which they were detected.
            peers = sorted((other.detected_at, name)
                           for name, other in self._faults.items()
                           if other.host == stamps.host)
            loose = list(self._loose)
        ours = {server for server, _stage in stamps.at} | set(expected)
        for checkpoint in loose:
            here = (checkpoint.host == stamps.host if checkpoint.host
                    else checkpoint.server_id in ours)
            if ours and checkpoint.server_id:
                # Nova also notifies of servers that nobody asked about.
                here = here and checkpoint.server_id in ours
            if here and _whose(checkpoint, peers) in (fault_id, None):
                stamps.add(checkpoint)
        return self._times(fault_id, stamps, expected)

    def _times(self, fault_id: str, stamps: _Stamps,
               expected: list[str]) -> FaultTimes:
        host_stages = {stage: at for (server, stage), at in stamps.at.items()
                       if not server}
        servers: dict[str, dict[Stage, float]] = {
            server: {} for server in expected}
        for (server, stage), at in stamps.at.items():
            if server:
                servers.setdefault(server, {})[stage] = at

        def told_at(server: str) -> float:
            return servers[server].get(
                Stage.OWNER_TOLD,
                host_stages.get(Stage.OWNER_TOLD, float('inf')))

        return FaultTimes(
            fault_id, stamps.host, host_stages,
            {server: servers[server]
             for server in sorted(servers, key=told_at)},
            dict(stamps.repeated), self.clocks)


def _whose(checkpoint: Checkpoint,
           peers: Sequence[tuple[float, str]]) -> str | None:
    """The fault that a checkpoint without an id belongs to."""
    if not peers:
        return None
    if checkpoint.stage is Stage.LINK_DOWN:
        later = [name for detected_at, name in peers
                 if detected_at >= checkpoint.at]
        return later[0] if later else peers[-1][1]
    before = [name for detected_at, name in peers
              if detected_at <= checkpoint.at]
    return before[-1] if before else peers[0][1]
