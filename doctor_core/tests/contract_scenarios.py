"""What the framework may rely on in a scenario, as tests for any plugin.

A test class mixes it in and says which scenario, and under which
configuration it can be run where the tests are. Nothing but what
:class:`doctor_core.scenarios.base.Scenario` names is called.
"""

import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import fixtures

from doctor_core.cli import scenario_run
from doctor_core.fixtures import options as options_for
from doctor_core.model import Need, Outcome, Verdict
from doctor_core.profiler import report
from doctor_core.profiler.facts import ReportFacts
from doctor_core.profiler.times import FaultTimes
from doctor_core.scenarios.base import Scenario
from doctor_core.tests.contract_plugins import PluginContract


class Steps:
    """A :class:`doctor_core.scenarios.base.Progress` that remembers."""

    def __init__(self):
        self.lines = []
        self.counts = []

    def __call__(self, line):
        self.lines.append(line)

    def so_far(self, what, done, of):
        self.counts.append((what, done, of))


class _Page(io.StringIO):
    """Takes what a command prints, in the letters that it is written in."""

    encoding = 'utf-8'


def _unbroken(text):
    """A text wherever its lines are broken."""
    return ''.join(text.split())


class ScenarioContract(PluginContract):
    """What a scenario has to do; to be mixed into a ``testtools.TestCase``.

    * Its needs are known before it is made.
    * It is set up, run and taken down, and leaves nothing behind.
    * Its outcome has reasons if it did not pass, and none if it did.
    * ``doctor run`` can run it, and writes its report.

    :cvar plugin: the scenario's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Scenario
    plugin: ClassVar[type[Scenario]]

    def configuration(self):
        """A configuration under which the scenario can be run."""
        raise NotImplementedError

    def make(self, steps):
        """A new scenario."""
        return self.plugin(options_for(self.plugin, **self.values),
                             self.configuration(), steps)

    def test_its_needs_are_known_before_it_is_made(self):
        for need in self.plugin.needs(self.configuration()):
            self.assertIsInstance(need, Need)

    def test_it_is_set_up_run_and_taken_down(self):
        steps = Steps()
        scenario = self.make(steps)
        with ExitStack() as stack:
            scenario.setup(stack)
            outcome = scenario.run()
            measured = scenario.report(outcome)
        self.assertIsInstance(outcome, Outcome)
        if measured is not None:
            self.assertIsInstance(measured[0], FaultTimes)
            self.assertIsInstance(measured[1], ReportFacts)
        self.assertEqual([], list(scenario.leftovers()))
        self.assertEqual([], [line for line in steps.lines
                              if not isinstance(line, str)])

    def test_why_it_did_not_pass(self):
        scenario = self.make(Steps())
        with ExitStack() as stack:
            scenario.setup(stack)
            outcome = scenario.run()
        self.assertEqual(outcome.verdict is not Verdict.PASSED,
                         bool(outcome.reasons))
        for reason in outcome.reasons:
            self.assertTrue(reason.strip(), 'a reason is empty')

    def test_the_command_runs_it(self):
        """A scenario with all that its base class demands crashed."""
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        out = _Page()
        outcome = scenario_run.run_scenario(
            self.plugin, options_for(self.plugin, **self.values),
            self.configuration(),
            json_path=str(folder / 'run.json'),
            html_path=str(folder / 'run.html'), out=out)
        self.assertIn(str(outcome.verdict), out.getvalue())
        for reason in outcome.reasons:
            self.assertTrue(reason.strip(), 'a reason is empty')
            self.assertIn(_unbroken(reason), _unbroken(out.getvalue()))
        document = json.loads((folder / 'run.json').read_text())
        self.assertEqual(
            (report.JSON_VERSION, str(outcome.verdict),
             list(outcome.reasons)),
            (document['version'], document['verdict'], document['reasons']))
