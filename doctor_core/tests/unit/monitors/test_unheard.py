import fixtures
import testtools

from doctor_core.monitors import unheard
from doctor_core.monitors.judgement import Network, Target
from doctor_core.monitors.verdict import Policy


def target(name, **options):
    return Target(f'{name} (192.0.2.1)', '192.0.2.1', Policy(),
                  Network('lan'), listed='192.0.2.1',
                  **{'watched_at': 10.0, 'was_heard': False, **options})


class TestUnheard(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def test_after_two_seconds(self):
        silent = target('a')
        self.assertEqual('', unheard.problem(silent, 11.9))
        self.assertIn('has never answered at 192.0.2.1',
                      unheard.problem(silent, 12.0))

    def test_who_answered_once_is_none(self):
        self.assertEqual('', unheard.problem(target('a', was_heard=True),
                                             99.0))
        silent = target('a')
        silent.heard_at = 11.0
        self.assertEqual('', unheard.problem(silent, 99.0))

    def test_the_log_has_each_once_and_not_hundreds(self):
        targets = [target(f'h{number}', watched_at=float('-inf'))
                   for number in range(30)]
        looking = unheard.Unheard(lambda: targets, 'test')
        looking.look()
        looking.look()
        self.assertEqual(20, self.log.output.count('has never answered'))
        self.assertIn('And 10 more addresses', self.log.output)

    def test_where_all_have_answered_nothing_waits(self):
        looking = unheard.Unheard(lambda: [target('a', was_heard=True)],
                                  'test')
        looking.watch()
        self.assertIsNone(looking._timer)
        looking.stop()
