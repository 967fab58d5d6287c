"""A host whose kernel has panicked says so itself, from its crash kernel."""

import collections
import ipaddress
import logging
import socket
import struct
import threading
from collections.abc import Callable, Sequence

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
_MESSAGES = frozenset(
    struct.pack(f'{order}II', 0x1B302A40, 1) for order in '<>')
#: It sends every ten seconds while it dumps; who listens waits for 60
#: (fence-agents, agents/kdump/options.h).
_COUNTS_S = 60.0
#: So often the thread looks whether it is to end.
_LOOK_S = 0.5


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
        self._names: dict[str, str] = {}
        self._heard: dict[str, float] = {}
        self._unknown: collections.deque[str] = collections.deque(maxlen=100)
        self._socket: socket.socket | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._listen, name='corroborator-kdump', daemon=True)

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
        where = self.options.listen, self.options.port
        family = socket.AF_INET6 if ':' in where[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.bind(where)
        except OSError as error:
            raise ConfigError(
                f'[{self.options.section}] listen = {where[0]}, port = '
                f'{where[1]}: {error.strerror}.') from None
        self._socket.settimeout(_LOOK_S)
        self._hosts = hosts
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        assert self._socket
        return int(self._socket.getsockname()[1])

    def update(self, hosts: Sequence[Host]) -> None:
        """May block on DNS."""
        names: dict[str, str] = {}
        for host in hosts:
            for name in host.addresses or (host.name,):
                for address in _addresses(name):
                    names.setdefault(address, host.name)
        with self._lock:
            self._names = names

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        with self._lock:
            at = self._heard.get(host.name)
        if at is None or clock.monotonic() - at > _COUNTS_S:
            return None
        return _panicked()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._socket is not None:
            self._socket.close()

    def _listen(self) -> None:
        assert self._socket
        # Here, for names may take long to resolve.
        self.update(self._hosts)
        while not self._stopping.is_set():
            try:
                data, sender = self._socket.recvfrom(64)
            except TimeoutError:
                continue
            except OSError as error:
                LOG.error('Crash kernels cannot be heard: %s', error)
                self._stopping.wait(_LOOK_S)
                continue
            if data in _MESSAGES:
                self._take(_plain(sender[0]))

    def _take(self, address: str) -> None:
        with self._lock:
            name = self._names.get(address)
            if name is not None:
                self._heard[name] = clock.monotonic()
        if name is not None:
            self.found(name, _panicked())
        elif address not in self._unknown:
            self._unknown.append(address)
            LOG.warning('A crash kernel speaks at %s, which is the address '
                        'of no host that is watched', address)


def _panicked() -> Evidence:
    return Evidence(EvidenceKind.PANICKED, 'kdump', clock.now(),
                    'its crash kernel has sent word')


def _addresses(name: str) -> set[str]:
    """All addresses of a name; none of one that cannot be resolved."""
    try:
        return {_plain(str(found[4][0]))
                for found in socket.getaddrinfo(name, None)}
    except OSError:
        return set()


def _plain(address: str) -> str:
    """One way to write an address: of IPv4 within IPv6 the former."""
    parsed = ipaddress.ip_address(address.partition('%')[0])
    mapped = getattr(parsed, 'ipv4_mapped', None)
    return str(mapped or parsed)
