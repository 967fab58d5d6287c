"""Many are asked for by their ids, and one that fails takes away no other."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from doctor_core.exceptions import BackendError, CloudError

#: Told of each that is not known, and why.
Failed = Callable[[str, CloudError], object]

#: So many that fail, when nobody has had an answer, say that all would.
_ENOUGH = 10

T = TypeVar('T')


class Finding(Generic[T]):
    """Asks for some, several at a time; belongs to one loop.

    :param ask: asks for one; raises CloudError.
    :param patience_s: how long the others have from the first failure on:
        some are asked for in vain, and a service that is gone is no reason
        to wait for each by itself.
    """

    def __init__(self, ask: Callable[[str], Coroutine[Any, Any, T]],
                 patience_s: float) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._answers: dict[str, T] = {}
        self._errors: dict[str, BackendError] = {}

    async def all(self, ids: Sequence[str]) -> dict[str, T]:
        """All of them.

        :raises CloudError: of one of them, that it is not known.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {one: group.create_task(self._ask(one))
                         for one in ids}
        except ExceptionGroup as errors:
            # One says enough; what was found is not the whole.
            raise errors.exceptions[0] from None
        return {one: task.result() for one, task in tasks.items()}

    async def some(self, ids: Sequence[str], failed: Failed
                   ) -> dict[str, T]:
        """Those that are answered.

        :param failed: called with each that is not.
        """
        over: asyncio.Future[None] = \
            asyncio.get_running_loop().create_future()
        tasks = [asyncio.create_task(self._one(one, len(ids), over))
                 for one in ids]
        try:
            await over
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        first = next(iter(self._errors.values()), None)
        for one in ids:
            if one not in self._answers:
                failed(one, _of_cloud(self._errors.get(one) or CloudError(
                    f'not waited for any longer, since another failed: '
                    f'{first}', recoverable=True)))
        return self._answers

    async def _one(self, one: str, count: int,
                   over: 'asyncio.Future[None]') -> None:
        try:
            self._answers[one] = await self._ask(one)
        except BackendError as error:
            if not self._errors:
                asyncio.get_running_loop().call_later(
                    self._patience_s, _end, over)
            self._errors[one] = error
        except Exception as error:  # a defect, for who has asked
            if not over.done():
                over.set_exception(error)
        failed = len(self._errors)
        if failed + len(self._answers) == count \
                or failed >= _ENOUGH and not self._answers:
            _end(over)


def _end(over: 'asyncio.Future[None]') -> None:
    if not over.done():
        over.set_result(None)


def _of_cloud(error: BackendError) -> CloudError:
    return error if isinstance(error, CloudError) else CloudError(
        str(error), recoverable=error.recoverable)
