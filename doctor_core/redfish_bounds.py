"""What a Redfish service may do to who asks it: answer, in time, himself.

The library follows wherever an answer sends it, with the password, and reads
an answer to its end, whether it has one or not.
"""

import urllib.parse
from collections.abc import Iterator
from typing import Any

from doctor_core.bmc_address import origin
from doctor_core.clock import Deadline
from doctor_core.exceptions import BackendError, NoAnswer

#: No answer to a question of ours has a hundredth of it.
MOST_BYTES = 8 << 20


class Bounds:
    """Keeps what is asked and answered within bounds. Only one thread at a
    time may use it.

    :param base: the scheme, the machine and the port of the service.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._origin = origin(base)
        self._deadline = Deadline(0.0)

    def begin(self, within_s: float) -> None:
        """All that is asked and answered from now on ends within that."""
        self._deadline = Deadline(within_s)

    def left_s(self) -> float:
        """How long what is asked now may take.

        :raises NoAnswer: the time is over.
        """
        left_s = self._deadline.left_s()
        if left_s <= 0:
            raise NoAnswer(f'The BMC {self._base} is too slow')
        return left_s

    def check(self, path: str, base: str = '') -> None:
        """Refuse to ask somebody else.

        :param path: of what is asked for, or its URL.
        :param base: what it is relative to; the service when empty.
        :raises BackendError: it is not of this service.
        """
        try:
            url = urllib.parse.urljoin(base or self._base, path)
            is_ours = origin(url) == self._origin
        except ValueError:
            url, is_ours = path, False
        if not is_ours:
            # Neither a password nor a token is repeated.
            where = url.rpartition('@')[2] if '@' in url else url
            raise BackendError(
                f'The BMC {self._base} redirects to {where.partition("?")[0]}'
                ': if that is right, write it in the place of its address')

    def endless(self) -> BackendError:
        """What an answer is that has no end."""
        return BackendError(f'The BMC {self._base} sends more than '
                            f'{MOST_BYTES >> 20} MB for an answer')

    def hook(self, response: Any, **_words: Any) -> Any:
        """Take the head of an answer, before its body is read."""
        where = response.headers.get('location')
        if where and response.is_redirect:
            self.check(where, response.url)
        response.raw = _Body(response.raw, self)
        return response


class _Body:
    """The body of an answer, which has an end."""

    def __init__(self, raw: Any, bounds: Bounds) -> None:
        self._raw = raw
        self._bounds = bounds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *words: Any, **more: Any) -> Iterator[bytes]:
        size = 0
        try:
            for block in self._raw.stream(*words, **more):
                size += len(block)
                if size > MOST_BYTES:
                    raise self._bounds.endless()
                self._bounds.left_s()
                yield block
        except BackendError:
            self._raw.close()
            raise

    def read(self, *_words: Any, **_more: Any) -> bytes:
        """The rest of a body that nobody needs."""
        self._raw.close()
        return b''


def connector(library: Any, bounds: Bounds, base: str, **words: Any) -> Any:
    """The library's way to a service, within bounds.

    :param library: sushy, or what stands for it.
    :param words: for the library's connector.
    """
    def bounded(name: str) -> Any:
        def ask(self: Any, path: str = '', *more: Any, **options: Any) -> Any:
            bounds.check(path)
            options['timeout'] = bounds.left_s()
            options['hooks'] = {'response': bounds.hook}
            return getattr(library.connector.Connector, name)(
                self, path, *more, **options)
        return ask

    return type('Bounded', (library.connector.Connector,), {
        name: bounded(name) for name in (
            'get', 'post', 'patch', 'put', 'delete')})(base, **words)
