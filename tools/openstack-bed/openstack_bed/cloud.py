"""Bringing a bed up and taking it down."""

import shutil
import time
from collections.abc import Callable

from openstack_bed import (
    catalog,
    clients,
    config,
    probes,
    processes,
    schema,
    services,
    software,
)
from openstack_bed.api import Api
from openstack_bed.processes import Process
from openstack_bed.settings import HOSTS, Bed, BedError

Progress = Callable[[str], None]

_START_S = 180.0


def up(bed: Bed, progress: Progress) -> None:
    """Bring a bed up from whatever there is of it.

    :raises BedError: something did not come up.
    """
    bed.save()
    software.install(bed, progress)
    progress('the software is installed')
    config.write(bed)
    _forget(bed)
    schema.prepare_rabbitmq(bed)
    schema.prepare_mariadb(bed)
    _start(bed, services.bases(bed))
    progress('RabbitMQ, MariaDB and memcached answer')
    if not schema.exists(bed):
        schema.create(bed, progress)
        progress('the databases are made')
    _start(bed, [services.keystone(bed)])
    api = Api(bed)
    catalog.fill(bed, api)
    progress('Keystone answers, with users and catalogue')
    _start(bed, services.cloud(bed))
    progress('all APIs answer')
    catalog.furnish(api)
    _await_hosts(bed, api)
    clients.write(bed)
    progress(f'{len(HOSTS)} compute hosts are up')


def down(bed: Bed, progress: Progress) -> None:
    """Stop all that runs; the data stays."""
    everything = processes.names(bed)
    bases = [base.name for base in services.bases(bed)]
    processes.stop(bed, [name for name in everything if name not in bases])
    progress('the services are stopped')
    processes.stop(bed, [name for name in everything if name in bases
                         and name != 'epmd'])
    processes.stop(bed, ['epmd'])
    _forget(bed)
    progress('nothing runs')


def wipe(bed: Bed, progress: Progress) -> None:
    """Stop all that runs, and forget all but what is installed."""
    down(bed, progress)
    if (bed.folder / 'bed.json').exists():
        shutil.rmtree(bed.folder)
    progress(f'{bed.folder} is gone')


def _forget(bed: Bed) -> None:
    """Whatever ended or was failed before is to start afresh."""
    for name in processes.names(bed):
        if processes.pid(bed, name) is None:
            bed.pid_file(name).unlink()
    for host in HOSTS:
        bed.failed_mark(host).unlink(missing_ok=True)


def _start(bed: Bed, wanted: list[Process]) -> None:
    for process in wanted:
        processes.start(bed, process)
    end = time.monotonic() + _START_S
    for process in wanted:
        def ready(process: Process = process) -> bool:
            _all_run(bed)
            return probes.answers(bed, process) is not False

        processes.wait(ready, max(1.0, end - time.monotonic()),
                       f'{process.name} to answer; see '
                       f'{bed.log(process.name)}')


def _all_run(bed: Bed) -> None:
    """Nobody waits for what has died."""
    for name in processes.names(bed):
        if processes.pid(bed, name) is None:
            raise BedError(f'{name} has ended; see {bed.log(name)}')


def _await_hosts(bed: Bed, api: Api) -> None:
    """Wait until Nova can place servers on all hosts."""
    def ready() -> bool:
        _all_run(bed)
        live = probes.live_services(api)
        # What is asked of a service or an agent that is not there is lost.
        if not ({('nova-compute', host) for host in HOSTS} <= live
                and 'nova-scheduler' in {binary for binary, _ in live}
                and set(HOSTS) <= probes.live_agents(api)):
            return False
        found = api.call('GET', 'nova', '/v2.1/os-hypervisors')
        return len(found['hypervisors']) >= len(HOSTS)

    processes.wait(ready, _START_S, 'the compute hosts', 0.5)
