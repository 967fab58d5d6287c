"""What the monitor tells of itself."""

import testtools

from doctor_core.services.monitor_status import StatusServer


class HealthTest(testtools.TestCase):
    def said(self, answers):
        server = StatusServer(None, 0, lambda: answers)
        self.addCleanup(server.stop)
        return server.health(None).json

    def test_whether_anybody_hears_what_it_reports(self):
        """It was "ok" with the broker dead."""
        for answers, status in ((True, 'ok'), (None, 'ok'),
                                (False, 'degraded')):
            self.assertEqual({'status': status, 'bus': {'answers': answers}},
                             self.said(answers))
