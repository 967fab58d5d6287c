"""For how long a host has been lost: nobody's clock may make a reboot look
like none.
"""

from unittest import mock

import testtools

from doctor_core import clock
from doctor_core.faults.outages import Outages
from doctor_core.model import FaultStatus
from doctor_core.tests.unit.faults import doubles

DAY_S = 86400.0


class OwnersTest(testtools.TestCase):
    """Owners heard active, verified, of servers whose host had rebooted."""

    def heard(self, desk, name='verified'):
        return {traits.get(name) for traits in desk.alarms.traits.values()}

    def come_back(self, desk, uptime_s):
        desk.cloud.uptimes = {'h0': uptime_s}
        desk.alarms.traits.clear()
        desk.up(at=desk.arrived_at + 100.0)
        return self.heard(desk)

    def test_lost_again_before_all_is_undone(self):
        """The uptime was compared with the second loss only."""
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.clock.advance(600.0)
        desk.cloud.beating = False
        self.assertEqual('clearing', desk.up(at=20.0, rounds=1).state)
        desk.cloud.beating = True
        desk.down(at=30.0)
        desk.clock.advance(60.0)
        self.come_back(desk, 240.0)
        self.assertEqual({'host rebooted'}, self.heard(desk, 'reason'))
        self.assertEqual({'stopped'}, self.heard(desk, 'state'))

    def test_news_that_waited_on_the_bus(self):
        desk = doubles.Desk()
        desk.down(waits_s=600.0)
        self.assertEqual({'false'}, self.come_back(desk, 480.0))

    def test_monitor_that_was_cut_off(self):
        """It could send what it had seen only later."""
        desk = doubles.Desk()
        desk.down(at=1000.0, detected_at=400.0)
        self.assertEqual({'false'}, self.come_back(desk, 480.0))

    def test_what_waited_is_verified_where_it_can_be(self):
        desk = doubles.Desk()
        desk.down(waits_s=600.0)
        self.assertEqual({'true'}, self.come_back(desk, DAY_S))

    def test_restart_and_a_step_of_our_clock(self):
        desk = doubles.Desk()
        desk.down()
        desk.clock.advance(1200.0)
        with mock.patch.object(clock, 'now', lambda: 10.0):
            again = desk.again()
            self.come_back(again, 120.0)
        self.assertEqual({'host rebooted'}, self.heard(again, 'reason'))

    def test_restart(self):
        desk = doubles.Desk()
        desk.down()
        desk.clock.advance(1200.0)
        self.assertEqual({'true'}, self.come_back(desk.again(), DAY_S))

    def test_our_machine_was_booted_meanwhile(self):
        desk = doubles.Desk()
        desk.down()
        with mock.patch.object(clock, 'boot_id', lambda: 'another'):
            self.assertEqual({'false'}, self.come_back(desk.again(), DAY_S))


class AgeTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.outages = Outages(self.desk.store, self.desk.clock.monotonic)

    def age(self, answer):
        return self.outages.age(answer.fault_id)

    def test_least_and_most(self):
        answer = self.desk.down(waits_s=50.0)
        self.desk.clock.advance(100.0)
        self.assertEqual((100.0, 450.0), self.age(answer))

    def test_a_sender_s_clock_that_is_ahead(self):
        answer = self.desk.down(detected_at=500.0)
        self.assertEqual((0.0, 300.0), self.age(answer))

    def test_our_clock_was_set_back_while_it_waited(self):
        self.desk.arrived_at = 10.0
        answer = self.desk.handle(doubles.fault(
            'h0', FaultStatus.DOWN, 4000.0))
        self.assertEqual((0.0, None), self.age(answer))

    def test_next_fault_of_a_host_that_was_back_is_new(self):
        self.desk.down(at=10.0)
        self.desk.clock.advance(1000.0)
        self.desk.up(at=20.0)
        self.assertEqual((0.0, 300.0), self.age(self.desk.down(at=30.0)))

    def test_chain(self):
        self.desk.cloud.beating = False
        self.desk.down(at=10.0)
        for at in (20.0, 40.0):
            self.desk.clock.advance(1000.0)
            self.desk.up(at=at)
            answer = self.desk.down(at=at + 10.0)
        self.assertEqual((2000.0, 2300.0), self.age(answer))

    def test_chain_of_which_some_servers_were_back(self):
        """They were lost the second time only."""
        self.desk.down(at=10.0)
        self.desk.clock.advance(1000.0)
        self.desk.inspector.failing = {'s0'}
        self.assertEqual('clearing', self.desk.up(at=20.0).state)
        self.assertEqual((0.0, 1300.0), self.age(self.desk.down(at=30.0)))

    def test_chain_from_before_our_machine_was_booted(self):
        self.desk.cloud.beating = False
        with mock.patch.object(clock, 'boot_id', lambda: 'another'):
            self.desk.down(at=10.0)
            self.desk.up(at=20.0)
        self.assertEqual((0.0, None), self.age(self.desk.down(at=30.0)))

    def test_fault_of_which_nothing_is_known(self):
        self.assertEqual((0.0, None), self.outages.age('unknown'))
