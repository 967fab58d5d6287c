"""Which of Nova's microversions a request is for."""

import re
from typing import Any

from doctor_core.embedded.rest import Api, Call
from doctor_core.web.server import Refused, Request, Response

MOST = 100

_MODERN = 'OpenStack-API-Version'
_LEGACY = 'X-OpenStack-Nova-API-Version'
_NUMBER = re.compile(r'([1-9]\d{0,17})\.([1-9]\d{0,17}|0)')

_KEYS = {400: 'badRequest', 401: 'unauthorized', 403: 'forbidden',
         404: 'itemNotFound', 405: 'badMethod', 409: 'conflictingRequest',
         413: 'overLimit', 415: 'badMediaType', 429: 'overLimit',
         501: 'notImplemented', 503: 'serviceUnavailable'}


def asked(request: Request) -> int:
    """The minor number of the microversion that a request names.

    :raises Refused: 400 when it is none, 406 when it is not supported.
    """
    text = ''
    for entry in request.headers.get(_MODERN, '').split(','):
        service, _, number = entry.strip().partition(' ')
        if service.lower() in ('compute', 'nova'):
            text = number.strip()
    text = text or request.headers.get(_LEGACY, '') or '2.1'
    if text == 'latest':
        return MOST
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Refused(400, f'API Version String {text} is of invalid format.'
                           ' Must be of format MajorNum.MinorNum.')
    major, minor = int(match[1]), int(match[2])
    if major != 2 or not 1 <= minor <= MOST:
        raise Refused(406, f'Version {text} is not supported by the API. '
                           f'Minimum is 2.1 and maximum is 2.{MOST}.')
    return minor


def error(refused: Refused) -> dict[str, Any]:
    """Nova's form of an error."""
    return {_KEYS.get(refused.status, 'computeFault'): {
        'code': refused.status, 'message': refused.message}}


class NovaApi(Api):
    """An API with microversions; they are read and answered in headers."""

    def prepare(self, call: Call) -> None:
        call.version = asked(call.request)

    def finish(self, request: Request, response: Response) -> Response:
        try:
            version = f'2.{asked(request)}'
        except Refused:
            version = '2.1'
        response.headers = {
            **response.headers, _MODERN: f'compute {version}',
            _LEGACY: version, 'Vary': f'{_MODERN}, {_LEGACY}'}
        return response

    def add_until(self, last: int, method: str, path: str, handler: Any,
                  **options: Any) -> None:
        """Have a path served up to a microversion, and answer 404 after."""
        def older(call: Call) -> Any:
            if call.version > last:
                raise Refused(404, 'The resource could not be found.')
            return handler(call)
        self.add(method, path, older, **options)
