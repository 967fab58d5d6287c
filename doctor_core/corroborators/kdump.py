"""A host whose kernel has panicked says so itself, from its crash kernel."""

import ipaddress
import logging
import select
import socket
import struct
import threading
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.plugins import Options

LOG = logging.getLogger(__name__)

#: What fence_kdump_send sends: two 32-bit words in the order of its machine,
#: ``FENCE_KDUMP_MAGIC`` and the version (fence-agents,
#: agents/kdump/message.h).
MESSAGES = tuple(
    struct.pack(f'{order}II', 0x1B302A40, 1) for order in '<>')
#: It sends every ten seconds while it dumps; who listens waits for 60
#: (fence-agents, agents/kdump/options.h).
_COUNTS_S = 60.0
#: Of a host that is asked about, what came so long before the first question
#: counts: no crash kernel is up sooner. What came of a host that was well may
#: have been sent by anybody, such as an operator who tries the way.
_SOONER_S = 1.0
#: So often the thread looks whether it is to end.
_LOOK_S = 0.5
#: In a flood, so many datagrams are taken in one go, with a pause after each:
#: the monitors need the processor. A crash kernel sends again.
_AT_ONCE = 256
_PAUSE_S = 0.05
#: What one host sends again within so many seconds is no news.
_NEWS_S = 1.0
#: Names are not resolved again within so many seconds.
_NAMES_S = 10.0
#: So many strange addresses are named in the log, and no more.
_STRANGERS = 100


