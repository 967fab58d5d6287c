"""Doubles for those who write and test plugins elsewhere.

This module is part of the public interface; what is in it changes with a
release note only.
"""

import dataclasses
import functools
import importlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from oslo_config import cfg

from doctor_core import conf, plugins
from doctor_core.exceptions import BusError, CloudError, NotifyError
from doctor_core.installers import settings
from doctor_core.model import (
    Checkpoint,
    ComputeService,
    Correction,
    Delivered,
    Event,
    Fault,
    Notice,
    Server,
    StateChange,
)

#: The contracts of plugins, by the module that holds each.
_CONTRACTS = {
    'AlarmContract': 'doctor_core.tests.contract_alarms',
    'ConsumerContract': 'doctor_core.tests.contract_consumers',
    'CorroboratorContract': 'doctor_core.tests.contract_corroborators',
    'EvidenceContract': 'doctor_core.tests.contract_corroborators',
    'InspectorContract': 'doctor_core.tests.contract_inspectors',
    'InspectorLifeContract': 'doctor_core.tests.contract_inspectors',
    'MonitorContract': 'doctor_core.tests.contract_monitors',
    'WatchContract': 'doctor_core.tests.contract_monitors',
    'NotifierContract': 'doctor_core.tests.contract_notifiers',
    'ScenarioContract': 'doctor_core.tests.contract_scenarios',
    'DeploymentContract': 'doctor_core.tests.contract_installers',
    'InstallerContract': 'doctor_core.tests.contract_installers',
}

#: Where the options of a plugin stand that a test makes.
_SECTION = 'plugin_test'


def __getattr__(name: str) -> Any:
    """What every plugin of a kind has to hold, to be mixed with a test case.

    Only when it is asked for: it needs what a deployment does not have.
    """
    if name in _CONTRACTS:
        return getattr(importlib.import_module(_CONTRACTS[name]), name)
    raise AttributeError(f'{__name__} has no {name!r}')


class FakeClock:
    """A clock that goes when it is told to; sleeping moves it.

    :param epoch: its time in seconds since the epoch.
    """

    def __init__(self, epoch: float = 1_700_000_000.0) -> None:
        self._offset = epoch
        self._monotonic = 0.0
        #: Seconds that were slept in all.
        self.slept_s = 0.0

    def now(self) -> float:
        return self._offset + self._monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic += seconds

    def set_epoch(self, epoch: float) -> None:
        """Set the time of day, as an administrator would."""
        self._offset = epoch - self._monotonic


@functools.cache
def _states() -> 'tempfile.TemporaryDirectory[str]':
    """A folder that is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix='doctor-state-')


def _elsewhere() -> dict[tuple[str, str], Any]:
    """A ``state_path`` of its own, for what must not write into Doctor's."""
    return {('DEFAULT', 'state_path'):
            tempfile.mkdtemp(dir=_states().name)}


def configuration(values: Mapping[tuple[str, str], Any] | None = None
                  ) -> cfg.ConfigOpts:
    """A configuration without files, with an empty folder as its
    ``state_path``.

    :param values: options by (group, name).
    """
    return conf.prepare([], {**_elsewhere(), **(values or {})})


def notice(server_id: str = '5b1c4a3e-0000-4000-8000-000000000001',
           state: str = 'error') -> Notice:
    """What a notifier is handed: a server's owner is told of its state."""
    return Notice({
        'alarm_name': 'vm1 is lost', 'alarm_id': 'alarm-1',
        'severity': 'critical', 'previous': 'ok', 'current': 'alarm',
        'reason': 'Event <id=message-1,event_type=compute.instance.update> '
                  'hits the query <query=[]>.',
        'reason_data': {'type': 'event', 'event': {
            'message_id': 'message-1',
            'event_type': 'compute.instance.update',
            'generated': '2026-03-01T10:00:00.000000',
            'traits': [['state', 1, state], ['instance_id', 1, server_id]],
            'raw': {}, 'message_signature': ''}}})


def options(plugin: Any, /, **values: Any) -> plugins.Options:
    """What a plugin is handed over as its options. ``$state_path`` in a
    default is an empty folder, another one for each call.

    :param plugin: its class; they stand in the section ``[plugin_test]``.
    :param values: options that are not to have their defaults.
    :raises ConfigError: there is no such option, or it takes no such value.
    """
    made = conf.prepare([], _elsewhere(), kinds=())
    made.register_group(cfg.OptGroup(_SECTION))
    made.register_opts(plugin.get_opts(), group=_SECTION)
    conf.override(made, {(_SECTION, name): value
                         for name, value in values.items()})
    return plugins.Options(_SECTION, made[_SECTION])


