"""What it means when a service says no, or nothing."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from doctor_core import wire
from doctor_core.exceptions import CloudError

#: Statuses of which the same request may succeed later: a conflict with
#: something under way, too many requests; besides every 5xx.
PASSING = frozenset({408, 409, 429})

_LONGEST = 400
#: urllib3's way of saying why there was no connection.
_POOL = re.compile(r'(?P<place>.*?)HTTPS?ConnectionPool\(.*?'
                   r'\(Caused by (?P<cause>.*)\)')
_REASON = re.compile(r'\[Errno -?\d+\] ([^"\')]+)')


#: What asking again never changes, by the service's own answer: the member
#: that holds it in Nova's form, and why it is final. Whatever else a service
#: answers is asked for again, less and less often:
#:
#: 401, 403, a 404 that may hide something: an operator can give the user what
#:     it lacks, in Keystone or in a policy file, and nobody tells us.
#: 406: behind one address may be Novas of two releases, while one is upgraded.
#: 409: a conflict with a state, of which Nova says no more in a form that can
#:     be read than in words: what is being done with a server (its
#:     task_state) ends, and its owner can bring it into another state.
#: 5xx, 408, 429: the service is not well, or has too much to do.
FINAL: Mapping[int, tuple[str, str]] = {
    400: ('badRequest', 'the API, as it is set up, has no such request'),
    405: ('badMethod', 'the API has no such method'),
    415: ('badMediaType', 'the API does not take such a body'),
    422: ('computeFault', 'the API does not take such a value'),
    501: ('notImplemented', 'the API does not implement it'),
}

#: Who answers for a service, if not something between.
NAMES: Mapping[str, str] = {'compute': 'Nova', 'identity': 'Keystone',
                            'network': 'Neutron'}
#: The member that holds a service's own 404.
_ABSENT: Mapping[str, str] = {
    'alarming': 'error_message', 'compute': 'itemNotFound',
    'identity': 'error', 'network': 'NeutronError', 'policy': 'error'}


class Gone(CloudError):
    """The service itself says 404: no proxy or load balancer before it."""


class Final(CloudError):
    """The service itself refuses, and would do so each time; see `FINAL`."""


class Misconfigured(CloudError):
    """An operator has to mend it: credentials, certificates, catalogue.

    A ConfigError when it is found at the start; later, when a cloud that
    worked does no more, an error like any other.
    """


class LedAway(Exception):  # noqa: N818 - a fact, not a fault of ours
    """An answer leads to somebody whom a request was not for."""

    def __init__(self, status: int, location: str) -> None:
        self.status = status
        self.location = location
        super().__init__(f'{status}: it leads elsewhere')


def may_pass(status: int) -> bool:
    """Whether the same request may be answered better later."""
    return status >= 500 or status in PASSING


def message_of(body: bytes) -> str:
    """A service's own words in the body of a refusal; empty when none.

    Takes the forms of Nova (``{"badRequest": {"message": ...}}``), Keystone
    (``{"error": {"message": ...}}``), Neutron (``{"NeutronError":
    {"message": ...}}`` or ``{"NeutronError": "..."}``), Aodh
    (``{"error_message": {"faultstring": ...}}``) and microversion refusals
    (``{"errors": [{"detail": ...}]}``).
    """
    try:
        words = _words(json.loads(body))
    except (ValueError, RecursionError):
        # An HTML page of a proxy tells an operator less than the status.
        text = body[:_LONGEST * 4].decode('utf-8', 'replace').strip()
        words = '' if text.startswith('<') else text
    return wire.escaped(' '.join(words.split())[:_LONGEST])


def _words(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    if isinstance(answer, list):
        return next(filter(None, map(_words, answer)), '')
    if not isinstance(answer, Mapping):
        return ''
    for key in ('message', 'faultstring', 'detail', 'title'):
        if isinstance(answer.get(key), str) and answer[key]:
            return answer[key]
    return next(filter(None, (
        _words(value) for value in answer.values()
        if isinstance(value, (Mapping, list))
        or (isinstance(value, str) and len(answer) == 1))), '')


def decoded(body: bytes) -> Any:
    """A body's JSON; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_own(service_type: str, status: int, body: bytes) -> bool:
    """Whether a refusal has the form that the service itself gives it.

    Of a service whose form is not known, and of 401, which a middleware
    before the service gives in forms of its own, every one has. Of Aodh and
    Congress the form of a 404 is known: what is gone there is made anew, or
    passed over.
    """
    if status == 401 or service_type not in (
            _ABSENT if status == 404 else NAMES):
        return True
    answer = decoded(body)
    if not isinstance(answer, Mapping):
        return False
    if status == 404:
        found = answer.get(_ABSENT[service_type])
        # A text as the "error" is what proxies write; Neutron's can be one.
        return isinstance(found, Mapping) or (
            service_type == 'network' and isinstance(found, str))
    return any(isinstance(value, (Mapping, list))
               for value in answer.values()) or 'NeutronError' in answer


def between(request: str, service_type: str, status: int, why: str
            ) -> CloudError:
    """The error for an answer that the service did not give.

    It may pass: a proxy's login page, or a load balancer without members,
    stands before the service for a while.
    """
    name = NAMES.get(service_type, 'the service')
    return CloudError(f'{request}: {status}: something between answered '
                      f'instead of {name}: {why}', status=status,
                      recoverable=True)


