import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.model import Outcome, Stage, Verdict
from doctor_core.profiler.text import as_text
from doctor_core.profiler.times import Clocks
from doctor_core.tests.unit.profiler import stamps


def line_of(text, start):
    return next(line for line in text.splitlines()
                if line.strip().startswith(start))


class WaterfallTest(testtools.TestCase):

    def test_all_stages_with_their_times(self):
        text = as_text(stamps.times(stamps.CONSERVATIVE), stamps.facts())
        self.assertIn('PASSED', text)
        for stage, ms in stamps.CONSERVATIVE.items():
            self.assertIn(f'{ms:.1f}', line_of(text, stage))

    def test_unknown_is_a_question_mark_and_zero_a_zero(self):
        text = as_text(stamps.times({'T00': 0, 'T01': 0}), stamps.facts())
        self.assertIn('0.0', line_of(text, 'T01'))
        self.assertIn('?', line_of(text, 'T05'))
        self.assertIn('?', line_of(text, 'T09'))

    def test_bars_follow_each_other(self):
        text = as_text(stamps.times(stamps.CONSERVATIVE), stamps.facts())
        ends = [len(line_of(text, stage))
                for stage in ('T06', 'T09')]
        self.assertLess(*ends)

    def test_spread_between_first_and_last_server(self):
        times = stamps.times(stamps.SHORTCUT, 5, apart_ms=20)
        text = as_text(times, stamps.facts(5))
        self.assertIn('▒', line_of(text, 'T09'))
        self.assertRegex(line_of(text, 'T09'), r'10\.0 … +90\.0')

    def test_stage_that_some_servers_missed(self):
        timeline = stamps.Timeline()
        timeline.add(stamps.stamp('T00', 0))
        timeline.add(stamps.stamp('T01', 1))
        timeline.add(stamps.stamp('T09', 9, 'server-0'))
        times = timeline.fault('fault-1', servers=['server-0', 'server-1'])
        line = line_of(as_text(times, stamps.facts(2)), 'T09')
        self.assertIn('1/2', line)
        self.assertIn('?', line)

    def test_many_that_were_not_told(self):
        """A row for each of 403 pushed the verdict out of sight."""
        timeline = stamps.Timeline()
        timeline.add(stamps.stamp('T01', 1))
        names = [f'server-{number}' for number in range(30)]
        times = timeline.fault('fault-1', servers=names)
        text = as_text(times, stamps.facts(30))
        rows = [line for line in text.splitlines() if 'not told' in line]
        self.assertEqual(8, len(rows), text)
        self.assertIn('and 22 more', text)

    def test_nothing_known_at_all(self):
        times = stamps.Timeline().fault('none', 'compute-1')
        text = as_text(times, stamps.facts(0, Verdict.FAILED))
        self.assertIn('FAILED', text)
        self.assertIn('0 of 0 owners', text)

    def test_two_clocks_are_marked_and_explained(self):
        times = stamps.times(stamps.SHORTCUT, clocks=Clocks(
            {Stage.LINK_DOWN: 'compute-1'}, {Stage.LINK_DOWN: 3.5}))
        text = as_text(times, stamps.facts())
        self.assertIn('~200.0', line_of(text, 'T01'))
        self.assertIn('±3.5 ms', line_of(text, 'T00'))
        self.assertIn('+-3.5 ms', line_of(
            as_text(times, stamps.facts(), ascii_only=True), 'T00'))
        self.assertIn('clock of compute-1', text)

    @given(st.dictionaries(st.sampled_from([str(stage) for stage in Stage]),
                           st.integers(0, 10**5)),
           st.integers(0, 30), st.integers(70, 200))
    def test_never_wider_than_asked(self, stages, servers, width):
        text = as_text(stamps.times(stages, servers, apart_ms=1.5),
                       stamps.facts(servers, limit_ms=1e9), width=width)
        # The remark at a line's end may stick out.
        lines = [line for line in text.splitlines()
                 if not line.endswith(('told', 'detection', 'fast'))]
        self.assertLessEqual(len(max(lines, key=len)), max(width, 78),
                             text)


class LooksTest(testtools.TestCase):

    def test_ascii_only(self):
        times = stamps.times(stamps.SHORTCUT, 5, apart_ms=20)
        text = as_text(times, stamps.facts(5), ascii_only=True)
        self.assertTrue(text.isascii())
        self.assertIn('#', line_of(text, 'T01'))
        self.assertIn('=', line_of(text, 'T09'))

    def test_no_colour_unless_asked_for(self):
        times = stamps.times(stamps.SHORTCUT)
        self.assertNotIn('\033', as_text(times, stamps.facts()))
        self.assertIn('\033[1;32mPASSED',
                      as_text(times, stamps.facts(), color=True))

    def test_reasons_of_a_failure(self):
        outcome = Outcome(Verdict.FAILED, ('2 owners were not told.',))
        text = as_text(stamps.times(stamps.SHORTCUT),
                       stamps.facts(outcome=outcome))
        self.assertIn('  * 2 owners were not told.', text)

    def footer(self, stages, **facts):
        return ' '.join(as_text(stamps.times(stages), stamps.facts(
            **facts)).split())

    def test_setup(self):
        self.assertIn('notification conservative, alarms aodh', self.footer(
            stamps.CONSERVATIVE, notification='conservative',
            setup={'Alarms': 'aodh'}))

    def test_the_steps_to_the_last_owner_add_up(self):
        """The modules did with a negative one, which nobody understood."""
        text = self.footer(stamps.SHORTCUT)
        self.assertIn(
            'fault detected 200.0, affected servers found 1.0, event ready '
            '1.0, alarm evaluated 1.0, alarm fired 1.0, owners told 6.0; '
            'together 210.0.', text)
        self.assertNotIn('Modules', text)

    def test_half_of_the_owners_from_the_lost_link_on(self):
        self.assertIn('within 210.0 ms after T00.',
                      self.footer(stamps.SHORTCUT))

    def test_notices_that_came_again(self):
        timeline = stamps.Timeline()
        timeline.add(stamps.stamp('T09', 9, 'server-0'))
        timeline.add(stamps.stamp('T09', 10, 'server-0'))
        text = as_text(timeline.fault('fault-1'), stamps.facts())
        self.assertIn('1 notice came again', text)


class ServersTest(testtools.TestCase):

    def test_few_are_all_shown(self):
        times = stamps.times(stamps.SHORTCUT, 8, apart_ms=1)
        text = as_text(times, stamps.facts(8))
        for number in range(8):
            self.assertIn(f'vm-{number} ', text)

    def test_of_many_first_median_and_last(self):
        times = stamps.times(stamps.SHORTCUT, 50, apart_ms=1)
        text = as_text(times, stamps.facts(50))
        self.assertIn('vm-0', line_of(text, 'first'))
        self.assertIn('vm-24', line_of(text, 'median'))
        self.assertIn('vm-49', line_of(text, 'last'))
        self.assertNotIn('vm-7 ', text)

    def test_of_many_all_with_problems(self):
        times = stamps.times(stamps.SHORTCUT, 50, apart_ms=1)
        text = as_text(times, stamps.facts(50, limit_ms=55))
        late = [line for line in text.splitlines()
                if line.endswith('later than 55 ms')]
        self.assertEqual(5, len(late))
