import socket

import testtools

from doctor_core import conf as configuration
from doctor_core.model import Fault, FaultStatus
from doctor_core.services import chosen
from doctor_core.tests.unit.services.test_monitor import MonitorCase


class InWordsTest(testtools.TestCase):

    def words(self, **given):
        conf = configuration.prepare([], {
            ('monitor', 'type'): 'sample,collectd',
            **{('monitor_sample', name): value
               for name, value in given.items()}})
        return chosen.monitors_in_words(conf)

    def test_those_that_have_a_profile_name_it(self):
        self.assertEqual('sample (profile datacentre), collectd',
                         self.words())
        self.assertEqual('sample (profile cautious), collectd',
                         self.words(profile='cautious'))


class ChosenMonitorTest(MonitorCase):

    def test_reports_say_who_says_it(self):
        told = []
        panel = chosen.panel(self.conf, told.append, None, None)
        panel.monitors['puppet'].report(Fault(
            'one', 'compute.host.down', FaultStatus.DOWN, 3.5, 3.5,
            source='of its own'))
        self.assertEqual(
            [('puppet', f'puppet on {socket.gethostname()}', 3.5)],
            [(fault.source, fault.sender, fault.said_at) for fault in told])
