import testtools

from doctor_core.inspectors.sample import SampleInspector
from doctor_core.model import Action, Correction, Mark


class Cloud:
    """Keeps what it is asked for."""

    def correct(self, corrections, done):
        self.asked = corrections, done
        return ['outcome']


class SampleInspectorTest(testtools.TestCase):

    def test_asks_the_cloud_for_all_at_once(self):
        """The cloud finds the order; two calls could not share one."""
        cloud = Cloud()
        corrections = [Correction(action, 'id', 'h0', Mark.LOST, 'before')
                       for action in Action]
        self.assertEqual(['outcome'], SampleInspector(None, cloud).correct(
            corrections, print))
        self.assertEqual((corrections, print), cloud.asked)
