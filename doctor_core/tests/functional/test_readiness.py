"""What the daemons tell systemd."""

import resource
import signal

from doctor_core.tests.functional.daemons import Process
from doctor_core.tests.functional.peers import refused_url
from doctor_core.tests.functional.test_daemons import DaemonsTestCase
from doctor_core.tests.notify_listener import Listener

#: Microseconds; they tell twice as often.
WATCHDOG_USEC = '200000'


def systemd(listener):
    """The environment of a daemon of Type=notify with WatchdogSec."""
    return {'NOTIFY_SOCKET': listener.address,
            'WATCHDOG_USEC': WATCHDOG_USEC}


class LifeContract:
    """What either daemon tells while it starts, lives, hangs and ends."""

    def test_life(self):
        listener = self.useFixture(Listener())
        process = self.start(systemd(listener))
        ready, status = listener.heard()
        self.assertEqual('READY=1', ready)
        self.assertIn(self.says, status)
        for _round in range(3):
            self.assertEqual(['WATCHDOG=1'], listener.heard())
        process.process.send_signal(signal.SIGSTOP)
        while not listener.is_silent():
            pass
        process.process.send_signal(signal.SIGCONT)
        self.assertEqual(['WATCHDOG=1'], listener.heard())
        self.assertEqual(0, process.end())
        told = listener.heard()
        while told == ['WATCHDOG=1']:
            told = listener.heard()
        self.assertEqual(['STOPPING=1'], told)
        self.assertTrue(listener.is_silent())


    def test_descriptors(self):
        """With the 1024 of most systems, one tenant used them up."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
        listener = self.useFixture(Listener())
        process = self.start(systemd(listener))
        listener.heard()
        self.assertEqual((hard, hard), resource.prlimit(
            process.process.pid, resource.RLIMIT_NOFILE))


class InspectorLifeTest(LifeContract, DaemonsTestCase):

    hosts = 1
    says = '/events'

    def start(self, environment):
        return self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(),
            environment=environment))


class MonitorLifeTest(LifeContract, DaemonsTestCase):

    hosts = 1
    says = 'watching 1 host'

    def start(self, environment, **sections):
        conf = self.write_conf(
            monitor={'type': 'fake', 'status_port': 0},
            monitor_fake={'port': self.cloud.probe_port}, **sections)
        return self.useFixture(Process(
            'doctor-monitor', '--config-file', conf,
            environment=environment))

    def test_not_ready_before_the_cloud_answers(self):
        listener = self.useFixture(Listener())
        process = self.start(systemd(listener), cloud={
            'name': '', 'clouds_file': '', 'auth_url': refused_url(),
            'username': 'doctor', 'password': 'secret',
            'user_domain_name': 'Default', 'project_name': 'service',
            'project_domain_name': 'Default'})
        process.wait_for('is not known yet')
        self.assertEqual(0, process.end())
        self.assertEqual(['STOPPING=1'], listener.heard())
