"""The management controllers of hosts: where they are, and one way to each."""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent import futures
from typing import Any, TypeVar

from oslo_config import cfg

from doctor_core import background, bmc_address, clock
from doctor_core.bmc import Bmc, connect
from doctor_core.bmc_address import Owners, Place
from doctor_core.clock import Deadline
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Host
from doctor_core.plugins import Options
from doctor_core.wording import few

T = TypeVar('T')

LOG = logging.getLogger(__name__)

KINDS = ('redfish', 'ipmi')
_HOST = '{host}'
#: For so long the end waits until all are logged out of, in seconds.
_LOGOUT_S = 3.0
_AT_A_TIME = 20
#: So long what a name leads to is believed, in seconds.
_LOOK_S = 60.0


def bmc_opts(kinds: Collection[str] = KINDS) -> list[cfg.Opt]:
    """The options of a plugin that asks management controllers.

    :param kinds: how it may speak to them.
    """
    found: list[cfg.Opt] = [
        cfg.StrOpt(
            'address', default='',
            help='Where the management controllers are, with {host} for the '
                 'name of the host. With IPMI a name or an address, with '
                 '":port" if it is not 623: {host}-bmc.example.org. With '
                 'Redfish a URL, with the path of the system where there are '
                 'several: https://{host}-bmc.example.org.'),
        cfg.ListOpt(
            'addresses', default=[],
            help='Those of hosts that "address" is not right for, separated '
                 'by commas, each as "host=address". Without "address", all '
                 'other hosts are left alone.'),
        cfg.StrOpt('user', default='',
                   help='Whom to log in as; who may look is enough.'),
        cfg.StrOpt('password', default='', secret=True,
                   help='That user\'s password.')]
    if 'redfish' in kinds:
        found.append(cfg.StrOpt(
            'cafile', default='',
            help='With Redfish: the file with the authorities, or the very '
                 'certificates, to trust. Empty for those of the system.'))
    if 'ipmi' in kinds:
        found.append(cfg.IntOpt(
            'cipher_suite', min=1, max=17,
            help='With IPMI: the number of the cipher suite to use, 17 or 3. '
                 'Unset to ask each controller first which it has; old ones '
                 'do not say, and then seem not to answer.'))
    return found


