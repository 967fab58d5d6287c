import dataclasses
import threading

import fixtures
import testtools

from doctor_core import clock, store
from doctor_core.exceptions import CloudError
from doctor_core.model import FaultStatus, Server, Stage
from doctor_core.tests.unit.faults import doubles

ALL_ERROR = {'s0': 'error', 's1': 'error', 's2': 'error'}
ALL_ACTIVE = {'s0': 'active', 's1': 'active', 's2': 'active'}
TOLD_ERROR = [('s0', 'error'), ('s1', 'error'), ('s2', 'error')]


class LostHostTest(testtools.TestCase):
    def test_everything_is_corrected(self):
        desk = doubles.Desk()
        report = desk.down()
        self.assertEqual(('handled', ''), (report.state, report.note))
        self.assertEqual(ALL_ERROR, desk.states())
        self.assertTrue(desk.cloud.service['h0'].forced_down)
        self.assertFalse(desk.cloud.service['h1'].forced_down)
        self.assertEqual({'DOWN'}, {port.data_plane_status for port
                                    in desk.cloud.all_ports.values()})

    def test_every_owner_is_told_once(self):
        for notification in ('shortcut', 'conservative'):
            desk = doubles.Desk(notification=notification)
            desk.down()
            self.assertEqual(TOLD_ERROR, sorted(desk.alarms.told))

    def test_shortcut_tells_before_it_corrects(self):
        desk = doubles.Desk()
        desk.down()
        self.assertEqual([[], [], []], desk.alarms.corrections_before)

    def test_conservative_tells_an_owner_after_nova_has_it(self):
        desk = doubles.Desk(notification='conservative', ports=False)
        desk.down()
        # Each server just before its owner.
        self.assertEqual([1, 2, 3],
                         list(map(len, desk.alarms.corrections_before)))

    def test_servers_are_reset_after_the_head_start_of_those_who_tell(self):
        desk = doubles.Desk()
        desk.down()
        self.assertEqual([(3, [])], desk.alarms.head_starts)

    def test_in_conservative_mode_nobody_has_a_head_start(self):
        desk = doubles.Desk(notification='conservative')
        desk.down()
        self.assertEqual([], desk.alarms.head_starts)

    def test_conservative_leaves_it_to_nova_s_notification(self):
        desk = doubles.Desk(notification='conservative')
        desk.alarms.hears_nova = True
        desk.inspector.failing = {'s1'}
        desk.down()
        self.assertEqual([('s1', 'error')], desk.alarms.told)

    def test_server_that_was_in_error_is_told_of_and_left_alone(self):
        for notification in ('shortcut', 'conservative'):
            cloud = doubles.Cloud()
            cloud.all_servers['s1'] = dataclasses.replace(
                cloud.all_servers['s1'], state='error')
            desk = doubles.Desk(cloud=cloud, notification=notification)
            desk.down()
            self.assertIn(('s1', 'error'), desk.alarms.told)
            self.assertNotIn('s1', [made[1] for made in desk.inspector.made])
            desk.up()
            self.assertEqual('error', desk.states()['s1'])

    def test_servers_that_the_map_did_not_know(self):
        desk = doubles.Desk()
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p1', 'h0')
        report = desk.down()
        self.assertEqual('error', desk.states()['s9'])
        self.assertIn(('s9', 'error'), desk.alarms.told)
        self.assertIn('s9', report.servers)

    def test_states_that_nobody_told_of_are_asked_for_first(self):
        """Without Nova's notifications a server that was stopped a minute
        ago was taken for active, and was active at the return.
        """
        desk = doubles.Desk(hears_states=False)
        desk.cloud.change('s1', state='stopped')
        self.assertEqual('handled', desk.down().state)
        self.assertEqual({'s0': 'error', 's1': 'stopped', 's2': 'error'},
                         desk.states())
        self.assertEqual({'h0'}, desk.forced_down())

    def test_machines_of_ironic_are_left_alone_with_a_line(self):
        log = self.useFixture(fixtures.FakeLogger())
        desk = doubles.Desk()
        desk.cloud.types = {'h0': 'ironic'}
        desk.affected.refresh()
        desk.down()
        desk.down(at=11.0)
        self.assertEqual((ALL_ACTIVE, [], {'h0'}), (
            desk.states(), desk.alarms.told, desk.forced_down()))
        self.assertEqual(1, log.output.count('(ironic)'))

    def test_machines_of_ironic_that_others_took_over(self):
        """They were felled at the next look at the host."""
        desk = doubles.Desk()
        desk.cloud.types = {'h0': 'ironic', 'h1': 'ironic'}
        desk.affected.refresh()
        desk.down()
        listed = desk.cloud.hypervisors()
        desk.cloud.hypervisors = lambda: [
            dataclasses.replace(one, host='h1') for one in listed]
        desk.affected.refresh()
        desk.look_for_more()
        self.assertEqual((ALL_ACTIVE, []),
                         (desk.states(), desk.alarms.told))

    def unknown_hypervisors(self, driver):
        """A host is lost before Nova has told what runs on it."""
        cloud = doubles.Cloud()
        cloud.types = {'h0': driver}
        tell = cloud.hypervisors

        def fails():
            raise CloudError('500', recoverable=True)
        cloud.hypervisors = fails
        desk = doubles.Desk(cloud=cloud)
        desk.down()
        self.assertEqual((ALL_ACTIVE, TOLD_ERROR, {'h0'}), (
            desk.states(), sorted(desk.alarms.told), desk.forced_down()))
        cloud.hypervisors = tell
        desk.affected.refresh()
        desk.look_for_more()
        self.assertEqual(TOLD_ERROR, sorted(desk.alarms.told))
        return desk.states()

    def test_hypervisors_that_were_not_known_when_it_was_lost(self):
        """Machines of ironic were felled after one failed answer."""
        self.assertEqual(ALL_ACTIVE, self.unknown_hypervisors('ironic'))
        self.assertEqual(ALL_ERROR, self.unknown_hypervisors('QEMU'))

    def test_hypervisors_are_asked_for_at_the_loss_if_need_be(self):
        cloud = doubles.Cloud()
        tell = cloud.hypervisors

        def fails():
            cloud.hypervisors = tell
            raise CloudError('500', recoverable=True)
        cloud.hypervisors = fails
        desk = doubles.Desk(cloud=cloud)
        self.assertEqual('handled', desk.down().state)
        self.assertEqual(ALL_ERROR, desk.states())

    def test_many_servers(self):
        desk = doubles.Desk(servers=300)
        desk.down()
        self.assertEqual({'error'}, set(desk.states().values()))
        self.assertEqual(300, len(set(desk.alarms.told)))

    def test_short_name(self):
        cloud = doubles.Cloud()
        desk = doubles.Desk(cloud=cloud)
        self.assertEqual('h0', desk.down(host='h0.example.org').host)

    def test_host_without_servers(self):
        desk = doubles.Desk()
        self.assertEqual('handled', desk.down(host='h1').state)
        self.assertEqual([], desk.alarms.told)
        self.assertTrue(desk.cloud.service['h1'].forced_down)

    def test_stamps(self):
        desk = doubles.Desk(servers=1)
        desk.down()
        self.assertEqual(
            {Stage.DETECTED, Stage.AFFECTED_FOUND, Stage.HOST_DOWN,
             Stage.SERVER_ERROR, Stage.EVENT_TRANSFORMED, Stage.PORTS_DOWN},
            {checkpoint.stage for checkpoint in desk.stamps})

    def test_a_port_is_stamped_as_its_servers(self):
        desk = doubles.Desk(servers=1)
        desk.down()
        servers = {checkpoint.stage: checkpoint.server_id
                   for checkpoint in desk.stamps}
        self.assertNotEqual('', servers[Stage.PORTS_DOWN])
        self.assertEqual(servers[Stage.SERVER_ERROR],
                         servers[Stage.PORTS_DOWN])
        self.assertEqual('', servers[Stage.HOST_DOWN])


