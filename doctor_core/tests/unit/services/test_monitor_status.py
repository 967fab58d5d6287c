"""What the monitor tells of itself."""

import fixtures
import testtools

from doctor_core.model import Host
from doctor_core.monitors.base import HostStatus
from doctor_core.services.monitor_status import StatusServer


class Watching:
    """A monitor that holds these states of its hosts."""

    def __init__(self, *states):
        self.states = states
        self.begun = {'sample': self}

    def status(self):
        return [HostStatus(Host(f'h{index}'), state)
                for index, state in enumerate(self.states)]

    def isolated(self):
        return False


class HealthTest(testtools.TestCase):
    def said(self, answers, *states):
        server = StatusServer(Watching(*states), 0, lambda: answers)
        self.addCleanup(server.stop)
        return server.health(None).json

    def test_whether_anybody_hears_what_it_reports(self):
        """It was "ok" with the broker dead."""
        for answers, status in ((True, 'ok'), (None, 'ok'),
                                (False, 'degraded')):
            self.assertEqual({'status': status, 'bus': {'answers': answers}},
                             self.said(answers))

    def test_the_monitor_is_cut_off(self):
        """It was "ok" while it heard nobody."""
        self.useFixture(fixtures.MonkeyPatch(
            f'{__name__}.Watching.isolated', lambda _watching: True))
        self.assertEqual('degraded', self.said(True, 'suspect')['status'])

    def test_no_monitor_watches_yet(self):
        """It has to begin on every host first."""
        watching = Watching()
        watching.begun = {}
        server = StatusServer(watching, 0, lambda: True)
        self.assertEqual('degraded', server.health(None).json['status'])

    def test_most_hosts_are_not_watched(self):
        """It was "ok" with no address of any host."""
        for states, status in (
                (['unwatched', 'unwatched', 'healthy'], 'degraded'),
                (['unwatched', 'healthy'], 'ok'), ([], 'ok')):
            self.assertEqual(status, self.said(True, *states)['status'])
