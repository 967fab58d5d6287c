"""Requests to the bed's own services."""

import json
import urllib.error
import urllib.request
from typing import Any

from openstack_bed.settings import PASSWORD, Bed, BedError

_TIMEOUT_S = 60.0


class Api:
    """An administrator of the bed; all methods block."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._token = ''
        self.project_id = ''

    def log_in(self) -> None:
        """Get a token.

        :raises BedError: Keystone does not answer, or refuses.
        """
        domain = {'id': 'default'}
        _, headers, answer = self._send(
            'POST', self._bed.auth_url + '/auth/tokens', {'auth': {
                'identity': {'methods': ['password'], 'password': {'user': {
                    'name': 'admin', 'domain': domain,
                    'password': PASSWORD}}},
                'scope': {'project': {'name': 'admin', 'domain': domain}}}})
        self._token = headers['X-Subject-Token']
        self.project_id = answer['token']['project']['id']

    def call(self, method: str, service: str, path: str,
             body: Any = None, *, ok: tuple[int, ...] = ()) -> Any:
        """The decoded answer.

        :param ok: statuses of 4xx that are fine.
        :raises BedError: the service does not answer, or refuses.
        """
        if not self._token:
            self.log_in()
        return self._send(method, self._bed.url(service, path), body, ok)[2]

    def _send(self, method: str, url: str, body: Any,
              ok: tuple[int, ...] = ()) -> tuple[int, Any, Any]:
        headers = {'X-Auth-Token': self._token,
                   'OpenStack-API-Version': 'compute 2.74'}
        data = body
        if isinstance(body, bytes):
            headers['Content-Type'] = 'application/octet-stream'
        elif body is not None:
            headers['Content-Type'] = 'application/json'
            data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, answer.headers, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read()
            if error.code in ok:
                return error.code, error.headers, _decoded(text)
            raise BedError(f'{method} {url}: {error.code} '
                           f'{text[:500].decode(errors="replace")}') from None
        except OSError as error:
            raise BedError(f'{method} {url}: {error}') from None


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
