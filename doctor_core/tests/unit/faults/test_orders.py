"""Reports in every order, from several senders, with clocks of their own."""

import fixtures
import testtools

from doctor_core import wire
from doctor_core.model import FaultStatus, SequenceNumber
from doctor_core.store import faults
from doctor_core.tests.unit.faults import doubles

DOWN, UP = FaultStatus.DOWN, FaultStatus.UP
NOW = 1_800_000_000.0
NAGIOS = {'source': 'nagios', 'sender': 'n1'}


class OrdersTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()

    def alert(self, status, began_at, ended_at=None, sender='am-1',
              fingerprint='f1'):
        answer = self.desk.handle(doubles.fault(
            'h0', status, 1000.0, said_at=None, began_at=began_at,
            ended_at=ended_at, sender=sender,
            source=f'alertmanager/{fingerprint}'))
        return answer.state

    def is_down(self):
        return bool(self.desk.forced_down())


class LateTest(OrdersTestCase):

    def test_down_that_comes_after_the_later_up(self):
        """An event of 20 s ago, delivered again, felled a healthy host."""
        self.desk.down(at=980.0)
        self.assertEqual('cleared', self.desk.up(at=995.0).state)
        self.assertEqual('ignored', self.desk.down(at=980.0).state)
        self.assertFalse(self.is_down())

    def test_up_that_is_older_than_the_down(self):
        """An up of a minute ago took a fresh fault's marks back."""
        self.desk.down(at=999.0)
        self.assertEqual('ignored', self.desk.up(at=940.0).state)
        self.assertTrue(self.is_down())

    def test_the_same_report_delivered_twice(self):
        down = doubles.fault('h0', DOWN, 10.0, said_at=None)
        self.assertEqual('handled', self.desk.handle(down).state)
        self.desk.up(at=20.0, said_at=None)
        again = self.desk.handle(down)
        self.assertEqual(('repeated', down.id),
                         (again.state, again.fault_id))
        self.assertFalse(self.is_down())

    def test_crossed_on_the_way(self):
        up = SequenceNumber('e', 2)
        self.assertEqual('ignored', self.desk.up(at=2.0, sequence=up).state)
        self.assertEqual('ignored', self.desk.down(
            at=1.0, sequence=SequenceNumber('e', 1)).state)
        self.assertFalse(self.is_down())

    def test_our_clock_set_back_between_loss_and_return(self):
        """The return was ignored for good."""
        self.desk.down(at=1000.0, said_at=500.0)
        self.assertEqual('cleared',
                         self.desk.up(at=995.0, said_at=510.0).state)

    def test_our_clock_a_day_ahead_once(self):
        """The next loss was ignored for 25 hours."""
        self.desk.down(at=90000.0, said_at=None)
        self.desk.up(at=90001.0, said_at=None)
        self.assertEqual('handled',
                         self.desk.down(at=10.0, said_at=None).state)


class AlertsTest(OrdersTestCase):

    def test_stale_resolved_after_another_source_s_loss(self):
        self.desk.down()
        self.assertEqual('noted', self.alert(UP, 100.0, 400.0))
        self.assertTrue(self.is_down())

    def test_firing_sent_again_after_it_was_resolved(self):
        self.alert(DOWN, 970.0)
        self.alert(UP, 970.0, 999.0)
        self.assertEqual('ignored', self.alert(DOWN, 970.0))
        self.assertEqual('ignored', self.alert(DOWN, 971.0, sender='am-2'))

    def test_both_of_a_pair_send_all(self):
        self.assertEqual('handled', self.alert(DOWN, 970.0))
        self.assertEqual('repeated', self.alert(DOWN, 970.0, sender='am-2'))
        self.assertEqual('clearing', self.alert(UP, 970.0, 999.0))
        self.assertEqual(3, len(self.desk.alarms.told))

    def test_two_alerts_of_a_host(self):
        """The first of them to be resolved cleared the fault."""
        self.alert(DOWN, 970.0)
        self.assertEqual('joined', self.alert(DOWN, 975.0, fingerprint='f2'))
        self.assertEqual('noted', self.alert(UP, 970.0, 990.0))
        self.assertTrue(self.is_down())
        self.assertEqual('clearing', self.alert(
            UP, 975.0, 995.0, fingerprint='f2'))


