"""The plugins that the configuration chooses, ready for use."""

import dataclasses
import functools
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from oslo_config import cfg

from doctor_core import plugins
from doctor_core.cloud import Cloud
from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence.panel import Panel
from doctor_core.exceptions import ConfigError
from doctor_core.installers import settings
from doctor_core.model import Fault
from doctor_core.model.evidence import Evidence
from doctor_core.monitors.base import Monitor

if TYPE_CHECKING:
    from doctor_core.installers.base import Installer


def installer(conf: cfg.ConfigOpts) -> 'Installer':
    """The installer that ``[installer] type`` names.

    :raises ConfigError: there is no such plugin, or it cannot work so.
    """
    made: Installer = plugins.make(
        conf, 'installers', lambda: Cloud.from_conf(conf),
        settings.settings(conf))
    return made


def panel(conf: cfg.ConfigOpts, report: Callable[[Fault], None],
          witnessed: Callable[[str, Sequence[Evidence]], None],
          cloud: Callable[[], Cloud]) -> Panel:
    """The monitors that ``[monitor] type`` names, and the corroborators of
    ``[corroborator] type``.

    :param report: takes each verdict, from any thread; must not block.
    :param witnessed: takes what was found out later of a host; likewise.
    :param cloud: the way to the cloud, for those that need one. Of a plugin
        that is named twice there is one.
    :raises ConfigError: there is no such plugin, or it cannot work so.
    """
    return Panel(
        functools.partial(_monitors, conf),
        functools.partial(_corroborators, conf, cloud), report, witnessed)


def _monitors(conf: cfg.ConfigOpts, verdict: Callable[[str, Fault], None]
              ) -> Mapping[str, Monitor]:
    """Their reports say which of them it is.

    Two processes of one type are one source: who takes a host over can clear
    what the other one reported.
    """
    if not plugins.chosen_names(conf, 'monitors'):
        raise ConfigError('[monitor] type names no monitor.')
    here = socket.gethostname()

    def report(name: str, fault: Fault) -> None:
        verdict(name, dataclasses.replace(
            fault, source=name, sender=f'{name} on {here}',
            said_at=fault.detected_at if fault.said_at is None
            else fault.said_at))
    return plugins.make_each(conf, 'monitors', lambda name: (
        functools.partial(report, name),))


def _corroborators(conf: cfg.ConfigOpts, cloud: Callable[[], Cloud],
                   found: Callable[[str, Evidence], None]
                   ) -> Mapping[str, Corroborator]:
    return plugins.make_each(conf, 'corroborators',
                             lambda _name: (found, cloud))


def monitors_in_words(conf: cfg.ConfigOpts) -> str:
    """The monitors that ``[monitor] type`` names, and how sure each is before
    it says so, once their options are registered.
    """
    found = []
    for name in plugins.chosen_names(conf, 'monitors'):
        options = plugins.options_of(conf, 'monitors', name)
        profile = getattr(options, 'profile', '')
        found.append(f'{name} (profile {profile})' if profile else name)
    return ', '.join(found)
