"""The faults so far: to look at and to confirm."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from doctor_core import clock, wire
from doctor_core.api import asked, untold
from doctor_core.model import Action, Delivered, News
from doctor_core.model.evidence import certainty
from doctor_core.model.states import (
    DOWN,
    CorrectionState,
    FaultState,
    TellingState,
)
from doctor_core.store import (
    CorrectionRecord,
    FaultRecord,
    Store,
    Tally,
    TellingRecord,
)
from doctor_core.web.exchange import Refused, Request, Response, Route
from doctor_core.web.pools import Pool
from doctor_core.wording import few

#: What is still to be made or taken back.
_OWED = frozenset({CorrectionState.OWED, CorrectionState.ASKED,
                   CorrectionState.UNDO_OWED})
#: What nobody will do any more, or has done.
_DONE = frozenset(CorrectionState) - _OWED


class FaultsApi:
    """The handlers of the routes; they block on the store.

    :param store: the faults so far.
    :param confirm: lets go of faults that are held, given who says so, and
        returns those.
    :param meant: the host that a name means, as far as that is known.
    :param holds: whether each new fault is held.
    :param turns: when those that are held go through by themselves, in
        seconds since the epoch, by fault; without those that never do.
    """

    def __init__(self, store: Store,
                 confirm: Callable[[Collection[str], str], list[str]],
                 meant: Callable[[str], str | None],
                 holds: Callable[[], bool],
                 turns: Callable[[], Mapping[str, float]]) -> None:
        self._store = store
        self._confirm = confirm
        self._holds = holds
        self._turns = turns
        self._names = asked.FaultNames(store, meant)

    def routes(self) -> list[Route]:
        """What is served."""
        table = [('GET', '/faults', self.list_faults, 'list'),
                 ('GET', '/faults/{id}', self.show_fault, 'get'),
                 ('GET', '/corrections', self.list_corrections, 'list'),
                 ('POST', '/faults/confirm', self.confirm, 'confirm')]
        pool, lists = Pool('faults'), Pool('fault lists', threads=2)
        return [Route(method, path, handler,
                      lists if rule == 'list' else pool,
                      f'doctor:faults:{rule}')
                for method, path, handler, rule in table]

    def list_faults(self, request: Request) -> Response:
        """The latest 100 faults, of a state if one is asked for, and all that
        are open, newest first; and whether new ones are held.
        """
        records = self._store.faults.latest(states=_asked_states(request))
        tallies = self._tallies(record.id for record in records)
        counts = self._store.tellings.counts(
            [record.id for record in records])
        sayers = self._store.faults.sayers([record.id for record in records])
        turns = self._turns_of(records)
        kinds = self._store.evidence.kinds([record.id for record in records])
        return Response(json={'hold': self._holds(), 'faults': [
            {**self._shown(record, sayers[record.id], counts[record.id],
                           turns),
             'certainty': certainty(
                 kinds[record.id],
                 is_path_suspected=record.is_path_suspected),
             'owed': _count(tallies[record.id], _OWED)}
            for record in records]})

    def list_corrections(self, _request: Request) -> Response:
        """What Doctor has changed, or may have, and not set back yet."""
        return Response(json={'corrections': [
            {'fault': one.fault_id, 'server': one.server,
             **_correction(one.record)}
            for one in self._store.corrections.standing()]})

    def _tallies(self, fault_ids: Iterable[str]) -> dict[str, list[Tally]]:
        tallies: dict[str, list[Tally]] = {
            fault_id: [] for fault_id in fault_ids}
        for tally in self._store.corrections.tally(list(tallies)):
            tallies[tally.fault_id].append(tally)
        return tallies

    def show_fault(self, request: Request) -> Response:
        """A fault, each correction that it called for, and what each owner
        was told.
        """
        record = self._names.find(request.params['id'])
        counts = self._store.tellings.counts([record.id])[record.id]
        sayers = self._store.faults.sayers([record.id])[record.id]
        taken = self._store.tellings.deliveries(record.id)
        found = self._store.evidence.of(record.id)
        return Response(json={'fault': {
            **self._shown(record, sayers, counts, self._turns_of([record])),
            'certainty': certainty(
                {one.kind for one in found},
                is_path_suspected=record.is_path_suspected),
            'evidence': [dataclasses.asdict(one) for one in found],
            'ignored_later': self._ignored_later(record),
            'sources': [source for source, holds in sayers
                        if holds and record.state in DOWN],
            'corrections': [
                _correction(one) for one in
                self._store.corrections.of(record.id)],
            'tellings': [_telling(one, taken) for one in
                         self._store.tellings.of(record.id)]}})

    def _turns_of(self, records: Iterable[FaultRecord]
                  ) -> Mapping[str, float]:
        """Asked for only if any of them is held."""
        return self._turns() if any(
            record.state is FaultState.HELD for record in records) else {}

    def _shown(self, record: FaultRecord, sayers: Sequence[tuple[str, bool]],
               counts: untold.Counts, turns: Mapping[str, float]
               ) -> dict[str, Any]:
        """A fault; its note begins with whom nobody tells any more, for as
        long as the fault is known, and until when it is held.
        """
        turn = turns.get(record.id)
        some = {state: self._store.tellings.of(record.id, state,
                                               most=untold.NAMED)
                for state in untold.states(counts)}
        note = [*untold.sentences(untold.FAILED, counts, some),
                _reason(record, turn), record.note,
                _disagreement(record, sayers),
                *untold.sentences(untold.WAITING, counts, some)]
        return {**dataclasses.asdict(record), 'hostname': record.hostname,
                'note': '; '.join(filter(None, note)),
                'goes_through_at': turn, **_told(counts)}

    def _ignored_later(self, record: FaultRecord) -> dict[str, str] | None:
        """The latest event of the same target that was ignored, if nothing
        has come after it: who asks for a host may mean that one.
        """
        last = self._store.faults.last_of(record.target_id,
                                          record.target_kind, ignored=True)
        return None if last is None or last.number < record.number \
            or last.id == record.id \
            else {'id': last.id, 'reason': last.reason}

    def confirm(self, request: Request) -> Response:
        """An operator says that hosts are dead: do what held faults call for;
        202, with what that is, before it is done.
        """
        body = request.json()
        if body == {'all': True}:
            fault_ids = [record.id for record in
                         self._store.faults.in_states(*DOWN)]
        else:
            fault_ids = self._down(_named_faults(body))
        # Counted before: the work begins as soon as they are let go of.
        tallies = self._tallies(fault_ids)
        confirmed = self._confirm(fault_ids, asked.who(request))
        return Response(202, {'faults': [
            {'id': record.id, 'hostname': record.hostname,
             'corrections': _by_action(tallies[record.id], _OWED)}
            for record in map(self._store.faults.find, confirmed)
            if record]})

    def _down(self, names: Sequence[str]) -> list[str]:
        """The ids of all of them, or of none: half a confirmation is hard to
        explain.
        """
        records = {record.id: record for record
                   in map(self._names.find, names)}
        for record in records.values():
            if record.state not in DOWN:
                raise Refused(
                    409, f'Fault {record.id} of host {record.hostname} is '
                    f'{record.state}: the host is not down.')
        return list(records)


def _asked_states(request: Request) -> Collection[FaultState]:
    state = request.query.get('state')
    if state is None:
        return tuple(FaultState)
    if state not in tuple(FaultState):
        raise Refused(400, f'There is no state {asked.shortened(state)}, but '
                      f'{", ".join(FaultState)}.', field='state')
    return (FaultState(state),)


def _reason(record: FaultRecord, turn: float | None) -> str:
    """Why a fault is as it is; of one that is held until when, too, unless an
    operator or the host's return ends that before; unless it says itself for
    what it waits.
    """
    if record.state is not FaultState.HELD \
            or not record.reason.startswith('held: '):
        return record.reason
    until = 'held for an operator'
    if turn is not None:
        day, time = wire.iso(turn)[:19].split('T')
        today = wire.iso(clock.now())[:10]
        until = f'held until {"" if day == today else f"{day} "}{time} UTC'
    return f'{until}: {record.reason.removeprefix("held: ")}'


def _disagreement(record: FaultRecord, sayers: Sequence[tuple[str, bool]]
                  ) -> str:
    """Who says that a host is back of which others hold the fault open."""
    holding, others = ([source or '(no source)' for source, holds in sayers
                        if holds is wanted] for wanted in (True, False))
    if record.state not in DOWN or not holding or not others:
        return ''
    return f'{few(others)} {_have(others, "says", "say")} that the host is ' \
        f'back; {few(holding)} {_have(holding, "has", "have")} not'


def _have(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several


def _told(counts: untold.Counts) -> dict[str, Any]:
    """Of how many servers the owners were told that they are lost, and of
    how many they were not reached, or not by all their alarms.
    """
    def count(*states: TellingState) -> int:
        return sum(counts.get((News.LOST, state), 0) for state in states)

    return {'servers': count(*TellingState),
            'told_servers': count(TellingState.TOLD),
            'told_in_part': count(TellingState.IN_PART),
            'without_alarm': count(TellingState.NOBODY),
            'unreached': count(TellingState.GIVEN_UP)}


def _count(tallies: Sequence[Tally],
           states: Collection[CorrectionState]) -> int:
    return sum(_by_action(tallies, states).values())


def _by_action(tallies: Sequence[Tally],
               states: Collection[CorrectionState]) -> dict[Action, int]:
    counts: dict[Action, int] = {}
    for tally in tallies:
        if tally.state in states:
            counts[tally.action] = counts.get(tally.action, 0) + tally.count
    return counts


def _correction(record: CorrectionRecord) -> dict[str, Any]:
    one = record.correction
    return {'action': one.action, 'target_id': one.target_id,
            'host': one.host, 'server_id': one.server_id,
            'before': one.before, 'state': record.state, 'at': record.at,
            'reason': record.reason, 'done': record.state in _DONE}


def _telling(record: TellingRecord,
             taken: Mapping[tuple[str, News], Sequence[Delivered]]
             ) -> dict[str, Any]:
    """What an owner was to be told, what became of it, and what proves it.

    :param taken: the notices that somebody has taken, by server and news.
    """
    one = record.telling
    return {'server_id': one.server.id, 'name': one.server.name,
            'project_id': one.server.project_id, 'news': one.news,
            'shown': one.shown, 'state': record.state, 'at': record.at,
            'reason': record.reason, 'verified': _verified(record),
            'deliveries': [dataclasses.asdict(delivery) for delivery in
                           taken.get((one.server.id, one.news), ())]}


def _verified(record: TellingRecord) -> bool | None:
    """Whether Doctor knew what it said of a guest on a host that is back;
    None of a loss, and where nothing was said.
    """
    said = record.telling.traits.get('verified')
    return None if said is None or record.telling.news is News.LOST \
        else said == 'true'


def _named_faults(body: object) -> list[str]:
    """What a confirmation names faults by, each once."""
    if not isinstance(body, dict) or set(body) != {'faults'}:
        raise Refused(400, 'Name the faults, {"faults": [ID, ...]}, or '
                          'say {"all": true}.')
    fault_ids = body['faults']
    if not isinstance(fault_ids, list) or not fault_ids \
            or not all(isinstance(fault_id, str) for fault_id in fault_ids):
        raise Refused(400, 'faults must be a list of ids.',
                          field='faults')
    return list(dict.fromkeys(fault_ids))
