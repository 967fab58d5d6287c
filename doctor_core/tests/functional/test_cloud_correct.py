"""Corrections over real HTTP, against a cloud that misbehaves."""

import dataclasses
import threading

from doctor_core import clock
from doctor_core.model import Action, Correction, Mark
from doctor_core.tests.functional.cloud_standin import (
    FORCE_DOWN,
    SERVICE,
    UNFORCE,
    CloudTestCase,
    between,
    port,
    redirect,
    refuse,
    reset,
)

SERVICE_PATH = f'/compute/v2.1/os-services/{SERVICE}'
START = Correction(Action.START, 's1', 'compute-1', Mark.BACK)


def action_path(number):
    return f'/compute/v2.1/servers/s{number}/action'


class TestOrder(CloudTestCase):

    def test_the_service_then_servers_then_their_ports(self):
        self.standin.latency_s = 0.005
        cloud = self.cloud()
        cloud.check()
        del self.standin.asked[:]
        cloud.correct([*(port(i, f's{i}') for i in range(50)),
                       *(reset(i) for i in range(50)), FORCE_DOWN],
                      lambda change: None)
        paths = [path for _, path in self.standin.asked]
        self.assertEqual(SERVICE_PATH, paths[0])
        for i in range(50):
            self.assertLess(paths.index(action_path(i)),
                            paths.index(f'/network/v2.0/ports/p{i}'))

    def test_servers_do_not_wait_long_for_the_service(self):
        cloud = self.cloud()
        cloud.check()
        self.standin.slow, self.standin.latency_s = SERVICE_PATH, 0.5
        told = []
        cloud.correct([reset(1), FORCE_DOWN], told.append)
        self.assertEqual([reset(1), FORCE_DOWN],
                         [change.correction for change in told])

    def test_a_port_waits_for_one_answer_about_its_server_not_for_all(self):
        """Nova that was ill held up the ports for as long as it was."""
        self.standin.behaviour[action_path(1)] = refuse(503)
        told = []
        self.cloud(retry_for_s=1.0).correct([port(1, 's1'), reset(1)],
                                            told.append)
        self.assertEqual([True, False], [change.done for change in told])

    def test_hosts_do_not_wait_for_each_other(self):
        self.standin.slow = action_path(1)
        self.standin.latency_s = 0.5
        others = [dataclasses.replace(one, host='compute-2')
                  for one in (reset(2), port(2))]
        told = []
        self.cloud().correct([reset(1), *others], told.append)
        self.assertEqual([*others, reset(1)],
                         [change.correction for change in told])

    def test_more_at_a_time_while_answers_come_no_slower(self):
        self.standin.latency_s = 0.05
        cloud = self.cloud(concurrency=60)
        changes = cloud.correct([reset(i) for i in range(300)],
                                lambda change: None)
        self.assertTrue(all(change.done for change in changes))
        self.assertGreater(self.standin.most_at_a_time, 30)
        self.assertLessEqual(self.standin.most_at_a_time, 60)


