"""Making things so that they are unmade again, whatever happens."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from doctor_core import clock
from doctor_core.exceptions import CloudError, DoctorError

LOG = logging.getLogger(__name__)

_POLL_S = 0.2


class Made:
    """What was made, each with its undo on a stack.

    The undo is on the stack before a thing is made, and finds it anew: so
    it is undone even if making it was interrupted.

    :param stack: gets the undos; they raise nothing, so that the others are
        reached.
    :param timeout_s: seconds that each undo may take.
    :param waiting: whose time counts, and how it is waited.
    :ivar leftovers: what could not be undone, and why.
    """

    def __init__(self, stack: ExitStack, *, timeout_s: float,
                 waiting: clock.Clock = clock.SYSTEM) -> None:
        self.leftovers: list[str] = []
        self._stack = stack
        self._timeout_s = timeout_s
        self._clock = waiting
        self._nobody_answers = False

    def ensure(self, what: str, find: Callable[[], str | None],
               make: Callable[[], str], delete: Callable[[str], Any]
               ) -> str:
        """The id of a thing; one that is there is used, and left.

        :param what: what it is, for a person.
        :param find: its id, None when there is none.
        :param make: makes it and returns its id.
        :param delete: asks for its deletion, by its id.
        """
        def is_gone() -> bool:
            found = find()
            if found:
                delete_or_wait(delete, found)
            return not found or not find()

        found = find()
        if found:
            return found
        self.undo_later(what, is_gone)
        LOG.info('Making %s', what)
        return make()

    def undo_later(self, what: str, undone: Callable[[], Any]) -> None:
        """Put an undo on the stack.

        :param undone: undoes, and says whether that is finished; called
            until it is, at most for so long as an undo may take.
        """
        self._stack.callback(self._undo, what, undone)

    def _undo(self, what: str, undone: Callable[[], Any]) -> None:
        last = ''

        def is_undone() -> bool:
            nonlocal last
            try:
                return bool(undone())
            except CloudError as error:
                if not error.recoverable:
                    raise
                last = f': {error}'
                self._nobody_answers = error.status == 0
                return False

        # Of a cloud that is gone, all things need not be waited for in turn.
        timeout_s = 0.0 if self._nobody_answers else self._timeout_s
        try:
            clock.wait_for(
                is_undone, clock.Deadline(timeout_s, self._clock),
                interval_s=_POLL_S, what=f'{what} to be gone')
        except DoctorError as error:
            LOG.error('Not undone, to be done by hand: %s: %s%s', what,
                      error, last)
            self.leftovers.append(f'{what}: {error}{last}')


def delete_or_wait(delete: Callable[[str], Any], found: str) -> None:
    """Delete what may be gone, or still in use: then it is not yet gone.

    :raises CloudError: it can never be deleted.
    """
    try:
        delete(found)
    except CloudError as error:
        LOG.debug('%s', error)
        if error.status != 404 and not error.recoverable:
            raise
