"""What it means when a service says no, or nothing."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from doctor_core.exceptions import CloudError

#: Statuses of which the same request may succeed later: a conflict with
#: something under way, too many requests; besides every 5xx.
PASSING = frozenset({408, 409, 429})

_LONGEST = 400
#: urllib3's way of saying why there was no connection.
_POOL = re.compile(r'(?P<place>.*?)HTTPS?ConnectionPool\(.*?'
                   r'\(Caused by (?P<cause>.*)\)')
_REASON = re.compile(r'\[Errno -?\d+\] ([^"\')]+)')


class Misconfigured(CloudError):
    """An operator has to mend it: credentials, certificates, catalogue.

    A ConfigError when it is found at the start; later, when a cloud that
    worked does no more, an error like any other.
    """


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
    return ' '.join(words.split())[:_LONGEST]


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


def refused(request: str, status: int, body: bytes, *,
            recoverable: bool | None = None) -> CloudError:
    """The error for an answer of 400 and above.

    :param request: what was asked, for a person: ``PUT compute
        /os-services/...``.
    :param recoverable: when the status alone does not tell.
    """
    words = message_of(body)
    return CloudError(
        f'{request}: {status}{": " + words if words else ""}', status=status,
        recoverable=may_pass(status) if recoverable is None else recoverable)


@contextmanager
def translated(request: str) -> Iterator[None]:
    """Turn what keystoneauth raises inside into our own errors.

    :param request: what is asked, for a person.
    :raises CloudError: instead of keystoneauth's errors; Misconfigured where
        asking again will not help.
    """
    from keystoneauth1 import exceptions as ks
    try:
        yield
    except ks.Unauthorized as error:
        raise Misconfigured(
            f'{request}: Keystone refuses the credentials: {_line(error)}',
            status=401) from error
    except ks.HttpError as error:
        status = error.http_status or 0
        raise CloudError(f'{request}: {_line(error)}', status=status,
                         recoverable=may_pass(status)) from error
    except ks.SSLError as error:
        raise Misconfigured(
            f'{request}: the certificate is not trusted; name the '
            f'authority\'s file as cacert: {_line(error)}') from error
    except ks.AuthPluginException as error:
        raise Misconfigured(
            f'The credentials of the cloud: {_line(error)}') from error
    except ks.CatalogException as error:
        raise Misconfigured(
            f'{request}: {_line(error)}; check region_name and interface of '
            'the cloud, and whether it has the service') from error
    except (ks.ConnectionError, ks.DiscoveryFailure) as error:
        # Keystone that does not answer is a failure of discovery, too.
        raise CloudError(f'{request}: {_line(error)}',
                         recoverable=True) from error
    except ks.ClientException as error:
        raise CloudError(f'{request}: {_line(error)}') from error


@contextmanager
def understood(request: str) -> Iterator[None]:
    """Turn the errors of reading an answer's JSON into one of ours."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CloudError(
            f'{request}: not an answer of this API: '
            f'{type(error).__name__}: {_line(error)}') from error


def _line(error: BaseException) -> str:
    """An error in one line, without the names of the HTTP library's parts."""
    words = ' '.join(str(error).split())
    parts = _POOL.fullmatch(words)
    if parts is not None:
        reason = _REASON.search(parts['cause'])
        words = parts['place'] + (reason[1] if reason else parts['cause'])
    return words[:_LONGEST] or type(error).__name__
