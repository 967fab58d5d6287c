"""The file, its transactions, and the one way to change a state."""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from doctor_core.exceptions import ConfigError, StoreError
from doctor_core.model import states
from doctor_core.store.tables import FORM, METADATA
from doctor_core.store.trouble import Trouble

#: What to do about what SQLite says, by its code; of all else the folder may
#: be to blame.
_ADVICE = dict.fromkeys((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT), (
    'The file is damaged: keep it, and put a copy in its place, see "The '
    'state file is damaged" in the page "The state file"')) | {
    sqlite3.SQLITE_BUSY: 'Another program writes into the file: end that',
    sqlite3.SQLITE_FULL: 'Make room on its disk'}
#: For so long another program may write before it is complained of.
_WAIT_S = 5.0
_FOLDER = 'Set [DEFAULT] state_path to a folder that may be written'


def _keep_from_others(path: str) -> None:
    """Owners' URLs are in the file, and may hold passwords: it is for the
    daemon's group at the most. SQLite makes those beside it likewise.

    :raises OSError: the file cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    for one in path, f'{path}-wal', f'{path}-shm':
        # Somebody else's file, which this one may write, is left.
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(os.stat(one).st_mode)
            if mode & stat.S_IRWXO:
                os.chmod(one, mode & ~stat.S_IRWXO)


class Database:
    """A file of SQLite, with all tables; each method from any thread.

    :param path: empty keeps everything in memory.
    :raises ConfigError: the file cannot be used.
    """

    def __init__(self, path: str = '') -> None:
        # The thread that has it may ask again, within its transaction.
        self._lock = threading.RLock()
        self._trouble = Trouble(path or 'memory')
        self._connection: sa.Connection | None = None
        self._engine = sa.create_engine(
            f'sqlite:///{path}' if path else 'sqlite://',
            poolclass=StaticPool,
            connect_args={'check_same_thread': False, 'timeout': _WAIT_S})
        try:
            if path:
                Path(path).parent.mkdir(mode=0o750, parents=True,
                                        exist_ok=True)
                _keep_from_others(path)
            self._prepare(path)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            cause = getattr(error, 'orig', None) or error
            raise ConfigError(
                f'Cannot keep state in {path}: {cause}. {_advice(cause)}.'
                ) from None

    def _prepare(self, path: str) -> None:
        with self._engine.connect() as connection:
            # A killed process loses nothing with these; a machine that
            # loses power at most what it did in its last second.
            connection.exec_driver_sql('PRAGMA journal_mode=WAL')
            connection.exec_driver_sql('PRAGMA synchronous=NORMAL')
            form = connection.exec_driver_sql(
                'PRAGMA user_version').scalar() or 0
            if form != FORM and sa.inspect(connection).has_table('faults'):
                raise ConfigError(
                    f'{path} was written by another release of doctor_core, '
                    f'in form {form}, and this one reads form {FORM}. '
                    'Nothing was changed. Start the release that wrote it, '
                    'end the faults that are open ("doctor faults list") and '
                    'save the owners\' alarms: a new file knows neither. See '
                    '"To upgrade" in the page "The state file".')
        METADATA.create_all(self._engine)
        with self._engine.connect() as connection:
            _add_columns(connection)
            connection.exec_driver_sql(f'PRAGMA user_version={FORM}')

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock:
            self._engine.dispose()

    def copy_to(self, path: str) -> None:
        """Write all that is kept to another file, which is empty.

        :raises StoreError: it cannot be written.
        """
        try:
            with self._lock, self._engine.connect() as connection:
                connection.exec_driver_sql('VACUUM INTO ?', (path,))
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(str(getattr(error, 'orig', None) or error)
                             ) from None

    @property
    def is_in_trouble(self) -> bool:
        """Whether the last attempt to write failed; never blocks."""
        return self._trouble.lasts

    def try_again(self) -> None:
        """Write something small, if the last attempt failed: nobody else may
        have anything to write.
        """
        if not self.is_in_trouble:
            return
        with contextlib.suppress(StoreError), self._lock:
            with self.begin() as connection:
                connection.exec_driver_sql(f'PRAGMA user_version={FORM}')
            # Only rows count as written by themselves.
            self._trouble.is_over()

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction; one that this thread is in already goes on.

        Other threads wait meanwhile: nothing that blocks belongs inside.

        :raises StoreError: the disk is full, or the like.
        """
        with self._lock:
            if self._connection is not None:
                yield self._connection
                return
            with self._trouble.told_once(), \
                    self._engine.begin() as connection:
                self._connection = connection
                before = _writes(connection)
                try:
                    yield connection
                    is_written = _writes(connection) != before
                finally:
                    self._connection = None
            if is_written:
                self._trouble.is_over()

    def read(self, query: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.begin() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]], *,
               known_are_left: bool = False) -> None:
        """Add rows.

        :param known_are_left: leave a row alone that is there already.
        """
        if not rows:
            return
        statement = table.insert()
        if known_are_left:
            statement = statement.prefix_with('OR IGNORE')
        with self.begin() as connection:
            connection.execute(statement, [dict(row) for row in rows])

    def move(self, table: sa.Table, new: states.State,
             changes: Sequence[Mapping[str, Any]], *,
             old: Collection[states.State] = ()) -> int:
        """Change the state of rows, of those only that are in a state from
        which there is a move, or in one of ``old``.

        Another thread or process may be faster: what it has moved is left
        as it is.

        :param changes: for each row, the values of its primary key, and
            those of other columns that change with the state.
        :returns: how many rows were moved.
        :raises InvalidTransition: there is no move from one of ``old``.
        """
        for state in old:
            states.check_move(state, new)
        if not changes:
            return 0
        keys = [column.name for column in table.primary_key]
        if 'id' in changes[0]:
            keys = ['id']
        values = [name for name in changes[0] if name not in keys]
        statement = table.update().where(
            *(table.c[name] == sa.bindparam(f'b_{name}') for name in keys),
            sa.or_(*(table.c.state == str(state) for state in sorted(
                old or states.sources_of(new))))
        ).values(state=str(new),
                 **{name: sa.bindparam(f'b_{name}') for name in values})
        with self.begin() as connection:
            return connection.execute(statement, [
                {f'b_{name}': value for name, value in change.items()}
                for change in changes]).rowcount


def _advice(cause: object) -> str:
    """What to do when a file cannot be used."""
    code = getattr(cause, 'sqlite_errorcode', 0)
    # In the lowest byte: the others say more of it.
    return _ADVICE.get(code & 0xff, _FOLDER)


def _writes(connection: sa.Connection) -> int:
    """How many rows were written through a connection."""
    raw: Any = connection.connection.dbapi_connection
    return int(raw.total_changes)


def _add_columns(connection: sa.Connection) -> None:
    """Give a file of a release before the columns that it lacks, of those
    that may be empty: it is read by that release as before.
    """
    known = sa.inspect(connection)
    for table in METADATA.sorted_tables:
        names = {column['name'] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.nullable and column.name not in names:
                connection.exec_driver_sql(
                    f'ALTER TABLE {table.name} ADD COLUMN {column.name} '
                    f'{column.type.compile(connection.dialect)}')
