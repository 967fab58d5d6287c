import testtools

from doctor_core.cloud.heartbeats import Heartbeats
from doctor_core.model import ComputeService


def service(updated_at, forced_down=False, status='enabled', reason=''):
    return ComputeService('c', 'h', 'up', status, forced_down, reason,
                          updated_at)


class HeartbeatsTest(testtools.TestCase):

    def looks(self, *services):
        beats = Heartbeats()
        return [beats.look('f', one) for one in services]

    def test_a_time_that_moved(self):
        self.assertEqual([False, False, True, True], self.looks(
            service('1'), service('1'), service('2'), service('2')))

    def test_a_time_that_went_back(self):
        """A database that lagged behind looked like a report."""
        first, second, third = (service(f'2026-01-01T00:00:{one}.000000')
                                for one in (10, 20, 30))
        self.assertEqual([False, False, False, False, True], self.looks(
            second, first, second, first, third))

    def test_a_clock_that_was_set_back(self):
        self.assertEqual([False, False, True], self.looks(
            service('2026-01-02T00:00:00'), service('2026-01-01T00:00:10'),
            service('2026-01-01T00:00:20')))

    def test_our_own_force_down_moves_it_too(self):
        """Lifting the mark looked like a report of nova-compute."""
        self.assertEqual([False, False, False, True], self.looks(
            service('1', True), service('2'), service('2'), service('3')))

    def test_an_administrator_disables_it(self):
        for changed in (service('2', status='disabled'),
                        service('2', reason='broken')):
            self.assertEqual([False, False],
                             self.looks(service('1'), changed))

    def test_only_what_comes_after_our_own_change_counts(self):
        beats = Heartbeats()
        beats.look('f', service('1', True))
        beats.look('f', service('2', True))
        beats.restart('f', service('3'))
        self.assertFalse(beats.look('f', service('3')))
        self.assertTrue(beats.look('f', service('4')))

    def test_faults_are_looked_at_apart(self):
        beats = Heartbeats()
        beats.look('f', service('1'))
        self.assertFalse(beats.look('other', service('2')))
