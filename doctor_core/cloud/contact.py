"""Which services of a cloud answer, as far as was seen."""

import dataclasses
import threading
from collections.abc import Callable

from doctor_core import clock
from doctor_core.cloud import endpoints

#: From here on an answer says that the service cannot work, or comes from
#: something before it.
_FAILURES = 500


@dataclasses.dataclass(frozen=True)
class Contact:
    """What was seen of a service.

    :ivar answers: whether it answered what it was asked last.
    :ivar silent_s: seconds since it answered anything; None if it never did.
    """

    answers: bool
    silent_s: float | None


class Contacts:
    """Remembers it of each service; any thread may call, none is blocked.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic
                 ) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: By service type: whether it answered, and when it did last.
        self._seen: dict[str, tuple[bool, float | None]] = {}

    def note(self, service_type: str, status: int = 0) -> None:
        """A service was asked.

        :param status: of its answer; 0 when there was none.
        """
        service_type = endpoints.official(service_type)
        answers = 0 < status < _FAILURES
        with self._lock:
            at = self._monotonic() if answers \
                else self._seen.get(service_type, (False, None))[1]
            self._seen[service_type] = answers, at

    def seen(self) -> dict[str, Contact]:
        """By service type, what was seen of each that was asked."""
        with self._lock:
            now = self._monotonic()
            return {name: Contact(answers, None if at is None else now - at)
                    for name, (answers, at) in self._seen.items()}
