import sys

import testtools
from fixtures import TempDir

from doctor_core import fixtures, plugins
from doctor_core.fixtures import InspectorContract
from doctor_core.model import Action, Correction, Mark

LOST = Correction(Action.FORCE_DOWN, 'service-1', 'host-1', Mark.LOST)


class FenceInspectorTest(InspectorContract, testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('inspectors', 'fence')

    def inspector_with(self, script):
        self.cloud = fixtures.Cloud()
        return self.plugin(
            fixtures.options(self.plugin,
                             command=f'{sys.executable} -c "{script}"'),
            self.cloud)

    def correct(self, script, corrections):
        """Correct, with a command that is this script of Python."""
        inspector = self.inspector_with(script)
        told = []
        self.assertEqual(inspector.correct(corrections, told.append), told)
        return told

    def test_the_power_is_cut_before_the_cloud_is_corrected(self):
        script = "import sys; sys.exit(sys.argv[1] != 'host-1')"
        [change] = self.correct(script, [LOST])
        self.assertTrue(change.done, change.error)
        self.assertEqual([LOST], self.cloud.made)

    def test_without_it_nothing_is_corrected_yet(self):
        [change] = self.correct('raise SystemExit(1)', [LOST])
        self.assertIn('the power is not cut', change.error)
        self.assertFalse(change.is_final, 'nobody would try it again')
        self.assertEqual([], self.cloud.made)

    def test_a_server_waits_for_the_power_too(self):
        """Its correction may come in a call without that of the host."""
        server = Correction(Action.RESET_STATE, 'server-1', 'host-1',
                            Mark.LOST, 'active', 'server-1')
        [change] = self.correct('raise SystemExit(1)', [server])
        self.assertIn('the power is not cut', change.error)

    def test_the_power_is_cut_once_until_the_host_is_back(self):
        folder = self.useFixture(TempDir()).path
        script = ('import pathlib, sys; '
                  f"off = pathlib.Path('{folder}/off'); "
                  'sys.exit(off.exists() or off.touch())')  # once only
        inspector = self.inspector_with(script)
        for _ in range(2):
            [change] = inspector.correct([LOST], lambda change: None)
            self.assertEqual('', change.error)
        inspector.release('host-1')
        [change] = inspector.correct([LOST], lambda change: None)
        self.assertIn('the power is not cut', change.error)

    def test_a_host_that_is_back_keeps_its_power(self):
        [change] = self.correct('raise SystemExit(1)', [LOST.back()])
        self.assertTrue(change.done, change.error)
