"""Whether the inspector can take up work, and whom it has heard of."""

import asyncio
import dataclasses
import threading

import testtools

from doctor_core.api import health
from doctor_core.cloud.contact import Contact
from doctor_core.web.pools import Pool

WELL = health.Seen(
    True, {'network': Contact(True, 2.04), 'compute': Contact(True, 1.0)},
    31.55, False, True)


class HealthTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.pools = [Pool('a', threads=1, waiting=0),
                      Pool('b', threads=1, waiting=0)]
        for pool in self.pools:
            self.addCleanup(pool.close)
        self.route, = health.routes(
            lambda: self.pools, lambda: self.is_crowded, lambda: self.seen)
        self.is_crowded = False
        self.seen = WELL

    def ask(self, **changes):
        self.seen = dataclasses.replace(WELL, **changes)
        return self.route.handler(None).json

    def status(self, **changes):
        return self.ask(**changes)['status']

    def test_ok(self):
        self.assertEqual(
            {'status': 'ok', 'bus': {'answers': True},
             'cloud': {'compute': {'answers': True, 'silent_s': 1.0},
                       'network': {'answers': True, 'silent_s': 2.0}},
             'monitor': {'silent_s': 31.6}, 'hold': False,
             'state': {'kept': True}}, self.ask())

    def test_says_which_pool_is_full(self):
        async def run():
            busy = self.pools[1].run(self.gate.wait)
            answer = self.route.handler(None)
            self.gate.set()
            await busy
            return answer

        answer = asyncio.run(run())
        self.assertEqual(
            (200, 'degraded', ['b']),
            (answer.status, answer.json['status'], answer.json['full']))

    def test_says_that_connections_were_too_many(self):
        self.is_crowded = True
        answer = self.ask()
        self.assertEqual(('degraded', ['connections']),
                         (answer['status'], answer['full']))

    def test_a_broker_that_is_away(self):
        """It was "ok" with the broker dead."""
        answer = self.ask(bus=False)
        self.assertEqual(('degraded', {'answers': False}),
                         (answer['status'], answer['bus']))

    def test_a_driver_that_does_not_know_is_no_trouble(self):
        answer = self.ask(bus=None)
        self.assertEqual(('ok', {'answers': None}),
                         (answer['status'], answer['bus']))

    def test_a_cloud_that_is_away(self):
        """It was "ok" with Nova dead."""
        for name in ('compute', 'network'):
            silent = {**WELL.cloud, name: Contact(False, 90.0)}
            answer = self.ask(cloud=silent)
            self.assertEqual('degraded', answer['status'])
            self.assertEqual({'answers': False, 'silent_s': 90.0},
                             answer['cloud'][name])

    def test_one_that_is_asked_now_and_then_may_have_failed_long_ago(self):
        self.assertEqual('ok', self.status(
            cloud={'alarm': Contact(False, None)}))

    def test_a_state_file_that_is_gone(self):
        answer = self.ask(state_kept=False)
        self.assertEqual(('degraded', {'kept': False}),
                         (answer['status'], answer['state']))

    def test_a_monitor_that_never_said_anything(self):
        self.assertEqual({'silent_s': None},
                         self.ask(monitor_silent_s=None)['monitor'])

    def test_that_faults_are_held(self):
        answer = self.ask(hold=True)
        self.assertEqual(('ok', True), (answer['status'], answer['hold']))
