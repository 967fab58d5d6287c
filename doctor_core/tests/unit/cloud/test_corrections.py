import testtools

from doctor_core.cloud.corrections import Corrector
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark


class ClosedTest(testtools.TestCase):

    def test_is_not_opened_again(self):
        """A correction of a process that ends could take a minute."""
        corrector = Corrector(None, concurrency=1, timeout_s=1.0,
                              retry_for_s=60.0)
        for _ in range(2):
            corrector.close()
        self.assertRaises(CloudError, corrector.correct, [
            Correction(Action.FORCE_DOWN, 'c', 'h', Mark.LOST)],
            lambda change: None)
