"""Options of oslo.config's INI files.

What a file says is asked of oslo.config's own parser, which is the reader
that counts, and so are the lines on which it says it; only these are
written. General editors of INI files were tried: configobj reformats lines
and refuses an option that is given twice; iniparse and ConfigUpdater keep
the bytes, but read as Python's configparser does, where an indented ``#``
line inside a value is a comment and a blank line ends no value. To change
what the service does not see is worse than to change nothing.
"""

import dataclasses
import io
import re
from collections.abc import Callable, Collection, Sequence

from oslo_config import iniparser

from doctor_core.installers.preparing.edits import Edit, NotEditable

#: A section and an option.
Name = tuple[str, str]

_DEFAULT = 'DEFAULT'
#: What stands before a value.
_KEY = re.compile(r'[^=:]*[=:][ \t]*')
_INDENT = re.compile(r'[ \t]*')


def option(names: Sequence[Name], wanted: str,
           is_right: Callable[[str], bool] | None = None,
           default: str | None = None) -> Edit:
    """An option with one value.

    :param names: its name, and then the older ones under which the service
        still takes it; the one in use is kept.
    :param wanted: the value for an option whose value is wrong.
    :param is_right: which values are right; without it, ``wanted``.
    :param default: the value of an option that is not set.
    """
    right = is_right or wanted.__eq__

    def change(old: str | None) -> str | None:
        present = default if old is None else old
        return old if present is not None and right(present) else wanted
    return _changed(names, change)


def with_item(name: Name, item: str, default: Sequence[str] = (),
              former: Sequence[Name] = ()) -> Edit:
    """A list option that has an item; a new one comes last.

    :param default: the items of an option that is not set.
    :param former: older names, which not every release of the service takes:
        what is set by the first of them that is there gets the new name.
    """
    def change(old: str | None) -> str | None:
        if item in (default if old is None else items(old)):
            return old
        if old is None:
            return ','.join([*default, item])
        body = old.rstrip().rstrip(',')
        comma = ', ' if ', ' in old else ','
        return f'{body}{comma}{item}' if body else item
    add = _changed([name], change)

    def edit(text: str) -> str:
        file = _File(text)
        old = file.found(former)
        if not old or file.found([name]):
            return add(text)
        text = _File(file.without(old)).inserted(
            name, ','.join(items(old[-1].value)))
        return add(text)
    return edit


def without_item(name: Name, item: str) -> Edit:
    """A list option that does not have an item."""
    def change(old: str | None) -> str | None:
        if old is None or item not in items(old):
            return old
        return ','.join(one for one in items(old) if one != item)
    return _changed([name], change)


def with_item_if_set(name: Name, item: str) -> Edit:
    """A list option that has an item, unless it is not set at all."""
    add = with_item(name, item)
    return lambda text: add(text) if _File(text).found([name]) else text


def with_value(name: Name, wanted: str, *, also_right: Collection[str] = (),
               useless: Collection[str] = (),
               former: Sequence[Name] = ()) -> Edit:
    """An option that may be given several times, each with one value.

    :param also_right: values that do as well; one that is right is enough.
    :param useless: values to be replaced; others are kept beside.
    :param former: older names, which not every release of the service
        takes, while one that does takes what is set by any name: what is set
        by them gets the new name, and nothing is said twice.
    """
    right = {wanted, *also_right}

    def edit(text: str) -> str:
        text = _renamed(text, name, former, right)
        file = _File(text)
        given = file.found([name])
        if any(one.value in right for one in given):
            return text
        for one in reversed(given):
            if one.value in useless:
                return file.replaced(one, wanted)
        return file.inserted(name, wanted)
    return edit


def _renamed(text: str, name: Name, former: Sequence[Name],
             right: Collection[str]) -> str:
    """All values under the one name; of those that are right, one."""
    file = _File(text)
    old = file.all_of(former)
    if not old:
        return text
    said = {one.value for one in file.found([name])}
    text = file.without(old)
    for one in old:
        if one.value in said or (one.value in right and said & set(right)):
            continue
        said.add(one.value)
        text = _File(text).inserted(name, one.value)
    return text


def refusing(name: Name, item: str, why: str) -> Edit:
    """Refuses a file with a list option that has an item.

    :param why: what does not work then, and what to do, for the operator.
    """
    def edit(text: str) -> str:
        if item in items(value(text, name) or ''):
            raise NotEditable(why)
        return text
    return edit


