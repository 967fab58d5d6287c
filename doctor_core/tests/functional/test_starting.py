"""The inspector is started while parts of the cloud are away."""

import signal

from doctor_core.consumers.sample import SampleConsumer
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.fixtures import options as options_for
from doctor_core.tests.functional.daemons import Process
from doctor_core.tests.functional.test_daemons import DaemonsTestCase
from doctor_core.web.server import Response

EARLY = r'Events are taken in at (http://127\.0\.0\.1:\d+)/events, and wait'


class SickCloud(EmbeddedCloud):
    """Some of whose services answer 503.

    :ivar away: how their paths begin.
    """

    away = ()

    async def _delay(self, request, inner):
        if request.path.startswith(tuple(self.away)):
            return Response(503, json={'error': 'away'})
        return await super()._delay(request, inner)


class StartingTest(DaemonsTestCase):

    make_cloud = SickCloud

    def start(self):
        """Nova does not answer, and the inspector does."""
        self.cloud.away = ('/compute',)
        process = self.useFixture(Process(
            'doctor-inspector', '--config-file', self.write_conf(),
            ready=EARLY))
        self.inspector_url = process.match.group(1)
        return process

    def recover(self, process):
        self.cloud.away = ()
        process.wait_for('doctor-inspector is ready')

    def states(self):
        return [fault['state'] for fault
                in self.put(None, '/faults', 'GET')[1]['faults']]

    def test_neutron_is_away(self):
        self.cloud.away = ('/network',)
        process = self.inspector(self.write_conf())
        self.subscribe()
        self.put(self.event(), '/events')
        self.wait_told()
        self.wait_for(lambda: {server.state for server in
                               self.seen.servers(self.host)} == {'error'},
                      'the servers to be set to error')
        self.wait_for(lambda: self.states() == ['handling'],
                      'the ports to be owed')
        self.cloud.away = ()
        self.wait_for(self.is_marked, 'the ports to be set')
        self.assertEqual(0, process.end())

    def test_nova_is_away(self):
        process = self.start()
        self.assertNotIn('is ready', process.output)
        self.subscribe()
        status, health = self.put(None, '/healthcheck', 'GET')
        self.assertEqual((200, 'degraded', False), (
            status, health['status'], health['cloud']['compute']['answers']))
        self.assertEqual(202, self.put(self.event())[0])
        self.assertEqual(202, self.put(self.event('nonsense'))[0])
        status, answer = self.put({'host': self.host}, '/faults/clear',
                                  'POST')
        self.assertEqual((503, True), (
            status, 'has not answered since the start' in str(answer)))
        self.assertEqual([], self.states())
        self.recover(process)
        self.wait_told()
        self.wait_for(self.is_marked, 'the host to be marked')
        self.wait_for(lambda: sorted(self.states()) == ['handled', 'ignored'],
                      'both events to be decided')
        self.assertEqual(0, process.end())
        self.assertNotIn('Traceback', process.output)

    def test_ends_meanwhile(self):
        """What was taken in is not lost."""
        process = self.start()
        self.assertEqual(202, self.put(self.event())[0])
        process.wait_for('it waits until Nova was asked')
        self.assertEqual(0, process.end())
        self.assertNotIn('Traceback', process.output)
        self.cloud.away = ()
        self.inspector(self.write_conf())
        self.wait_for(self.is_marked, 'the host to be marked')

    def test_owners_who_are_owed_it_are_told(self):
        process = self.inspector(self.write_conf())
        self.subscribe()
        self.consumer.stop()
        self.put(self.event())
        self.wait_for(self.is_marked, 'the host to be marked')
        process.end(signal.SIGKILL)
        self.consumer = SampleConsumer(options_for(
            SampleConsumer, port=int(self.url.split(':')[2].split('/')[0])))
        self.consumer.start()
        self.addCleanup(self.consumer.stop)
        process = self.start()
        self.wait_told()
        self.assertEqual(['handling'], self.states())
        self.recover(process)
        self.wait_for(lambda: self.states() == ['handled'],
                      'the fault to be handled')
        self.assertEqual(len(self.servers), len(self.consumer.received()))
