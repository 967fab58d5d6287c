"""sshd hangs up at each step of a preparation, and it is mended later."""

from doctor_core.runner.base import Runner
from doctor_core.tests.functional.deployment import InstallTestCase
from doctor_core.tests.unit.installers.preparing.memory import NEEDS


class Hanging(Runner):
    """Has a machine go down before a step.

    :param left: how many steps it has until then, as the one item of a list.
    """

    def __init__(self, machine, runner, left):
        self._machine = machine
        self._runner = runner
        self._left = left

    def execute(self, argv, *, input=None, timeout_s=30.0):
        if not self._left[0]:
            self._machine.stop()
        self._left[0] -= 1
        return self._runner.execute(argv, input=input, timeout_s=timeout_s)

    def close(self):
        self._runner.close()


class CutTest(InstallTestCase):

    def cuts(self, do):
        """Do something, and lose the node after more and more steps, until
        it ends well.
        """
        for steps in range(1000):
            left = [steps]
            report = do({'one': lambda left=left: Hanging(
                self.machine, self.runner(), left)})[0]
            if left[0] >= 0:
                break
            self.machine.start()
            self.assertNotEqual([], report.complaints)
            yield f'elsewhere{steps}'
        self.ok([report])
        self.assertLess(10, steps)

    def test_apply_is_cut_at_every_step(self):
        def do(connects):
            return self.preparation(connects=connects).apply(NEEDS)

        for elsewhere in self.cuts(do):
            self.undo(home=elsewhere)

    def test_undo_is_cut_at_every_step(self):
        def do(connects):
            self.apply()
            return self.preparation(connects=connects).undo()

        for elsewhere in self.cuts(do):
            self.undo(home=elsewhere)
        self.check_as_before()
