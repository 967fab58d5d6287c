import testtools

from doctor_core.inspectors.sample import SampleInspector
from doctor_core.model import Action, Correction


class SampleInspectorTest(testtools.TestCase):

    def test_the_mark_of_the_host_is_urgent(self):
        mark, *_others = corrections = [
            Correction(action, 'id', 'h0', 'old', 'new') for action in Action]
        self.assertEqual(Action.FORCE_DOWN, mark.action)
        self.assertEqual(
            [mark], SampleInspector(None, None).urgent(corrections))
