"""A host that loses its power, by the word of its BMC."""

import dataclasses
import logging
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core import bmc_address
from doctor_core.bmc import Bmc, connect
from doctor_core.clock import SYSTEM, Clock, Deadline, wait_for
from doctor_core.exceptions import (
    BackendError,
    ConfigError,
    DeadlineExceeded,
)
from doctor_core.installers.faults.base import Injector, Reach, Settings
from doctor_core.model import Host, Stamp

LOG = logging.getLogger(__name__)

_LOOK_S = 0.2
#: How long one question to a BMC may take.
_CALL_S = 30.0


@dataclasses.dataclass(frozen=True)
class PowerSettings(Settings):
    """What ``fault = power-off`` reads; see the help of the options."""

    fault_bmcs: Sequence[str] = ()
    fault_bmc_type: str = 'redfish'
    fault_bmc_user: str = ''
    fault_bmc_password: str = dataclasses.field(default='', repr=False)
    fault_bmc_cafile: str = ''
    fault_power_s: float = 60.0


class PowerInjector(Injector[PowerSettings]):
    """Switches a host off and on again.

    T00 is when the BMC said that the host is off; it was off earlier, but
    later than the BMC last said that it is on.

    :param bmc: makes the way to a host's BMC of its address, the user and
        the password; as the options say when None.
    """

    def __init__(self, settings: PowerSettings, reach: Reach,
                 clock: Clock = SYSTEM,
                 bmc: Callable[[str, str, str], Bmc] | None = None) -> None:
        super().__init__(settings, reach, clock)
        self._make = bmc or self._of_type
        self._bmcs: dict[str, Bmc] = {}

    @staticmethod
    def opts() -> list[cfg.Opt]:
        """The options of this way."""
        return [
            cfg.ListOpt(
                'fault_bmcs', default=[],
                help='With fault = power-off: the BMCs of the hosts, '
                     'separated by commas, each as "host=address". With IPMI '
                     'the address may have ":port" behind it; with Redfish '
                     'it is a URL, with the path of the system behind it '
                     'where the BMC has several.'),
            cfg.StrOpt(
                'fault_bmc_type', default='redfish',
                choices=[('redfish', 'the library sushy has to be installed: '
                                     'doctor-core[redfish]'),
                         ('ipmi', 'the command ipmitool has to be installed '
                                  'on this machine')],
                help='How the BMCs are spoken to.'),
            cfg.StrOpt('fault_bmc_user', default='',
                       help='Whom to log in as at the BMCs.'),
            cfg.StrOpt('fault_bmc_password', default='', secret=True,
                       help='That user\'s password.'),
            cfg.StrOpt('fault_bmc_cafile', default='',
                       help='The file with the authorities, or the very '
                            'certificates, to trust of BMCs with Redfish. '
                            'Empty for those of the system.'),
            cfg.FloatOpt('fault_power_s', default=60.0, min=0.1,
                         help='Seconds within which a BMC has to switch a '
                              'host off or on.'),
        ]

    def fail(self, host: Host) -> float:
        bmc = self._bmc(host)
        if not bmc.is_on(_CALL_S):
            raise BackendError(f'{host.name} is switched off already.')
        last_on = self.clock.now()

        def is_off() -> bool:
            nonlocal last_on
            asked = self.clock.now()
            if bmc.is_on(_CALL_S):
                last_on = asked
                return False
            return True

        off = False
        try:
            bmc.switch(False, _CALL_S)
            off = self._await(is_off, f'{host.name} to be off')
        finally:
            if not off:
                LOG.error('%s is asked for its power again: it was not seen '
                          'to be off', host.name)
                bmc.switch(True, _CALL_S)
        at = self.clock.now()
        self.stamps[host.name] = Stamp(at, at - last_on, 'the BMC')
        return at

    def heal(self, host: Host) -> None:
        """Switch it on, and wait until it can be logged in to."""
        bmc = self._bmc(host)
        if not bmc.is_on(_CALL_S):
            bmc.switch(True, _CALL_S)
            self._await(lambda: bmc.is_on(_CALL_S), f'{host.name} to be on')
        self.persist(host, lambda runner: runner.execute(['true']),
                     self.settings.fault_back_s)

    def close(self) -> None:
        bmcs, self._bmcs = self._bmcs, {}
        for bmc in bmcs.values():
            bmc.close()

    def _await(self, predicate: Callable[[], bool], what: str) -> bool:
        why = ''

        def seen() -> bool:
            nonlocal why
            try:
                return predicate()
            except BackendError as error:
                # A BMC that is busy with the power may not answer.
                if not error.recoverable:
                    raise
                why = f': {error}'
                return False

        try:
            return wait_for(seen,
                            Deadline(self.settings.fault_power_s, self.clock),
                            interval_s=_LOOK_S, what=what)
        except DeadlineExceeded as error:
            raise BackendError(f'{error}{why}') from None

    def _bmc(self, host: Host) -> Bmc:
        if host.name not in self._bmcs:
            known = dict(_pair(entry) for entry in self.settings.fault_bmcs)
            if host.name not in known:
                raise ConfigError(f'fault_bmcs names no BMC of {host.name}.')
            self._bmcs[host.name] = self._make(
                known[host.name], self.settings.fault_bmc_user,
                self.settings.fault_bmc_password)
        return self._bmcs[host.name]

    def _of_type(self, address: str, user: str, password: str) -> Bmc:
        try:
            return connect(self.settings.fault_bmc_type, address, user,
                           password, cafile=self.settings.fault_bmc_cafile)
        except ConfigError as error:
            raise ConfigError(f'fault_bmcs: {error}') from None


def _pair(entry: str) -> tuple[str, str]:
    try:
        bmc_address.refuse_user(entry)
    except ConfigError as error:
        raise ConfigError(f'fault_bmcs: {error}') from None
    name, _, address = entry.partition('=')
    if not (name.strip() and address.strip()):
        raise ConfigError(f'fault_bmcs: {entry!r} is not "host=address".')
    return name.strip(), address.strip()