class TestConfirmed(CloudTestCase):

    def tried(self, correction, path, *answers):
        """A correction, answered so one after the other."""
        waiting = list(answers)
        self.standin.behaviour[path] = lambda request: \
            waiting.pop(0)(request) if waiting else None
        change, = self.cloud(retry_for_s=3.0).correct(
            [correction], lambda change: None)
        return change

    def test_what_is_between_is_waited_for(self):
        """A proxy's page counted as a correction made."""
        for correction, path in (
                (FORCE_DOWN, SERVICE_PATH), (reset(1), action_path(1)),
                (port(1), '/network/v2.0/ports/p1')):
            for answer in (between, redirect, refuse(404, 'detail')):
                self.standin.state.clear()
                change = self.tried(correction, path, answer)
                self.assertEqual('', change.error)
                self.assertIn(correction.target_id, self.standin.state)

    def test_what_stays_between_is_a_failure(self):
        self.standin.behaviour[action_path(1)] = between
        change, = self.cloud(retry_for_s=0.0).correct(
            [reset(1)], lambda change: None)
        self.assertIn('200: something between answered instead of Nova',
                      change.error)

    def test_a_service_that_is_gone_is_not_asked_for_again(self):
        change = self.tried(FORCE_DOWN, SERVICE_PATH,
                            *[refuse(404, 'itemNotFound')] * 9)
        self.assertIn('404: broken', change.error)
        self.assertEqual(1, self.standin.count('PUT', SERVICE_PATH))

    def test_what_is_refused_for_good_is_not_asked_for_again(self):
        change = self.tried(reset(1), action_path(1),
                            *[refuse(400, 'badRequest')] * 9)
        self.assertTrue(change.is_final)
        self.assertIn('400: broken', change.error)
        self.assertEqual(1, self.standin.count('POST', action_path(1)))

    def test_a_task_under_way_is_waited_for(self):
        change = self.tried(reset(1), action_path(1),
                            *[refuse(409, 'conflictingRequest')] * 2)
        self.assertEqual(('', False), (change.error, change.is_final))

    def test_without_an_id_nothing_is_sent(self):
        """PUT /os-services/ for a service of a cell that was down."""
        nameless = [dataclasses.replace(one, target_id='')
                    for one in (FORCE_DOWN, reset(1), port(1))]
        cloud = self.cloud()
        cloud.check()
        del self.standin.asked[:]
        changes = cloud.correct(nameless, lambda change: None)
        for change in changes:
            self.assertIn('the id is not known', change.error)
        self.assertEqual([], self.standin.asked)

    def test_a_guest_is_started(self):
        change, = self.cloud().correct([START], lambda change: None)
        self.assertEqual('', change.error)
        self.assertEqual({'reboot': {'type': 'HARD'}},
                         self.standin.state['s1'])

    def test_a_guest_is_started_only_once(self):
        """A second reboot would end the guest that the first one started."""
        cloud = self.cloud(timeout_s=0.3)
        cloud.check()
        self.standin.latency_s = 0.6
        change, = cloud.correct([START], lambda change: None)
        self.assertIn('not asked again', change.error)
        self.assertEqual(1, self.standin.count('POST', action_path(1)))


