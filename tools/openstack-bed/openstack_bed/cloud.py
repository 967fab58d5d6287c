"""Bringing a bed up and taking it down."""

import functools
import shutil
from collections.abc import Callable, Iterable

from openstack_bed import (
    catalog,
    clients,
    config,
    probes,
    processes,
    schema,
    services,
    sockets,
    software,
    steps,
)
from openstack_bed.api import Api
from openstack_bed.processes import Process
from openstack_bed.settings import HOSTS, Bed, BedError
from openstack_bed.steps import Step

Progress = Callable[[str], None]

_START_S = 240.0
_FREE_S = 10.0
_GRACE_S = 5.0
#: How much of a log is shown; a traceback of a service is long.
_LINES = 20
#: For those that have to write what they hold.
_BASE_GRACE_S = 30.0


def up(bed: Bed, progress: Progress, *, python38: str | None = None) -> None:
    """Bring a bed up from whatever there is of it.

    :param python38: the interpreter for Congress; None looks for one.
    :raises BedError: something did not come up.
    """
    bed.save()
    bed = software.install(bed, progress, python38=python38)
    bed.save()
    progress('the software is installed')
    config.write(bed)
    clients.write(bed)
    _forget(bed)
    api = Api(bed)
    steps.do([
        *schema.steps(bed),
        *_starts(bed, services.everything(bed)),
        Step('catalog', lambda: catalog.fill(bed, api), ('keystone',)),
        Step('furniture', lambda: catalog.furnish(bed, api),
             ('catalog', 'glance', 'nova-api')),
        Step('hosts-up', lambda: _await_hosts(bed, api), (
            'catalog', 'nova-api', 'neutron-api', 'nova-scheduler',
            *(services.compute(bed, host).name for host in HOSTS)))],
        progress)
    progress(f'{len(HOSTS)} compute hosts are up')


def down(bed: Bed, progress: Progress) -> None:
    """Stop all that runs; the data stays."""
    everything = processes.names(bed)
    bases = [base.name for base in services.bases(bed)]
    processes.stop(bed, [name for name in everything if name not in bases],
                   _GRACE_S)
    progress('the services are stopped')
    processes.stop(bed, [name for name in everything if name in bases
                         and name != 'epmd'], _BASE_GRACE_S)
    processes.stop(bed, ['epmd'], _GRACE_S)
    _forget(bed)
    progress('nothing runs')


def wipe(bed: Bed, progress: Progress) -> None:
    """Stop all that runs, and forget all but what is installed."""
    down(bed, progress)
    if (bed.folder / 'bed.json').exists():
        shutil.rmtree(bed.folder)
    progress(f'{bed.folder} is gone')


def start(bed: Bed, chosen: Iterable[Process], progress: Progress) -> None:
    """Start processes of a bed that is up, and wait until they answer.

    :raises BedError: one does not.
    """
    steps.do(_starts(bed, chosen), progress)


def stop(bed: Bed, chosen: Iterable[Process]) -> None:
    """Stop processes in good order; those that do not run are fine."""
    bases = [base.name for base in services.bases(bed)]
    for process in chosen:
        processes.stop(bed, [process.name], _BASE_GRACE_S
                       if process.name in bases else _GRACE_S)


def _forget(bed: Bed) -> None:
    """Whatever ended or was failed before is to start afresh."""
    for name in processes.names(bed):
        if processes.pid(bed, name) is None:
            bed.pid_file(name).unlink()
    for host in HOSTS:
        bed.failed_mark(host).unlink(missing_ok=True)


def _starts(bed: Bed, chosen: Iterable[Process]) -> list[Step]:
    return [Step(process.name, functools.partial(_start, bed, process),
                 process.after) for process in chosen]


def _start(bed: Bed, process: Process) -> None:
    if (process.probe in probes.LISTENING
            and processes.pid(bed, process.name) is None):
        # The last of its threads may hold it for a moment after its end.
        processes.wait(lambda: sockets.is_free(process.port), _FREE_S,
                       f'port {process.port} of {process.name} to be free')
    processes.start(bed, process)

    def ready() -> bool:
        # Nobody waits for what has died.
        if processes.pid(bed, process.name) is None:
            log = bed.log(process.name)
            raise BedError(f'{process.name} has ended; see {log}. It said:\n'
                           f'{processes.last_words(log, _LINES)}')
        return probes.answers(bed, process) is not False

    processes.wait(ready, _START_S, f'{process.name} to answer; see '
                   f'{bed.log(process.name)}')


def _await_hosts(bed: Bed, api: Api) -> None:
    """Wait until Nova can place servers on all hosts."""
    def ready() -> bool:
        live = probes.live_services(api)
        # What is asked of a service or an agent that is not there is lost.
        if not ({('nova-compute', host) for host in HOSTS} <= live
                and 'nova-scheduler' in {binary for binary, _ in live}
                and set(HOSTS) <= probes.live_agents(api)):
            return False
        found = api.call('GET', 'nova', '/v2.1/os-hypervisors')
        return len(found['hypervisors']) >= len(HOSTS)

    processes.wait(ready, _START_S, 'the compute hosts', 0.3)
