import queue

import fixtures
import testtools

from doctor_core import clock
from doctor_core import fixtures as doubles
from doctor_core.evidence import asked_monitor
from doctor_core.evidence.panel import Panel
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.base import Monitor

HOST = Host('h1', ('192.0.2.1',))
WAIT_S = 20


class Deaf(Monitor):
    """Hears nobody, and is told who agrees.

    :ivar agreed: the evidence.
    """

    def __init__(self, options, report):
        super().__init__(options, report)
        self.agreed = queue.Queue()

    def start(self, hosts):
        pass

    def stop(self):
        pass

    def agree(self, hostname, evidence):
        self.agreed.put((hostname, evidence.kind))


class Links(Deaf):
    """Knows that a link is down."""

    def ask(self, host, silent):
        return Evidence(EvidenceKind.LINK_DOWN, 'collectd', clock.now())


class AskedMonitorTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.monitors = {
            name: plugin(doubles.options(plugin), lambda _fault: None)
            for name, plugin in (('sample', Deaf), ('collectd', Links))}

    def test_only_who_can_be_asked(self):
        self.assertEqual(['monitor collectd'],
                         list(asked_monitor.among(self.monitors)))

    def test_one_monitors_link_is_a_second_witness_of_the_others(self):
        panel = Panel(lambda _verdict: self.monitors, lambda _found: {},
                      lambda _fault: None, lambda *_found: None)
        self.addCleanup(panel.stop)
        panel.start([HOST])
        self.monitors['sample'].on_silence('h1', True)
        self.assertEqual(('h1', EvidenceKind.LINK_DOWN), self.monitors[
            'sample'].agreed.get(timeout=WAIT_S))
