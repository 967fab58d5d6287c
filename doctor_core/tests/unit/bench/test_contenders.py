import testtools

from bench.contenders import marks_in_log
from bench.standin import Marks

LOG = [
    'INFO doctor mark host(compute-1) down at 90.100000',
    'INFO doctor mark vm(a) error at 90.200000',
    'INFO doctor mark host(compute-1) up at 95.000000',
    'INFO doctor mark vm(a) active at 95.100000',
    'INFO doctor mark host(compute-2) down at 100.100000',
    'INFO doctor mark vm(a) error at 100.300000',
    'INFO doctor mark host(compute-1) down at 100.200000',
]


class MarksInLogTest(testtools.TestCase):

    def test_of_the_failure_that_is_meant(self):
        """The marks of the first failure passed for those of the second."""
        self.assertEqual(Marks(100.2, {'a': 100.3}),
                         marks_in_log(LOG, 'compute-1', 100.0))

    def test_none_yet(self):
        self.assertEqual(Marks(), marks_in_log(LOG, 'compute-1', 101.0))
