"""Rules of an oslo.policy file."""

from collections.abc import Collection

from doctor_core.installers.preparing.edits import Edit, NotEditable, yaml_file


def allowing(target: str, rule: str, *, default: str,
             also_right: Collection[str] = ()) -> Edit:
    """A target is allowed to whom a rule names, and still to all to whom it
    was allowed.

    :param rule: in oslo.policy's language, without ``or``.
    :param default: to whom the service allows it when the file is silent.
    :param also_right: rules that allow it to as many. ``@`` and nothing at
        all allow it to everybody.
    """
    def edit(text: str) -> str:
        data = yaml_file.load(text)
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise NotEditable('not a mapping of policy rules')
        present = data.get(target, default)
        if not isinstance(present, str):
            raise NotEditable(f'the rule of {target} is no text')
        if _alternatives(present) & {'', '@', rule, *also_right}:
            return text
        if ' ' in present.strip():
            present = f'({present.strip()})'
        return yaml_file.with_key(text, target, f'{present} or {rule}')
    return edit


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
