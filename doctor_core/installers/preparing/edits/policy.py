"""Rules of an oslo.policy file, in YAML or, by its former name, in JSON."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from doctor_core.installers.preparing.edits import Edit, NotEditable, yaml_file

_REFERENCE = 'rule:'


def allowing(target: str, rule: str, *, default: str,
             also_right: Collection[str] = ()) -> Edit:
    """A target is allowed to whom a rule names, and still to all to whom it
    was allowed.

    :param rule: in oslo.policy's language, without ``or``.
    :param default: to whom the service allows it when the file is silent.
    :param also_right: rules of the service that allow it to as many; one
        that the file defines anew is the operator's, and does not count.
        ``@`` and nothing at all allow it to everybody.
    """
    def edit(text: str) -> str:
        readable = _spaced(text)
        data = yaml_file.load(readable)
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise NotEditable('not a mapping of policy rules')
        present = data.get(target, default)
        if present is None or present == []:
            return text  # everybody
        if not isinstance(present, str):
            raise NotEditable(
                f'the rule of {target} is no text; to be written by hand as '
                f'one that ends with: or {rule}')
        right = {'', '@', rule, *_as_shipped(also_right, data)}
        if _alternatives(present) & right:
            return text
        if ' ' in present.strip():
            present = f'({present.strip()})'
        return _respaced(text, readable, yaml_file.with_key(
            readable, target, f'{present} or {rule}'))
    return edit


def _as_shipped(rules: Collection[str], data: Mapping[str, Any]) -> set[str]:
    """Those that the file does not define anew."""
    return {rule for rule in rules
            if rule.removeprefix(_REFERENCE) not in data}


def _spaced(text: str) -> str:
    """A text that YAML reads, too. JSON may be indented by tabs."""
    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace('\t', ' ')


def _respaced(text: str, readable: str, result: str) -> str:
    """The text with what was changed in its readable form."""
    most = min(len(readable), len(result))
    start = next((index for index in range(most)
                  if readable[index] != result[index]), most)
    end = next((index for index in range(most - start)
                if readable[-1 - index] != result[-1 - index]), most - start)
    return text[:start] + result[start:len(result) - end] \
        + text[len(text) - end:]


def _alternatives(rule: str) -> set[str]:
    """Each of the rules that ``or`` joins, outside of brackets."""
    found = ['']
    depth = 0
    for word in rule.split():
        if word == 'or' and not depth:
            found.append('')
            continue
        depth += word.count('(') - word.count(')')
        found[-1] = f'{found[-1]} {word}'.strip()
    return set(found)