class NoFaultTest(testtools.TestCase):
    def assert_nothing_done(self, desk, report):
        self.assertEqual('ignored', report.state)
        self.assertEqual([], desk.inspector.made)
        self.assertEqual([], desk.alarms.told)
        self.assertEqual(report.note,
                         desk.fault(report.fault_id).reason)

    def test_unknown_host_is_recorded_and_left_alone(self):
        desk = doubles.Desk()
        self.assert_nothing_done(desk, desk.down(host='nowhere'))

    def test_unknown_type_is_recorded_and_left_alone(self):
        desk = doubles.Desk()
        self.assert_nothing_done(desk, desk.down(type='compute.cpu.failure'))

    def test_up_without_a_fault(self):
        desk = doubles.Desk()
        self.assert_nothing_done(desk, desk.up())

    def test_down_that_is_older_than_the_up(self):
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.up(at=20.0)
        desk.inspector.made.clear()
        desk.alarms.told.clear()
        self.assert_nothing_done(desk, desk.down(at=15.0))

    def test_up_that_is_older_than_the_down(self):
        desk = doubles.Desk()
        desk.down(at=10.0)
        self.assertEqual('ignored', desk.up(at=5.0).state)
        self.assertEqual(ALL_ERROR, desk.states())

    def test_host_that_is_new_in_nova_is_found(self):
        desk = doubles.Desk()
        desk.cloud.service['h2'] = dataclasses.replace(
            desk.cloud.service['h1'], id='c2', host='h2')
        self.assertEqual('handled', desk.down(host='h2').state)


