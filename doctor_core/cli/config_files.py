"""The configuration that a command is told to read."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that every program of OpenStack has."""
    parser.add_argument(
        '--config-file', action='append', metavar='FILE',
        help='read this file instead of /etc/doctor/doctor.conf; may be '
             'repeated, later files win')
    parser.add_argument(
        '--config-dir', action='append', metavar='FOLDER', default=[],
        help='read the .conf files of this folder, too, in the order of '
             'their names, after the others; may be repeated')


def read(parsed_args: argparse.Namespace,
         overrides: Mapping[tuple[str, str], Any] | None = None,
         kinds: Sequence[str] | None = None) -> Any:
    """What the options name, as an ``oslo_config.cfg.ConfigOpts``.

    :param kinds: the kinds whose plugins are needed; all by default.
    :raises ConfigError: as :func:`doctor_core.conf.prepare`.
    """
    # Only here: they import the libraries.
    from doctor_core import conf as configuration
    from doctor_core import plugins
    return configuration.prepare(
        parsed_args.config_file, overrides, folders=parsed_args.config_dir,
        kinds=tuple(plugins.KINDS) if kinds is None else kinds)
