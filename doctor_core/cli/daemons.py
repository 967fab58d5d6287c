"""The daemons' entry points: configuration, signals, readiness."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from doctor_core import conf as configuration
from doctor_core import descriptors, wire
from doctor_core.cli import streams
from doctor_core.cli.errors import EXIT_CONFIG, EXIT_FAILED
from doctor_core.cli.readiness import Supervisor
from doctor_core.cli.signals import Signals
from doctor_core.conf_values import differing
from doctor_core.exceptions import ConfigError, DoctorError

LOG = logging.getLogger(__name__)

_ENDS = (signal.SIGTERM, signal.SIGINT)
_ABOUT = (
    'It runs in the foreground until SIGTERM or SIGINT; SIGHUP has it read '
    'its files again. Exit code: 0 ended as asked, 1 something outside '
    'refused, 2 wrong configuration or options, or a plugin is missing: one '
    'line says which.')


class Service(Protocol):
    """What a daemon runs."""

    def start(self) -> None:
        """Take up work; raises ConfigError."""

    def stop(self) -> None:
        """End, from another thread than ``start`` if need be."""

    def renew(self) -> str:
        """Read files anew that may be replaced while it runs; from another
        thread than ``start``, which may not have returned.

        :returns: what was read, for the log; empty when there is none.
        :raises ConfigError: they cannot be used, and all is as before.
        """

    def prove_alive(self) -> None:
        """Return when each loop that does the work has gone round once more;
        called once it is started, from a thread of its own.
        """


def run(prog: str, what: str, kinds: Sequence[str],
        make: Callable[[Any], Service],
        describe: Callable[[Any, Any], str]) -> int:
    """Run a daemon until SIGTERM or SIGINT.

    :param prog: its name.
    :param what: what it does, for ``--help``.
    :param kinds: the kinds of plugins that it uses.
    :param make: builds the service of a configuration.
    :param describe: says, for the log, what it does now that it is ready.
    :returns: the exit code.
    """
    def read() -> Any:
        return configuration.prepare(argv=sys.argv[1:], prog=prog,
                                     kinds=kinds, about=(what, _ABOUT))

    streams.open_closed()
    try:
        conf = read()
        configuration.setup_logging(conf)
        descriptors.raise_limit()
        signals = Signals((*_ENDS, signal.SIGHUP))
        service = make(conf)
    except DoctorError as error:
        refusal = error
    else:
        return _serve(prog, conf, service, describe, signals, read)
    # Not in the handler: the log would repeat the error, with its cause.
    return _fail(prog, refusal)


def _serve(prog: str, conf: Any, service: Service,
           describe: Callable[[Any, Any], str],
           signals: Signals, read: Callable[[], Any]) -> int:
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
        signals.wake()

    supervisor = Supervisor()
    threading.Thread(target=start, name='start', daemon=True).start()
    status = 0
    announced = False
    while True:
        heard = signals.wait()
        if outcome and outcome[0] is not None:
            status = _fail(prog, outcome[0])
            break
        if not heard.isdisjoint(_ENDS):
            break
        if outcome and not announced:
            announced = True
            description = describe(conf, service)
            LOG.info('%s is ready: %s', prog, description)
            supervisor.ready(description)
            supervisor.watch(service.prove_alive)
        if signal.SIGHUP in heard:
            _reload(prog, conf, read)
            _renew(prog, service)
    LOG.info('%s ends', prog)
    supervisor.ending()
    service.stop()
    LOG.info('%s has ended', prog)
    logging.shutdown()
    return status


def _reload(prog: str, conf: Any, read: Callable[[], Any]) -> None:
    """Take over what may change, once all that the files say is right.

    :param read: reads them from the beginning; raises ConfigError.
    """
    refusal = None
    try:
        new = read()
        changed = conf.mutate_config_files()
        waiting = list(differing(conf, new))
    except ConfigError as error:
        refusal = error
    except (Exception, SystemExit):  # whatever is wrong, go on as before
        LOG.exception('%s keeps its configuration: the files cannot be read '
                      'again', prog)
        return
    # Not in the handler: the log would repeat the error.
    if refusal is not None:
        LOG.error('%s keeps its configuration: %s', prog,
                  wire.one_line(refusal))
        return
    LOG.info('%s has read its configuration again: %s%s', prog,
             ', '.join(f'[{group or "DEFAULT"}] {name} = '
                       f'{wire.described(new)}'
                       for (group, name), (_, new) in changed.items())
             or 'nothing changed that may change',
             f'; only at the next start: {", ".join(waiting)}'
             if waiting else '')


def _renew(prog: str, service: Service) -> None:
    """Read other files anew, whatever those of the configuration say."""
    renewed, refusal = '', None
    try:
        renewed = service.renew()
    except ConfigError as error:
        refusal = error
    # Not in the handler: the log would repeat the error.
    if refusal is not None:
        LOG.error('%s goes on with what it has: %s', prog,
                  wire.one_line(refusal))
    elif renewed:
        LOG.info('%s %s', prog, renewed)


def _fail(prog: str, error: DoctorError) -> int:
    """Say why it ends, in one line; the exit code."""
    line = wire.one_line(error)
    _log_elsewhere(f'{prog}: {line}')
    print(f'{prog}: {line}', file=sys.stderr)
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED


def _log_elsewhere(line: str) -> None:
    """Log an error, but not to where it is printed anyway: to one terminal,
    or one journal, go standard output and standard error.
    """
    record = LOG.makeRecord(LOG.name, logging.ERROR, __file__, 0, line, (),
                            None)
    for handler in logging.getLogger().handlers:
        if not _is_stderr(getattr(handler, 'stream', None)):
            handler.handle(record)


def _is_stderr(stream: Any) -> bool:
    try:
        return stream is sys.stderr or os.path.sameopenfile(
            stream.fileno(), sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):  # it is no file, or closed
        return False


def inspector() -> int:
    """``doctor-inspector``."""
    from doctor_core.services.inspector import InspectorService
    return run('doctor-inspector',
               'Takes faults in, tells the owners of the servers and corrects '
               'what Nova and Neutron show.',
               ('inspectors', 'alarms', 'notifiers'), InspectorService,
               lambda conf, service:
               f'events are taken in at {service.url}/events and from topic '
               f'{conf.bus.topic}')


def monitor() -> int:
    """``doctor-monitor``."""
    from doctor_core.services.monitor import MonitorDaemon
    return run('doctor-monitor',
               'Watches the compute hosts, and reports to the inspector which '
               'are down and which are back.',
               ('monitors', 'corroborators'), MonitorDaemon,
               lambda conf, service: service.describe())
