"""Which hosts are to be watched: those listed, else those that Nova knows."""

import logging
import threading
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Host

LOG = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0


class HostSource:
    """The hosts of ``[monitor] hosts``, or Nova's.

    :param cloud: made from ``conf``, when it is needed, if None.
    :raises ConfigError: the option is wrong.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 cloud: Cloud | None = None) -> None:
        self._conf = conf
        self._cloud = cloud
        self._owns_cloud = cloud is None
        self._listed = configured_hosts(conf.monitor.hosts)

    def hosts(self) -> list[Host]:
        """The hosts now; may block.

        :raises BackendError: Nova did not tell, or knows none.
        :raises ConfigError: there is no way to ask Nova.
        """
        if self._listed:
            return self._listed
        if self._cloud is None:
            self._cloud = Cloud.from_conf(self._conf)
        hosts = self._cloud.hosts()
        if not hosts:
            raise BackendError('Nova knows no compute host',
                               recoverable=True)
        return hosts

    def wait(self, stopping: threading.Event) -> list[Host]:
        """The hosts as soon as they are known; none when told to stop.

        Asks again and again, with growing pauses.

        :raises ConfigError: there is no way to ask Nova.
        """
        pause_s = _FIRST_RETRY_S
        while not stopping.is_set():
            try:
                return self.hosts()
            except BackendError as error:
                LOG.error('Which hosts to watch is not known yet: %s. Trying '
                          'again in %.0f s.', error, pause_s)
            stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LAST_RETRY_S)
        return []

    def close(self) -> None:
        """Disconnect; may be called again."""
        if self._owns_cloud and self._cloud is not None:
            self._cloud.close()


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
