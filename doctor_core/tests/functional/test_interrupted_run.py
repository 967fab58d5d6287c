"""A run that somebody ends leaves nothing behind."""

import signal

from doctor_core.tests.functional.daemons import PATIENCE_S, Process
from doctor_core.tests.functional.test_daemons import DaemonsTestCase


class InterruptedRunTest(DaemonsTestCase):

    def run_until_marked(self):
        path = self.write_conf(
            monitor={'type': 'fake'},
            monitor_fake={'port': self.cloud.probe_port},
            installer={'type': 'embedded'}, consumer_sample={'port': 0})
        run = self.useFixture(Process(
            'doctor', 'run', 'fault_management', '--servers', '2',
            '--limit-ms', '20000', '--config-file', path,
            ready=r'(\S+) fails now'))
        host = run.match.group(1)
        self.wait_for(lambda: self.is_forced_down(host),
                      'the host to be marked down')
        return run, host

    def is_forced_down(self, host):
        return any(service.forced_down for service
                   in self.seen.compute_services(host))

    def test_nova_is_as_before(self):
        """The host stayed forced down, and nothing said so."""
        for number in (signal.SIGTERM, signal.SIGINT):
            before = {server.id for server in self.seen.servers()}
            run, host = self.run_until_marked()
            run.process.send_signal(number)
            status = run.process.wait(PATIENCE_S)
            self.assertEqual(128 + number, status, run.output)
            self.assertFalse(self.is_forced_down(host), run.output)
            self.assertEqual(before, {
                server.id for server in self.seen.servers()})
            self.assertNotIn('left behind', run.output)
