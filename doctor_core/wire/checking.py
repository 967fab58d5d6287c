"""JSON held against a schema, with messages in Doctor's words."""

from collections.abc import Mapping
from typing import Any

import jsonschema

from doctor_core.exceptions import InvalidEvent
from doctor_core.wire.escaping import below

_KINDS = {'string': 'a string', 'object': 'an object', 'array': 'a list',
          'integer': 'a whole number', 'number': 'a number',
          'boolean': 'true or false'}

#: How long a name of a host, of a type, of a source can be.
NAME_LENGTH = 255
#: A name that has to be there, and one that need not.
NAME: Mapping[str, Any] = {'type': 'string', 'pattern': r'\S',
                           'maxLength': NAME_LENGTH}
OPTIONAL_NAME: Mapping[str, Any] = {'type': 'string',
                                    'maxLength': NAME_LENGTH}


class Schema:
    """What an object has to look like; any thread may ask.

    A member that is null counts as absent.

    :param members: a schema for each that is to be looked at.
    :param required: members that have to be there.
    """

    def __init__(self, members: Mapping[str, Mapping[str, Any]],
                 required: tuple[str, ...] = ()) -> None:
        self._members = tuple(members)
        # Members come first: one of a wrong kind says more than one that
        # is missing.
        self._validator = jsonschema.Draft202012Validator({
            'type': 'object', 'properties': dict(members),
            'required': list(required)})

    def check(self, value: object, path: str) -> dict[str, Any]:
        """The members that are there.

        :param path: where the value stands; empty for the whole body.
        :raises InvalidEvent: what is wrong first, and where.
        """
        present = {name: value[name] for name in self._members
                   if value.get(name) is not None} \
            if isinstance(value, dict) else value
        error = next(self._validator.iter_errors(present), None)
        if error is not None:
            raise _in_our_words(error, path)
        assert isinstance(present, dict)
        return present


def _in_our_words(error: jsonschema.ValidationError, path: str
                  ) -> InvalidEvent:
    for name in error.absolute_path:
        path = below(path, str(name))
    wanted = error.validator_value
    if error.validator == 'required':
        missing = next(name for name in wanted if name not in error.instance)
        return InvalidEvent(below(path, missing), 'is missing')
    if error.validator == 'type':
        return InvalidEvent(path or 'body', f'must be {_KINDS[wanted]}')
    if error.validator == 'maxLength':
        return InvalidEvent(path, f'has more than {wanted} characters')
    # A pattern: nothing but blanks.
    return InvalidEvent(path, 'is missing')
