import fixtures
import testtools

from doctor_core.fixtures import FakeClock
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

    def test_within_two_seconds(self):
        silent = target('a')
        self.assertEqual('', unheard.problem(silent, 11.8))
        self.assertIn('has never answered at 192.0.2.1',
                      unheard.problem(silent, 11.9))

    def looking(self, targets):
        """What looks at them; and when it does, from now on."""
        looks = []

        class Timer:
            def __init__(self, wait_s, _look):
                looks.append(time.monotonic() + wait_s)

            def start(self):
                pass

            cancel = start

        time = FakeClock()
        for name, value in (('clock', time), ('threading.Timer', Timer)):
            self.useFixture(fixtures.MonkeyPatch(
                f'doctor_core.monitors.unheard.{name}', value))
        return unheard.Unheard(lambda: targets, 'test'), looks, time

    def test_the_log_has_it_within_two_seconds(self):
        looking, looks, time = self.looking([target('a', watched_at=0.0)])
        looking.watch()
        time.advance(looks[0])
        looking.look()
        self.assertLess(time.monotonic(), 2.0)
        self.assertIn('Host a has never answered', self.log.output)
        self.assertEqual(1, len(looks))

    def test_one_that_comes_while_others_have_their_grace(self):
        """It was looked at with these, and then never again."""
        targets = [target('a', watched_at=0.0)]
        looking, looks, time = self.looking(targets)
        looking.watch()
        targets.append(target('b', watched_at=1.5))
        looking.watch()
        for at in looks:
            time.advance(at - time.monotonic())
            looking.look()
        self.assertEqual(2, len(looks))
        self.assertLess(time.monotonic(), 3.5)
        self.assertIn('Host b has never answered', self.log.output)

    def test_none_looks_after_the_end(self):
        looking, looks, _time = self.looking([target('a', watched_at=0.0)])
        looking.stop()
        looking.watch()
        self.assertEqual([], looks)

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
