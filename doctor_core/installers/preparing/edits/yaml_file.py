"""Entries of YAML files, added or replaced in place.

The file is read as the services read it, by PyYAML's safe loader, which also
says where each entry begins and ends; the new text goes there. A round trip
through ruamel.yaml was tried: it keeps comments, but writes the whole file
anew, with other indentation, quotes and line breaks wherever a file mixes
styles. Every result is read again, and has to say what was wanted and
nothing else; so what aliases or other rarities would spoil is refused.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from doctor_core.installers.preparing.edits import NotEditable

#: Where an entry is: keys and indices from the root.
Path = tuple[str | int, ...]

_BREAK = re.compile('\r\n|[\r\n\x85\u2028\u2029]')


def load(text: str) -> Any:
    """What a service reads in the text; None in an empty one. No part of it
    is shared with another, as aliases would have it.

    :raises NotEditable: it is no YAML, or more than one document.
    """
    with _understood():
        return _unshared(yaml.safe_load(text))


def begun(text: str, content: str) -> str:
    """A text that says nothing, but may have comments, and then a content.

    :raises NotEditable: it says something, or nothing can follow it.
    """
    with _understood():
        result = _Tree(text).followed_by(content)
    return _checked(result, load(content), load(content))


def appended(text: str, path: Path, item: Any) -> str:
    """The text with one more item at the end of a list.

    :param path: where the list is.
    :raises NotEditable: it cannot be added without touching the rest.
    """
    wanted = load(text)
    _entry(wanted, path).append(item)
    with _understood():
        tree = _Tree(text)
    return _checked(tree.appended(path, item), wanted, [item])


def with_key(text: str, key: str, value: str) -> str:
    """The text with a key in the mapping that it is, new or with another
    value. An empty text is an empty mapping.

    :raises NotEditable: it cannot be written without touching the rest.
    """
    wanted = load(text) or {}
    with _understood():
        tree = _Tree(text)
    result = tree.replaced((key,), value) if key in wanted \
        else tree.with_key(key, value)
    wanted[key] = value
    return _checked(result, wanted, {key: value})


class _Tree:
    """Where everything is in a text; indices count its characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)
        #: Where the tokens end. An alias is one, too; its node is elsewhere.
        self._ends = [
            token.end_mark.index
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if token.end_mark.index > token.start_mark.index]

    def appended(self, path: Path, item: Any) -> str:
        node = self._node(path)
        if node.flow_style:
            return self._in_flow(node, json.dumps(item))
        return self._below(node, yaml.safe_dump(
            [item], default_flow_style=False, sort_keys=False, width=1000))

    def with_key(self, key: str, value: str) -> str:
        new = f'{json.dumps(key)}: {json.dumps(value)}'
        if not isinstance(self._root, yaml.MappingNode):
            return self._inserted(len(self._text), new)
        if self._root.flow_style:
            return self._in_flow(self._root, new)
        return self._below(self._root, new)

    def followed_by(self, content: str) -> str:
        return self._inserted(len(self._text), *content.splitlines())

    def replaced(self, path: Path, value: str) -> str:
        node = self._node(path)
        start, end = node.start_mark.index, node.end_mark.index
        # A text of several lines ends behind its last line break.
        body = self._text[start:end].rstrip()
        return self._text[:start] + json.dumps(value) \
            + self._text[start + len(body):]

    def _node(self, path: Path) -> Any:
        node: Any = self._root
        for step in path:
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                continue
            # Of a key that is given twice, PyYAML takes the last.
            found = [value for key, value in node.value
                     if key.value == step] \
                if isinstance(node, yaml.MappingNode) else []
            if not found:
                raise NotEditable(f'{step!r} is not written where it is '
                                  'used, but merged into it')
            node = found[-1]
        return node

    def _in_flow(self, node: yaml.CollectionNode, new: str) -> str:
        """Behind the last token inside of brackets."""
        place = max(end for end in self._ends if end < node.end_mark.index)
        last = self._text[place - 1]
        comma = '' if not node.value else ' ' if last == ',' else ', '
        return self._text[:place] + comma + new + self._text[place:]

    def _below(self, node: yaml.CollectionNode, new: str) -> str:
        """On lines below the last token of a block, as far to the right."""
        end = max(end for end in self._ends if end <= node.end_mark.index)
        starts = [found.end() for found in _BREAK.finditer(self._text)]
        # A text of several lines ends behind its last line break.
        place = max((start for start in starts if start <= end), default=0)
        if self._text[place:end].strip():
            place = next((start for start in starts if start > end),
                         len(self._text))
        indent = ' ' * node.start_mark.column
        return self._inserted(place, *(indent + line
                                       for line in new.splitlines()))

    def _inserted(self, place: int, *lines: str) -> str:
        found = _BREAK.search(self._text)
        line_end = found.group() if found else '\n'
        before = self._text[:place]
        if before and not _BREAK.search(before[-1:]):
            before += line_end
        return before + ''.join(line + line_end for line in lines) \
            + self._text[place:]


def _entry(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _checked(text: str, wanted: Any, new: Any) -> str:
    try:
        is_right = load(text) == wanted
    except NotEditable:
        is_right = False
    if not is_right:
        raise NotEditable(
            'not to be changed without touching its other entries; to be '
            'added by hand: ' + yaml.safe_dump(new, sort_keys=False))
    return text


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f'line {mark.line + 1}, column {mark.column + 1}:' \
            if mark else None
        raise NotEditable(' '.join(filter(None, (
            'not YAML:', place, error.context, error.problem)))) from None
    # PyYAML does not translate what "!!bool x" and its like run into.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError,
            TypeError, RecursionError) as error:
        raise NotEditable(f'not YAML: {error}') from None


def _unshared(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_unshared(value) for value in data]
    return data
