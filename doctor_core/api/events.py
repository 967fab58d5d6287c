"""Events in, over HTTP, for the bus."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from oslo_config import cfg

from doctor_core import wire
from doctor_core.api.waiting import Outcomes
from doctor_core.exceptions import BusError, InvalidEvent, UnknownType
from doctor_core.model import Fault, SequenceNumber
from doctor_core.web.exchange import (
    Refused,
    Request,
    Response,
    Route,
    refused_for_now,
)
from doctor_core.web.pools import Pool

LOG = logging.getLogger(__name__)

#: What is done with events that come in.
OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'unknown_events', default='ignore',
        choices=[('ignore', 'answer 202, record the event, do nothing'),
                 ('reject', 'answer 422')],
        mutable=True,
        help='What is done with an event of a type that Doctor does not '
             'know.'),
    cfg.ListOpt(
        'alert_host_labels', default=list(wire.HOST_LABELS), mutable=True,
        help='Labels of an alert of Prometheus Alertmanager, or of '
             'collectd\'s write_http, that name the host; the first that '
             'the alert has.'),
]

_WAIT_S = 300.0
#: What is not refused as unknown; a mild alert must not be.
_TAKEN = wire.KNOWN_TYPES | {wire.HOST_DEGRADED}
#: So many names a line of the log has.
_NAMES = 10
#: Bytes from which a body is long: it may have a hundred events.
_LONG = 32 << 10
#: So many events of a long body are published at a time.
_AT_ONCE = 50
#: No body has as many events.
_REQUEST = 1 << 24


class Settings(Protocol):
    """What of ``[inspector]`` the intake reads, at each request anew."""

    @property
    def unknown_events(self) -> str: ...

    @property
    def alert_host_labels(self) -> Sequence[str]: ...


class Outcome(Protocol):
    """What became of a report."""

    @property
    def fault_id(self) -> str: ...

    @property
    def host(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def servers(self) -> Sequence[str]: ...


class Events:
    """Takes events in.

    :param settings: the section ``[inspector]``.
    :param publish: puts a fault on the bus; may block; raises BusError.
    :param outcomes: what became of those that somebody waits for.
    :param count: the number of one more request, over restarts: what is
        counted has an order, also when the bus brings it again, whatever a
        clock does.
    :ivar pools: the thread that publishes, and reads short bodies, in the
        order of arrival; it serves nothing else, so that no event waits for
        anything but the bus. And one that reads long bodies, which are
        published some events at a time: what comes later may come between,
        and is known by its number.
    """

    def __init__(self, settings: Settings, publish: Callable[[Fault], None],
                 outcomes: Outcomes[Any],
                 count: Callable[[], SequenceNumber]) -> None:
        self._settings = settings
        self._publish = publish
        self._outcomes = outcomes
        self._publishing = Pool('events', threads=1, waiting=200)
        self._reading = Pool('long events', threads=1, waiting=20)
        self.pools = [self._publishing, self._reading]
        self._count = count

    def routes(self) -> list[Route]:
        """Serve ``/events``; the pools are handed to the server."""
        return [Route(method, '/events', self.take,
                      rule='doctor:events:create')
                for method in ('PUT', 'POST')]

    async def take(self, request: Request) -> Response:
        """Take events in: 202 when the bus has them, before they are acted
        on; with ``?wait=true``, 200 when that is done, or waits for somebody
        who has seen the host that is said to be back.
        """
        number = self._count()
        taken = await (self._take_long(request, number)
                       if len(request.body) > _LONG else
                       self._publishing.run(self._take, request, number))
        outcomes: Sequence[Outcome | None] = [None] * len(taken.faults)
        if request.query.get('wait', '').lower() in ('true', '1', 'yes'):
            outcomes = await asyncio.gather(*(
                self._outcomes.wait(fault.id, _WAIT_S)
                for fault in taken.faults))
        answer: dict[str, Any] = {'faults': [
            _shown(fault, outcome) for fault, outcome
            in zip(taken.faults, outcomes, strict=True)]}
        if taken.refused:
            answer['refused'] = _refusals(taken.refused)
        if taken.remarks:
            answer['remarks'] = list(taken.remarks)
        return Response(202 if None in outcomes else 200, answer)

    def _take(self, request: Request, number: SequenceNumber) -> wire.Parsed:
        """What the bus has taken, and what was refused; blocks.

        :param number: of the request, in the order of arrival.
        """
        parsed = self._read(request, number)
        self._put(parsed.faults)
        return _concluded(parsed)

    async def _take_long(self, request: Request, number: SequenceNumber
                         ) -> wire.Parsed:
        """The same, and holds up no other."""
        parsed = await self._reading.run(self._read, request, number)
        for start in range(0, len(parsed.faults), _AT_ONCE):
            await self._publishing.run(
                self._put, parsed.faults[start:start + _AT_ONCE])
        return await self._reading.run(_concluded, parsed)

    def _read(self, request: Request, number: SequenceNumber) -> wire.Parsed:
        types = _TAKEN if self._settings.unknown_events == 'reject' else None
        try:
            parsed = wire.parse_faults(_body(request), request.arrived_at,
                                       self._settings.alert_host_labels,
                                       types)
        except InvalidEvent as error:
            return wire.Parsed([], [error], ())
        return parsed._replace(faults=[
            dataclasses.replace(fault, arrival=SequenceNumber(
                number.epoch, number.number * _REQUEST + place))
            for place, fault in enumerate(parsed.faults)])

    def _put(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            try:
                self._publish(fault)
            except BusError as error:
                LOG.error('Event %s of host %s is refused: %s', fault.id,
                          fault.hostname, error)
                raise refused_for_now('The bus did not take the event; send '
                                      'it again.') from None


def _concluded(parsed: wire.Parsed) -> wire.Parsed:
    """What was read, if anything of it could be taken."""
    _tell(parsed)
    if not parsed.faults:
        refused = parsed.refused
        # A type that nobody acts on is no error of form.
        status = 422 if all(isinstance(error, UnknownType)
                            for error in refused) else 400
        raise Refused(status, str(refused[0]), field=refused[0].field,
                      refused=_refusals(refused))
    return parsed


def _body(request: Request) -> Any:
    try:
        return request.json(as_sent=True)
    except Refused as refused:
        LOG.warning('Events are refused: %s', refused.message)
        raise


def _tell(parsed: wire.Parsed) -> None:
    """One line of the log for a request."""
    odd = [*parsed.remarks, *(
        remark for fault in parsed.faults for remark in fault.remarks
        if remark not in parsed.remarks)]
    LOG.log(logging.WARNING if parsed.refused or odd else logging.INFO,
            'Events of %s are taken; refused: %s; remarks: %s',
            _few(f'{fault.hostname} ({fault.type}, {fault.id})'
                 for fault in parsed.faults),
            _few(map(str, parsed.refused)), _few(odd))


def _few(names: Iterable[str]) -> str:
    texts = list(names)
    more = f' and {len(texts) - _NAMES} more' if len(texts) > _NAMES else ''
    return (', '.join(texts[:_NAMES]) or 'none') + more


def _refusals(refused: Sequence[InvalidEvent]) -> list[dict[str, str]]:
    return [{'field': error.field, 'error': error.why} for error in refused]


def _shown(fault: Fault, outcome: Outcome | None) -> dict[str, Any]:
    shown: dict[str, Any] = {'id': fault.id, 'hostname': fault.hostname}
    if outcome is not None:
        shown = {'id': outcome.fault_id, 'hostname': outcome.host,
                 'state': outcome.state, 'note': outcome.note,
                 'servers': list(outcome.servers)}
    if fault.remarks:
        shown['remarks'] = list(fault.remarks)
    return shown
