"""The controllers that switch machines on and off, and know their power.

Every call has a time limit, given by the caller, within which it returns.
"""

import abc
import contextlib
import errno
import shutil
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from doctor_core import background, bmc_address, redfish_bounds, wire
from doctor_core.clock import Deadline
from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    ConfigError,
    NoAnswer,
)
from doctor_core.runner import LocalRunner, Runner
from doctor_core.wording import few

T = TypeVar('T')

#: By what ipmitool says that it will be refused the next time, too; its
#: status is 1, whatever happens.
_REFUSALS = ('rakp 2 hmac is invalid', 'unauthorized name',
             'insufficient privilege', 'invalid user name')
#: By what it says that not even the first question was answered.
_SILENCE = 'get auth capabilities error'
#: What it says whatever happens.
_NOISE = 'Loading IANA PEN Registry'
#: What is needed to ask for the power. Without it, ipmitool asks for the
#: rights of an administrator, whatever it is to do.
_AS_USER = ('-L', 'USER')
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN,
                          errno.ETIMEDOUT})
_LOGOUT_S = 5.0
#: So long Redfish goes on when nobody waits any more: who logs in slowly is
#: logged in to when he is asked again.
_AFTER_S = 30.0


class Bmc(abc.ABC):
    """The controller of one machine. Any thread may use it; it is asked one
    thing at a time, and who has to wait for that waits within his own time
    limit.

    All methods block, for ``timeout_s`` seconds at the most, and raise
    NoAnswer when the controller says nothing at all in time, and BackendError
    when it refuses, which is not recoverable, or says what makes no sense.
    They raise ConfigError when the address is not that of one system.
    """

    @abc.abstractmethod
    def is_on(self, timeout_s: float) -> bool:
        """Whether the machine has power."""

    @abc.abstractmethod
    def switch(self, on: bool, timeout_s: float) -> None:
        """Ask for power, or for none at once; does not wait for it. When
        this raises, the controller may have been asked all the same.
        """

    def places(self) -> Collection[bmc_address.Place]:
        """Whom its address leads to by now; blocks while its name is looked
        up, for as long as that takes.

        :returns: none when that is not known.
        """
        return ()

    def close(self) -> None:  # noqa: B027
        """Log out, if that is possible within seconds; may be called again.
        """


def connect(kind: str, address: str, user: str, password: str, *,
            cafile: str = '', cipher_suite: int | None = None) -> Bmc:
    """The way to a controller; does not block.

    :param kind: ``redfish`` or ``ipmi``.
    :param address: of Redfish a URL, with the path of a system where there
        are several; of IPMI a name or an address, with ``:port`` if it is
        not 623.
    :param cafile: with Redfish, the certificates to trust; the system's when
        empty.
    :param cipher_suite: with IPMI, the number of the one to use; None to ask
        the controller which it has, which old ones do not answer.
    :raises ConfigError: the address is none, or what speaks to it is not
        installed.
    """
    if kind == 'ipmi':
        return IpmiBmc(address, user, password, cipher_suite=cipher_suite)
    return RedfishBmc(address, user, password, cafile=cafile)


class IpmiBmc(Bmc):
    """IPMI 2.0 over the network, by ipmitool on this machine.

    The password is in the environment of ipmitool, which only root and who
    started it can see.

    :param runner: what runs ipmitool; has the password in its environment.
    :param cipher_suite: see :func:`connect`.
    :raises ConfigError: the address is none, or ipmitool is not installed.
    """

    def __init__(self, address: str, user: str, password: str,
                 runner: Runner | None = None, *,
                 cipher_suite: int | None = None) -> None:
        if runner is None and shutil.which('ipmitool') is None:
            raise _not_installed()
        self._runner = runner or LocalRunner(
            environment={'IPMITOOL_PASSWORD': password})
        self._name = address
        name, port = bmc_address.ipmi(address)
        # -v: else a refusal looks like silence.
        self._argv = ['ipmitool', '-v', '-I', 'lanplus', '-H', name,
                      '-p', str(port), '-U', user, '-E']
        if cipher_suite is not None:
            self._argv += ['-C', str(cipher_suite)]

    def is_on(self, timeout_s: float) -> bool:
        said = self._run('status', timeout_s, _AS_USER).strip().lower()
        if said.endswith((' on', ' off')):
            return said.endswith(' on')
        raise BackendError(f'The BMC {self._name}: ipmitool says '
                           f'"{wire.in_short(said)}" '
                           'when asked for the power.', recoverable=True)

    def switch(self, on: bool, timeout_s: float) -> None:
        self._run('on' if on else 'off', timeout_s)

    def places(self) -> Collection[bmc_address.Place]:
        return bmc_address.resolved(bmc_address.place('ipmi', self._name))

    def _run(self, what: str, timeout_s: float,
             rights: Sequence[str] = ()) -> str:
        try:
            return self._runner.run(
                [*self._argv, *rights, 'chassis', 'power', what],
                timeout_s=timeout_s)
        except CommandFailed as error:
            if error.status == 127:
                raise _not_installed() from None
            said = '; '.join(line.strip() for line in error.tail.splitlines()
                             if line.strip() and _NOISE not in line)
            message = f'The BMC {self._name}: ipmitool says ' \
                f'"{wire.in_short(said)}"'
            if _SILENCE in said.lower():
                raise NoAnswer(message) from None
            raise BackendError(message, recoverable=not any(
                refusal in said.lower() for refusal in _REFUSALS)) from None
        except BackendError:
            raise NoAnswer(f'The BMC {self._name} does not answer within '
                           f'{timeout_s:g} s') from None


