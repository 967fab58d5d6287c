"""Who meets a failure on a bed: Doctor's daemon, and the stand-in."""

import contextlib
import datetime
import re
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import requests
from keystoneauth1 import adapter, session

from bench.results import DOCTOR, STANDIN, Case
from bench.standin import MICROVERSION, Marks, Standin
from doctor_core import clock, messaging, wire
from doctor_core.cloud import credentials
from doctor_core.exceptions import ConfigError
from doctor_core.tests.functional.daemons import Process

_READY = r'doctor-inspector is ready: .* (http://127\.0\.0\.1:\d+)/events'
#: Fixed phrases of the log; see doc/source/admin/logs.rst.
_HOST = re.compile(r'doctor mark host\((?P<id>.+?)\) down at (?P<at>[\d.]+)')
_SERVER = re.compile(r'doctor mark vm\((?P<id>.+?)\) error at (?P<at>[\d.]+)')
_OPTIONS = """
[DEFAULT]
state_path = {folder}/state
[bus]
topic = doctor.faults.{topic}
[alarm]
type = {alarms}
[inspector]
type = sample
notification = {notification}
host = 127.0.0.1
port = 0
auth_strategy = none
"""
#: Where Nova's notifications are, for whoever listens to them.
_NOVA_EXCHANGE = 'nova'
_TIMEOUT_S = 60.0


class Contender(Protocol):
    """An inspector as the bench drives it; all methods block.

    :ivar alarms_url: where the owners' alarms are made; empty for Aodh.
    :ivar restores: whether it takes its marks back when the host returns.
    """

    alarms_url: str
    restores: bool

    def down(self, host: str) -> None:
        """Report that a host is down."""

    def up(self, host: str) -> None:
        """Report that it is back."""

    def marks(self, host: str, since: float) -> Marks:
        """What it has corrected since a time."""

    def failures(self) -> list[str]:
        """What went wrong, in words."""


@contextlib.contextmanager
def started(case: Case, conf: Any, files: Sequence[str]
            ) -> Iterator[Contender]:
    """A contender that is ready, and ends with the block.

    :param conf: of the cloud.
    :param files: what it was read from.
    :raises ConfigError: it cannot work there.
    """
    start = {DOCTOR: _doctor, STANDIN: _standin}[case.inspector]
    with start(case, conf, files) as contender:
        yield contender


class _Doctor:
    """The installed daemon, told over HTTP as by a monitor from outside."""

    restores = True

    def __init__(self, process: Process, local_alarms: bool) -> None:
        self._process = process
        self._url = process.match.group(1)
        self.alarms_url = self._url if local_alarms else ''
        self._http = requests.Session()
        # A monitor is connected before a host fails.
        self._http.get(f'{self._url}/healthcheck',
                       timeout=_TIMEOUT_S).raise_for_status()

    def down(self, host: str) -> None:
        self._post(host, wire.HOST_DOWN)

    def up(self, host: str) -> None:
        self._post(host, wire.HOST_UP)

    def _post(self, host: str, event_type: str) -> None:
        now = datetime.datetime.fromtimestamp(clock.now(), datetime.UTC)
        self._http.post(f'{self._url}/events', timeout=_TIMEOUT_S, json=[{
            'time': now.replace(tzinfo=None).isoformat(), 'type': event_type,
            'details': {'hostname': host, 'monitor': 'bench',
                        'monitor_event_id': uuid.uuid4().hex,
                        'status': event_type.rpartition('.')[2]}}]
        ).raise_for_status()

    def marks(self, host: str, since: float) -> Marks:
        return marks_in_log(list(self._process.lines), host, since)

    def failures(self) -> list[str]:
        return [line for line in list(self._process.lines)
                if re.search(r' (ERROR|CRITICAL) ', line)]


def marks_in_log(lines: Sequence[str], host: str, since: float) -> Marks:
    """What the log of Doctor's inspector says that it has corrected.

    :param since: what was earlier is left out, in seconds since the epoch.
    """
    def found(phrase: re.Pattern[str]) -> dict[str, float]:
        matches = filter(None, map(phrase.search, lines))
        return {match['id']: float(match['at']) for match in matches
                if float(match['at']) >= since}

    return Marks(found(_HOST).get(host), found(_SERVER))


@contextlib.contextmanager
def _doctor(case: Case, _conf: Any, files: Sequence[str]
            ) -> Iterator[Contender]:
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder, 'doctor.conf')
        chosen.write_text(_OPTIONS.format(
            folder=folder, topic=uuid.uuid4().hex, alarms=case.alarms,
            notification=case.notification), encoding='utf-8')
        words = [word for file in (*files, str(chosen))
                 for word in ('--config-file', file)]
        with Process('doctor-inspector', *words, ready=_READY) as process:
            yield _Doctor(process, case.alarms == 'local')
            process.end()


class _Reference:
    """The stand-in, within this process."""

    alarms_url = ''
    restores = False

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._marks = Marks()

    def down(self, host: str) -> None:
        self._marks = self._standin.lost(host)

    def up(self, host: str) -> None:
        self._standin.stop()

    def marks(self, host: str, since: float) -> Marks:
        return self._marks

    def failures(self) -> list[str]:
        return self._standin.failures


@contextlib.contextmanager
def _standin(_case: Case, conf: Any, _files: Sequence[str]
             ) -> Iterator[Contender]:
    url = conf.cloud.notifications_transport_url
    if not url:
        raise ConfigError(
            'The stand-in needs [cloud] notifications_transport_url: it '
            'tells Ceilometer of servers in error on Nova\'s bus.')
    opened = credentials.from_conf(conf)

    def client() -> Any:
        return adapter.Adapter(
            session.Session(auth=opened.session.auth, timeout=_TIMEOUT_S,
                            verify=opened.session.verify,
                            cert=opened.session.cert),
            service_type='compute', interface=opened.interface,
            region_name=opened.region_name,
            default_microversion=MICROVERSION)

    with contextlib.closing(opened), contextlib.closing(messaging.Bus(
            conf, url, exchange=_NOVA_EXCHANGE)) as bus:
        standin = Standin(client, lambda payload: bus.publish(
            wire.NOVA_TOPIC, wire.INSTANCE_UPDATE, payload))
        standin.start()
        yield _Reference(standin)
