"""Failing and healing a compute host."""

import time

from openstack_bed import probes, processes, services
from openstack_bed.api import Api
from openstack_bed.settings import HOSTS, Bed, BedError

_START_S = 90.0


def fail(bed: Bed, host: str) -> float:
    """Cut a host off: its address and its agent fall silent, and its
    nova-compute is gone without a word. One that is failed is fine.

    :returns: when, in seconds since the epoch.
    """
    _known(bed, host)
    mark = bed.failed_mark(host)
    mark.parent.mkdir(parents=True, exist_ok=True)
    # Probes first: the moment that a monitor's times are counted from.
    at = time.time()
    mark.touch()
    processes.kill(bed, services.compute(bed, host).name)
    return at


def heal(bed: Bed, host: str) -> None:
    """Bring a host back, with a new nova-compute, and wait for its first
    report and for its agent's. One that is up is fine.

    :raises BedError: it does not come up.
    """
    _known(bed, host)
    api = Api(bed)
    before = _reported(api, host)
    started = processes.start(bed, services.compute(bed, host))
    # As a host that boots: it can be reached seconds before Nova hears of it.
    bed.failed_mark(host).unlink(missing_ok=True)
    if started:
        processes.wait(lambda: _reported(api, host) != before, _START_S,
                       f'nova-compute of {host} to report')
    processes.wait(lambda: host in probes.live_agents(api), _START_S,
                   f'the network agent of {host} to report')


def _known(bed: Bed, host: str) -> None:
    if processes.pid(bed, 'hosts') is None:
        raise BedError(f'The bed of {bed.folder} is not up.')
    if host not in HOSTS:
        raise BedError(f'There is no host {host!r}; there are '
                       f'{", ".join(HOSTS)}.')


def _reported(api: Api, host: str) -> object:
    answer = api.call('GET', 'nova', '/v2.1/os-services?binary=nova-compute'
                      f'&host={host}')
    return [service['updated_at'] for service in answer['services']]
