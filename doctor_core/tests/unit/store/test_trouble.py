import fixtures
import sqlalchemy as sa
import testtools

from doctor_core import store
from doctor_core.exceptions import StoreError


class FullDiskTest(testtools.TestCase):
    """Each retry wrote two tracebacks."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.store = store.Store(f'{self.useFixture(fixtures.TempDir()).path}'
                                 '/state.sqlite')
        self.addCleanup(self.store.close)
        self.limit(1)

    def limit(self, pages):
        """SQLite may use so many pages, or what it has by now."""
        self.store._database.read(sa.text(
            f'PRAGMA max_page_count={pages}'))

    def save(self):
        self.store.alarms.save({'a': {'text': 'x' * 100_000}})

    def test_said_once(self):
        for _ in range(3):
            error = self.assertRaises(StoreError, self.save)
            self.store.alarms.all()
        self.assertRegex(str(error), 'Cannot keep state in .*/state.sqlite: '
                                     'database or disk is full')
        self.assertEqual(1, self.log.output.count('disk is full'))
        self.assertNotIn('Traceback', self.log.output)

    def test_and_when_it_is_over(self):
        self.assertRaises(StoreError, self.save)
        self.limit(10_000)
        self.store.alarms.all()
        self.assertNotIn('again', self.log.output)
        self.save()
        self.assertIn('/state.sqlite again', self.log.output)
        self.limit(1)
        self.assertRaises(StoreError, self.store.alarms.save,
                          {'b': {'text': 'x' * 900_000}})
        self.assertEqual(2, self.log.output.count('disk is full'))

    def test_nothing_is_kept_meanwhile(self):
        """Whoever watched the inspector took it for well."""
        self.assertTrue(self.store.is_kept)
        self.assertRaises(StoreError, self.save)
        self.assertFalse(self.store.is_kept)
        self.limit(10_000)
        self.store.look()
        self.assertTrue(self.store.is_kept)
        self.assertIn('/state.sqlite again', self.log.output)

    def test_it_is_tried_again_when_nobody_writes(self):
        self.assertRaises(StoreError, self.save)

        def full(*_args):
            raise sa.exc.OperationalError('PRAGMA', {}, Exception('full'))

        with fixtures.MonkeyPatch(
                'sqlalchemy.engine.Connection.exec_driver_sql', full):
            self.store.look()
        self.assertFalse(self.store.is_kept)

    def test_a_start_with_a_full_disk(self):
        """It was a traceback."""
        def full(*_args, **_names):
            raise sa.exc.OperationalError('INSERT', {}, Exception('full'))

        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.store.tellings.Tellings.owe', full))
        store.Store().close()
        self.assertIn('Cannot keep state in memory: full', self.log.output)

    def test_an_error_of_ours_is_none_of_the_file(self):
        self.assertRaises(sa.exc.IntegrityError, self.twice)

    def twice(self):
        with self.store._database.begin() as connection:
            for _ in range(2):
                connection.execute(store.tables.ALARMS.insert(), {
                    'id': 'b', 'document': '{}'})
