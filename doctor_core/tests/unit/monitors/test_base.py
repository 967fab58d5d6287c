import fixtures
import testtools

from doctor_core.fixtures import FakeClock
from doctor_core.model import Host
from doctor_core.monitors.base import HostStatus, Monitor


class Plain(Monitor):
    """Has a status, and nothing else."""

    looks = 0
    states = ()

    def start(self, hosts):
        """Nothing begins."""

    def stop(self):
        """Nothing ends."""

    def status(self):
        self.looks += 1
        return [HostStatus(Host(name), state, last_answer_at=at)
                for name, state, at in self.states]


class HeardTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.useFixture(fixtures.MonkeyPatch('doctor_core.clock.SYSTEM',
                                             self.clock))
        self.clock.advance(100.0)
        self.monitor = Plain(None, None)

    def heard(self, *names):
        return [self.monitor.heard_at(name) for name in names]

    def test_who_is_well_was_heard_by_the_monotonic_clock(self):
        answered_at = self.clock.now() - 3.0
        self.monitor.states = [('one', 'up', answered_at),
                               ('two', 'down', answered_at),
                               ('three', 'healthy', None)]
        self.assertEqual([97.0, None, None, None],
                         self.heard('one', 'two', 'three', 'nobody'))

    def test_a_thousand_hosts_are_one_look(self):
        """Each was one at all of them: a million in a second."""
        self.heard(*(str(number) for number in range(1000)))
        self.assertEqual(1, self.monitor.looks)

    def test_who_answers_later_is_heard_soon(self):
        self.assertEqual([None], self.heard('one'))
        self.monitor.states = [('one', 'up', self.clock.now())]
        self.clock.advance(0.2)
        self.assertEqual([100.0], [round(at, 3) for at in self.heard('one')])
