"""A host that loses its network for a while."""

import dataclasses
import importlib.resources
import ipaddress
import logging
import uuid
from collections.abc import Callable

from oslo_config import cfg

from doctor_core.clock import SYSTEM, Clock, Deadline, wait_for
from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    ConfigError,
    DeadlineExceeded,
)
from doctor_core.installers.faults.base import (
    Injector,
    Reach,
    Settings,
    stamped,
)
from doctor_core.model import Host
from doctor_core.runner import Runner
from doctor_core.runner.clock_offset import ClockOffset, measure

LOG = logging.getLogger(__name__)

_FOLDER = '/run/doctor-link'
#: How long link.sh waits before it cuts.
_NOTICE_S = 0.5
_ARM_S = 10.0
_RESTORE_S = 15.0


@dataclasses.dataclass(frozen=True)
class LinkSettings(Settings):
    """What ``fault = link-down`` reads; see the help of the options."""

    fault_link_down_s: float = 30.0
    fault_interface: str = ''
    fault_towards: str = ''


class LinkInjector(Injector[LinkSettings]):
    """Sets the link of a host down; the host itself sets it up again.

    The way to the host dies with the link, so all is done by a script there
    (``link.sh``). What brings the link back runs before the link is cut,
    and needs nobody.
    """

    def __init__(self, settings: LinkSettings, reach: Reach,
                 clock: Clock = SYSTEM) -> None:
        super().__init__(settings, reach, clock)
        self._offsets: dict[str, ClockOffset] = {}

    @staticmethod
    def opts() -> list[cfg.Opt]:
        """The options of this way."""
        return [
            cfg.FloatOpt(
                'fault_link_down_s', default=30.0, min=0.1,
                help='With fault = link-down: after so many seconds the host '
                     'sets its link up again by itself. Longer than the '
                     'detection takes.'),
            cfg.StrOpt(
                'fault_interface', default='',
                help='With fault = link-down: the interface that is cut. '
                     'Empty for the one that leads to fault_towards.'),
            cfg.StrOpt(
                'fault_towards', default='',
                help='With fault = link-down: an address; the interface is '
                     'cut through which the host reaches it. Empty for the '
                     'interface that has the address of the host.'),
        ]

    def fail(self, host: Host) -> float:
        """Have the host cut its link; returns while it still can answer."""
        runner = self.reach(host)
        self._restore(host, runner)
        device = self._device(host, runner)
        down_s = self.settings.fault_link_down_s
        folder = f'{_FOLDER}/{uuid.uuid4().hex[:8]}'
        runner.mkdir(folder, 0o700)
        try:
            runner.put(f'{folder}/link.sh', _script(), 0o700)
            runner.run(_words(folder, 'save', device))
            detached = _detacher(runner)
            self._offsets[folder] = measure(runner, clock=self.clock)
            runner.run(detached(_words(folder, 'restore-in', device,
                                       f'{_NOTICE_S + down_s:g}')))
            self._await_armed(host, runner, folder)
            runner.run(detached(_words(folder, 'cut', device)))
        except CommandFailed as error:
            runner.run(['rm', '-r', '--', folder])
            raise BackendError(f'{device} of {host.name} is not cut: '
                               f'{error.tail.strip() or error}') from None
        at = self.clock.now() + _NOTICE_S
        LOG.info('%s of %s is cut for %g s', device, host.name, down_s)
        # It would not notice for long that it is of no use any more.
        runner.close()
        return at

    def heal(self, host: Host) -> None:
        """Wait until the link is back, or bring it back where there is
        another way to the host.
        """
        self.persist(host, lambda runner: self._restore(host, runner),
                     self.settings.fault_link_down_s
                     + self.settings.fault_back_s)

    def _restore(self, host: Host, runner: Runner) -> None:
        """Have every cut link of a host up, whoever cut it."""
        if not runner.exists(_FOLDER):
            return
        for name in runner.run(['ls', '-1', '--', _FOLDER]).split():
            folder = f'{_FOLDER}/{name}'
            runner.run(_words(folder, 'restore'), timeout_s=_RESTORE_S)
            said = runner.get_optional(f'{folder}/cut')
            offset = self._offsets.pop(folder, None)
            if said is not None and offset is not None:
                self.stamps[host.name] = stamped(said.decode(), offset)
            runner.run(['rm', '-r', '--', folder])

    def _await_armed(self, host: Host, runner: Runner, folder: str) -> None:
        try:
            wait_for(lambda: runner.exists(f'{folder}/armed'),
                     Deadline(_ARM_S, self.clock), interval_s=0.1,
                     what='what brings the link back')
        except DeadlineExceeded as error:
            raise BackendError(f'The link of {host.name} is not cut: '
                               f'{error}') from None

    def _device(self, host: Host, runner: Runner) -> str:
        named = self.settings.fault_interface
        if named:
            return named
        towards = self.settings.fault_towards
        if towards:
            said = runner.run(['ip', '-o', 'route', 'get', towards])
            device = said.partition(' dev ')[2].partition(' ')[0]
        else:
            said = runner.run(['ip', '-o', 'addr', 'show', 'to', _ip(host)])
            device = said.partition(': ')[2].partition(' ')[0]
        if device in ('', 'lo'):
            raise ConfigError(
                f'Which interface of {host.name} is to be cut? '
                f'{towards or host.address} shows none: set '
                'fault_interface.')
        return device


def _ip(host: Host) -> str:
    try:
        return str(ipaddress.ip_address(host.address))
    except ValueError:
        raise ConfigError(
            f'Which interface of {host.name} is to be cut? Its address is '
            'not known: set fault_interface or fault_towards.') from None


def _script() -> bytes:
    return importlib.resources.files('doctor_core.installers.faults') \
        .joinpath('link.sh').read_bytes()


def _words(folder: str, what: str, *rest: str) -> list[str]:
    return ['/bin/sh', f'{folder}/link.sh', what, folder, *rest]


def _detacher(runner: Runner) -> Callable[[list[str]], list[str]]:
    """What to put before a command that has to live on without us.

    A session of its own is not enough where systemd-logind ends all that a
    user leaves behind. But in a container, a systemd that can be seen may
    be that of another network.
    """
    if runner.succeeds(['test', '-d', '/run/systemd/system']) and (
            runner.run(['readlink', '/proc/1/ns/net'])
            == runner.run(['readlink', '/proc/self/ns/net'])):
        return lambda argv: ['systemd-run', *argv]
    return lambda argv: ['setsid', '-f', *argv]
