"""Asks the inspector, for commands."""

import os
from typing import Any
from urllib.parse import urlsplit

from doctor_core import conf as configuration
from doctor_core import loop, wire
from doctor_core.cloud import Cloud
from doctor_core.exceptions import (
    ConfigError,
    DoctorError,
    HttpError,
    NobodyListens,
    NotFound,
)
from doctor_core.web import client as web

#: To listen on all addresses is not to be found at all of them.
_TO_MYSELF = {'0.0.0.0': '127.0.0.1', '::': '::1'}
#: Bytes; a list of a hundred thousand faults is within it.
_MAX_ANSWER = 256 << 20
#: Seconds; the inspector answers within some ten, unless it is stuck.
_PATIENCE_S = 30.0
_SAYS_WHO = ('OS_CLOUD', 'OS_AUTH_URL')


def inspector_url(settings: Any) -> str:
    """Where [inspector] of the configuration has the inspector listen.

    :raises ConfigError: on a port that only the inspector knows.
    """
    if not settings.port:
        raise ConfigError('[inspector] port is 0, for a free one: say where '
                          'the inspector listens with --url.')
    host = _TO_MYSELF.get(str(settings.host), str(settings.host))
    return (f'{"https" if settings.tls_cert else "http"}://'
            f'{f"[{host}]" if ":" in host else host}:{settings.port}')


def ask(inspector_url: str, method: str, path: str, body: Any = None, *,
        os_cloud: str = '', cafile: str = '',
        program: str = 'doctor-inspector') -> Any:
    """The decoded answer; blocks for up to half a minute.

    Keystone is asked for a token only when the inspector wants one: in a
    mass failure Keystone may not answer.

    :param os_cloud: the cloud of clouds.yaml whose user asks; empty for the
        OS_* variables of the environment.
    :param cafile: whom to trust; the system's authorities when empty.
    :param program: who should listen there, for the operator.
    :raises ConfigError: nothing says who asks, or the URL is none.
    :raises NotFound: there is nothing of what is asked for.
    :raises DoctorError: the inspector refused, or did not answer.
    """
    if not _is_url(inspector_url):
        raise ConfigError(f'{wire.escaped(inspector_url)} is no http or '
                          'https URL.')
    url = inspector_url.rstrip('/') + path
    thread = loop.LoopThread('inspector-api')
    try:
        reply = thread.run(_send(method, url, body, cafile))
        if reply.status == 401:
            token = _token(os_cloud, inspector_url)
            reply = thread.run(_send(method, url, body, cafile, token))
    except NobodyListens:
        raise DoctorError(
            f'Nothing listens at {inspector_url}: does {program} run, and '
            'there? Say where it is with --url or --config-file.') from None
    except HttpError as error:
        if method == 'GET' or not error.recoverable:
            raise
        raise DoctorError(f'{error}: whether {program} has taken it is not '
                          'known. Look, or say it again.') from None
    finally:
        thread.stop()
    if reply.status == 404:
        raise NotFound(_refusal(reply, inspector_url))
    if reply.status >= 400:
        raise DoctorError(_refusal(reply, inspector_url))
    return reply.json()


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or '').encode('idna')
        return parts.scheme in ('http', 'https') and bool(host) \
            and parts.port != 0 and ' ' not in text and text.isprintable()
    except ValueError:
        return False


async def _send(method: str, url: str, body: Any, cafile: str,
                token: str = '') -> web.Reply:
    client = web.Client(timeout_s=_PATIENCE_S,
                        tls=web.tls_context(cafile=cafile),
                        max_answer=_MAX_ANSWER)
    try:
        return await client.request(
            method, url, body=body,
            headers={'X-Auth-Token': token} if token else None)
    finally:
        await client.close()


def _token(os_cloud: str, inspector_url: str) -> str:
    if not os_cloud and not any(name in os.environ for name in _SAYS_WHO):
        raise ConfigError(
            f'{inspector_url} wants a token: name a cloud of clouds.yaml '
            'with --os-cloud, or set OS_CLOUD, or OS_AUTH_URL, OS_USERNAME, '
            '...')
    cloud = Cloud.from_conf(configuration.prepare(
        [], {('cloud', 'name'): os_cloud}, kinds=()))
    try:
        return cloud.token()
    finally:
        cloud.close()


def _refusal(reply: web.Reply, inspector_url: str) -> str:
    """What the inspector says, if it is one that answers."""
    try:
        return str(reply.json()['error']['message'])
    except (DoctorError, LookupError, TypeError):
        return f'{inspector_url} answers {reply.status}: is it Doctor?'
