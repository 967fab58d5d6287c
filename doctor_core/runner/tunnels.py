"""Ports of other machines that lead back to this one."""

import contextlib
import ipaddress
import logging
import urllib.parse
from collections.abc import Iterator, Sequence

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.periodic import Periodic
from doctor_core.runner.ssh import SshRunner

LOG = logging.getLogger(__name__)

_CHECK_S = 2.0


@contextlib.contextmanager
def led_back(runners: Sequence[SshRunner], url: str, *,
             check_s: float = _CHECK_S) -> Iterator[None]:
    """Have machines reach a URL of this machine's loopback at the same
    address of theirs, for as long as the block runs.

    A tunnel that was lost is made again.

    :param url: where somebody listens here.
    :param check_s: seconds between two looks.
    :raises ConfigError: the URL is not one of the loopback.
    :raises BackendError: a machine refuses, or does not answer.
    """
    parts = urllib.parse.urlsplit(url)
    port = parts.port or {'https': 443}.get(parts.scheme, 80)
    if not _is_loopback(parts.hostname or ''):
        raise ConfigError(f'{url} is not on the loopback: a tunnel back has '
                          'the same address at both ends.')
    with contextlib.ExitStack() as stack:
        for runner in runners:
            runner.forward_back(port, str(parts.hostname), port)
            stack.callback(_end, runner, port)
        lost: set[SshRunner] = set()
        upkeep = Periodic('tunnels', lambda: _keep(
            runners, str(parts.hostname), port, lost), check_s)
        upkeep.start()
        stack.callback(upkeep.stop)
        yield


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def _keep(runners: Sequence[SshRunner], host: str, port: int,
          lost: set[SshRunner]) -> None:
    """Make again what was lost.

    :param lost: those of whom that was said; kept up to date.
    """
    for runner in runners:
        try:
            runner.forward_back(port, host, port)
            if runner in lost:
                LOG.info('Port %d leads back again from %s', port, runner)
            lost.discard(runner)
        except BackendError as error:
            if runner not in lost:
                LOG.warning('Port %d does not lead back any more: %s',
                            port, error)
            lost.add(runner)


def _end(runner: SshRunner, port: int) -> None:
    try:
        runner.end_forward(port)
    except BackendError as error:
        LOG.warning('Port %d may still lead back: %s', port, error)
