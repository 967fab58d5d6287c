"""What every inspector promises that hands faults to another service."""

import signal

from doctor_core import conf as configuration
from doctor_core import plugins
from doctor_core.exceptions import ConfigError
from doctor_core.tests.functional.daemons import run

#: Seconds until the service has to have done its part: short where a test
#: waits for it to pass, long where a busy machine must not exceed it.
SHORT_S = 1.5
LONG_S = 30


class HandedOver:
    """Mixed into a DaemonsTestCase.

    :cvar kind: the inspector.
    :cvar name: what an operator calls the service.

    A subclass makes ``self.peer`` in ``setUp``: the stand-in, with ``lost``
    (the hosts it has as down), ``break_it`` (nothing comes of what it takes)
    and ``mend_it``.
    """

    def options(self, **more):
        return {f'inspector_{self.kind}': {
            'endpoint': self.peer.url, 'poll_s': 0.05,
            'read_back_s': LONG_S, 'prepare_s': 20,
            **self.more_options(), **more},
            'inspector': {'type': self.kind}}

    def more_options(self):
        return {}

    def conf(self, sections=None, **more):
        merged = self.options(**more)
        for section, values in (sections or {}).items():
            merged.setdefault(section, {}).update(values)
        return self.write_conf(**merged)

    def down(self):
        return self.put(self.event(), '/events?wait=1')[1]['faults'][0]

    def say_up(self):
        return self.put(self.event(status='up'),
                        '/events?wait=1')[1]['faults'][0]

    def up(self):
        """The fault of a host that is back, when nova-compute has reported
        and all is undone.
        """
        fault = self.say_up()
        self.wait_for(
            lambda: self.fault(fault['id'])['state'] != 'clearing',
            'the return to come to its end')
        return self.fault(fault['id'])

    def fault(self, fault_id):
        return self.put(None, f'/faults/{fault_id}', 'GET')[1]['fault']

    def refused(self, **more):
        """The line with which a start fails."""
        done = run('doctor-inspector', '--config-file', self.conf(**more),
                   status=2)
        self.assertNotIn('Traceback', done.stderr + done.stdout)
        return next(line for line in done.stderr.splitlines()
                    if line.startswith('doctor-inspector: '))

    def wrong(self, **more):
        """What is wrong, in the words of the plugin itself: a process for
        each would take too long.
        """
        conf = configuration.prepare([self.conf(**more)],
                                     kinds=('inspectors',))
        plugin = plugins.make(conf, 'inspectors', self.seen)
        self.addCleanup(plugin.undo)
        return str(self.assertRaises(ConfigError, plugin.start))

    # What every one does.

    def test_there_and_back(self):
        process = self.inspector(self.conf())
        self.subscribe()
        fault = self.down()
        self.assertEqual(('handled', ''), (fault['state'], fault['note']))
        self.assertTrue(self.is_marked())
        self.assertEqual([self.host], self.peer.lost)
        self.wait_told()
        process.wait_for(rf'doctor mark host\({self.host}\) down at ')
        fault = self.up()
        self.assertEqual(('cleared', ''), (fault['state'], fault['note']))
        self.assertTrue(self.is_clean())
        self.assertEqual([], self.peer.lost)
        self.assertEqual(0, process.end())

    def test_conservative_tells_when_nova_knows(self):
        self.inspector(self.conf({'inspector': {
            'notification': 'conservative'}}))
        self.subscribe()
        self.assertEqual('handled', self.down()['state'])
        self.wait_told()

    def test_repeated_event_changes_nothing(self):
        self.inspector(self.conf())
        first = self.down()
        self.assertEqual('repeated', self.down()['state'])
        self.assertEqual('handled', self.fault(first['id'])['state'])
        self.assertEqual([self.host], self.peer.lost)

    def test_two_hosts_are_down_and_one_is_back(self):
        self.inspector(self.conf())
        other = self.seen.hosts()[1].name
        self.down()
        self.put(self.event(other), '/events?wait=1')
        self.assertEqual(sorted([self.host, other]), self.peer.lost)
        self.up()
        self.assertEqual([other], self.peer.lost)
        self.assertEqual([other], [service.host for service
                                   in self.seen.compute_services()
                                   if service.forced_down])

    def test_swallowed_fault_is_told_of_and_done(self):
        self.peer.break_it()
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.subscribe()
        fault = self.down()
        self.assertEqual('handled', fault['state'])
        self.assertIn(f'after {SHORT_S:g} s {self.name}', fault['note'])
        self.assertIn('Doctor does it itself', fault['note'])
        self.assertTrue(self.is_marked())
        self.wait_told()
        self.assertEqual('cleared', self.up()['state'])
        self.assertTrue(self.is_clean())

    def test_swallowed_fault_stays_owed_without_take_over(self):
        self.peer.break_it()
        self.inspector(self.conf(read_back_s=SHORT_S, take_over=False))
        self.subscribe()
        fault = self.down()
        self.assertEqual('handling', fault['state'])
        self.assertIn(f'after {SHORT_S:g} s {self.name}', fault['note'])
        self.wait_told()
        self.assertFalse(self.is_marked())
        self.peer.mend_it()
        self.wait_for(lambda: self.fault(fault['id'])['state'] == 'handled',
                      'the fault to be handed over again')
        self.assertTrue(self.is_marked())

    def test_service_that_is_away_in_a_fault(self):
        self.inspector(self.conf(read_back_s=SHORT_S, take_over=False))
        self.subscribe()
        self.peer.stop()
        fault = self.down()
        self.assertEqual('handling', fault['state'])
        self.assertIn(f'{self.name} has not taken the fault of host '
                      f'{self.host}', fault['note'])
        self.wait_told()
        self.peer.start()
        self.wait_for(lambda: self.fault(fault['id'])['state'] == 'handled',
                      'the fault to be handed over')
        self.assertTrue(self.is_marked())

    def test_service_that_is_away_when_the_host_is_back(self):
        self.inspector(self.conf(read_back_s=SHORT_S))
        self.subscribe()
        fault = self.down()
        self.peer.stop()
        self.assertEqual('clearing', self.say_up()['state'])
        self.wait_for(lambda: 'Connection refused'
                      in self.fault(fault['id'])['note'],
                      'the note to say why')
        self.peer.start()
        self.wait_for(lambda: self.fault(fault['id'])['state'] == 'cleared',
                      'the service to be told')
        self.assertTrue(self.is_clean())
        self.assertEqual([], self.peer.lost)

    def test_service_that_is_not_there_at_the_start(self):
        self.peer.stop()
        process = self.inspector(self.conf(read_back_s=SHORT_S,
                                           take_over=False))
        self.assertIn(f'{self.name} cannot be used yet', process.output)
        self.subscribe()
        fault = self.down()
        self.wait_told()
        self.assertEqual('handling', fault['state'])
        self.peer.start()
        self.wait_for(lambda: self.fault(fault['id'])['state'] == 'handled',
                      'the fault to be handed over')

    def test_killed_in_the_middle(self):
        path = self.conf()
        first = self.inspector(path)
        self.subscribe()
        self.peer.break_it()
        self.put(self.event())
        self.wait_told()
        first.end(signal.SIGKILL)
        self.peer.mend_it()
        self.inspector(path)
        self.wait_for(self.is_marked, 'the cloud to be corrected')
        fault = self.up()
        self.assertEqual(('cleared', ''), (fault['state'], fault['note']))
        self.assertTrue(self.is_clean())
        self.assertEqual([], self.peer.lost)

    def test_restart_with_a_host_down(self):
        path = self.conf()
        first = self.inspector(path)
        self.down()
        made = self.peer.made()
        self.assertEqual(0, first.end())
        self.assertTrue(self.is_marked())
        self.inspector(path)
        self.assertEqual(made, self.peer.made())
        self.assertTrue(self.is_marked())
        self.assertEqual('cleared', self.up()['state'])
        self.assertTrue(self.is_clean())

    def test_ends_at_once_in_the_middle(self):
        self.peer.break_it()
        process = self.inspector(self.conf(read_back_s=300))
        self.subscribe()
        self.put(self.event())
        self.wait_told()
        self.assertEqual(0, process.end())
        self.assertIn('is left for the next start', process.output)

    def test_refused_credentials(self):
        self.peer.takes_tokens = False
        line = self.refused()
        self.assertIn('401', line)
        self.assertIn(f'{self.name} has to take', line)

    def test_not_in_the_catalogue(self):
        line = self.refused(endpoint='')
        self.assertIn(f'Or set [inspector_{self.kind}] endpoint', line)

    # The scenario.

    def scenario(self, *arguments, status=0, **more):
        path = self.conf({
            'monitor': {'type': 'fake'},
            'monitor_fake': {'port': self.cloud.probe_port},
            'consumer_sample': {'port': 0}}, **more)
        return run('doctor', 'run', 'fault_management', '--servers', 2,
                   '--limit-ms', 20000, '--config-file', path, *arguments,
                   status=status).stdout

    def test_scenario_passes_and_leaves_nothing(self):
        self.peer.forget()
        self.assertIn('PASSED', self.scenario())
        self.assertEqual([], self.peer.made())
        self.assertEqual([], self.peer.lost)

    def test_scenario_leaves_what_was_there(self):
        process = self.inspector(self.conf())
        made = self.peer.made()
        self.assertNotEqual([], made)
        self.assertIn('PASSED', self.scenario(
            '--notification', 'conservative'))
        self.assertEqual(made, self.peer.made())
        self.assertEqual(0, process.end())

    def test_scenario_fails_when_the_fault_is_swallowed(self):
        self.peer.break_it()
        out = self.scenario(status=1, read_back_s=SHORT_S)
        self.assertIn('FAILED', out)
        self.assertIn('Doctor does it itself', ' '.join(out.split()))

