"""The contract of scenarios, held to those of other people."""

import testtools

from doctor_core.fixtures import configuration
from doctor_core.model import Outcome, Verdict
from doctor_core.scenarios.base import Scenario
from doctor_core.tests.contract_scenarios import ScenarioContract


class Least(Scenario):
    """Only what the base class demands."""

    def setup(self, stack):
        self.progress('nothing is made')

    def run(self):
        return Outcome(Verdict.PASSED, facts={'rooms': {1}})


class Failing(Least):
    """One whose run fails, with many steps in it."""

    def run(self):
        for done in range(10):
            self.progress.so_far('looks', done, 10)
        return Outcome(Verdict.FAILED, ('first reason', 'second reason'))


class LeastTest(ScenarioContract, testtools.TestCase):
    plugin = Least

    def configuration(self):
        return configuration()


class FailingTest(LeastTest):
    plugin = Failing
