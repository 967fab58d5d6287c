"""Keeps passwords out of what is printed."""

import re

_MASK = '***'
#: Names of options whose values nobody should read over a shoulder.
_SECRET = re.compile(
    r'passw|secret|token|credential|hmac|private|transport_url|connection'
    r'|_key\b|\bkey\b|fernet|salt', re.IGNORECASE)
_OPTION = re.compile(
    r'^(\s*#?\s*-?\s*["\']?)([\w.-]+)(["\']?\s*[=:]\s*)(\S.*)$')
_URL = re.compile(r'(\w[\w+.-]*://)([^\s/@]*)@')


def masked(text: str) -> str:
    """A text of INI or YAML with the values of secret options, the lines
    that go on with them, and the users of URLs replaced; as many lines as
    before.
    """
    hidden = False
    lines = []
    for line in text.splitlines(keepends=True):
        body = line.rstrip('\r\n')
        end = line[len(body):]
        option = _OPTION.match(body)
        if option:
            hidden = bool(_SECRET.search(option[2]))
            if hidden:
                body = f'{option[1]}{option[2]}{option[3]}{_MASK}'
        elif hidden and body[:1].isspace() and body.strip():
            body = f'{body[:len(body) - len(body.lstrip())]}{_MASK}'
        else:
            hidden = False
        lines.append(_URL.sub(rf'\g<1>{_MASK}@', body) + end)
    return ''.join(lines)
