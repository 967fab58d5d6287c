"""What is taken in is counted, over restarts."""

import fixtures
import testtools

from doctor_core import store
from doctor_core.store import arrivals


class ArrivalsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.path = self.useFixture(fixtures.TempDir()).join('i.sqlite')

    def started(self):
        self.store = store.Store(self.path)
        self.addCleanup(self.store.close)
        return self.store.arrivals

    def numbers(self, count, counting):
        return [counting.next() for _ in range(count)]

    def test_whether_anybody_has_worked_with_the_file(self):
        for _ in range(2):  # a start that ended early has not
            self.started()
            self.assertTrue(self.store.is_new())
        self.store.arrivals.next()
        self.assertFalse(self.store.is_new())
        self.started()
        self.assertFalse(self.store.is_new())

    def test_numbers_grow(self):
        first, second = self.numbers(2, self.started())
        self.assertEqual((first.epoch, 1),
                         (second.epoch, second.number - first.number))

    def test_numbers_grow_over_a_restart(self):
        """The clock was set back meanwhile, and a return was ignored until
        it had caught up.
        """
        self.useFixture(fixtures.MockPatchObject(arrivals, '_AHEAD', 3))
        last = self.numbers(1, self.started())[-1]
        for count in (1, 2, 3, 4, 10):
            numbers = self.numbers(count, self.started())
            self.assertEqual({last.epoch}, {one.epoch for one in numbers})
            grown = [last.number, *(one.number for one in numbers)]
            self.assertEqual(sorted(set(grown)), grown)
            last = numbers[-1]

    def test_another_store_is_another_count(self):
        before = self.started().next()
        self.path += '.other'
        self.assertNotEqual(before.epoch, self.started().next().epoch)

    def test_what_cannot_be_kept_is_not_gone_on_with(self):
        counting = self.started()
        with self.store._database.begin() as connection:
            connection.exec_driver_sql('DROP TABLE arrivals')
        first, second = self.numbers(2, counting)
        self.assertEqual((first.epoch, 1, 2),
                         (second.epoch, first.number, second.number))
        self.assertIn('cannot be counted', self.log.output)
        self.assertNotEqual(first.epoch, self.started().next().epoch)