class Bmcs:
    """The controllers of hosts. Any thread may use it.

    :param options: with those of :func:`bmc_opts`.
    :param kind: ``redfish`` or ``ipmi``.
    :param way: makes the way to a controller, as
        :func:`doctor_core.bmc.connect`.
    """

    def __init__(self, options: Options, kind: str,
                 way: Callable[..., Bmc] = connect) -> None:
        self._options = options
        self._kind = kind
        self._way = way
        self._lock = threading.Lock()
        self._made: dict[str, Bmc] = {}
        self._owners = Owners()
        self._named: dict[str, str] = {}
        self._said: set[str] = set()

    def start(self, hosts: Sequence[Host]) -> None:
        """Be ready to be asked for these; does not block.

        :raises ConfigError: the options do not say where the controllers
            are, or what speaks to them is not installed.
        """
        address, section = self._options.address, self._options.section
        for text in (address, *self._options.addresses):
            self._said_well(bmc_address.refuse_user, text)
        self._named = _named(self._options.addresses, section)
        if not address and not self._named:
            raise ConfigError(f'[{section}] address: where are the management '
                              'controllers? Set it, or addresses.')
        if address and _HOST not in address:
            raise ConfigError(
                f'[{section}] address = {address} is the same for all hosts: '
                f'write {_HOST} where the name of the host is to be.')
        for host in hosts:
            self.of(host)
        self._note(hosts)

    def of(self, host: Host) -> Bmc | None:
        """The controller of a host, the same at each call; None when no
        address of one is known. Does not block.

        :raises ConfigError: its address is none, or another host's, too. That
            may come out when it is asked only, for both.
        """
        with self._lock:
            if host.name in self._made:
                return self._made[host.name]
            address = self._address(host)
            if not address:
                return None
            bmc = self._make(address)
            where = bmc_address.place(self._kind, address)
            self._said_well(self._owners.claim, host.name, address, where)
            made = self._made[host.name] = _Sole(
                bmc, lambda places: self._said_well(
                    self._owners.learn, host.name,
                    {where, *places} if places else ()))
            return made

    def renew(self, host: Host) -> None:
        """Have who asks next for it begin anew, beside what is under way.
        Does not block.
        """
        with self._lock:
            old = self._made.pop(host.name, None)
        if old is not None:
            _close([old])

    def keep(self, hosts: Sequence[Host]) -> None:
        """These are the hosts from now on; the controllers of others are
        logged out of. Does not block.
        """
        names = {host.name for host in hosts}
        with self._lock:
            gone = [self._made.pop(name) for name in list(self._made)
                    if name not in names]
        self._owners.keep(names)
        _close(gone)
        self._note(hosts)

    def close(self) -> None:
        """Log out everywhere, as far as that is possible within three seconds;
        may be called again.
        """
        with self._lock:
            old, self._made = list(self._made.values()), {}
        futures.wait(_close(old), _LOGOUT_S)

    def _address(self, host: Host) -> str:
        return self._named.get(host.name) or str(
            self._options.address).replace(_HOST, host.name)

    def _make(self, address: str) -> Bmc:
        options = self._options
        more = {name: value for name in ('cafile', 'cipher_suite')
                if (value := getattr(options, name, None)) is not None}
        return self._said_well(
            lambda: self._way(self._kind, address, options.user,
                              options.password, **more))

    def _said_well(self, work: Callable[..., T], *words: Any) -> T:
        """Have it said where the operator has to mend it."""
        try:
            return work(*words)
        except ConfigError as error:
            raise ConfigError(f'[{self._options.section}] {error}') from None

    def _note(self, hosts: Sequence[Host]) -> None:
        left = [host.name for host in hosts if not self._address(host)]
        new = [name for name in left if name not in self._said]
        self._said = set(left)
        if new:
            LOG.warning('[%s] has no address of the management controllers '
                        'of %s: nobody asks them', self._options.section,
                        few(new))


class _Sole(Bmc):
    """A controller that says nothing when it is another host's, too.

    :param learn: takes what its address leads to; raises ConfigError when
        it is.
    """

    def __init__(self, bmc: Bmc,
                 learn: Callable[[Collection[Place]], None]) -> None:
        self._bmc = bmc
        self._learn = learn
        self._looking: futures.Future[Collection[Place]] | None = None
        self._looked_at = 0.0

    def is_on(self, timeout_s: float) -> bool:
        self._learn(())
        deadline = Deadline(timeout_s)
        # Beside it: a name that is looked up slowly is no silence.
        looking = self._look()
        is_on = self._bmc.is_on(timeout_s)
        try:
            places = looking.result(deadline.left_s())
        except TimeoutError:
            raise BackendError(
                'The name of its management controller is not looked up '
                f'within {timeout_s:g} s', recoverable=True) from None
        self._learn(places)
        return is_on

    def _look(self) -> 'futures.Future[Collection[Place]]':
        now = clock.monotonic()
        last = self._looking
        if last is None or last.done() and now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            last = self._looking = background.begin(self._bmc.places,
                                                    'bmc-name')
        return last

    def switch(self, on: bool, timeout_s: float) -> None:
        self._bmc.switch(on, timeout_s)

    def places(self) -> Collection[Place]:
        return self._bmc.places()

    def close(self) -> None:
        self._bmc.close()


def _named(entries: Sequence[str], section: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        name, _, address = (part.strip() for part in entry.partition('='))
        if not name or not address or name in found:
            raise ConfigError(
                f'[{section}] addresses: {entry!r} is not "host=address"'
                f'{", of a host that has none yet" if name in found else ""}.')
        found[name] = address
    return found


def _close(bmcs: Sequence[Bmc]) -> list['futures.Future[None]']:
    """Have them logged out of, by threads that may be left alone."""
    left = list(bmcs)

    def work() -> None:
        while left:
            with contextlib.suppress(IndexError):
                left.pop().close()

    return [background.begin(work, 'bmc-close')
            for _ in range(min(_AT_A_TIME, len(left)))]
