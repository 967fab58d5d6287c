"""The plugin that the configuration chooses, ready for use."""

import dataclasses
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from oslo_config import cfg

from doctor_core import plugins
from doctor_core.cloud import Cloud
from doctor_core.installers import settings
from doctor_core.model import Fault
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


def monitor(conf: cfg.ConfigOpts, report: Callable[[Fault], None]) -> Monitor:
    """The monitor that ``[monitor] type`` names; its reports say so.

    Two processes of one type are one source: who takes a host over can clear
    what the other one reported.

    :param report: takes each fault, from any thread; must not block.
    :raises ConfigError: there is no such plugin, or it cannot work so.
    """
    name = conf.monitor.type
    sender = f'{name} on {socket.gethostname()}'
    return plugins.make(
        conf, 'monitors', lambda fault: report(dataclasses.replace(
            fault, source=name, sender=sender, said_at=fault.detected_at)))