def installer_settings(**values: Any) -> settings.Settings:
    """How an installer is told to work, as ``[installer]`` has it by default.

    :param values: those that are to be otherwise.
    """
    return dataclasses.replace(
        settings.settings(conf.prepare([], _elsewhere(), kinds=())),
        **values)


class Reported:
    """Takes what a monitor reports, in order; any thread may call it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def __call__(self, fault: Fault) -> None:
        self.faults.append(fault)

    def statuses(self) -> Sequence[tuple[str, str]]:
        """Host and status of each report."""
        return [(fault.hostname, str(fault.status))
                for fault in self.faults]


class Cloud:
    """An OpenStack that takes every correction, and has nothing else.

    :ivar refused: the ids of targets whose corrections fail.
    :ivar finally_refused: those of targets whose corrections fail for good.
    :ivar made: the corrections that were made, in order.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.finally_refused: set[str] = set()
        self.made: list[Correction] = []

    def correct(self, corrections: Sequence[Correction],
                done: Callable[[StateChange], None]) -> list[StateChange]:
        """As :meth:`doctor_core.cloud.Cloud.correct`."""
        changes = []
        for one in corrections:
            final = one.target_id in self.finally_refused
            refused = final or one.target_id in self.refused
            if not refused:
                self.made.append(one)
            changes.append(StateChange(
                one, 1_700_000_000.0, 'refused' if refused else '',
                is_final=final, is_refused=refused))
            done(changes[-1])
        return changes

    def service(self, service_type: str, endpoint: str = '') -> 'NoService':
        """As :meth:`doctor_core.cloud.Cloud.service`."""
        return NoService(service_type)

    def close(self) -> None:
        """There is nothing to close."""

    def compute_services(self, host: str | None = None
                         ) -> list[ComputeService]:
        """As :meth:`doctor_core.cloud.Cloud.compute_services`."""
        return []

    def servers(self, host: str | None = None) -> list[Server]:
        """As :meth:`doctor_core.cloud.Cloud.servers`."""
        return []


class NoService:
    """A service of an OpenStack that nobody finds.

    :param service_type: its type in the catalogue.
    """

    def __init__(self, service_type: str) -> None:
        self._type = service_type

    def send(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        """Nobody answers.

        :raises CloudError: always; it may be there later.
        """
        raise CloudError(f'{method} {self._type} {path}: nobody answers',
                         recoverable=True)

    def close(self) -> None:
        """There is nothing to close."""


class Gate:
    """Lets everybody in, as a member of one project."""

    def who(self, request: Any) -> tuple[str, str, bool]:
        """As :class:`doctor_core.alarms.base.Gate`."""
        return 'project-1', 'user-1', False


class Outlets:
    """The ways out of an alarm manager, kept in memory.

    :ivar delivered: actions and notices.
    :ivar published: events, as they were sent together.
    :ivar stamps: what was stamped.
    :ivar broken: nothing gets through any more.
    :ivar slow: actions that take what they get, and do not say so before
        :meth:`answer`.
    """

    def __init__(self) -> None:
        self.slow: set[str] = set()
        self._unanswered: list[tuple[Future[Delivered], Delivered]] = []
        self.delivered: list[tuple[str, Notice]] = []
        self.published: list[Sequence[Event]] = []
        self.stamps: list[Checkpoint] = []
        self.broken = False

    def sent_out(self) -> list[Any]:
        """Each notice and each event that was sent."""
        return [notice.body for _, notice in self.delivered] + [
            event for events in self.published for event in events]

    def deliver(self, action: str, notice: Notice) -> 'Future[Delivered]':
        """As :meth:`doctor_core.alarms.base.Outlets.deliver`."""
        future: Future[Delivered] = Future()
        if self.broken:
            future.set_exception(NotifyError('nobody is there'))
        else:
            self.delivered.append((action, notice))
            proof = Delivered(
                str(notice.body.get('alarm_id', '')),
                str(notice.body.get('alarm_name', '')), action,
                1_700_000_000.0)
            if action in self.slow:
                self._unanswered.append((future, proof))
            else:
                future.set_result(proof)
        return future

    def answer(self) -> None:
        """From now on every action says at once that it has taken what it
        got.
        """
        self.slow.clear()
        while self._unanswered:
            future, proof = self._unanswered.pop(0)
            future.set_result(proof)

    def publish(self, events: Sequence[Event]) -> None:
        """As :meth:`doctor_core.alarms.base.Outlets.publish`."""
        if self.broken:
            raise BusError('the bus is away')
        self.published.append(events)

    def overhear(self, topic: str, exchange: str, handler: Any) -> None:
        """As :meth:`doctor_core.alarms.base.Outlets.overhear`."""

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """As :meth:`doctor_core.alarms.base.Outlets.checkpoint`."""
        self.stamps.append(checkpoint)
