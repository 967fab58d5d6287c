"""What passes between the HTTP library and this package."""

import logging
import re
from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict

from doctor_core import wire
from doctor_core.web.exchange import Refused, Response

#: So much of what the library says is repeated.
_SHOWN = 120


class _OneLine(logging.Filter):
    """What the library says of a request that it cannot read, without a
    traceback: anybody can send one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = 'A request cannot be read: %s', (
                why(error),)
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, 'WARNING'
        return True


def why(error: BaseException) -> str:
    """What the library says of what it cannot read, on one line."""
    text = ' '.join(str(error).split())
    return wire.escaped(re.sub(r'^\d+, message: ', '', text))[:_SHOWN]


#: Where the library writes.
LOG = logging.getLogger(__name__)
LOG.addFilter(_OneLine())


def storable(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Names and texts of others, if need be with escapes for what cannot be
    stored.
    """
    try:
        for text in texts.values():
            text.encode()
    except UnicodeEncodeError:
        return CIMultiDict({name: wire.storable(text)
                            for name, text in texts.items()})
    return texts


def raw_response(response: Response) -> web.Response:
    """An answer, as the library sends it."""
    response = response.encoded()
    return web.Response(status=response.status, headers=response.headers,
                        body=response.body,
                        content_type=response.content_type)


def what(raw: web.Request) -> str:
    """A request, for a line of the log."""
    return wire.escaped(f'{raw.method} {raw.path}')


def refused(raw: web.Request, answer: web.HTTPException, max_body: int
            ) -> Refused:
    """What the library refuses, in our words.

    :param max_body: the largest body taken, in bytes.
    """
    text = answer.reason
    if answer.status == 404:
        text = f'Nothing is at {raw.path}.'
    elif answer.status == 413:
        text = (f'The body is larger than {max_body} bytes; '
                'send it in parts.')
    said = Refused(answer.status, text)
    if 'Allow' in answer.headers:
        said.headers['Allow'] = answer.headers['Allow']
    return said
