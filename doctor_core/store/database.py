"""The file and its transactions."""

import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from doctor_core.exceptions import ConfigError
from doctor_core.store.tables import METADATA


class Database:
    """A file of SQLite, with all tables; each method from any thread.

    :param path: empty keeps everything in memory.
    :raises ConfigError: the file cannot be used.
    """

    def __init__(self, path: str = '') -> None:
        self._lock = threading.Lock()
        self._engine = sa.create_engine(
            f'sqlite:///{path}' if path else 'sqlite://',
            poolclass=StaticPool,
            connect_args={'check_same_thread': False, 'timeout': 5})
        try:
            if path:
                Path(path).parent.mkdir(mode=0o750, parents=True,
                                        exist_ok=True)
            with self._engine.connect() as connection:
                # A killed process loses nothing with these; a machine that
                # loses power at most what it did in its last second.
                connection.exec_driver_sql('PRAGMA journal_mode=WAL')
                connection.exec_driver_sql('PRAGMA synchronous=NORMAL')
            METADATA.create_all(self._engine)
            self._rehearse()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            cause = getattr(error, 'orig', None) or error
            raise ConfigError(
                f'Cannot keep state in {path}: {cause}. Set [DEFAULT] '
                'state_path to a folder that may be written.') from None

    def _rehearse(self) -> None:
        """Have statements compiled before they are needed."""

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock:
            self._engine.dispose()

    def _read(self, query: Any) -> list[dict[str, Any]]:
        with self._lock, self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]
