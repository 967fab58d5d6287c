"""The daemons' entry points: configuration, signals, readiness."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from doctor_core import conf as configuration
from doctor_core.cli.errors import EXIT_CONFIG, EXIT_FAILED
from doctor_core.cli.readiness import Supervisor
from doctor_core.exceptions import ConfigError, DoctorError

LOG = logging.getLogger(__name__)


class Service(Protocol):
    """What a daemon runs."""

    def start(self) -> None:
        """Take up work; raises ConfigError."""

    def stop(self) -> None:
        """End, from another thread than ``start`` if need be."""

    def prove_alive(self) -> None:
        """Return when each loop that does the work has gone round once more;
        called once it is started, from a thread of its own.
        """


class _Signals:
    """Turns signals into events that the main thread waits for."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.reload = threading.Event()
        self.wake = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._reload)

    def _end(self, *_args: Any) -> None:
        self.ended.set()
        self.wake.set()

    def _reload(self, *_args: Any) -> None:
        self.reload.set()
        self.wake.set()


def run(prog: str, kinds: Sequence[str], make: Callable[[Any], Service],
        describe: Callable[[Any, Any], str]) -> int:
    """Run a daemon until SIGTERM or SIGINT.

    :param prog: its name.
    :param kinds: the kinds of plugins that it uses.
    :param make: builds the service of a configuration.
    :param describe: says, for the log, what it does now that it is ready.
    :returns: the exit code.
    """
    try:
        conf = configuration.prepare(argv=sys.argv[1:], prog=prog,
                                     kinds=kinds)
        configuration.setup_logging(conf)
        signals = _Signals()
        service = make(conf)
    except ConfigError as error:
        return _fail(prog, error, EXIT_CONFIG)
    except DoctorError as error:
        return _fail(prog, error, EXIT_FAILED)
    return _serve(prog, conf, service, describe, signals)


def _serve(prog: str, conf: Any, service: Service,
           describe: Callable[[Any, Any], str],
           signals: _Signals) -> int:
    outcome: list[DoctorError | None] = []

    def start() -> None:
        # In a thread, since a start may wait for the cloud for long, and a
        # signal has to end it all the same.
        try:
            service.start()
            outcome.append(None)
        except DoctorError as error:
            outcome.append(error)
        except Exception:  # the thread's outermost frame
            LOG.exception('%s could not start', prog)
            outcome.append(DoctorError('could not start; see the log'))
        signals.wake.set()

    supervisor = Supervisor()
    threading.Thread(target=start, name='start', daemon=True).start()
    status = 0
    announced = False
    while not signals.ended.is_set():
        signals.wake.wait()
        signals.wake.clear()
        if outcome and outcome[0] is not None:
            status = _fail(prog, outcome[0], EXIT_CONFIG if isinstance(
                outcome[0], ConfigError) else EXIT_FAILED)
            break
        if outcome and not announced and not signals.ended.is_set():
            announced = True
            description = describe(conf, service)
            LOG.info('%s is ready: %s', prog, description)
            supervisor.ready(description)
            supervisor.watch(service.prove_alive)
        if signals.reload.is_set():
            signals.reload.clear()
            _reload(prog, conf)
    LOG.info('%s ends', prog)
    supervisor.ending()
    service.stop()
    LOG.info('%s has ended', prog)
    logging.shutdown()
    return status


def _reload(prog: str, conf: Any) -> None:
    try:
        changed = conf.mutate_config_files()
    except Exception:  # whatever is wrong with the files, go on as before
        LOG.exception('%s keeps its configuration: the files cannot be read '
                      'again', prog)
        return
    LOG.info('%s has read its configuration again: %s', prog,
             ', '.join(f'[{group or "DEFAULT"}] {name} = {new}'
                       for (group, name), (_old, new) in changed.items())
             or 'nothing changed that may change')


def _fail(prog: str, error: object, status: int) -> int:
    LOG.error('%s: %s', prog, error)
    print(f'{prog}: {error}', file=sys.stderr)
    return status


def inspector() -> int:
    """``doctor-inspector``."""
    from doctor_core.services.inspector import InspectorService
    return run('doctor-inspector', ('inspectors', 'alarms'), InspectorService,
               lambda conf, service:
               f'events are taken in at {service.url}/events and from topic '
               f'{conf.bus.topic}')


def monitor() -> int:
    """``doctor-monitor``."""
    from doctor_core.services.monitor import MonitorDaemon
    return run('doctor-monitor', ('monitors',), MonitorDaemon,
               lambda conf, service: service.describe())
