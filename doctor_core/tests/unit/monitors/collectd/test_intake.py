import json

import testtools

from doctor_core import wire
from doctor_core.monitors.collectd import doctor_notify as plugin
from doctor_core.monitors.collectd.intake import Intake
from doctor_core.web.exchange import Refused, Request

AT = 1_700_000_000.5
_LONG_NAME = 'compute-1.example.org'


class IntakeTest(testtools.TestCase):
    """What our plugin posts, without a connection."""

    def setUp(self):
        super().setUp()
        self.taken = []
        self.intake = Intake(
            lambda who, event: self.taken.append((who, event)),
            lambda who, host: (who, host) in (('h1', 'h1'), ('h1', 'h2')))

    def request(self, body, who='h1', key=None):
        return Request('POST', '', {
            'key': key or self.intake.path(who).split('/')[1]}, {}, {},
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            AT)

    def event(self, hostname, is_down=True):
        teller = plugin.Teller(plugin.Board([]), None, None, None, 'h1')
        return [teller._event(hostname, is_down, (AT, 'x', 'OKAY'))
                if hostname in ('h1', 'h2') else
                {'type': 'compute.host.down',
                 'details': {'hostname': hostname}}]

    def refused(self, *request, **more):
        error = self.assertRaises(Refused, self.intake.events,
                                  self.request(*request, **more))
        self.assertEqual([], self.taken)
        return error.status

    def test_whoever_speaks_is_known_by_the_path(self):
        self.assertEqual(202, self.intake.events(
            self.request(self.event('h2'))).status)
        (who, event), = self.taken
        self.assertEqual(('h1', 'h2', wire.HOST_DOWN, AT), (
            who, event.hostname, event.type, event.detected_at))

    def test_paths_differ_and_stay(self):
        self.assertNotEqual(self.intake.path('h1'), self.intake.path('h2'))
        self.assertEqual(self.intake.path('h1'), self.intake.path('h1'))
        # A short name may be in a random word, too.
        self.assertNotIn(_LONG_NAME, self.intake.path(_LONG_NAME))

    def test_nobody_tells_of_whom_it_does_not_watch(self):
        """Who could post from one compute host could have any fenced."""
        self.assertEqual(403, self.refused(self.event('h3')))
        self.assertEqual(403, self.refused(self.event('h1'), 'h2'))

    def test_a_stranger_is_not_heard(self):
        self.assertEqual(404, self.refused(self.event('h1'), key='guess'))
        self.assertRaises(Refused, self.intake.greet,
                          self.request(b'', key='guess'))
        self.assertEqual(200, self.intake.greet(self.request(b'')).status)

    def test_what_makes_no_sense_is_refused(self):
        for body in (b'{', {}, [{'type': 'x', 'details': {}}],
                     [{'type': 'compute.host.odd',
                       'details': {'hostname': 'h1'}}]):
            self.assertEqual(400, self.refused(body))
