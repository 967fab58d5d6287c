"""From a host that falls silent to a told owner, and back."""

import signal

from doctor_core.tests.functional.both_daemons import BothDaemonsTestCase
from doctor_core.tests.functional.daemons import Process
from doctor_core.tests.functional.rabbit import free_port


class BothDaemonsTest(BothDaemonsTestCase):
    def test_lost_host_is_told_of_marked_and_cleared(self):
        inspector, monitor = self.start_both()
        self.subscribe()
        self.cloud.fail(self.host)
        monitor.wait_for(rf'doctor monitor detected at \d+\.\d+ host '
                         rf'{self.host} is down')
        self.wait_told()
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        self.cloud.heal(self.host)
        self.wait_for(self.is_clean, 'everything to be reversed')
        inspector.wait_for(r'Fault .* is cleared$')
        self.assertEqual(4, len(self.consumer.received()))
        self.assertNotIn('Mass failure', inspector.output)
        self.assertEqual((0, 0), (monitor.end(), inspector.end()))


class HealthTest(BothDaemonsTestCase):
    """What /healthcheck says when something is away."""

    def health(self):
        return self.put(None, '/healthcheck', 'GET')[1]

    def wait_until(self, says, what):
        self.wait_for(lambda: says(self.health()), what)

    def test_the_monitor_the_cloud_and_the_broker_end(self):
        """It was "ok" with the broker, Nova and the monitor dead."""
        _, monitor = self.start_both()
        self.wait_until(lambda said: said['monitor']['silent_s'] is not None,
                        'the monitor to be heard')
        said = self.health()
        self.assertEqual(('ok', True, True, False), (
            said['status'], said['bus']['answers'],
            said['cloud']['compute']['answers'], said['hold']))
        monitor.end(signal.SIGKILL)
        self.wait_until(lambda said: said['monitor']['silent_s'] > 3,
                        'the monitor to be missed')
        self.assertEqual('ok', self.health()['status'])
        self.rabbit.stop()
        self.addCleanup(self.rabbit.start)
        self.wait_until(lambda said: said['bus']['answers'] is False
                        and said['status'] == 'degraded',
                        'the broker to be missed')
        self.cloud.stop()
        self.wait_until(lambda said: not said['cloud']['compute']['answers']
                        and said['cloud']['compute']['silent_s'] > 2,
                        'the cloud to be missed')

    def test_the_broker_is_away_at_the_start(self):
        """Nothing listened, and no line said why."""
        self.rabbit.stop()
        port = free_port()
        self.inspector_url = f'http://127.0.0.1:{port}'
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(
                inspector={'port': port},
                bus={'transport_url': self.rabbit.url}),
            ready=r'The broker of \[bus\] transport_url does not answer: '
            rf'127\.0\.0\.1:{self.rabbit.port} \(Connection refused\)'))
        said = self.health()
        self.assertEqual(('degraded', False),
                         (said['status'], said['bus']['answers']))
        self.assertEqual(503, self.put(self.event())[0])
        self.assertEqual(200, self.put(None, '/faults', 'GET')[0])
        self.rabbit.start()
        # In either order.
        for words in ('doctor-inspector is ready',
                      'transport_url answers again'):
            self.wait_for(lambda said=words: said in process.output, words)
        self.assertEqual(202, self.put(self.event())[0])
        self.assertEqual(0, process.end())
        self.assertNotIn('Traceback', process.output)
