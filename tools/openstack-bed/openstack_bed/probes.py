"""Whether what runs answers, and what it says of the hosts."""

import socket
import urllib.error
import urllib.request

from openstack_bed import processes, sockets
from openstack_bed.api import Api
from openstack_bed.processes import Process
from openstack_bed.settings import HOSTS, Bed

_TIMEOUT_S = 2.0


def answers(bed: Bed, process: Process) -> bool | None:
    """Whether a process does what it is there for; None: cannot be told.

    The probe ``bus`` is for those that are connected to a port rather than
    listening at one.
    """
    if not process.probe:
        return None
    if process.probe == 'bus':
        number = processes.pid(bed, process.name)
        return number is not None and sockets.connected(number, process.port)
    try:
        return bool(_PROBES[process.probe](bed, process.port))
    except OSError:
        return False


def live_agents(api: Api) -> set[str]:
    """The hosts on which Neutron would bind a port."""
    answer = api.call('GET', 'neutron', '/v2.0/agents')
    return {agent['host'] for agent in answer['agents'] if agent['alive']}


def live_services(api: Api) -> set[tuple[str, str]]:
    """Nova's services that report, as (binary, host)."""
    answer = api.call('GET', 'nova', '/v2.1/os-services')
    return {(service['binary'], service['host'])
            for service in answer['services'] if service['state'] == 'up'}


def _tcp(_bed: Bed, port: int) -> bool:
    with socket.create_connection(('127.0.0.1', port), _TIMEOUT_S):
        return True


def _amqp(_bed: Bed, port: int) -> bool:
    with socket.create_connection(('127.0.0.1', port), _TIMEOUT_S) as one:
        one.settimeout(_TIMEOUT_S)
        # No version has this header: the answer is the broker's own, once
        # it is ready.
        one.sendall(b'AMQP\x00\x00\x00\x00')
        return one.recv(4) == b'AMQP'


def _http(_bed: Bed, port: int) -> bool:
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/',
                                    timeout=_TIMEOUT_S):
            return True
    except urllib.error.HTTPError as error:
        # Who wants a token is awake.
        return error.code < 500


def _udp(bed: Bed, port: int) -> bool:
    """All hosts that are not failed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(_TIMEOUT_S)
        for host in HOSTS:
            if not bed.failed_mark(host).exists():
                one.sendto(b'bed', (bed.address(host), port))
                one.recv(16)
    return True


_PROBES = {'tcp': _tcp, 'amqp': _amqp, 'http': _http, 'udp': _udp}
#: Those of processes that listen at their port, with TCP.
LISTENING = frozenset({'tcp', 'amqp', 'http'})
