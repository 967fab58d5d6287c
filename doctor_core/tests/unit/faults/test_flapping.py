import testtools

from doctor_core.faults.flapping import Flapping
from doctor_core.faults.settings import Settings
from doctor_core.fixtures import FakeClock


class FlappingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.settings = Settings(flap_returns=3, flap_window_s=60.0,
                                 flap_quiet_s=10.0)
        self.flapping = Flapping(lambda: self.settings, self.clock.monotonic)

    def back(self, *times):
        answers = []
        for at in times:
            self.clock.advance(at - self.clock.monotonic())
            answers.append(self.flapping.back('h'))
        return answers

    def test_so_many_returns_are_followed(self):
        self.assertEqual([False, False, False, True, True],
                         self.back(0, 1, 2, 3, 4))

    def test_returns_of_long_ago_do_not_count(self):
        self.assertEqual([False] * 6, self.back(0, 30, 60, 90, 120, 150))

    def test_hosts_are_counted_apart(self):
        self.back(0, 1, 2, 3)
        self.assertFalse(self.flapping.back('other'))

    def test_never(self):
        self.settings = Settings(flap_returns=0)
        self.assertEqual([False] * 5, self.back(0, 1, 2, 3, 4))

    def test_quiet(self):
        self.back(0, 1, 2, 3)
        self.assertFalse(self.flapping.is_quiet('h'))
        self.clock.advance(10.0)
        self.assertTrue(self.flapping.is_quiet('h'))

    def test_host_that_a_former_process_counted(self):
        """Its fault would stay open for ever."""
        self.assertTrue(self.flapping.is_quiet('unknown'))
