"""What configuration files set, and on which lines."""

import glob
import os
import re
from collections.abc import Collection
from typing import Any

from oslo_config import cfg, iniparser

#: Where doctor.conf is looked for when none is named.
DEFAULT_FILES = ('/etc/doctor/doctor.conf',)


class Options(cfg.ConfigOpts):
    """Options whose wrong values are told of with file and line, all by one
    (:mod:`doctor_core.conf_values`).
    """

    def _validate_cli_options(self, namespace: Any) -> None:
        """Nothing here: of what a file says of an option that the command
        line has, too, oslo.config would print a line without the file's name,
        and end the process.
        """

    @staticmethod
    def _make_config_options(*defaults: Any) -> list[cfg.Opt]:
        """``--help`` names the default though there is no such file."""
        options = cfg.ConfigOpts._make_config_options(*defaults)
        for option in options:
            option.help = option.help.replace('%(default)s',
                                              ', '.join(DEFAULT_FILES))
        return options


class Sections(iniparser.BaseParser):
    """Collects what a file sets: section, option and value.

    oslo.config finds a section whatever the case of its letters.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.section = 'DEFAULT'
        self.found: list[tuple[str, str, str]] = []
        with open(path, encoding='utf-8') as lines:
            self.parse(lines)

    def new_section(self, section: str) -> None:
        self.section = normal(section)

    def assignment(self, key: str, value: Any) -> None:
        self.found.append((self.section, key, '\n'.join(value)))


def normal(section: str) -> str:
    """A section's name as all others are written."""
    return 'DEFAULT' if section.upper() == 'DEFAULT' else section.lower()


def files_of(conf: cfg.ConfigOpts) -> list[str]:
    """Every file that was read, those of ``--config-dir`` after the others.
    """
    return [*(os.path.expanduser(path) for path in conf.config_file or []),
            *(path for folder in folders_of(conf)
              for path in sorted(glob.glob(os.path.join(folder, '*.conf'))))]


def folders_of(conf: cfg.ConfigOpts) -> list[str]:
    """Every folder whose files were read."""
    return [os.path.expanduser(folder) for folder in conf.config_dir or []]


def line_of(path: str, group: str, name: str) -> int:
    """Where a file sets an option, the last time; 0 when it does not."""
    return _lines(path).get((group, name), 0)


def _lines(path: str) -> dict[tuple[str, str], int]:
    """Where a file sets its options, the last time, by section and name.

    The parser says where a value ends.
    """
    section, found = 'DEFAULT', {}
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith('['):
                section = normal(line.strip().strip('[]'))
            else:
                name = re.split(r'[=:]', line, maxsplit=1)[0].strip()
                found[section, name] = number
    return found


class Places:
    """Where options have their values from; each file is read once.

    :param conf: whose files they are.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._files = [(path, _lines(path))
                       for path in reversed(files_of(conf))]

    def of(self, names: Collection[tuple[str, str]]) -> str:
        """``FILE, line N: ``; empty when no file sets it.

        :param names: the sections and names that it may stand under.
        """
        for path, lines in self._files:
            for group, name in names:
                line = lines.get((normal(group), name))
                if line:
                    return f'{path}, line {line}: '
        return ''
