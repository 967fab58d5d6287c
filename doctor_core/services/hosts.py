"""Which hosts are to be watched: those listed, else those that Nova knows."""

import dataclasses
import ipaddress
import logging
import re
import threading
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core.clock import Backoff
from doctor_core.cloud import Cloud
from doctor_core.cloud.aggregates import Aggregates
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Host

LOG = logging.getLogger(__name__)

#: What every monitor is told, whichever is chosen.
MONITOR_OPTS: list[cfg.Opt] = [
    cfg.ListOpt(
        'hosts', default=[],
        help='The hosts to watch, separated by commas, each as '
             '"name=address", with more addresses after it if it has more '
             'networks ("name=address address"), or as a name that resolves. '
             'Names are Nova\'s. Empty for all compute hosts that Nova '
             'knows.'),
    cfg.FloatOpt(
        'refresh_s', default=60.0, min=1.0, mutable=True,
        help='Seconds between two looks at which hosts there are, and at '
             'the addresses of those given by name.'),
    cfg.PortOpt(
        'status_port', default=12344,
        help='The port of 127.0.0.1 on which the monitor tells what it holds '
             'of each host, for "doctor hosts"; 0 for a free one.'),
]

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0
#: For so long hosts wait for their racks, if Nova has told of all else.
_RACKS_S = 1.0
#: A longer list of names is not read.
_NAMES = 10
#: Of a host, or one that resolves.
_NAME = re.compile(r'[\w.-]+')


class HostSource:
    """The hosts of ``[monitor] hosts``, or Nova's.

    :param cloud: made from ``conf``, when it is needed, if None.
    :ivar known: what there was when it was asked last.
    :raises ConfigError: the option is wrong.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 cloud: Cloud | None = None) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        self._cloud = cloud
        self._owns_cloud = cloud is None
        self._listed = configured_hosts(conf.monitor.hosts)
        self._aggregates = Aggregates(self.cloud)
        self.known: list[Host] = []
        self._old: set[str] = set()

    def hosts(self) -> list[Host]:
        """The hosts now; may block.

        :raises BackendError: Nova did not tell, or knows none.
        :raises ConfigError: there is no way to ask Nova.
        """
        if self._listed:
            return self._listed
        cloud = self.cloud()
        self._aggregates.look()
        hosts = cloud.hosts()
        if not hosts:
            raise BackendError('Nova knows no compute host',
                               recoverable=True)
        # No monitor depends on them: they are late rather than waited for.
        self._aggregates.wait(_RACKS_S)
        racks = self._aggregates.racks()
        return [dataclasses.replace(host, rack=racks.get(host.name, ''))
                for host in hosts]

    def cloud(self) -> Cloud:
        """The way to the cloud; made at the first use. Any thread.

        :raises ConfigError: there is none.
        """
        with self._lock:
            if self._cloud is None:
                self._cloud = Cloud.from_conf(self._conf)
            return self._cloud

    def wait(self, stopping: threading.Event) -> list[Host]:
        """The hosts as soon as they are known; none when told to stop.

        Asks again and again, with growing pauses.

        :raises ConfigError: there is no way to ask Nova.
        """
        for attempt in Backoff(first_s=_FIRST_RETRY_S, last_s=_LAST_RETRY_S,
                               stop=stopping, failed=_note_failure):
            with attempt:
                self.known = self.hosts()
                return self.known
        return []

    def renewed(self) -> list[Host] | None:
        """The hosts now, with a line on who came and went; may block.

        One of which Nova tells no address now, as while it does not see the
        host's hypervisor, keeps the one that it told before.

        :returns: None when Nova did not tell: all goes on as before.
        """
        try:
            hosts = self.hosts()
        except BackendError as error:
            LOG.warning('Which hosts there are could not be renewed: %s',
                        error)
            return None
        old, new = ({host.name for host in known}
                    for known in (self.known, hosts))
        if old != new:
            LOG.info('Hosts that are new: %s; gone: %s',
                     _written(new - old), _written(old - new))
        told = {host.name for host in hosts if host.addresses}
        self.known = _with_old_addresses(hosts, self.known)
        self._note_old({host.name for host in self.known
                        if host.addresses} - told)
        return self.known

    def _note_old(self, names: set[str]) -> None:
        if names - self._old:
            LOG.warning('Nova does not tell the addresses of %s now; those '
                        'that it told before are kept', _written(names))
        self._old = names

    def close(self) -> None:
        """Disconnect; may be called again."""
        if self._owns_cloud and self._cloud is not None:
            self._cloud.close()


def _note_failure(error: BackendError, pause_s: float) -> None:
    LOG.error('Which hosts to watch is not known yet: %s. Trying again in '
              '%.0f s.', error, pause_s)


def _with_old_addresses(hosts: Sequence[Host], known: Sequence[Host]
                        ) -> list[Host]:
    """Hosts; those without an address with what they had, unless it is
    another one's by now: a machine that got another name.
    """
    taken = {address for host in hosts for address in host.addresses}
    before = {host.name: host for host in known
              if taken.isdisjoint(host.addresses)}
    return [host if host.addresses or host.name not in before else
            dataclasses.replace(host, addresses=before[host.name].addresses)
            for host in hosts]


def _written(names: set[str]) -> str:
    some = sorted(names)[:_NAMES]
    if len(names) > len(some):
        some.append(f'{len(names) - len(some)} more')
    return ', '.join(some) or 'none'


def configured_hosts(entries: Sequence[str]) -> list[Host]:
    """The hosts of ``[monitor] hosts``.

    :param entries: ``name=address address ...``, or a name that resolves.
    :raises ConfigError: an entry is not one, or names what another has.
    """
    hosts: list[Host] = []
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for entry in entries:
        name, equals, addresses = (part.strip()
                                   for part in entry.partition('='))
        if not name or bool(equals) != bool(addresses):
            raise ConfigError(f'[monitor] hosts: {entry!r} is not '
                              '"name=address" or "name".')
        host = Host(name, tuple(addresses.split()))
        _check(entry, host)
        if name in names:
            raise ConfigError(f'[monitor] hosts: {entry!r} names the host '
                              f'of {names[name]!r} again.')
        names[name] = entry
        for address in host.addresses or (name,):
            if address in taken:
                raise ConfigError(f'[monitor] hosts: {entry!r} has the '
                                  f'address of {taken[address]!r}.')
            taken[address] = entry
        hosts.append(host)
    return hosts


def _check(entry: str, host: Host) -> None:
    """Whether its name and its addresses can be some.

    :raises ConfigError: they cannot.
    """
    for word in (host.name, *host.addresses):
        if _NAME.fullmatch(word) is None and not _is_address(word):
            raise ConfigError(
                f'[monitor] hosts: {entry!r}: {word!r} is no name and no '
                'address. Hosts are separated by commas, each is '
                '"name=address".')
    for word in host.addresses or (host.name,):
        if not word.strip('0123456789.') and not _is_address(word):
            raise ConfigError(f'[monitor] hosts: {entry!r}: {word!r} is no '
                              'address.')


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True
