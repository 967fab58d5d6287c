"""What goes in and out over HTTP, and which way it takes."""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from doctor_core import wire
from doctor_core.web.pools import Pool

#: Whom a rule is for: those with a role of the operator's; anybody with a
#: token; anybody at all.
OPERATOR, TENANT, PUBLIC = 'operator', 'tenant', 'public'


@dataclasses.dataclass
class Request:
    """What a handler is given.

    :ivar params: the named parts of the path.
    :ivar arrived_at: when its first line was read, before anything else
        was done with it.
    :ivar rule: the rule of its route.
    :ivar body: empty until it is :meth:`received`.
    :ivar reader: gets the body, while it is not.
    """

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    arrived_at: float
    context: dict[str, Any] = dataclasses.field(default_factory=dict)
    rule: str = ''
    reader: Callable[[], Awaitable[bytes]] | None = None

    async def received(self) -> None:
        """Return when the body is there.

        :raises Refused: it does not come, or is not taken.
        """
        if self.reader is not None:
            reader, self.reader = self.reader, None
            self.body = await reader()

    def json(self, *, as_sent: bool = False) -> Any:
        """The decoded body, fit to be stored.

        :param as_sent: as for :func:`doctor_core.wire.decoded`.
        :raises Refused: 400, when it is not JSON.
        """
        try:
            return wire.decoded(self.body, as_sent=as_sent)
        except ValueError as error:
            raise Refused(400, f'The body is not JSON: {error}') from None


@dataclasses.dataclass
class Response:
    """What a handler answers; ``json`` wins over ``body``."""

    status: int = 200
    json: Any = None
    body: bytes = b''
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content_type: str = 'text/plain'

    def encoded(self) -> 'Response':
        """With the JSON, if there is any, as the body."""
        return self if self.json is None else dataclasses.replace(
            self, json=None, body=_pieces(self.json).encode(),
            content_type='application/json')


def _pieces(value: Any) -> str:
    """The same as ``json.dumps``, which lets no other thread run before it is
    through: entries of lists one by one.
    """
    if isinstance(value, list):
        return f'[{", ".join(map(json.dumps, value))}]'
    if isinstance(value, dict) and all(type(name) is str for name in value):
        pieces = (f'{json.dumps(name)}: {_pieces(one)}'
                  for name, one in value.items())
        return f'{{{", ".join(pieces)}}}'
    return json.dumps(value)


class Refused(Exception):  # noqa: N818 - a fact, not a fault of ours
    """Raised by a handler to answer with an error.

    :param status: the HTTP status.
    :param message: for a person.
    :param facts: further members of the JSON error object.
    :ivar headers: further headers of the answer.
    """

    def __init__(self, status: int, message: str, **facts: Any) -> None:
        self.status = status
        self.message = message
        self.facts = facts
        self.headers: dict[str, str] = {}
        super().__init__(message)


def refused_for_now(message: str) -> Refused:
    """That the same request may be answered in a second."""
    refused = Refused(503, message)
    refused.headers['Retry-After'] = '1'
    return refused


Handler = Callable[[Request], Response | Awaitable[Response]]
#: Wraps every handler: authentication, latency, error formats.
Middleware = Callable[[Request, Callable[[Request], Awaitable[Response]]],
                      Awaitable[Response]]


@dataclasses.dataclass(frozen=True)
class Route:
    """A method, a path such as ``/v2/alarms/{id}``, and who answers.

    :ivar handler: must not block, unless it has a pool; may be a coroutine
        function, unless it has one.
    :ivar pool: whose threads run the handler, and write its JSON.
    :ivar caller: whose request it is, where the pool's callers take turns;
        must not block, nor raise.
    :ivar rule: its name in a policy; a server with a gate serves no route
        without one.
    :ivar access: whom the rule is for, if no policy says otherwise.
    """

    method: str
    path: str
    handler: Handler
    pool: Pool | None = None
    rule: str = ''
    access: str = OPERATOR
    caller: Callable[[Request], str] | None = None


def error_body(refused: Refused) -> dict[str, Any]:
    """Doctor's own form of an error."""
    return {'error': {'code': refused.status, 'message': refused.message,
                      **refused.facts}}
