"""How a scenario went, as it is printed."""

import io

import fixtures
import testtools

from doctor_core.cli import scenario_run
from doctor_core.cli.step_progress import StepProgress
from doctor_core.model import Outcome, Verdict


class Scenario:
    """One that measures no times."""

    def __init__(self, outcome):
        self._outcome = outcome

    def setup(self, stack):
        """Nothing is made."""

    def run(self):
        return self._outcome

    def report(self, outcome):
        return None

    def leftovers(self):
        return []


class BusyTest(testtools.TestCase):
    """A failure on a machine with other work said nothing of that."""

    def outcome(self, verdict, load):
        self.useFixture(fixtures.MonkeyPatch(
            'os.getloadavg', lambda: (load, 0.0, 0.0)))
        self.useFixture(fixtures.MonkeyPatch('os.cpu_count', lambda: 2))
        out = io.StringIO()
        outcome = scenario_run._run(
            Scenario(Outcome(verdict, ())), StepProgress(out), None, None,
            out)
        return outcome.reasons, out.getvalue()

    def test_what_failed_on_a_busy_machine(self):
        reasons, text = self.outcome(Verdict.FAILED, 11.2)
        self.assertEqual(('this machine is busy, with a load of 11 on 2 '
                          'processors: try again when it is not',), reasons)
        self.assertIn(reasons[0], text)

    def test_on_one_that_is_not(self):
        self.assertEqual((), self.outcome(Verdict.FAILED, 3.9)[0])

    def test_what_passed(self):
        self.assertEqual((), self.outcome(Verdict.PASSED, 11.2)[0])
