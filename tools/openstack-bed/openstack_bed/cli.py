"""The command ``bed``."""

import argparse
import dataclasses
import fcntl
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from openstack_bed import cloud, faults, probes, processes, services
from openstack_bed.settings import EXTRAS, HOSTS, Bed, BedError, find


def main() -> int:
    """Do what the command line says.

    :returns: the exit status.
    """
    arguments = _parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        bed = find(arguments.folder, arguments.port_offset)
        return int(arguments.act(bed, arguments) or 0)
    except BedError as error:
        print(f'bed: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: object) -> None:
    # Else the threads would wait for what they have started.
    processes.end_commands()
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='bed', description='A genuine OpenStack on this machine.')
    parser.add_argument(
        '--folder', help='where the bed keeps its files; the default is '
        '"bed" in $DOCTOR_BED_HOME or in ~/.cache/doctor-openstack-bed, '
        'where the virtual environments are')
    parser.add_argument(
        '--port-offset', type=int, metavar='N',
        help='what to add to every port, for a second bed')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def add(name: str, act: Callable[[Bed, argparse.Namespace], int | None],
            words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words)
        command.set_defaults(act=act)
        return command

    up = add('up', _up, 'bring it up, from whatever there is')
    up.add_argument(
        '--with', dest='extras', action='append', default=[], choices=EXTRAS,
        help='what it is to have besides, from now on; may be given several '
        'times')
    up.add_argument(
        '--plain', action='store_true',
        help='leave out what Doctor needs of a cloud, which "doctor install" '
        'can then add; for a folder that is new')
    up.add_argument(
        '--python38', metavar='PATH',
        help='the Python for Congress; else $DOCTOR_BED_PYTHON38, python3.8 '
        'in $PATH, or that of pyenv')
    add('down', _down, 'stop it; its data stays')
    add('wipe', _wipe, 'stop it and forget its data')
    add('status', _status, 'show every process')
    for command in (add('fail', _fail, 'cut a compute host off'),
                    add('heal', _heal, 'bring a compute host back')):
        command.add_argument('host', metavar='HOST', help=', '.join(HOSTS))
    for command in (add('start', _start, 'start a service'),
                    add('stop', _stop, 'stop a service in good order'),
                    add('kill', _kill, 'end a service as with kill -9'),
                    add('restart', _restart, 'stop and start a service'),
                    add('check', _check, 'status 0 if a service runs')):
        command.add_argument('service', metavar='SERVICE',
                             help='a process that "status" shows, '
                             'neutron-server or nova-compute')
    return parser


def _up(bed: Bed, arguments: argparse.Namespace) -> None:
    known = (bed.folder / 'clouds.yaml').exists()
    if arguments.plain and known and not bed.plain:
        raise BedError(f'{bed.folder} has what Doctor needs already; take '
                       'another folder, or "bed wipe" it first.')
    extras = tuple(name for name in EXTRAS
                   if name in (*bed.extras, *arguments.extras))
    with _alone(bed):
        if extras != bed.extras:
            # The others have to know of what is new.
            cloud.down(bed, _stopwatch())
        bed = dataclasses.replace(bed, extras=extras,
                                  plain=bed.plain or arguments.plain)
        cloud.up(bed, _stopwatch(), python38=arguments.python38)
    print(f'export OS_CLIENT_CONFIG_FILE={bed.folder}/clouds.yaml '
          'OS_CLOUD=bed\n'
          'doctor run fault_management '
          f'--config-file {bed.folder}/doctor.conf')


def _down(bed: Bed, _arguments: argparse.Namespace) -> None:
    with _alone(bed):
        cloud.down(bed, _stopwatch())


def _wipe(bed: Bed, _arguments: argparse.Namespace) -> None:
    with _alone(bed):
        cloud.wipe(bed, _stopwatch())


def _fail(bed: Bed, arguments: argparse.Namespace) -> None:
    print(f'{faults.fail(bed, arguments.host):.6f}')


def _heal(bed: Bed, arguments: argparse.Namespace) -> None:
    faults.heal(bed, arguments.host)


def _start(bed: Bed, arguments: argparse.Namespace) -> None:
    cloud.start(bed, services.named(bed, arguments.service), _stopwatch())


def _stop(bed: Bed, arguments: argparse.Namespace) -> None:
    cloud.stop(bed, services.named(bed, arguments.service))


def _kill(bed: Bed, arguments: argparse.Namespace) -> None:
    for process in services.named(bed, arguments.service):
        processes.kill(bed, process.name)


def _restart(bed: Bed, arguments: argparse.Namespace) -> None:
    chosen = services.named(bed, arguments.service)
    cloud.stop(bed, chosen)
    cloud.start(bed, chosen, _stopwatch())


def _check(bed: Bed, arguments: argparse.Namespace) -> int:
    """Status 1 unless all of it runs and answers."""
    return int(not all(
        processes.pid(bed, process.name) is not None
        and probes.answers(bed, process) is not False
        for process in services.named(bed, arguments.service)))


def _status(bed: Bed, _arguments: argparse.Namespace) -> int:
    """Status 1 unless all is well; a failed host is."""
    well = True
    print(f'{"PROCESS":24}{"PID":>8}{"PORT":>8}  STATE')
    for process in services.everything(bed):
        pid = processes.pid(bed, process.name)
        answers = probes.answers(bed, process) if pid else False
        port = process.port if process.probe != 'bus' else 0
        failed = process.name in [
            services.compute(bed, host).name for host in HOSTS
            if bed.failed_mark(host).exists()]
        state = ('failed on request' if failed and not pid
                 else 'stopped' if not pid else
                 'runs' if answers is None else
                 'answers' if answers else 'does not answer')
        well &= failed or bool(pid) and answers is not False
        print(f'{process.name:24}{pid or "-":>8}{port or "-":>8}  '
              f'{state}')
    return 0 if well else 1


def _stopwatch() -> cloud.Progress:
    begun = time.monotonic()

    def progress(text: str) -> None:
        print(f'{time.monotonic() - begun:6.1f} s  {text}', flush=True)

    return progress


@contextmanager
def _alone(bed: Bed) -> Iterator[None]:
    """No other command changes the bed meanwhile."""
    bed.folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f'{bed.folder}.lock', 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BedError(f'{bed.folder} is being changed by another '
                           'command.') from None
        yield
