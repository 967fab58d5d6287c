"""A store that fails says so once, however often it is asked."""

import contextlib
import logging
from collections.abc import Iterator

import sqlalchemy as sa

from doctor_core.exceptions import StoreError

LOG = logging.getLogger(__name__)


class Trouble:
    """What is wrong with the file; one thread at a time.

    :param path: names it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._said: set[str] = set()

    @contextlib.contextmanager
    def told_once(self) -> Iterator[None]:
        """Around a transaction.

        :raises StoreError: instead of what the file is to blame for; an
            error of ours is raised as it is.
        """
        try:
            yield
        except sa.exc.DatabaseError as error:
            if not _is_of_the_file(error):
                raise
            why = f'Cannot keep state in {self._path}: {error.orig}'
            if why not in self._said:
                self._said.add(why)
                LOG.error('%s. What is asked for is refused meanwhile, and '
                          'what is owed waits.', why)
            raise StoreError(why) from None

    @property
    def lasts(self) -> bool:
        """Whether something could not be written, and nothing was since."""
        return bool(self._said)

    def is_over(self) -> None:
        """Something was written."""
        if self._said:
            self._said.clear()
            LOG.warning('State is kept in %s again', self._path)


def _is_of_the_file(error: sa.exc.DatabaseError) -> bool:
    return isinstance(error, sa.exc.OperationalError) \
        or type(error) is sa.exc.DatabaseError