class RedfishBmc(Bmc):
    """Redfish, by OpenStack's library for it.

    :param library: sushy, or what stands for it.
    :raises ConfigError: the URL is none, or the library is not installed.
    """

    def __init__(self, url: str, user: str, password: str, *,
                 cafile: str = '', library: Any = None) -> None:
        self._sushy = library or _sushy()
        self._base, self._path = bmc_address.redfish(url)
        self._url = url
        self._bounds = redfish_bounds.Bounds(self._base)
        self._verify: str | bool = cafile or True
        self._auth = self._sushy.auth.SessionOrBasicAuth(user, password)
        self._free = threading.Lock()
        self._system: Any = None

    def is_on(self, timeout_s: float) -> bool:
        return self._within(timeout_s, self._power)

    def switch(self, on: bool, timeout_s: float) -> None:
        what = self._sushy.RESET_ON if on else self._sushy.RESET_FORCE_OFF
        self._within(timeout_s, lambda: self._connected().reset_system(what))

    def places(self) -> Collection[bmc_address.Place]:
        return bmc_address.resolved(bmc_address.place('redfish', self._url))

    def close(self) -> None:
        if self._system is not None:
            self._system = None
            with contextlib.suppress(BackendError):
                self._within(_LOGOUT_S, self._auth.close)

    def _power(self) -> bool:
        fresh = self._system is None
        system = self._connected()
        if not fresh:
            system.refresh(force=True)
        if system.power_state is None:
            raise BackendError(f'The BMC {self._base} does not say whether '
                               'the machine has power', recoverable=True)
        return bool(system.power_state != self._sushy.POWER_STATE_OFF)

    def _connected(self) -> Any:
        if self._system is None:
            # Who asks has a time limit and asks again if he wants to. By
            # default a connection that is refused is tried for six seconds;
            # once more it has to be, for the library may send what it asks
            # by a connection that the other side is closing.
            root = self._sushy.Sushy(
                self._base, auth=self._auth,
                connector=redfish_bounds.connector(
                    self._sushy, self._bounds, self._base,
                    verify=self._verify, server_side_retries=2,
                    server_side_retries_delay=0.1))
            self._system = root.get_system(self._path) if self._path \
                else _only(root.get_system_collection().get_members(),
                           self._base)
        return self._system

    def _within(self, timeout_s: float, work: Callable[[], T]) -> T:
        """Have it done by a thread that may be left alone: the library's
        limit is one for each read, of which a call has many. It ends soon
        after.
        """
        deadline = Deadline(timeout_s)
        late = NoAnswer(f'The BMC {self._base} does not answer within '
                        f'{timeout_s:g} s')
        if not self._free.acquire(timeout=timeout_s):
            raise late

        def run() -> T:
            try:
                self._bounds.begin(timeout_s + _AFTER_S)
                with self._translated():
                    return work()
            finally:
                self._free.release()

        try:
            return background.begin(run, 'bmc').result(deadline.left_s())
        except TimeoutError:
            raise late from None

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._sushy.exceptions.SushyError as error:
            system = next((cause for cause in _causes(error)
                           if isinstance(cause, OSError) and cause.strerror),
                          None)
            message = f'The BMC {self._base}: ' \
                f'{system.strerror if system else wire.in_short(error)}'
            if system and system.errno in _UNREACHABLE:
                raise NoAnswer(message) from None
            passing = (self._sushy.exceptions.ConnectionError,
                       self._sushy.exceptions.ServerSideError)
            raise BackendError(
                message, recoverable=isinstance(error, passing)
                and not _is_distrust(error)) from None
        # What the library runs into where the answers are not Redfish.
        except (ValueError, TypeError, LookupError, AttributeError,
                RecursionError) as error:
            raise BackendError(f'What answers at {self._base} does not speak '
                               f'Redfish: {wire.in_short(error)}') from None


def _sushy() -> Any:
    try:
        import sushy
    except ImportError:
        raise ConfigError('Redfish needs the library sushy: pip install '
                          '"doctor-core[redfish]".') from None
    return sushy


def _only(systems: list[Any], base: str) -> Any:
    if len(systems) != 1:
        paths = few(system.path for system in systems)
        raise ConfigError(f'The BMC {base} has {len(systems)} systems '
                          f'({paths}): add the path of one to its address.')
    return systems[0]


def _is_distrust(error: BaseException) -> bool:
    """Whether it comes from a certificate that is not trusted."""
    return any(isinstance(cause, ssl.SSLCertVerificationError)
               for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it comes from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _not_installed() -> ConfigError:
    return ConfigError('ipmitool is not installed on this machine.')
