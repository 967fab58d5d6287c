"""The controllers that switch machines on and off."""

import abc
import contextlib
import urllib.parse
from collections.abc import Iterator
from typing import Any

from doctor_core.exceptions import BackendError, CommandFailed, ConfigError
from doctor_core.runner import LocalRunner, Runner

_IPMI_PORT = 623


class Bmc(abc.ABC):
    """The controller of one machine; both methods may block.

    They raise BackendError when it does not answer or refuses.
    """

    @abc.abstractmethod
    def is_on(self) -> bool:
        """Whether the machine has power."""

    @abc.abstractmethod
    def switch(self, on: bool) -> None:
        """Ask for power, or for none at once; does not wait for it."""

    def close(self) -> None:  # noqa: B027
        """Log out; may be called again."""


class IpmiBmc(Bmc):
    """IPMI 2.0 over the network, by ipmitool on this machine.

    The password is in the environment of ipmitool, which only root and who
    started it can see.

    :param address: a name or an IPv4 address, with ``:port`` if it is not
        623.
    :param runner: what runs ipmitool; has the password in its environment.
    """

    def __init__(self, address: str, user: str, password: str,
                 runner: Runner | None = None) -> None:
        self._runner = runner or LocalRunner(
            environment={'IPMITOOL_PASSWORD': password})
        name, _, port = address.partition(':')
        self._argv = ['ipmitool', '-I', 'lanplus', '-H', name,
                      '-p', port or str(_IPMI_PORT), '-U', user, '-E',
                      'chassis', 'power']

    def is_on(self) -> bool:
        said = self._run('status').strip().lower()
        if said.endswith((' on', ' off')):
            return said.endswith(' on')
        raise BackendError(f'ipmitool says "{said}" when asked for the '
                           'power.', recoverable=True)

    def switch(self, on: bool) -> None:
        self._run('on' if on else 'off')

    def _run(self, what: str) -> str:
        try:
            return self._runner.run([*self._argv, what])
        except CommandFailed as error:
            if error.status == 127:
                raise ConfigError('ipmitool is not installed on this '
                                  'machine.') from None
            raise


class RedfishBmc(Bmc):
    """Redfish, by OpenStack's library for it.

    :param url: the BMC; with the path of a system where it has several.
    :param cafile: the certificates to trust; the system's when empty.
    :raises ConfigError: the library is not installed.
    """

    def __init__(self, url: str, user: str, password: str,
                 cafile: str = '') -> None:
        try:
            import sushy
        except ImportError:
            raise ConfigError('Redfish needs the library sushy: pip install '
                              '"doctor-core[redfish]".') from None
        self._sushy = sushy
        parts = urllib.parse.urlsplit(url)
        self._base = f'{parts.scheme}://{parts.netloc}'
        self._path = parts.path.rstrip('/')
        self._verify: str | bool = cafile or True
        self._auth = sushy.auth.SessionOrBasicAuth(user, password)
        self._system: Any = None

    def is_on(self) -> bool:
        with self._translated():
            fresh = self._system is None
            system = self._connected()
            if not fresh:
                system.refresh(force=True)
            return bool(system.power_state != self._sushy.POWER_STATE_OFF)

    def switch(self, on: bool) -> None:
        with self._translated():
            self._connected().reset_system(
                self._sushy.RESET_ON if on else self._sushy.RESET_FORCE_OFF)

    def close(self) -> None:
        if self._system is not None:
            self._system = None
            with contextlib.suppress(BackendError), self._translated():
                self._auth.close()

    def _connected(self) -> Any:
        if self._system is None:
            root = self._sushy.Sushy(self._base, auth=self._auth,
                                     verify=self._verify)
            if self._path:
                self._system = root.get_system(self._path)
            else:
                self._system = _only(
                    root.get_system_collection().get_members(), self._base)
        return self._system

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._sushy.exceptions.SushyError as error:
            passing = (self._sushy.exceptions.ConnectionError,
                       self._sushy.exceptions.ServerSideError)
            raise BackendError(f'The BMC {self._base}: {error}',
                               recoverable=isinstance(error, passing)
                               ) from None


def _only(systems: list[Any], base: str) -> Any:
    if len(systems) != 1:
        paths = ', '.join(system.path for system in systems)
        raise ConfigError(f'fault_bmcs: {base} has {len(systems)} systems '
                          f'({paths}): add the path of one.')
    return systems[0]
