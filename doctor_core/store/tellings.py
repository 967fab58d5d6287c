"""What the owners of servers are to be told, each with a state of its own."""

import dataclasses
import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from doctor_core.model import Delivered, News, Server, Telling
from doctor_core.model.states import TellingState
from doctor_core.store.database import Database
from doctor_core.store.tables import DELIVERIES, SERVERS, TELLINGS


@dataclasses.dataclass(frozen=True)
class TellingRecord:
    """A telling as it is remembered.

    :ivar at: when it came into its state.
    :ivar reason: why; empty when all went well.
    """

    telling: Telling
    state: TellingState
    at: float | None = None
    reason: str = ''


class Tellings:
    """The tellings; each method from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owe(self, fault_id: str, tellings: Iterable[Telling]) -> None:
        """These are to be told; what is known of already is left."""
        tellings = list(tellings)
        with self._database.begin():
            self._database.insert(SERVERS, [
                {'fault_id': fault_id, 'server_id': one.server.id,
                 'document': json.dumps(dataclasses.asdict(one.server))}
                for one in tellings], known_are_left=True)
            self._database.insert(TELLINGS, [
                {'fault_id': fault_id, 'server_id': one.server.id,
                 'news': one.news, 'shown': one.shown,
                 'traits': json.dumps(dict(one.traits)),
                 'state': TellingState.OWED}
                for one in tellings], known_are_left=True)

    def of(self, fault_id: str, *states: TellingState,
           most: int | None = None) -> list[TellingRecord]:
        """What a fault has to tell; in these states only, if any are named.

        :param most: so many of them; None for all.
        """
        query = sa.select(TELLINGS, SERVERS.c.document).join(
            SERVERS, sa.and_(SERVERS.c.fault_id == TELLINGS.c.fault_id,
                             SERVERS.c.server_id == TELLINGS.c.server_id)
        ).where(TELLINGS.c.fault_id == fault_id)
        if states:
            query = query.where(TELLINGS.c.state.in_(states))
        if most is not None:
            query = query.limit(most)
        return [_record(row) for row in self._database.read(query)]

    def owed(self, fault_id: str) -> list[Telling]:
        """What is still to be told."""
        return [record.telling for record
                in self.of(fault_id, TellingState.OWED)]

    def keys_owed(self, fault_id: str, server_id: str = ''
                  ) -> frozenset[tuple[str, News]]:
        """Of what is still to be told, the server and the news.

        :param server_id: of this one only; empty for all.
        """
        query = sa.select(TELLINGS.c.server_id, TELLINGS.c.news).where(
            TELLINGS.c.fault_id == fault_id,
            TELLINGS.c.state == TellingState.OWED)
        if server_id:
            query = query.where(TELLINGS.c.server_id == server_id)
        return frozenset((row['server_id'], News(row['news']))
                         for row in self._database.read(query))

    def servers(self, fault_id: str) -> list[Server]:
        """The servers of a fault, as they were when it found them."""
        return [_server(row['document']) for row in self._database.read(
            sa.select(SERVERS.c.document).where(
                SERVERS.c.fault_id == fault_id))]

    def move(self, fault_id: str, new: TellingState,
             tellings: Iterable[Telling], *, at: float,
             reason: str = '') -> int:
        """Change the state of what is owed; returns how many were moved."""
        return self.settle(fault_id, new, [
            (one, reason) for one in tellings], at=at)

    def settle(self, fault_id: str, new: TellingState,
               reasons: Iterable[tuple[Telling, str]], *, at: float) -> int:
        """As :meth:`move`, each for a reason of its own."""
        return self._database.move(TELLINGS, new, [
            {'fault_id': fault_id, 'server_id': one.server.id,
             'news': one.news, 'at': at, 'reason': reason}
            for one, reason in reasons])

    def explain(self, fault_id: str,
                reasons: Iterable[tuple[Telling, str]]) -> None:
        """Say why these are owed still."""
        statement = TELLINGS.update().where(
            TELLINGS.c.fault_id == fault_id,
            TELLINGS.c.server_id == sa.bindparam('b_server'),
            TELLINGS.c.news == sa.bindparam('b_news'),
            TELLINGS.c.state == TellingState.OWED,
        ).values(reason=sa.bindparam('b_reason'))
        rows = [{'b_server': one.server.id, 'b_news': one.news,
                 'b_reason': reason} for one, reason in reasons]
        if rows:
            with self._database.begin() as connection:
                connection.execute(statement, rows)

    def prove(self, fault_id: str,
              taken: Iterable[tuple[Telling, Iterable[Delivered]]]) -> None:
        """Remember the notices that somebody has taken."""
        self._database.insert(DELIVERIES, [
            {'fault_id': fault_id, 'server_id': one.server.id,
             'news': one.news, **dataclasses.asdict(delivery)}
            for one, deliveries in taken for delivery in deliveries])

    def deliveries(self, fault_id: str
                   ) -> dict[tuple[str, News], list[Delivered]]:
        """The notices that somebody has taken, by server and news, the oldest
        first.
        """
        found: dict[tuple[str, News], list[Delivered]] = {}
        for row in self._database.read(sa.select(DELIVERIES).where(
                DELIVERIES.c.fault_id == fault_id
                ).order_by(DELIVERIES.c.number)):
            found.setdefault((row['server_id'], News(row['news'])), []).append(
                Delivered(**{field.name: row[field.name]
                             for field in dataclasses.fields(Delivered)}))
        return found

    def counts(self, fault_ids: Collection[str]
               ) -> dict[str, dict[tuple[News, TellingState], int]]:
        """How much of each news is in which state, by fault."""
        columns = (TELLINGS.c.fault_id, TELLINGS.c.news, TELLINGS.c.state)
        rows = self._database.read(
            sa.select(*columns, sa.func.count().label('count'))
            .where(TELLINGS.c.fault_id.in_(fault_ids)).group_by(*columns))
        found: dict[str, dict[tuple[News, TellingState], int]] = {
            fault_id: {} for fault_id in fault_ids}
        for row in rows:
            found[row['fault_id']][
                News(row['news']), TellingState(row['state'])] = row['count']
        return found


def _record(row: dict[str, Any]) -> TellingRecord:
    telling = Telling(_server(row['document']), News(row['news']),
                      row['shown'], json.loads(row['traits']))
    return TellingRecord(telling, TellingState(row['state']), row['at'],
                         row['reason'])


def _server(document: str) -> Server:
    """A server; what a later release has added to one is passed over."""
    known = {field.name for field in dataclasses.fields(Server)}
    return Server(**{name: value for name, value
                     in json.loads(document).items() if name in known})
