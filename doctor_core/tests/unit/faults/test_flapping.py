import testtools

from doctor_core.faults.flapping import Flapping
from doctor_core.faults.settings import Settings
from doctor_core.fixtures import FakeClock
from doctor_core.tests.unit.faults import doubles


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
        """It was called quiet at once; its fault must not stay open for ever
        either.
        """
        self.assertFalse(self.flapping.is_quiet('unknown'))
        self.clock.advance(10.0)
        self.assertTrue(self.flapping.is_quiet('unknown'))

    def test_host_that_a_former_process_kept_open(self):
        self.flapping = Flapping(lambda: self.settings, self.clock.monotonic,
                                 ['h'])
        self.assertEqual([True, True, False], self.back(5, 30, 200))
        self.assertFalse(self.flapping.is_quiet('h'))
        self.clock.advance(10.0)
        self.assertTrue(self.flapping.is_quiet('h'))


class RestartTest(testtools.TestCase):
    """A restart ended the damping: the owners heard each turn."""

    def setUp(self):
        super().setUp()
        self.at = 0.0
        self.start(doubles.Desk(servers=1, flap_returns=1))
        self.turn()
        self.turn()

    def start(self, desk):
        self.desk = desk
        self.desk.set(flap_returns=1, flap_quiet_s=60.0)

    def turn(self):
        self.down()
        self.up()

    def down(self):
        self.at += 10.0
        self.desk.down(at=self.at)

    def up(self):
        self.at += 10.0
        self.desk.up(at=self.at)

    def over(self):
        self.desk.handler.look_at_open()
        self.desk.resume()
        return self.desk.store.faults.latest()[0].state

    def test_not_quiet_at_once(self):
        self.start(self.desk.again())
        self.assertEqual('handled', self.over())
        self.desk.clock.advance(60.0)
        self.assertEqual('cleared', self.over())

    def test_a_restart_at_each_turn(self):
        heard = len(self.desk.alarms.told)
        for _ in range(3):
            self.start(self.desk.again())
            self.turn()
            self.start(self.desk.again())
            self.down()
            self.start(self.desk.again())
            self.up()
            self.over()
        self.assertEqual(heard, len(self.desk.alarms.told))

    def test_a_host_that_has_not_come_and_gone(self):
        self.desk.clock.advance(60.0)
        self.assertEqual('cleared', self.over())
        self.down()
        self.desk.clock.advance(700.0)
        self.start(self.desk.again())
        self.up()
        self.assertEqual('cleared', self.over())
