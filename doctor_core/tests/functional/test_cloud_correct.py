"""Corrections over real HTTP, against a cloud that misbehaves."""

import threading

from doctor_core import clock
from doctor_core.tests.functional.cloud_standin import (
    FORCE_DOWN,
    SERVICE,
    UNFORCE,
    CloudTestCase,
    port,
    refuse,
    reset,
)


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
