"""A host whose marks nobody remembers: no fault of it is known."""

import dataclasses
from collections.abc import Callable

from doctor_core.cloud import Cloud, calls
from doctor_core.exceptions import BackendError
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.plan import Affected
from doctor_core.faults.pursuit import Pursuit
from doctor_core.model import Action, Correction, Mark
from doctor_core.store import Store


@dataclasses.dataclass(frozen=True)
class Marks:
    """What is marked of a host, by whomever.

    :ivar servers_in_error: their ids.
    :ivar ports_down: the ids of those ports whose data plane status is DOWN,
        where Doctor looks at them.
    """

    was_marked_down: bool
    servers_in_error: tuple[str, ...] = ()
    ports_down: tuple[str, ...] = ()


class Lifting:
    """Takes the force-down of a host back of which no fault is known.

    Its servers and ports are left as they are: what marked them, and what
    they were before, is not known. Each method may be called from any
    thread; it blocks on Nova and Neutron.
    """

    def __init__(self, cloud: Cloud, affected: AffectedMap,
                 pursuit: Pursuit, correcting: Correcting,
                 store: Store) -> None:
        self._cloud = cloud
        self._affected = affected
        self._pursuit = pursuit
        self._correcting = correcting
        self._store = store

    def look(self, host: str) -> Marks:
        """What is marked now.

        :raises BackendError: they did not answer.
        """
        return _marks(self._affected.ask(host))

    def lift(self, host: str,
             begin: Callable[[], object] = lambda: None) -> Marks:
        """Take the mark of the host back.

        :param begin: called before anything is changed; what it raises ends
            this.
        :returns: what was marked before.
        :raises BackendError: they did not answer, or refused; or a fault of
            the host is open by now.
        """
        with self._pursuit.alone(host):
            if self._store.faults.open_of(host) is not None:
                raise BackendError(f'A fault of host {host} is open by now')
            found = self._affected.ask(host)
            begin()
            marks = _marked_services(found)
            if marks and self._correcting.changes_nothing:
                raise BackendError('The mark of the host is not taken back: '
                                   '[inspector] type changes nothing')
            for service_id in marks:
                self._correct(Correction(Action.FORCE_DOWN, service_id, host,
                                         Mark.BACK))
        return _marks(found)

    def _correct(self, one: Correction) -> None:
        changes = self._cloud.correct([one], lambda change: None)
        self._affected.changed(changes)
        if not changes[0].done:
            raise BackendError(changes[0].error,
                               recoverable=not changes[0].is_final)


def _marked_services(found: Affected) -> list[str]:
    """The ids of the host's compute services that are forced down."""
    return [] if found.service is None else [
        one.id for one in found.service.all() if one.forced_down]


def _marks(found: Affected) -> Marks:
    return Marks(
        bool(_marked_services(found)),
        tuple(server.id for server in found.servers
              if server.state == calls.ERROR),
        tuple(port.id for port in found.ports
              if port.data_plane_status == calls.PORT_DOWN))
