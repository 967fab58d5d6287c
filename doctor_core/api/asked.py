"""What requests name, and who sends them."""

import uuid
from collections.abc import Callable

from doctor_core import wire
from doctor_core.store import FaultRecord, Store
from doctor_core.web.exchange import Refused, Request
from doctor_core.wording import few

#: So much of a name of others is repeated.
_SHOWN = 100
#: Characters of an id that name it, if no other begins so.
SHORT_ID = 8


class FaultNames:
    """Finds the fault that an operator means.

    :param store: the faults so far.
    :param meant: the host that a name means, as Nova has it, as far as that
        is known; never blocks on Nova.
    """

    def __init__(self, store: Store,
                 meant: Callable[[str], str | None]) -> None:
        self._faults = store.faults
        self._meant = meant

    def find(self, name: str) -> FaultRecord:
        """The fault of an id, or of the id of an event, or of a beginning of
        an id that no other has; or the latest fault of a host, of those that
        are ignored if it has no other.

        :raises Refused: there is none, or there are several.
        """
        found = self._faults.find(name) or self._of_event(name) \
            or self._latest_of(name)
        if found is not None:
            return found
        alike = self._faults.beginning(name)
        if alike and len(name) < SHORT_ID:
            raise Refused(404, f'{shortened(name)} is too short for the '
                          f'beginning of an id: name {SHORT_ID} characters of '
                          'it at least.')
        if len(alike) > 1:
            those = few(f'{one.id} (host {one.hostname}, {one.state})'
                        for one in alike)
            raise Refused(409, f'{shortened(name)} is the beginning of '
                          f'several faults: {those}.')
        if not alike:
            raise Refused(404, f'There is no fault {shortened(name)}.')
        return alike[0]

    def _of_event(self, name: str) -> FaultRecord | None:
        fault_id = self._faults.recall(name)
        return self._faults.find(fault_id) if fault_id else None

    def _latest_of(self, name: str) -> FaultRecord | None:
        if _is_id(name):
            return None
        hosts = dict.fromkeys((name, self._meant(name) or name))
        return next((found for ignored in (False, True) for host in hosts
                     if (found := self._faults.last_of(
                         host, ignored=ignored))), None)


def _is_id(name: str) -> bool:
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def shortened(name: str) -> str:
    """A name of others, for a person."""
    return wire.escaped(name[:_SHOWN])


def who(request: Request) -> str:
    """Who sends a request, for the log."""
    facts = request.context.get('token')
    # Who chose the name is Keystone's to know.
    return wire.escaped(facts.user_name) if facts else 'an operator'