class RepeatedTest(testtools.TestCase):
    def test_repeated_events_are_one_fault(self):
        desk = doubles.Desk()
        first = desk.down()
        made = list(desk.inspector.made)
        second = desk.down(at=11.0)
        self.assertEqual(('repeated', first.fault_id),
                         (second.state, second.fault_id))
        self.assertEqual(made, desk.inspector.made)
        self.assertEqual(3, len(desk.alarms.told))
        self.assertEqual(1, desk.fault(first.fault_id).repeats)

    def test_repeated_while_the_first_is_being_handled(self):
        desk = doubles.Desk()
        desk.alarms.hold = threading.Event()
        first = threading.Thread(target=desk.down, daemon=True)
        first.start()
        clock.wait_for(lambda: len(desk.alarms.told) == 3
                       and not any(map(desk.engine.pursuit.is_left,
                                       desk.store.faults.latest())),
                       clock.Deadline(20), what='the corrections')
        second = desk.down(at=11.0)
        desk.alarms.hold.set()
        first.join(10)
        self.assertEqual('repeated', second.state)
        self.assertEqual(3, len(desk.alarms.told))

    def test_fails_again_after_recovery(self):
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.up(at=20.0)
        self.assertEqual('handled', desk.down(at=30.0).state)
        self.assertEqual(ALL_ERROR, desk.states())


class ReturnTest(testtools.TestCase):
    def test_reverses_everything(self):
        desk = doubles.Desk()
        desk.down()
        report = desk.up()
        self.assertEqual(('cleared', ''), (report.state, report.note))
        self.assertEqual(ALL_ACTIVE, desk.states())
        self.assertFalse(desk.cloud.service['h0'].forced_down)
        self.assertEqual({'ACTIVE'}, {port.data_plane_status for port
                                      in desk.cloud.all_ports.values()})

    def test_owners_hear_that_servers_are_back(self):
        desk = doubles.Desk()
        desk.down()
        desk.alarms.told.clear()
        desk.up()
        self.assertEqual([('s0', 'active'), ('s1', 'active'),
                          ('s2', 'active')], sorted(desk.alarms.told))

    def test_only_what_was_changed(self):
        cloud = doubles.Cloud()
        cloud.service['h0'] = dataclasses.replace(cloud.service['h0'],
                                                  forced_down=True)
        desk = doubles.Desk(cloud=cloud)
        desk.down()
        desk.up()
        self.assertTrue(cloud.service['h0'].forced_down)

    def test_evacuated_server_is_left_alone_but_not_its_port(self):
        desk = doubles.Desk()
        desk.down()
        desk.cloud.all_servers['s0'] = Server('s0', 'vm0', 'p0', 'h1')
        desk.inspector.made.clear()
        desk.up()
        changed = {made[1] for made in desk.inspector.made}
        self.assertNotIn('s0', changed)
        self.assertIn('n0', changed)

    def test_failed_reversal_stays_owed(self):
        desk = doubles.Desk()
        desk.down()
        desk.inspector.failing = {'c0'}
        report = desk.up()
        self.assertEqual('clearing', report.state)
        self.assertIn('Nova said no', report.note)
        desk.inspector.failing = set()
        self.assertEqual(['cleared'],
                         [again.state for again in desk.resume()])
        self.assertFalse(desk.cloud.service['h0'].forced_down)

    def test_nova_away_at_the_return(self):
        desk = doubles.Desk()
        desk.down()
        desk.cloud.away = True
        self.assertEqual('clearing', desk.up().state)
        self.assertEqual(ALL_ERROR, desk.states())
        desk.cloud.away = False
        desk.resume()
        self.assertEqual(ALL_ACTIVE, desk.states())

    def test_fails_again_before_all_was_reversed(self):
        desk = doubles.Desk()
        desk.down(at=10.0)
        desk.inspector.failing = {'c0'}
        desk.up(at=20.0)
        desk.inspector.failing = set()
        self.assertEqual('handled', desk.down(at=30.0).state)
        self.assertEqual(ALL_ERROR, desk.states())
        desk.up(at=40.0)
        self.assertFalse(desk.cloud.service['h0'].forced_down)
        self.assertEqual(ALL_ACTIVE, desk.states())


