"""What a monitor has reported, for who waits for it."""

import threading

from doctor_core.model import Fault, FaultStatus


class ReportedFaults:
    """Takes faults from any thread, and hands them to who waits."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._reported = threading.Condition()

    def put(self, fault: Fault) -> None:
        """Take a fault."""
        with self._reported:
            self._faults.append(fault)
            self._reported.notify_all()

    def wait(self, hostname: str, status: FaultStatus, timeout_s: float
             ) -> Fault | None:
        """The first of a host with a status; blocks until there is one.

        :param timeout_s: seconds to wait at the most; then None.
        """
        def found() -> Fault | None:
            return next((fault for fault in self._faults
                         if fault.hostname == hostname
                         and fault.status is status), None)

        with self._reported:
            self._reported.wait_for(found, timeout_s)
            return found()