class TestCorrect(CloudTestCase):

    def test_all_of_a_full_host_are_made(self):
        cloud = self.cloud(concurrency=20)
        cloud.check()
        corrections = [*(port(i) for i in range(200)),
                       *(reset(i) for i in range(200)), FORCE_DOWN]
        told = []
        changes = cloud.correct(corrections, told.append)
        self.assertEqual([''] * 401, [change.error for change in changes])
        self.assertEqual(corrections,
                         [change.correction for change in changes])
        self.assertCountEqual(changes, told)
        self.assertEqual({'forced_down': True}, self.standin.state[SERVICE])
        self.assertEqual({'os-resetState': {'state': 'error'}},
                         self.standin.state['s199'])
        self.assertEqual({'port': {'data_plane_status': 'DOWN'}},
                         self.standin.state['p0'])

    def test_the_service_goes_first(self):
        cloud = self.cloud(concurrency=1)
        cloud.check()
        del self.standin.asked[:]
        cloud.correct([reset(1), reset(2), FORCE_DOWN], lambda change: None)
        self.assertEqual(('PUT', f'/compute/v2.1/os-services/{SERVICE}'),
                         self.standin.asked[0])

    def test_no_more_at_a_time_than_allowed(self):
        self.standin.latency_s = 0.02
        cloud = self.cloud(concurrency=5)
        changes = cloud.correct([reset(i) for i in range(40)],
                                lambda change: None)
        self.assertTrue(all(change.done for change in changes))
        self.assertEqual(5, self.standin.most_at_a_time)

    def test_one_that_always_fails_stops_no_other(self):
        self.standin.behaviour['/compute/v2.1/servers/s7/action'] = \
            refuse(500)
        changes = self.cloud(retry_for_s=1.0).correct(
            [reset(i) for i in range(20)], lambda change: None)
        failed = [change for change in changes if not change.done]
        self.assertEqual(['s7'], [change.correction.target_id
                                  for change in failed])
        self.assertEqual(
            'POST compute /servers/s7/action: 500: broken', failed[0].error)
        self.assertLess(1, self.standin.count(
            'POST', '/compute/v2.1/servers/s7/action'))

    def test_what_cannot_pass_is_not_tried_again(self):
        self.standin.behaviour['/compute/v2.1/servers/s1/action'] = refuse(
            403, 'forbidden', 'Policy does not allow it')
        change, = self.cloud().correct([reset(1)], lambda change: None)
        self.assertEqual('POST compute /servers/s1/action: 403: Policy does '
                         'not allow it', change.error)
        self.assertEqual(1, self.standin.count(
            'POST', '/compute/v2.1/servers/s1/action'))

    def test_a_server_that_is_gone_needs_no_correction(self):
        self.standin.behaviour['/compute/v2.1/servers/s1/action'] = \
            refuse(404, 'itemNotFound')
        change, = self.cloud().correct([reset(1)], lambda change: None)
        self.assertTrue(change.done)

    def test_a_404_to_a_user_who_sees_little_is_a_failure(self):
        self.standin.roles = ['reader']
        self.standin.behaviour['/compute/v2.1/servers/s1/action'] = \
            refuse(404, 'itemNotFound')
        change, = self.cloud().correct([reset(1)], lambda change: None)
        self.assertIn('without the role admin', change.error)

    def test_a_listener_that_raises_stops_nothing(self):
        def listener(change):
            raise ValueError('a bug')
        changes = self.cloud().correct([reset(1), reset(2)], listener)
        self.assertTrue(all(change.done for change in changes))

    def test_unforcing_does_not_wait_for_nova_compute(self):
        """A host that failed again meanwhile was not heard of."""
        self.standin.behaviour[f'/compute/v2.1/os-services/{SERVICE}'] = \
            refuse(400, 'badRequest', 'evacuated instances')
        change, = self.cloud(retry_for_s=60.0).correct(
            [UNFORCE], lambda change: None)
        self.assertIn('400: evacuated instances', change.error)
        self.assertEqual(1, len([
            path for _, path in self.standin.asked if SERVICE in path]))

    def test_nova_that_hangs_ends_in_failures(self):
        cloud = self.cloud(timeout_s=0.5, retry_for_s=0.0)
        cloud.check()
        self.standin.latency_s = 2.0
        changes = cloud.correct([FORCE_DOWN, reset(1)], lambda change: None)
        for change in changes:
            self.assertIn('no answer in time', change.error)

    def test_neutron_that_hangs_does_not_hold_up_nova(self):
        cloud = self.cloud(timeout_s=1.0, retry_for_s=0.0, concurrency=2)
        cloud.check()
        self.standin.slow = '/network'
        self.standin.latency_s = 2.0
        told = []
        cloud.correct([port(1), port(2), port(3), reset(1), reset(2),
                       reset(3)], told.append)
        self.assertEqual([True, True, True, False, False, False],
                         [change.done for change in told])

    def test_two_hosts_at_the_same_time(self):
        """The second host's service goes before the first's servers."""
        self.standin.latency_s = 0.05
        cloud = self.cloud(concurrency=2)
        cloud.check()
        del self.standin.asked[:]
        first = threading.Thread(target=cloud.correct, args=(
            [reset(i) for i in range(20)], lambda change: None))
        first.start()
        clock.wait_for(lambda: self.standin.asked, clock.Deadline(5.0),
                       what='the first host to be under way')
        cloud.correct([FORCE_DOWN], lambda change: None)
        self.assertLess(len(self.standin.asked), 20)
        first.join()
        self.assertEqual(21, len(self.standin.asked))