class FarClocksTest(OrdersTestCase):
    """Prometheus' clock is ahead of Doctor's, or behind it."""

    AHEADS = (-1.7e9, -90000.0, -60.0, 10.0, 60.0, 3600.0, 1e6, 2e9)

    def sent(self, status, began_at, at, *, sender='am-1'):
        stamps = {'startsAt': began_at + self.ahead}
        if status == 'resolved':
            stamps['endsAt'] = at + self.ahead
        fault, = wire.parse_faults({
            'receiver': 'doctor', 'externalURL': sender, 'alerts': [{
                'status': status, 'labels': {'host': 'h0'},
                'fingerprint': 'f1', **stamps}]}, at).faults
        return self.desk.handle(wire.fault_from_payload(
            wire.fault_to_payload(fault), at)).state

    def each(self):
        for ahead in self.AHEADS:
            self.desk, self.ahead = doubles.Desk(), ahead
            yield f'{ahead} s ahead'

    def test_late_copy_by_the_other_one_of_a_pair(self):
        for ahead in self.each():
            self.assertEqual('handled', self.sent('firing', NOW, NOW), ahead)
            self.sent('resolved', NOW, NOW + 20)
            self.desk.resume()
            self.assertEqual('ignored', self.sent(
                'firing', NOW, NOW + 21, sender='am-2'), ahead)
            self.assertFalse(self.is_down(), ahead)
            self.assertEqual('handled', self.sent(
                'firing', NOW + 60, NOW + 61), ahead)

    def test_crossed_on_the_way(self):
        for ahead in self.each():
            self.sent('resolved', NOW, NOW + 20)
            self.assertEqual('ignored', self.sent('firing', NOW, NOW + 21),
                             ahead)

    def test_what_an_operator_has_cleared(self):
        for ahead in self.each():
            self.sent('firing', NOW, NOW)
            self.desk.handler.clear('h0', 'admin')
            self.desk.resume()
            for at in (NOW + 5, NOW + 300):
                self.assertEqual('ignored', self.sent('firing', NOW, at),
                                 ahead)
            self.assertEqual('handled', self.sent(
                'firing', NOW + 400, NOW + 401), ahead)


