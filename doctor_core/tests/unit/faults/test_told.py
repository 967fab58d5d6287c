import testtools

from doctor_core.faults.told import Again
from doctor_core.model import News

A, B = ('f', 's0', News.LOST), ('f', 's1', News.LOST)


class AgainTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.again = Again(lambda: self.now)

    def test_each_has_pauses_of_its_own(self):
        """Who failed a moment after another had to wait twice as long."""
        self.again.put('f', {A: 'away'})
        self.again.put('f', {B: 'away'})
        self.assertEqual([False, False], [*map(self.again.is_due, (A, B))])
        self.now = 2.0
        self.assertEqual([True, True], [*map(self.again.is_due, (A, B))])

    def test_a_pause_is_twice_the_one_before(self):
        for pause_s in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
            self.again.put('f', {A: 'away'})
            self.now += pause_s - 0.1
            self.assertFalse(self.again.is_due(A))
            self.now += 0.1
            self.assertTrue(self.again.is_due(A))

    def test_a_reason_is_said_once_and_forgotten_with_the_last(self):
        self.again.put('f', {A: 'away', B: 'away'})
        self.again.forget(A)
        self.again.forget(A)
        self.assertEqual(['away'], self.again.reasons('f'))
        self.again.forget(B)
        self.assertEqual([], self.again.reasons('f'))
        self.again.put('f', {B: 'away'})
        self.now = 2.0
        self.assertTrue(self.again.is_due(B))
