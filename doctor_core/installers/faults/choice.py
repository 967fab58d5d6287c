"""Which way to make hosts fail the operator has chosen."""

from typing import Any

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.installers.faults.base import Injector, Reach
from doctor_core.installers.faults.command import CommandInjector
from doctor_core.installers.faults.link import LinkInjector
from doctor_core.installers.faults.power import PowerInjector
from doctor_core.installers.faults.process import ProcessInjector
from doctor_core.model import Host

_WAYS: dict[str, tuple[type[Injector], str]] = {
    'link-down': (LinkInjector, 'the host cuts its own link for a while'),
    'kill-process': (ProcessInjector, 'one service on the host is killed'),
    'power-off': (PowerInjector, 'its BMC switches the host off'),
    'command': (CommandInjector, 'a command of this machine does it'),
}


class _NoInjector(Injector):
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
                     *((name, what) for name, (_way, what)
                       in _WAYS.items())],
            help='How a scenario makes a host fail.'),
        cfg.FloatOpt(
            'fault_back_s', default=300.0, min=1.0,
            help='Seconds within which a host can be logged in to again, '
                 'once nothing keeps it down any more.'),
        *LinkInjector.opts(), *ProcessInjector.opts(),
        *PowerInjector.opts(), *CommandInjector.opts(),
    ]


def injector(options: Any, reach: Reach) -> Injector:
    """The way that the operator has chosen.

    :param options: a group with :func:`fault_opts`.
    :param reach: gives the runner of a host's machine, with the rights of
        root.
    """
    chosen = getattr(options, 'fault', 'none')
    way, _what = _WAYS.get(chosen, (_NoInjector, ''))
    return way(options, reach)