class SourcesTest(OrdersTestCase):

    def test_one_of_two_clears(self):
        self.desk.down()
        self.desk.down(at=11.0, **NAGIOS)
        answer = self.desk.up()
        self.assertEqual('noted', answer.state)
        self.assertIn('nagios', answer.note)
        self.assertTrue(self.is_down())

    def test_a_monitor_takes_over_from_another_process(self):
        self.desk.down(sender='m1')
        self.assertEqual('cleared', self.desk.up(sender='m2').state)

    def test_clear_of_who_holds_nothing_is_evidence(self):
        answer = self.desk.down(**NAGIOS)
        self.assertEqual('noted', self.desk.up().state)
        self.assertEqual('monitor',
                         self.desk.fault(answer.fault_id).witness)

    def test_evidence_is_void_when_its_source_says_otherwise(self):
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        self.desk.down(at=30.0)
        self.assertEqual('', self.desk.fault(answer.fault_id).witness)

    def test_source_that_fell_silent(self):
        """It held the host down for ever."""
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        for _ in range(8):
            self.desk.handler.look_at_open()
            self.desk.clock.advance(10.0)
        self.assertIn(self.desk.fault(answer.fault_id).state,
                      ('clearing', 'cleared'))
        self.assertIn('silent', self.desk.fault(answer.fault_id).reason)

    def look_for(self, seconds):
        for _ in range(seconds // 10):
            self.desk.handler.look_at_open()
            self.desk.clock.advance(10.0)

    def test_source_that_says_it_again_is_not_silent(self):
        """Its fault ended, and its next word made another one."""
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        for turn in range(10):
            self.look_for(50)
            self.desk.down(at=30.0 + turn, **NAGIOS)
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)
        self.look_for(90)
        self.assertIn('silent', self.desk.fault(answer.fault_id).reason)

    def test_nova_compute_that_reports_now_and_then(self):
        """Two reports far from each other are no working service."""
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        self.desk.cloud.beating = False
        for _ in range(5):
            self.look_for(80)
            self.desk.cloud.touch('h0')
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_source_that_speaks_while_nova_is_asked(self):
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        self.look_for(60)
        ask = self.desk.cloud.compute_services

        def meanwhile(host=None):
            self.desk.cloud.compute_services = ask
            self.desk.down(at=30.0, **NAGIOS)
            return ask(host)
        self.desk.cloud.compute_services = meanwhile
        self.look_for(10)
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_silent_source_and_a_host_that_our_monitor_always_heard(self):
        """It had no change to tell of, and the host was held for ever."""
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.handler.heard('sample', {'h0', 'h1'})
        self.look_for(90)
        self.assertIn('silent', self.desk.fault(answer.fault_id).reason)

    def test_who_is_heard_by_nobody_of_ours(self):
        answer = self.desk.down(**NAGIOS)
        for source, hosts in (('zabbix', {'h0'}), ('sample', {'h1'})):
            self.desk.handler.heard(source, hosts)
            self.assertEqual('', self.desk.fault(answer.fault_id).witness)

    def test_heard_before_our_monitor_found_it_lost(self):
        answer = self.desk.down()
        self.desk.handler.heard('sample', {'h0'})
        self.assertEqual('', self.desk.fault(answer.fault_id).witness)
        self.desk.handler.heard('collectd', {'h0'})
        self.assertEqual('monitor',
                         self.desk.fault(answer.fault_id).witness)

    def test_silent_source_and_a_host_that_our_monitor_has_not_heard(self):
        self.desk.set(silent_source_s=60.0)
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0, source='zabbix', sender='z1')
        for _ in range(30):
            self.desk.handler.look_at_open()
            self.desk.clock.advance(10.0)
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_silent_source_and_nova_compute_that_is_silent_too(self):
        self.desk.set(silent_source_s=60.0)
        self.desk.cloud.beating = False
        answer = self.desk.down(**NAGIOS)
        self.desk.up(at=20.0)
        for _ in range(30):
            self.desk.handler.look_at_open()
            self.desk.clock.advance(10.0)
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)


