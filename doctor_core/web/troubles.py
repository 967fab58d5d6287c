"""What has gone wrong with a request, in words that give nothing away.

The texts of aiohttp's errors repeat the URL, with the token in its query, and
what the peer has sent. None of them is repeated here.
"""

import os
import socket
import ssl

import aiohttp

from doctor_core import wire
from doctor_core.exceptions import HttpError, NobodyListens

#: The first class that fits.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.InvalidURL, 'not a URL that can be asked'),
    (aiohttp.NonHttpUrlClientError, 'not a URL that can be asked'),
    (TimeoutError, 'no answer in time'),
    (aiohttp.ServerDisconnectedError, 'the connection was closed without an '
                                      'answer'),
    (aiohttp.ClientResponseError, 'the answer is not proper HTTP'),
    (aiohttp.ClientPayloadError, 'the answer is broken off, or broken'),
    (aiohttp.ClientConnectorError, 'no connection'),
    (ValueError, 'not a URL that can be asked'),
    (aiohttp.ClientConnectionError, 'the connection was lost'),
)


def understood(error: Exception, what: str) -> HttpError:
    """An error of aiohttp, or of what lies below it, as one of ours.

    It is recoverable unless the URL is at fault, or the peer's certificate,
    which was looked at and not taken. All else that TLS complains of may be
    a server that is just starting.

    :param what: the request, fit for a line of the log.
    """
    cause = getattr(error, 'os_error', error)
    is_final = isinstance(error, (ValueError, aiohttp.NonHttpUrlClientError)) \
        or isinstance(cause, ssl.CertificateError)
    kind = NobodyListens if isinstance(cause, ConnectionRefusedError) \
        else HttpError
    return kind(f'{what}: {_why(error, cause)}', recoverable=not is_final)


def _why(error: Exception, cause: Exception) -> str:
    if isinstance(cause, ssl.CertificateError):
        why = getattr(cause, 'verify_message', '')
        return wire.shortened(f'its certificate is not trusted: {why}')
    if isinstance(cause, ssl.SSLError):
        reason = (getattr(cause, 'reason', None) or 'no reason given'
                  ).replace('_', ' ')
        return wire.shortened(f'TLS failed: {reason.lower()}')
    if isinstance(cause, socket.gaierror):
        return wire.shortened(f'its name does not resolve: {cause.strerror}')
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f'the proxy answered {error.status}'
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    return f'it failed: {type(error).__name__}'


def shown(url: str) -> str:
    """A URL, cut, without what may be secret: user, password and query."""
    scheme, _, rest = url.partition('://')
    place = rest.partition('?')[0]
    host, slash, path = place.partition('/')
    return wire.shortened(
        f'{scheme}://{host.rpartition("@")[2]}{slash}{path}')
