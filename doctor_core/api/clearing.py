"""Hosts that are taken back on an operator's word."""

import asyncio
import dataclasses
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from doctor_core.api import asked
from doctor_core.cloud import calls
from doctor_core.exceptions import BackendError
from doctor_core.faults.answer import Answer
from doctor_core.faults.lifting import Marks
from doctor_core.model import Mark
from doctor_core.model.states import STANDING, CorrectionState, FaultState
from doctor_core.store import CorrectionRecord, Store
from doctor_core.web.exchange import (
    Refused,
    Request,
    Response,
    Route,
    refused_for_now,
)
from doctor_core.web.pools import Pool

LOG = logging.getLogger(__name__)

#: An operator waits so long for Nova; what was begun goes on by itself.
PATIENCE_S = 5.0
_NOTHING = 'nothing was cleared, say it again'
_LATER = 'Nova does not answer yet; it is cleared as soon as Nova does'

#: What is being taken back, or was.
_TAKEN_BACK = frozenset({CorrectionState.UNDO_OWED, CorrectionState.UNDONE,
                         CorrectionState.LEFT})


class Withdrawn(Exception):  # noqa: N818 - a fact, not a fault of ours
    """Whoever gave an order was told that nothing came of it."""


class Order:
    """What an operator has ordered: withdrawn, or begun, never both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._withdrawn = False
        #: Host and fault of what was begun; no fault where none is known.
        self.begun: tuple[str, str] | None = None

    def begin(self, host: str, fault_id: str = '') -> None:
        """It is acted on from now on.

        :raises Withdrawn: it must not be any more.
        """
        with self._lock:
            if self._withdrawn:
                raise Withdrawn
            self.begun = host, fault_id

    def withdraw(self) -> bool:
        """Whether it could be taken back: nothing was begun."""
        with self._lock:
            self._withdrawn = self.begun is None
            return self._withdrawn


class Hosts(Protocol):
    """Who takes hosts back; each blocks on the cloud, raises BackendError."""

    def look_up(self, hostname: str) -> str | None:
        """As :meth:`.FaultHandler.look_up`."""

    def clear(self, hostname: str, who: str,
              begin: Callable[[str, str], object]
              ) -> tuple[str, Answer | None]:
        """As :meth:`.FaultHandler.clear`."""


class Lifting(Protocol):
    """Who takes hosts back of which no fault is known."""

    def look(self, host: str) -> Marks:
        """As :meth:`.faults.lifting.Lifting.look`."""

    def lift(self, host: str, begin: Callable[[], object]) -> Marks:
        """As :meth:`.faults.lifting.Lifting.lift`."""


class Clearing:
    """Takes hosts back, and says what comes of it within some seconds.

    :param cleared: told what became of a fault.
    :param own_monitors: the sources that are Doctor's own monitors.
    :param patience_s: for how long an operator waits for the cloud.
    :ivar pools: the threads that wait for Nova; they serve nothing else.
    """

    def __init__(self, store: Store, hosts: Hosts, lifting: Lifting,
                 cleared: Callable[[Answer], None],
                 own_monitors: Collection[str] = (),
                 patience_s: float = PATIENCE_S) -> None:
        self._store = store
        self._hosts = hosts
        self._lifting = lifting
        self._answered = cleared
        self._own_monitors = frozenset(own_monitors)
        self._patience_s = patience_s
        self._pool = Pool('clearing', threads=16, waiting=20)
        self.pools = [self._pool]

    def routes(self) -> list[Route]:
        """Serve ``/faults/clear``; the pools are handed to the server."""
        return [Route('POST', '/faults/clear', self.clear,
                      rule='doctor:faults:clear')]

    async def clear(self, request: Request) -> Response:
        """Take a host back on an operator's word, also one of which no fault
        is known: then its mark is taken back, and what else is marked is
        named. 202 when it is taken, and Nova is waited for.
        """
        name, is_rehearsal = _order(request.json())
        order = Order()
        work = self._pool.run(
            *((self._rehearse, name) if is_rehearsal
              else (self._clear, order, name, asked.who(request))))
        done, _ = await asyncio.wait([work], timeout=self._patience_s)
        if done:
            return work.result()
        if order.withdraw():
            work.cancel()
            raise refused_for_now(f'Nova does not answer; {_NOTHING}.')
        work.add_done_callback(_end)
        return self._taken(order)

    def _taken(self, order: Order) -> Response:
        assert order.begun is not None
        host, fault_id = order.begun
        if not fault_id:
            raise refused_for_now(
                f'Nova was asked to lift the force-down of host {host}, and '
                'does not answer; say it again.')
        return Response(202, {'host': host, 'fault': fault_id,
                              'state': FaultState.CLEARING, 'note': _LATER,
                              'corrections': [],
                              'held_by': self._held_by(fault_id)})

    def _clear(self, order: Order, name: str, who: str) -> Response:
        try:
            return self._cleared(order, name, who).encoded()
        except BackendError as error:
            if error.recoverable:
                raise refused_for_now(f'{error}; {_NOTHING}.') from None
            raise Refused(409, str(error)) from None

    def _cleared(self, order: Order, name: str, who: str) -> Response:
        host, answer = self._hosts.clear(name, who, order.begin)
        if not host:
            raise _no_host(name)
        if answer is None:
            return Response(json=_lifted(host, self._lifting.lift(
                host, lambda: order.begin(host))))
        self._answered(answer)
        return Response(json={
            'host': host, 'fault': answer.fault_id, 'state': answer.state,
            'note': answer.note,
            'corrections': self._corrections(answer.fault_id, _TAKEN_BACK),
            'held_by': self._held_by(answer.fault_id)})

    def _rehearse(self, name: str) -> Response:
        """The same answer, and nothing is done."""
        try:
            host = self._hosts.look_up(name)
            if host is None:
                raise _no_host(name)
            record = self._store.faults.open_of(host)
            answer = _lifted(host, self._lifting.look(host)) \
                if record is None else {
                    'host': host, 'fault': record.id, 'state': record.state,
                    'note': record.note,
                    'corrections': self._corrections(record.id, STANDING),
                    'held_by': self._held_by(record.id)}
        except BackendError as error:
            raise refused_for_now(str(error)) from None
        return Response(json={**answer, 'dry_run': True}).encoded()

    def _held_by(self, fault_id: str) -> list[dict[str, Any]]:
        """Who has not said that the host is back: what they say next of it is
        news, an operator's word or not.
        """
        return [{'source': source,
                 'is_own_monitor': source in self._own_monitors}
                for source in sorted(self._store.faults.holders(fault_id))]

    def _corrections(self, fault_id: str,
                     states: Iterable[CorrectionState]
                     ) -> list[dict[str, Any]]:
        """What is to be taken back, or was."""
        names = {server.id: server.name
                 for server in self._store.tellings.servers(fault_id)}
        records = sorted(self._store.corrections.of(fault_id, *states),
                         key=lambda one: calls.rank(one.correction))
        return [_shown(one, names) for one in records
                if one.correction.mark is Mark.LOST]


def _order(body: object) -> tuple[str, bool]:
    """The name of the host, and whether nothing is to be done."""
    if not isinstance(body, dict) \
            or not {'host'} <= set(body) <= {'host', 'dry_run'} \
            or not isinstance(body['host'], str) or not body['host'] \
            or not isinstance(body.get('dry_run', False), bool):
        raise Refused(400, 'Name the host: {"host": NAME}; with "dry_run": '
                      'true nothing is done.', field='host')
    return body['host'], body.get('dry_run', False)


def _no_host(name: str) -> Refused:
    return Refused(
        404, f'Nova has no compute host that {asked.shortened(name)} means, '
        'or several are meant.', field='host')


def _lifted(host: str, marks: Marks) -> dict[str, Any]:
    return {'host': host, 'fault': None,
            **{name: list(value) if isinstance(value, tuple) else value
               for name, value in dataclasses.asdict(marks).items()}}


def _shown(record: CorrectionRecord, names: Mapping[str, str]
           ) -> dict[str, Any]:
    one = record.correction
    server_id = one.server_id or one.target_id
    return {'action': one.action, 'target_id': one.target_id,
            'server': names.get(server_id) or one.server_id,
            'to': calls.value_of(one.back()),
            'state': record.state, 'reason': record.reason}


def _end(work: 'asyncio.Future[Response]') -> None:
    """Nobody waits any more for what came of it."""
    error = work.exception()
    if error is not None and not isinstance(error, Refused):
        LOG.error('A host could not be taken back: %s', error,
                  exc_info=error)