class OverruledTest(OrdersTestCase):
    """A fault that ended without its source."""

    def fires(self, at, began_at=10.0, **changes):
        return self.desk.down(at=at, **{
            'source': 'alert', 'sender': '', 'said_at': None,
            'began_at': began_at, **changes})

    def cleared(self):
        self.desk.handler.clear('h0', 'admin')
        for _ in range(4):
            self.desk.resume()
        self.assertFalse(self.is_down())

    def test_the_same_occurrence_again(self):
        """It felled the host, at each repetition of its alert."""
        self.fires(at=10.0)
        self.cleared()
        told = len(self.desk.alarms.told)
        for at in (310.0, 14410.0):
            self.assertEqual('ignored', self.fires(at=at).state)
        self.assertEqual((False, told),
                         (self.is_down(), len(self.desk.alarms.told)))

    def test_another_occurrence(self):
        self.fires(at=10.0)
        self.cleared()
        self.assertEqual('handled', self.fires(at=70.0, began_at=40.0).state)

    def test_an_occurrence_that_ended_and_began_anew(self):
        self.fires(at=10.0)
        self.cleared()
        self.desk.up(at=50.0, source='alert', sender='', said_at=None,
                     began_at=10.0, ended_at=40.0)
        self.assertEqual('handled', self.fires(at=70.0, began_at=60.0).state)

    def test_alerts_of_others(self):
        self.fires(at=10.0)
        self.cleared()
        self.assertEqual('handled',
                         self.fires(at=70.0, source='other alert').state)

    def test_each_alert_that_held_it(self):
        self.fires(at=10.0)
        self.fires(at=11.0, began_at=11.0, source='other alert')
        self.cleared()
        self.assertEqual('ignored', self.fires(
            at=90.0, began_at=11.0, source='other alert').state)

    def test_who_says_it_anew(self):
        """No alert: what it says is how it is now."""
        self.desk.down(at=10.0, **NAGIOS)
        self.cleared()
        self.assertEqual('handled', self.desk.down(at=70.0, **NAGIOS).state)

    def test_after_a_restart(self):
        self.fires(at=10.0)
        self.cleared()
        self.desk = self.desk.again()
        self.assertEqual('ignored', self.fires(at=310.0).state)

    def test_whose_source_was_silent(self):
        self.desk.set(silent_source_s=60.0)
        self.fires(at=10.0)
        self.desk.handler.heard('sample', {'h0'})
        for _ in range(9):
            self.desk.handler.look_at_open()
            self.desk.clock.advance(10.0)
        for _ in range(4):
            self.desk.resume()
        self.assertFalse(self.is_down())
        self.assertEqual('ignored', self.fires(at=14410.0).state)
        self.assertFalse(self.is_down())


class AgainTest(OrdersTestCase):

    def test_a_host_that_fails_again_is_a_new_fault(self):
        first = self.desk.down(at=10.0)
        self.desk.up(at=20.0)
        second = self.desk.down(at=30.0)
        self.assertNotEqual(first.fault_id, second.fault_id)
        self.assertEqual(first.fault_id,
                         self.desk.fault(second.fault_id).former)

    def test_before_all_was_undone(self):
        self.desk.cloud.beating = False
        first = self.desk.down(at=10.0)
        self.assertEqual('clearing', self.desk.up(at=20.0).state)
        second = self.desk.down(at=30.0)
        self.assertEqual('replaced', self.desk.fault(first.fault_id).state)
        self.assertEqual(('true', 'active'), tuple(
            self.desk.alarms.traits['s0'][name]
            for name in ('corrected', 'state_before')))
        self.assertEqual(first.fault_id,
                         self.desk.fault(second.fault_id).former)
        self.desk.cloud.beating = True
        self.assertEqual('cleared', self.desk.up(at=40.0).state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertFalse(self.is_down())

    def test_comes_and_goes(self):
        """Thirty turns of a minute were thirty faults, 600 notices."""
        for turn in range(30):
            self.desk.down(at=10.0 + 2 * turn)
            self.desk.up(at=11.0 + 2 * turn)
        self.assertEqual(4 * 3, sum(
            state == 'error' for _, state in self.desk.alarms.told))
        self.assertTrue(self.is_down())
        self.desk.clock.advance(60.0)
        self.desk.handler.look_at_open()
        for _ in range(3):
            self.desk.resume()
        self.assertFalse(self.is_down())


class ForgettingTest(testtools.TestCase):

    def test_alert_that_was_overruled_and_is_sent_on(self):
        """It would fell a host again that an operator has cleared."""
        for name, count in (('_SAID_REMEMBERED', 5),
                            ('_FORGOTTEN_AT_ONCE', 1)):
            self.useFixture(fixtures.MockPatchObject(faults, name, count))
        desk = doubles.Desk()
        alert = {'source': 'am/f1', 'said_at': None, 'began_at': 5.0}
        desk.down(**alert)
        desk.handler.clear('h0', 'admin')
        for number in range(20):
            desk.up('h1', at=30.0 + number, source=f's{number}', sender='x')
            self.assertEqual('ignored', desk.down(
                at=30.0 + number, **alert).state)
        self.assertIsNone(desk.store.faults.said('h1', 's0', 'x'))
