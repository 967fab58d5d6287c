"""What the log says of faults that are gone on with."""

import fixtures
import testtools

from doctor_core.tests.unit.faults import doubles


class JournalTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()

    def count(self, words):
        return self.log.output.count(words)

    def test_a_return_that_waits_is_no_line_each_second(self):
        """86,400 lines a day for each such host."""
        self.desk.cloud.beating = False
        self.desk.down()
        self.desk.up(rounds=10)
        self.assertEqual(1, self.count('is clearing: waiting for'))
        self.desk.clock.advance(599.0)
        self.desk.resume()
        self.assertEqual(1, self.count('is clearing: waiting for'))
        self.desk.clock.advance(1.0)
        self.desk.resume()
        self.assertEqual(2, self.count('is clearing: waiting for'))

    def test_what_is_new_is_said(self):
        self.desk.cloud.beating = False
        self.desk.down()
        self.desk.up()
        self.desk.cloud.away = True
        self.desk.resume()
        self.assertEqual(1, self.count('Nova does not answer; it will be '
                                       'tried again'))
        self.desk.cloud.away = False
        self.desk.resume()
        self.assertEqual(2, self.count('is clearing: waiting for'))
        self.desk.cloud.beating = True
        self.desk.up()
        self.assertEqual(1, self.count('is cleared'))

    def test_what_fails_again_and_again_is_said_once(self):
        self.desk.inspector.failing = {'c0'}
        self.desk.down()
        for _ in range(5):
            self.desk.resume()
        self.assertEqual(1, self.count('it will be tried again'))