def items(value: str) -> list[str]:
    """The items of a list option's value, as oslo.config reads it."""
    return [item for item in map(str.strip, value.split(',')) if item]


def value(text: str, name: Name) -> str | None:
    """The value that counts of an option: the last; None if not set.

    :raises NotEditable: it is no INI file.
    """
    found = _File(text).found([name])
    return found[-1].value if found else None


def _changed(names: Sequence[Name],
             change: Callable[[str | None], str | None]) -> Edit:
    """An edit of the value that counts.

    :param change: from the value, None when it is not set, to the new one.
    """
    def edit(text: str) -> str:
        file = _File(text)
        found = file.found(names)
        old = found[-1].value if found else None
        new = change(old)
        if new == old or new is None:
            return text
        return file.replaced(found[-1], new) if found \
            else file.inserted(names[0], new)
    return edit


@dataclasses.dataclass(frozen=True)
class _Option:
    """An option as it is given once.

    :ivar value: its lines, without indentation.
    :ivar first: the index of its first line.
    :ivar end: the index behind its last line.
    """

    section: str
    name: str
    value: str
    first: int
    end: int


class _File(iniparser.BaseParser):
    """What a file says, and where.

    :raises NotEditable: oslo.config does not take it, either.
    """

    def __init__(self, text: str) -> None:
        self._options: list[_Option] = []
        self._headers: list[tuple[str, int]] = []
        # Lines as open() sees them: splitlines() knows more line ends.
        self._lines = list(io.StringIO(text, newline=''))
        try:
            # A blank line ends each value: the last line's place is known.
            self.parse([*self._lines, '\n'])
        except iniparser.ParseError as error:
            raise NotEditable(f'not a configuration file: {error}') from None

    def new_section(self, section: str) -> None:
        self._headers.append((_normal(section), self.lineno))

    def assignment(self, key: str, value: list[str]) -> None:
        end = self.lineno - 1
        if not self._headers:
            raise iniparser.ParseError('No section before the first option',
                                       end, key)
        self._options.append(_Option(
            self._headers[-1][0], key, '\n'.join(value),
            end - len(value), end))

    def found(self, names: Sequence[Name]) -> list[_Option]:
        """Where the first of the names that is there at all is given."""
        for section, name in names:
            given = [one for one in self._options if one.name == name
                     and one.section == _normal(section)]
            if given:
                return given
        return []

    def all_of(self, names: Sequence[Name]) -> list[_Option]:
        """Where any of the names is given, in the order of the file."""
        wanted = {(_normal(section), name) for section, name in names}
        return [one for one in self._options
                if (one.section, one.name) in wanted]

    def without(self, options: Sequence[_Option]) -> str:
        """The text without the lines of some options."""
        gone = {line for one in options
                for line in range(one.first, one.end)}
        return ''.join(line for index, line in enumerate(self._lines)
                       if index not in gone)

    def replaced(self, old: _Option, value: str) -> str:
        """The text with another value; its equal lines are kept."""
        parts = old.value.split('\n')
        lines = self._lines[old.first:old.end]
        written = []
        for index, part in enumerate(value.split('\n')):
            line = lines[index]
            before = (_INDENT if index else _KEY).match(line)
            if part != parts[index] and before:
                line = before.group() + part + _end(line)
            written.append(line)
        return ''.join([*self._lines[:old.first], *written,
                        *self._lines[old.end:]])

    def inserted(self, name: Name, value: str) -> str:
        """The text with one more line for an option: behind its others, or
        at the end of what its section sets, or in a new section.
        """
        section, option = name
        same = [one.end for one in self.found([name])]
        there = same or [one.end for one in self._options
                         if one.section == _normal(section)] \
            or [line for header, line in self._headers
                if header == _normal(section)]
        new = [f'{option} = {value}']
        place = there[-1] if there else len(self._lines)
        if not there:
            new.insert(0, f'[{section}]')
            if self._lines and self._lines[-1].strip():
                new.insert(0, '')
        return self._with(place, new)

    def _with(self, place: int, new: Sequence[str]) -> str:
        line_end = (_end(self._lines[0]) if self._lines else '') or '\n'
        before = ''.join(self._lines[:place])
        if before and not _end(before):
            before += line_end
        return ''.join([before, *(line + line_end for line in new),
                        *self._lines[place:]])


def _normal(section: str) -> str:
    """The name by which oslo.config finds a section."""
    return section if section == _DEFAULT else section.lower()


def _end(line: str) -> str:
    return line[len(line.rstrip('\r\n')):]
