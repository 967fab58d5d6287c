"""A package of somebody else, with plugins of several kinds."""

import json
import re
import subprocess
import sys
from pathlib import Path

import fixtures
import testtools
from testtools.content import text_content

from doctor_core import plugins
from doctor_core.tests.functional.daemons import PATIENCE_S, run

_PROJECT = '''
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-doctor"
version = "1.0"

[project.entry-points."doctor_core.monitors"]
acme = "acme_doctor:AcmeMonitor"
[project.entry-points."doctor_core.corroborators"]
acme = "acme_doctor:AcmeCorroborator"
[project.entry-points."doctor_core.inspectors"]
acme = "acme_doctor:AcmeInspector"
[project.entry-points."doctor_core.notifiers"]
acme = "acme_doctor:AcmeNotifier"
[project.entry-points."doctor_core.consumers"]
acme = "acme_doctor:AcmeConsumer"
[project.entry-points."doctor_core.alarms"]
acme = "acme_doctor:AcmeAlarms"
[project.entry-points."doctor_core.installers"]
acme = "acme_doctor:AcmeInstaller"
[project.entry-points."doctor_core.scenarios"]
acme = "acme_doctor:AcmeScenario"

[tool.setuptools]
py-modules = ["acme_doctor", "acme_contracts"]
'''

#: No more than the base classes demand.
_PLUGINS = '''
import dataclasses
import itertools
from concurrent.futures import Future

from oslo_config import cfg

from doctor_core import clock
from doctor_core.alarms.base import AlarmManager
from doctor_core.consumers.base import Consumer
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import NotifyError
from doctor_core.inspectors.base import Inspector
from doctor_core.installers.base import Installer
from doctor_core.model import (
    Alarm, Node, Notice, Outcome, Verdict, new_id)
from doctor_core.monitors.base import Monitor
from doctor_core.notifiers.base import Notifier
from doctor_core.scenarios.base import Scenario

_NUMBERS = itertools.count()
_LISTENING = {}


class AcmeMonitor(Monitor):
    """Believes that every host is well."""

    @classmethod
    def get_opts(cls):
        return [cfg.StrOpt('mood', default='fine', help='How it feels.')]

    def start(self, hosts):
        pass

    def stop(self):
        pass


class AcmeCorroborator(Corroborator):
    """Knows of no host whether it lives."""

    def ask(self, host, silent):
        return None


class AcmeInspector(Inspector):
    """Has the cloud corrected as Doctor would do it."""

    def correct(self, corrections, done):
        return self.cloud.correct(corrections, done)


class AcmeNotifier(Notifier):
    """Calls out within the process."""

    async def notify(self, action, notice):
        heard = _LISTENING.get(action.netloc)
        if heard is None:
            raise NotifyError('nobody listens')
        heard.append(dataclasses.replace(notice, received_at=clock.now()))


class AcmeConsumer(Consumer):
    """Hears what is called out within the process."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._name = f'ear-{next(_NUMBERS)}'
        self._heard = []

    def start(self):
        _LISTENING[self._name] = self._heard
        return f'acme://{self._name}'

    def stop(self):
        _LISTENING.pop(self._name, None)

    def received(self):
        return list(self._heard)


class AcmeAlarms(AlarmManager):
    """Tells owners of everything that is of their server."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._alarms = {}

    def create(self, rule):
        return self._alarms.setdefault(rule, Alarm(new_id(), rule))

    def delete(self, alarm):
        self._alarms.pop(alarm.rule, None)

    def tell(self, events, *, host, fault_id):
        return [self._tell(event) for event in events]

    def _tell(self, event):
        outcome, lines = Future(), []
        body = {'reason_data': {'event': {'traits': [
            [trait.name, 1, trait.value] for trait in event.traits]}}}
        for rule in self._alarms:
            if rule.query[0].value != event.trait('instance_id'):
                continue
            try:
                for action in rule.actions:
                    self.outlets.deliver(action, Notice(body)).result(30)
            except NotifyError as error:
                lines.append(str(error))
        outcome.set_result(lines)
        return outcome


class AcmeInstaller(Installer):
    """Knows of one node."""

    def nodes(self):
        return [Node('rack-1', 'compute', '192.0.2.1')]


class AcmeScenario(Scenario):
    """Has nothing to do, and does it."""

    def setup(self, stack):
        self.progress('nothing is made')

    def run(self):
        return Outcome(Verdict.PASSED)
'''

#: As its authors would test it; each suite has a name of its own for what it
#: is to be run over.
_TESTS = '''
import importlib
import unittest

import testtools

from doctor_core import fixtures, plugins


def load_tests(loader, tests, _pattern):
    for kind in plugins.KINDS:
        suite = importlib.import_module(f'doctor_core.tests.contract_{kind}')
        tests.addTests(loader.loadTestsFromTestCase(case(kind, suite)))
    return tests


def case(kind, suite):
    one = plugins.KINDS[kind]
    plugin = plugins.load(kind, 'acme')
    return type(f'Acme{one.title()}Test', (
        getattr(suite, f'{one.title()}Contract'), testtools.TestCase), {
            f'{one}_class': plugin, f'{one}_name': 'acme', 'plugin': plugin,
            'name': 'acme', 'scheme': 'acme', 'urls': ('acme://ear',),
            'has_ports': False,
            'scenario': plugin, **({'configuration': lambda self:
            fixtures.configuration()} if kind == 'scenarios' else {})})


if __name__ == '__main__':
    unittest.main(verbosity=2)
'''

class ThirdPartyTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        source, target = folder / 'source', folder / 'target'
        source.mkdir()
        for name, text in (('pyproject.toml', _PROJECT),
                           ('acme_doctor.py', _PLUGINS),
                           ('acme_contracts.py', _TESTS)):
            (source / name).write_text(text)
        subprocess.run(
            [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps',
             '--no-build-isolation', '--no-index', '--target', str(target),
             str(source)], check=True, capture_output=True)
        self.useFixture(fixtures.EnvironmentVariable('PYTHONPATH',
                                                     str(target)))

    def test_its_plugins_are_listed_and_can_be_used(self):
        out = run('doctor', 'plugins', '-f', 'json', status=0).stdout
        theirs = {row['Kind']: row for row in json.loads(out)
                  if row['Name'] == 'acme'}
        self.assertEqual(set(plugins.KINDS), set(theirs))
        self.assertEqual({('ok', 'acme-doctor')}, {
            (row['State'], row['Distribution']) for row in theirs.values()})
        self.assertEqual('Believes that every host is well.',
                         theirs['monitors']['Summary'])

    def test_they_hold_to_what_their_kinds_promise(self):
        """Some kinds had no suite that others could use."""
        done = subprocess.run(
            [sys.executable, '-m', 'acme_contracts'], check=False,
            capture_output=True, text=True, timeout=PATIENCE_S)
        self.addDetail('suites', text_content(done.stdout + done.stderr))
        self.assertEqual(0, done.returncode)
        ran = set(re.findall(r'Acme(\w+)Test', done.stderr))
        self.assertEqual({kind.title() for kind in plugins.KINDS.values()},
                         ran)