class KdumpCorroborator(Corroborator):
    """Listens to the crash kernels of hosts (fence_kdump, UDP).

    Its servers are gone with a kernel that has panicked, though the machine
    has power and its links are up. Anybody on the network can send such a
    message: it counts only of a host that is silent.
    """

    def __init__(self, options: Options,
                 found: Callable[[str, Evidence], None],
                 cloud: Callable[[], Cloud]) -> None:
        super().__init__(options, found, cloud)
        self._lock = threading.Lock()
        self._hosts: Sequence[Host] = ()
        #: Host names by address; and the addresses of names, once resolved.
        self._names: dict[str, str] = {}
        self._resolved: dict[str, frozenset[str]] = {}
        self._heard: dict[str, tuple[float, Evidence]] = {}
        #: Since when each host is asked about.
        self._asked: dict[str, float] = {}
        self._unknown: set[str] = set()
        self._strangers: set[str] = set()
        self._trouble = ''
        self._socket: socket.socket | None = None
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._listener, self._resolver = (
            threading.Thread(target=work, name=f'corroborator-kdump-{name}',
                             daemon=True)
            for name, work in (('listen', self._listen),
                               ('names', self._resolve)))

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.HostAddressOpt(
                'listen', default='127.0.0.1',
                help='The address of this machine to which the crash kernels '
                     'of the hosts send, on a network that only hosts are '
                     'on: what they send is not signed.'),
            cfg.PortOpt(
                'port', default=7410,
                help='The UDP port to which they send.'),
        ]

    def start(self, hosts: Sequence[Host]) -> None:
        self._socket = self._bound()
        self.update(hosts)
        self._listener.start()
        self._resolver.start()

    def _bound(self) -> socket.socket:
        where = self.options.listen, self.options.port
        try:
            family, kind, protocol, _name, address = socket.getaddrinfo(
                *where, type=socket.SOCK_DGRAM)[0]
            bound = socket.socket(family, kind, protocol)
            try:
                if family == socket.AF_INET6:
                    # "::" is every address, of IPv4 as well.
                    bound.setsockopt(socket.IPPROTO_IPV6,
                                     socket.IPV6_V6ONLY, 0)
                bound.setblocking(False)
                bound.bind(address)
            except OSError:
                bound.close()
                raise
        except OSError as error:
            raise ConfigError(
                f'[{self.options.section}] listen = {where[0]}, port = '
                f'{where[1]}: {error.strerror}.') from None
        return bound

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        assert self._socket
        return int(self._socket.getsockname()[1])

    def update(self, hosts: Sequence[Host]) -> None:
        """Does not block: names are resolved by a thread of its own."""
        with self._lock:
            self._hosts = hosts
            self._strangers.clear()
            self._name_hosts()
        self._wanted.set()

    def _name_hosts(self) -> None:
        """With the lock held. Of two hosts with one address it is the first.
        """
        self._names = {
            address: host.name for host in reversed(self._hosts)
            for name in host.addresses or (host.name,)
            for address in _written(name) or self._resolved.get(name, ())}

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        now = clock.monotonic()
        with self._lock:
            since = self._asked.setdefault(host.name, now) - _SOONER_S
            at, evidence = self._heard.get(host.name, (float('-inf'), None))
        return evidence if at >= max(since, now - _COUNTS_S) else None

    def forget(self, host: Host) -> None:
        with self._lock:
            self._asked.pop(host.name, None)

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()
        # Not for the other one, which DNS may hold up.
        if self._listener.is_alive():
            self._listener.join()
        if self._socket is not None:
            self._socket.close()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                for address in self._senders():
                    self._take(address)
            except Exception as error:  # the thread's outermost frame
                if repr(error) != self._trouble:
                    self._trouble = repr(error)
                    LOG.exception('Crash kernels cannot be heard')
                self._stopping.wait(_LOOK_S)

    def _senders(self) -> Collection[str]:
        """Who sends messages of a crash kernel; waits for them for a while.
        """
        assert self._socket
        ready = select.poll()
        ready.register(self._socket, select.POLLIN)
        if not ready.poll(_LOOK_S * 1000):
            return ()
        senders: set[str] = set()
        for _nth in range(_AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(64)
            except BlockingIOError:
                return senders
            if data in MESSAGES:
                senders.update(_written(sender[0]))
        self._stopping.wait(_PAUSE_S)
        return senders

    def _take(self, address: str) -> None:
        now = clock.monotonic()
        evidence = Evidence(EvidenceKind.PANICKED, 'kdump', clock.now(),
                            'its crash kernel has sent word')
        with self._lock:
            name = self._names.get(address)
            if name is None:
                if len(self._unknown) < _STRANGERS:
                    self._unknown.add(address)
                self._wanted.set()
                return
            before, _evidence = self._heard.get(name, (float('-inf'), None))
            is_news = now - before > _NEWS_S
            if is_news:
                self._heard[name] = now, evidence
        if is_news:
            self.found(name, evidence)

    def _resolve(self) -> None:
        """Find the addresses of hosts that have a name only; anew when
        somebody speaks whom nobody knows.
        """
        while self._wanted.wait() and not self._stopping.is_set():
            self._wanted.clear()
            try:
                self._resolve_names()
                self._hear_again()
            except Exception:  # the thread's outermost frame
                LOG.exception('Crash kernels are heard by the addresses of '
                              'before')
            self._stopping.wait(_NAMES_S)

    def _resolve_names(self) -> None:
        with self._lock:
            hosts = self._hosts
        # In their order, each once.
        names = dict.fromkeys(name for host in hosts
                              for name in host.addresses or (host.name,)
                              if not _written(name))
        for name in names:
            addresses = _addresses(name)
            with self._lock:
                if hosts is not self._hosts or self._stopping.is_set():
                    return  # if there are others, this is called again
                if addresses and addresses != self._resolved.get(name):
                    self._resolved[name] = addresses
                    self._name_hosts()
        with self._lock:
            self._resolved = {name: addresses for name, addresses
                              in self._resolved.items() if name in names}

    def _hear_again(self) -> None:
        with self._lock:
            unknown, self._unknown = self._unknown, set()
            known = unknown & self._names.keys()
            strangers = sorted(unknown - known - self._strangers)
            strangers = strangers[:_STRANGERS - len(self._strangers)]
            self._strangers.update(strangers)
        for address in known:
            self._take(address)
        if strangers:
            LOG.warning('Crash kernels speak at addresses of no host that is '
                        'watched: %s', ', '.join(strangers))


def _addresses(name: str) -> frozenset[str]:
    """All addresses of a name; none of one that cannot be resolved."""
    try:
        return frozenset(address for found in socket.getaddrinfo(name, None)
                         for address in _written(str(found[4][0])))
    except (OSError, UnicodeError):  # the latter of what can be no name
        return frozenset()


def _written(address: str) -> tuple[str, ...]:
    """The one way to write an address: of IPv4 within IPv6 the former; none
    of what is a name.
    """
    try:
        parsed = ipaddress.ip_address(address.partition('%')[0])
    except ValueError:
        return ()
    return (str(getattr(parsed, 'ipv4_mapped', None) or parsed),)
