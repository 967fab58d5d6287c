import testtools

from doctor_core import fixtures, plugins
from doctor_core.model import Host

HOST = Host('compute-1', ('192.0.2.1',))


class TcpMonitorTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        conf = fixtures.configuration({('monitor', 'type'): 'tcp',
                                       ('monitor_tcp', 'misses'): 2})
        self.reported = fixtures.Reported()
        self.monitor = plugins.load('monitors', 'tcp')(conf, self.reported)
        # A port that nobody answers on is not needed: nothing is started.
        self.monitor._misses[HOST] = 0

    def see(self, *answers):
        for answer in answers:
            self.monitor.answers = lambda host, answer=answer: answer
            self.monitor.look(HOST)
        return list(self.reported.statuses())

    def test_one_miss_is_not_a_fault(self):
        self.assertEqual([], self.see(True, False, True))

    def test_down_is_reported_once(self):
        self.assertEqual([('compute-1', 'down')],
                         self.see(False, False, False))

    def test_up_again(self):
        self.assertEqual([('compute-1', 'down'), ('compute-1', 'up')],
                         self.see(False, False, True, True))
