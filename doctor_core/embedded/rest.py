"""What all services of the embedded cloud have in common: who asks for what.
"""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from doctor_core.web.server import Refused, Request, Response, Route

T = TypeVar('T')

_MISSING: Any = object()
_TYPE_NAMES = {str: 'string', bool: 'boolean', int: 'integer',
               float: 'number', list: 'array', dict: 'object',
               type(None): 'null'}


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who asks, as Keystone knows it.

    :ivar project_id: the scope of the token; empty when it has another.
    """

    user_id: str = ''
    user_name: str = ''
    project_id: str = ''
    project_name: str = ''
    domain_id: str = ''
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return 'admin' in self.roles


NOBODY = Caller()


@dataclasses.dataclass
class Call:
    """One request to a service, its caller being known.

    :ivar version: the minor number of the microversion; 0 where a service
        has none.
    """

    request: Request
    caller: Caller
    version: int = 0

    @property
    def params(self) -> Mapping[str, str]:
        return self.request.params

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    def body(self, member: str = '') -> dict[str, Any]:
        """The JSON body, or a member of it, which has to be an object.

        :raises Refused: 400, when it is something else.
        """
        body = self.request.json()
        if not isinstance(body, dict):
            raise Refused(400, 'The body must be a JSON object.')
        return field(body, member, dict) if member else body


def field(body: Mapping[str, Any], name: str, kind: type | tuple[Any, ...],
          default: Any = _MISSING) -> Any:
    """A member of a JSON object, of a certain type.

    :param default: what an absent member means; without it, it is an error.
    :raises Refused: 400, in the words of Nova and Keystone.
    """
    if name not in body:
        if default is _MISSING:
            raise Refused(400, f"Invalid input: '{name}' is a required "
                               'property')
        return default
    value = body[name]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    # To Python, true is an integer; to JSON it is not.
    fits = isinstance(value, kinds) and (
        not isinstance(value, bool) or bool in kinds)
    if not fits:
        names = ', '.join(f"'{_TYPE_NAMES[kind]}'" for kind in kinds)
        raise Refused(400, f'Invalid input for field/attribute {name}. '
                           f'Value: {value}. {value!r} is not of type '
                           f'{names}')
    return value


def flag(text: str) -> bool:
    """Whether a query parameter means yes.

    :raises Refused: 400, when it means neither yes nor no.
    """
    lowered = text.strip().lower()
    if lowered in ('1', 't', 'true', 'on', 'y', 'yes'):
        return True
    if lowered in ('0', 'f', 'false', 'off', 'n', 'no'):
        return False
    raise Refused(400, f"Unrecognized value '{text}': it must be a boolean.")


def page(items: Iterable[T], query: Mapping[str, str], *,
         key: Callable[[T], str], most: int | None = 1000
         ) -> tuple[list[T], bool]:
    """The part of a list that ``limit`` and ``marker`` ask for.

    :param key: what a marker names of an item.
    :param most: the largest page that is given; None for no limit.
    :returns: the part, and whether more follows.
    :raises Refused: 400, for a limit that is none or an unknown marker.
    """
    rest = list(items)
    marker = query.get('marker')
    if marker:
        keys = [key(item) for item in rest]
        if marker not in keys:
            raise Refused(400, f'marker [{marker}] not found')
        rest = rest[keys.index(marker) + 1:]
    limit = query.get('limit', '0')
    # No list is longer; Python does not read thousands of digits.
    if not re.fullmatch('[0-9]{1,18}', limit):
        raise Refused(400, f"Invalid input for query parameters limit. "
                           f"Value: {limit}. '{limit}' is not an integer.")
    # Zero means no limit of the caller's own.
    sizes = [size for size in (int(limit), most) if size]
    size = min(sizes, default=len(rest))
    return rest[:size], len(rest) > size


@dataclasses.dataclass
class Site:
    """Where the cloud is reached; known once it listens."""

    url: str = ''


#: Makes a service's JSON error of a refusal.
Errors = Callable[[Refused], Any]
#: Answers, or answers JSON, which then has the route's usual status.
Handler = Callable[[Call], Any]


class Api:
    """The routes of one service, below its prefix.

    Handlers run on the one loop of the server: they need no locks and must
    not block. What they raise as :class:`Refused` is answered in the
    service's own form.

    :param site: where the cloud is reached.
    :param prefix: e.g. ``/compute``.
    :param authenticate: finds the caller of a token; None for a bad token.
    :param errors: the service's form of an error.
    """

    def __init__(self, site: Site, prefix: str,
                 authenticate: Callable[[str], Caller | None],
                 errors: Errors) -> None:
        self.site = site
        self.prefix = prefix
        self.routes: list[Route] = []
        self._authenticate = authenticate
        self._errors = errors

    @property
    def url(self) -> str:
        """Where the service is reached."""
        return self.site.url + self.prefix

    def add(self, method: str, path: str, handler: Handler, *,
            status: int = 200, public: bool = False,
            admin: str = '') -> None:
        """Have a path served.

        :param status: of an answer that is only JSON, or nothing at all.
        :param public: whether no token is needed.
        :param admin: the policy rule by which it is for administrators only.
        """
        async def serve(request: Request) -> Response:
            try:
                caller = NOBODY if public else self._caller(request)
                if admin and not caller.is_admin:
                    raise forbidden(admin)
                call = Call(request, caller)
                self.prepare(call)
                answer = handler(call)
                if inspect.isawaitable(answer):
                    answer = await answer
            except Refused as refused:
                return self.finish(request, self._refusal(refused))
            if not isinstance(answer, Response):
                answer = Response(status, json=answer)
            return self.finish(request, answer)

        self.routes.append(Route(method, self.prefix + path, serve))

    def prepare(self, call: Call) -> None:
        """What a service does before its handlers, e.g. read a version."""

    def finish(self, request: Request, response: Response) -> Response:
        """What a service adds to each answer, e.g. headers."""
        return response

    def _caller(self, request: Request) -> Caller:
        caller = self._authenticate(request.headers.get('X-Auth-Token', ''))
        if caller is None:
            raise Refused(401, 'The request you have made requires '
                               'authentication.')
        return caller

    def _refusal(self, refused: Refused) -> Response:
        if refused.status == 401:
            # As keystonemiddleware answers in front of every service.
            return Response(
                401, json=keystone_error(refused),
                headers={'WWW-Authenticate':
                         f'Keystone uri="{self.site.url}/identity"'})
        return Response(refused.status, json=self._errors(refused))


def forbidden(rule: str) -> Refused:
    """That a policy rule does not let the caller do it."""
    return Refused(403, f"Policy doesn't allow {rule} to be performed.")


_TITLES = {400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
           404: 'Not Found', 409: 'Conflict', 501: 'Not Implemented'}


def keystone_error(refused: Refused) -> dict[str, Any]:
    """Keystone's form of an error."""
    return {'error': {'code': refused.status, 'message': refused.message,
                      'title': _TITLES.get(refused.status, 'Error')}}
