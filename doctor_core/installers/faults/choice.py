"""Which way to make hosts fail the operator has chosen."""

import dataclasses
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.installers.faults.base import Injector, Reach, Settings
from doctor_core.installers.faults.command import (
    CommandInjector,
    CommandSettings,
)
from doctor_core.installers.faults.link import LinkInjector, LinkSettings
from doctor_core.installers.faults.power import PowerInjector, PowerSettings
from doctor_core.installers.faults.process import (
    ProcessInjector,
    ProcessSettings,
)
from doctor_core.model import Host
from doctor_core.plugins import Options


@dataclasses.dataclass(frozen=True)
class _Way:
    """A way, and what is said of it.

    :ivar made: makes the injector of the options.
    """

    made: Callable[[Options, Reach], Injector[Any]]
    opts: Callable[[], list[cfg.Opt]]
    what: str


_WAYS: dict[str, _Way] = {
    'link-down': _Way(
        lambda options, reach: LinkInjector(LinkSettings.of(options), reach),
        LinkInjector.opts, 'the host cuts its own link for a while'),
    'kill-process': _Way(
        lambda options, reach: ProcessInjector(
            ProcessSettings.of(options), reach),
        ProcessInjector.opts, 'one service on the host is killed'),
    'power-off': _Way(
        lambda options, reach: PowerInjector(
            PowerSettings.of(options), reach),
        PowerInjector.opts, 'its BMC switches the host off'),
    'command': _Way(
        lambda options, reach: CommandInjector(
            CommandSettings.of(options), reach),
        CommandInjector.opts, 'a command of this machine does it'),
}


class _NoInjector(Injector[Settings]):
    """Makes no host fail."""

    def fail(self, host: Host) -> float:
        raise ConfigError(f'How is {host.name} to be made to fail? Set '
                          'fault in the group of the installer.')

    def heal(self, host: Host) -> None:
        pass


def fault_opts(default: str = 'none') -> list[cfg.Opt]:
    """For the group of an installer.

    :param default: the way that is taken when the operator names none.
    """
    return [
        cfg.StrOpt(
            'fault', default=default,
            choices=[('none', 'no host can be made to fail'),
                     *((name, way.what) for name, way in _WAYS.items())],
            help='How a scenario makes a host fail.'),
        cfg.FloatOpt(
            'fault_back_s', default=300.0, min=1.0,
            help='Seconds within which a host can be logged in to again, '
                 'once nothing keeps it down any more.'),
        *(opt for way in _WAYS.values() for opt in way.opts()),
    ]


def injector(options: Options, reach: Reach
             ) -> Injector[Any]:
    """The way that the operator has chosen.

    :param options: with those of :func:`fault_opts`; without them there is
        no way.
    :param reach: gives the runner of a host's machine, with the rights of
        root.
    """
    way = _WAYS.get(getattr(options, 'fault', ''))
    if way is None:
        return _NoInjector(Settings(), reach)
    return way.made(options, reach)