class FailureTest(testtools.TestCase):
    def test_one_failure_stops_no_other_and_is_reported(self):
        desk = doubles.Desk()
        desk.inspector.failing = {'s1'}
        report = desk.down()
        self.assertEqual('handling', report.state)
        self.assertIn('s1: Nova said no', report.note)
        self.assertEqual({'s0': 'error', 's1': 'active', 's2': 'error'},
                         desk.states())
        self.assertEqual(TOLD_ERROR, sorted(desk.alarms.told))

    def test_owed_corrections_are_tried_again_and_nobody_told_twice(self):
        desk = doubles.Desk()
        desk.inspector.failing = {'s1'}
        desk.down()
        desk.inspector.failing = set()
        desk.inspector.made.clear()
        self.assertEqual(['handled'],
                         [report.state for report in desk.resume()])
        self.assertEqual(['s1'], [made[1] for made in desk.inspector.made])
        self.assertEqual(3, len(desk.alarms.told))
        self.assertEqual([], desk.resume())

    def test_what_is_being_told_is_not_taken_for_owed(self):
        """The upkeep told everybody again while one owner hung."""
        desk = doubles.Desk()
        desk.alarms.hold = threading.Event()
        first = threading.Thread(target=desk.down, daemon=True)
        first.start()
        while not desk.cloud.service['h0'].forced_down \
                or len(desk.inspector.made) < 7:
            pass
        self.assertEqual([], desk.resume())
        desk.alarms.hold.set()
        first.join(10)
        self.assertEqual(3, len(desk.alarms.told))

    def test_owners_who_may_have_been_missed_are_told_later(self):
        desk = doubles.Desk()
        original = desk.inspector.correct

        def correct(corrections, done):
            desk.cloud.away = True
            return original(corrections, done)
        desk.inspector.correct = correct
        desk.down()
        desk.cloud.away = False
        desk.inspector.correct = original
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p1', 'h0')
        self.assertEqual(['handled'], [
            report.state for report in desk.resume()])
        self.assertIn(('s9', 'error'), desk.alarms.told)

    def test_an_owner_who_cannot_be_told_is_reported(self):
        desk = doubles.Desk()
        desk.alarms.failures = ['s0: the consumer answered 404']
        report = desk.down()
        self.assertEqual('handled', report.state)
        self.assertIn('404', report.note)
        # The tellings say that for good.
        self.assertEqual('', desk.fault(report.fault_id).note)

    def test_what_is_not_told_when_the_process_ends_is_owed(self):
        desk = doubles.Desk()
        desk.alarms.failures = ['s0: given up']
        desk.stopping.set()
        report = desk.down()
        self.assertEqual('handling', report.state)
        self.assertEqual({'owed'},
                         set(desk.telling_states(report.fault_id).values()))

    def test_nova_away_after_the_decision(self):
        desk = doubles.Desk()
        original = desk.inspector.correct

        def correct(corrections, done):
            desk.cloud.away = True
            return original(corrections, done)
        desk.inspector.correct = correct
        report = desk.down()
        self.assertEqual('handling', report.state)
        self.assertIn('what else is on the host', report.note)

    def test_a_killed_process_is_taken_over(self):
        """Between the decision and the last correction nothing is lost."""
        kept = store.Store()
        first = doubles.Desk(kept=kept)

        def killed(_corrections, _done):
            first.stopping.set()
            raise CloudError('killed')
        first.inspector.correct = killed
        self.assertRaises(CloudError, first.down)
        second = doubles.Desk(kept=kept, cloud=first.cloud)
        self.assertEqual(['handled'],
                         [report.state for report in second.resume()])
        self.assertEqual(ALL_ERROR, second.states())
        self.assertEqual(set(TOLD_ERROR),
                         {*first.alarms.told, *second.alarms.told})

    def test_redelivered_event_of_a_killed_process(self):
        kept = store.Store()
        first = doubles.Desk(kept=kept)
        event = doubles.fault('h0', FaultStatus.DOWN, 10.0)

        def killed(_corrections, _done):
            first.stopping.set()
            raise CloudError('killed')
        first.inspector.correct = killed
        self.assertRaises(CloudError, first.handle, event)
        second = doubles.Desk(kept=kept, cloud=first.cloud)
        self.assertEqual('handled', second.handle(event).state)
        self.assertEqual('repeated', second.handle(event).state)
        self.assertEqual(ALL_ERROR, second.states())
