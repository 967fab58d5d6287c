import fixtures
import testtools

from doctor_core.monitors.changes import Changes
from doctor_core.monitors.verdict import Change


class ChangesTest(testtools.TestCase):
    """One that was refused held up the news of all other hosts."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.refusing = set()
        self.told = []
        self.changes = Changes(self.take)

    def take(self, of, change):
        if of in self.refusing:
            raise RuntimeError('not now')
        self.told.append((of, change))

    def put(self, *names, change=Change.DOWN):
        for name in names:
            self.changes.put(name, change)

    def test_in_order(self):
        self.put('a', 'b')
        self.put('a', change=Change.UP)
        self.changes.tell(1.0)
        self.changes.tell(1.1)
        self.assertEqual([('a', 'down'), ('b', 'down'), ('a', 'up')],
                         self.told)

    def test_one_that_is_refused_holds_up_no_other(self):
        self.refusing.add('a')
        self.put('a', 'b', 'c')
        self.changes.tell(1.0)
        self.assertEqual([('b', 'down'), ('c', 'down')], self.told)

    def test_it_is_told_again_after_a_second_and_in_its_order(self):
        self.refusing.add('a')
        self.put('a')
        self.put('a', change=Change.UP)
        self.changes.tell(1.0)
        self.refusing.clear()
        self.put('a')
        self.changes.tell(1.9)
        self.assertEqual([], self.told)
        self.changes.tell(2.0)
        self.assertEqual([('a', 'down'), ('a', 'up'), ('a', 'down')],
                         self.told)

    def test_it_is_logged_once(self):
        self.refusing.add('a')
        self.put('a')
        for at in range(9):
            self.changes.tell(float(at))
        self.assertEqual(1, self.log.output.count('Traceback'))
        self.assertIn('is down could not be told', self.log.output)
