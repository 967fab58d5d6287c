"""What is wrong with an option's value, in words for an operator."""

import re

from oslo_config import cfg

from doctor_core import wire

#: What reading an option raises when its value is wrong; RecursionError when
#: it refers to itself.
WRONG = (cfg.Error, ValueError, RecursionError)
#: What oslo.config says of a ``$`` that it cannot replace. Its words repeat
#: what follows it: the end of a password, perhaps.
_OF_DOLLAR = (cfg.TemplateSubstitutionError, cfg.NoSuchOptError,
              cfg.NoSuchGroupError, RecursionError)
#: What oslo.config says before what is wrong.
_WHERE = re.compile(r'Value for option .*? is not valid: ', re.DOTALL)
#: How Python puts it, and what an operator is told.
_PLAINER = (
    (re.compile(r'invalid literal for int\(\) with base 10: (.*)', re.DOTALL),
     r'must be a whole number, not \1'),
    (re.compile(r'could not convert string to float: (.*)', re.DOTALL),
     r'must be a number, not \1'),
)
_SECRET = re.compile('passw|passcode|secret|token|transport_url')
#: How much is said of one value.
_LONGEST = 300


def complaint(error: Exception, *, is_secret: bool = False) -> str:
    """What is wrong with a value, in a short line and without Python's words.

    :param error: one of :data:`WRONG`.
    :param is_secret: whether nobody may read the value, nor a part of it.
    """
    if isinstance(error, _OF_DOLLAR):
        return ('has a $ that is followed by the name of no option that can '
                'be put there; a $ is written $$')
    if is_secret:
        return 'has a value that cannot be, which is secret and not shown'
    text = _WHERE.sub('', str(error)[:10 * _LONGEST])
    for pattern, words in _PLAINER:
        text = pattern.sub(words, text)
    text = wire.escaped(' '.join(text.split()))
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'


def is_secret(option: cfg.Opt) -> bool:
    """Whether nobody may read an option's value: it says so, or is called
    as those are.
    """
    return bool(option.secret or _SECRET.search(option.dest))
