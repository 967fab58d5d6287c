import io

import testtools

from doctor_core.cli.step_progress import StepProgress
from doctor_core.fixtures import FakeClock


class StepProgressTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.out, self.counts = io.StringIO(), io.StringIO()
        self.clock = FakeClock()
        self.progress = StepProgress(self.out, self.counts, self.clock)

    def test_a_quick_step_is_one_line(self):
        self.progress('servers are made')
        self.progress.so_far('servers run', 3, 10)
        self.assertEqual('- servers are made\n', self.out.getvalue())
        self.assertEqual('', self.counts.getvalue())

    def test_a_long_one_is_counted_now_and_then(self):
        for done in range(8):
            self.progress.so_far('servers run', done, 10)
            self.clock.advance(0.75)
        self.assertEqual('  3 of 10 servers run\n  6 of 10 servers run\n',
                         self.counts.getvalue())
        self.assertEqual('', self.out.getvalue())

    def test_each_step_has_its_own_patience(self):
        self.clock.advance(60.0)
        self.progress('alarms are made')
        self.progress.so_far('alarms are made', 1, 10)
        self.assertEqual('', self.counts.getvalue())
