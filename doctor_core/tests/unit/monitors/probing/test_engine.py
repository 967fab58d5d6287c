import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.monitors.probing.engine import Engine

WAIT_S = 20


class Steps:
    """Stands for a prober; counts."""

    def __init__(self, wake_after_s=0.001):
        self.wire = self
        self.wake_after_s = wake_after_s
        self.count = 0
        self.failing = False
        self.closed = False
        self.stepped = threading.Event()

    def step(self, now):
        self.count += 1
        self.stepped.set()
        if self.failing:
            self.failing = False
            raise RuntimeError('a bug')
        return now + self.wake_after_s

    def close(self):
        self.closed = True


class TestEngine(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.steps = Steps()

    def start(self, **options):
        engine = Engine(self.steps, 'test', **options)
        self.addCleanup(engine.stop)
        engine.start()
        return engine

    def test_steps_until_stopped(self):
        engine = self.start()
        clock.wait_for(lambda: self.steps.count > 5, clock.Deadline(WAIT_S),
                       what='steps')
        engine.stop()
        count = self.steps.count
        self.assertTrue(self.steps.closed)
        self.assertEqual(count, self.steps.count)

    def test_survives_an_error_and_says_so(self):
        """A loop was alive but deaf after an exception."""
        self.steps.failing = True
        self.start()
        clock.wait_for(lambda: self.steps.count > 1, clock.Deadline(WAIT_S),
                       what='another step')
        self.assertIn('RuntimeError: a bug', self.log.output)

    def test_orders_are_done_between_steps(self):
        engine = self.start()
        done = threading.Event()
        threads = []

        def action():
            threads.append(threading.current_thread().name)
            done.set()
        engine.order(action)
        self.assertTrue(done.wait(WAIT_S))
        self.assertEqual(['test'], threads)

    def test_goes_round_unless_it_hangs(self):
        engine = self.start()
        engine.go_round()
        hang = threading.Event()
        engine.order(hang.wait)
        asking = threading.Thread(target=engine.go_round, daemon=True)
        asking.start()
        asking.join(0.05)
        self.assertTrue(asking.is_alive())
        hang.set()
        asking.join(WAIT_S)
        self.assertFalse(asking.is_alive())

    def test_without_permission_the_remedy_is_told(self):
        def refuse(*_args):
            raise PermissionError
        self.useFixture(fixtures.MonkeyPatch('os.sched_setscheduler',
                                             refuse))
        self.start(priority=10)
        self.assertTrue(self.steps.stepped.wait(WAIT_S))
        self.assertIn('CAP_SYS_NICE', self.log.output)
        self.assertIn('realtime_priority = 0', self.log.output)

    def test_priority_is_asked_for_the_own_thread(self):
        asked = []
        self.useFixture(fixtures.MonkeyPatch(
            'os.sched_setscheduler',
            lambda pid, policy, param: asked.append(
                (pid, param.sched_priority))))
        self.start(priority=7)
        self.assertTrue(self.steps.stepped.wait(WAIT_S))
        self.assertEqual([(0, 7)], asked)
