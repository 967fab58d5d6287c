import testtools

from doctor_core.profiler.facts import headline
from doctor_core.tests.unit.profiler import stamps

ONE = 'server-0'


class ProblemTest(testtools.TestCase):

    def problem(self, **stages):
        times = stamps.times(stages)
        return stamps.facts(limit_ms=1000).problem(times, ONE)

    def test_in_time(self):
        self.assertEqual('', self.problem(T01=0, T09=999))

    def test_not_told(self):
        self.assertEqual('not told', self.problem(T01=0))

    def test_at_the_limit_is_late(self):
        self.assertEqual('later than 1000 ms', self.problem(T01=0, T09=1000))

    def test_before_detection(self):
        self.assertEqual('told before detection', self.problem(T01=5, T09=5))

    def test_never_detected(self):
        self.assertEqual('told, but not known how fast', self.problem(T09=5))


class NamesTest(testtools.TestCase):

    def test_known_server(self):
        self.assertEqual('vm-0', stamps.facts().name(ONE))
        self.assertEqual('project-1', stamps.facts().project(ONE))

    def test_unknown_server_goes_by_its_id(self):
        self.assertEqual('other', stamps.facts().name('other'))
        self.assertEqual('', stamps.facts().project('other'))


class HeadlineTest(testtools.TestCase):

    def test_all_told(self):
        times = stamps.times(stamps.SHORTCUT, 2, apart_ms=5)
        self.assertEqual(
            '2 of 2 owners told of the loss of compute-1, the last 215.0 ms '
            'after the link was lost: the monitor was sure after 200.0 ms, '
            'and the last owner told 15.0 ms later (limit 1000 ms).',
            headline(times, stamps.facts(2)))

    def test_nobody_knows_when_the_link_was_lost(self):
        self.assertEqual(
            '1 of 1 owner told of the loss of compute-1, the last 9.0 ms '
            'after detection (limit 1000 ms).',
            headline(stamps.times({'T01': 1, 'T09': 10}), stamps.facts()))

    def test_told_of_what_was_never_detected(self):
        self.assertEqual(
            '1 of 1 owner told of the loss of compute-1, the last 10.0 ms '
            'after the link was lost.',
            headline(stamps.times({'T00': 0, 'T09': 10}), stamps.facts()))

    def test_nobody_told(self):
        times = stamps.times({'T00': 0}, 2)
        self.assertEqual('0 of 2 owners told of the loss of compute-1.',
                         headline(times, stamps.facts(2)))