def redirected(request: str, service_type: str, status: int,
               location: str) -> CloudError:
    """The error for an answer of 300 to 399: it leads elsewhere.

    :param location: where to; its query may hold secrets, and is left out.
    """
    place = location.partition('?')[0].partition('#')[0]
    scheme, mark, rest = place.rpartition('://')
    host, slash, path = rest.partition('/')
    shown = f'{scheme}{mark}{host.rpartition("@")[2]}{slash}{path}'
    return between(request, service_type, status, 'it leads to '
                   + (_printable(shown) or 'nowhere'))


def refused(request: str, status: int, body: bytes, *, service_type: str = '',
            recoverable: bool | None = None) -> CloudError:
    """The error for an answer of 400 and above.

    :param request: what was asked, for a person: ``PUT compute
        /os-services/...``.
    :param service_type: whose answer it should be; empty for any.
    :param recoverable: when the status alone does not tell.
    """
    words = message_of(body)
    if status < 500 and not _is_own(service_type, status, body):
        return between(request, service_type, status,
                       words or 'not a refusal of this API')
    kind: Callable[..., CloudError] = CloudError
    if status == 404 and service_type in _ABSENT:
        kind = Gone
    return kind(
        f'{request}: {status}{": " + words if words else ""}', status=status,
        recoverable=may_pass(status) if recoverable is None else recoverable)


def finally_refused(request: str, service_type: str, status: int,
                    body: bytes) -> Final | None:
    """The error for a refusal that is never taken back; None for others.

    Only an answer in the very form of Nova or Neutron counts: what stands
    before them gives way some day.
    """
    if status not in FINAL:
        return None
    answer = decoded(body)
    member, why = FINAL[status]
    own = 'NeutronError' if service_type == 'network' else member
    if not isinstance(answer, Mapping) or set(answer) != {own}:
        return None
    words = message_of(body)
    return Final(f'{request}: {status}{": " + words if words else ""} '
                 f'({why}; given up)', status=status)


def _printable(text: str) -> str:
    return ''.join(char for char in text if char.isprintable())[:_LONGEST]


@contextmanager
def translated(request: str, service_type: str = '') -> Iterator[None]:
    """Turn what keystoneauth raises inside into our own errors.

    :param request: what is asked, for a person.
    :param service_type: who is asked.
    :raises CloudError: instead of keystoneauth's errors; Misconfigured where
        asking again will not help.
    """
    from keystoneauth1 import exceptions as ks
    try:
        yield
    except LedAway as error:
        raise redirected(request, service_type, error.status,
                         error.location) from None
    except ks.Unauthorized as error:
        raise Misconfigured(
            f'{request}: Keystone refuses the credentials: {line(error)}',
            status=401) from error
    except ks.HttpError as error:
        status = error.http_status or 0
        raise CloudError(f'{request}: {line(error)}', status=status,
                         recoverable=may_pass(status)) from error
    except ks.SSLError as error:
        raise Misconfigured(
            f'{request}: the certificate is not trusted; name the '
            f'authority\'s file as cacert: {line(error)}') from error
    except ks.AuthPluginException as error:
        raise Misconfigured(
            f'The credentials of the cloud: {line(error)}') from error
    except ks.CatalogException as error:
        raise Misconfigured(
            f'{request}: {line(error)}; check region_name and interface of '
            'the cloud, and whether it has the service') from error
    except (ks.ConnectionError, ks.DiscoveryFailure) as error:
        # Keystone that does not answer is a failure of discovery, too; but
        # one that answers that nothing is there will do so again.
        refusal = error.__context__
        if isinstance(refusal, ks.HttpError) \
                and not may_pass(refusal.http_status or 0):
            raise Misconfigured(
                f'{request}: there is no Keystone at auth_url: '
                f'{line(refusal)}', status=refusal.http_status) from error
        raise CloudError(f'{request}: {line(error)}',
                         recoverable=True) from error
    except ks.ClientException as error:
        raise CloudError(f'{request}: {line(error)}') from error


@contextmanager
def authenticating(source: str) -> Iterator[None]:
    """As :func:`translated`, while Keystone is asked for a token.

    Keystone says 400 or 404 to credentials that lack something, and
    keystoneauth raises a bare exception for others: neither will pass.

    :param source: where the credentials are written.
    """
    try:
        with translated('Asking Keystone for a token', 'identity'):
            yield
    except Misconfigured as error:
        raise Misconfigured(f'{source}: {error}',
                            status=error.status) from error
    except CloudError as error:
        if not 400 <= error.status < 500 or may_pass(error.status):
            raise
        raise Misconfigured(
            f'{source}: {error}. Check auth_url, username, password, and '
            'the names and domains of user and project',
            status=error.status) from error
    except Exception as error:  # keystoneauth's plugins raise what they like
        raise Misconfigured(f'{source}: {line(error)}') from error


@contextmanager
def understood(request: str) -> Iterator[None]:
    """Turn the errors of reading an answer's JSON into one of ours."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CloudError(
            f'{request}: not an answer of this API: '
            f'{type(error).__name__}: {line(error)}') from error


def line(error: BaseException) -> str:
    """An error in one line, without the names of the HTTP library's parts."""
    words = ' '.join(str(error).split())
    parts = _POOL.fullmatch(words)
    if parts is not None:
        reason = _REASON.search(parts['cause'])
        words = parts['place'] + (reason[1] if reason else parts['cause'])
    return wire.escaped(words[:_LONGEST]) or type(error).__name__
