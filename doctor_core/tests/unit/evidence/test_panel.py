import queue
import threading

import fixtures
import testtools
from testtools import matchers

from doctor_core import background, clock
from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence.panel import Panel
from doctor_core.exceptions import ConfigError
from doctor_core.fixtures import Reported
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.monitors.reports import host_down, host_up

WAIT_S = 20
HOSTS = (Host('one'), Host('two'))


class Puppet(Monitor):
    """Says what a test has it say."""

    def __init__(self, report):
        super().__init__(None, report)
        self.agreed = []
        self.calls = []
        self.states = {}
        self.presumed = None

    def presume_down(self, hostnames):
        self.presumed = sorted(hostnames)

    def agree(self, hostname, evidence):
        self.agreed.append((hostname, evidence.kind))

    def start(self, hosts):
        self.calls.append('start')

    def update(self, hosts):
        self.calls.append('update')

    def status(self):
        return [HostStatus(Host(name), *said)
                for name, said in self.states.items()]

    def stop(self):
        self.calls.append('stop')


class Corroborating(Corroborator):
    """Knows nothing unless told."""

    def __init__(self, found):
        super().__init__(None, found, None)
        self.asked = queue.Queue()
        self.calls = []
        self.raised = None

    def start(self, hosts):
        self.calls.append('start')
        if self.raised:
            raise self.raised

    def ask(self, host, silent):
        self.asked.put(host.name)

    def stop(self):
        self.calls.append('stop')


def failing(error):
    """What raises it, whatever it is given."""
    def fail(*_args):
        raise error
    return fail


class PanelCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.report, self.witnessed = Reported(), []
        self.panel = Panel(
            self.monitors, self.corroborators, self.report,
            lambda name, found: self.witnessed.append(
                (name, [one.kind for one in found])))
        self.addCleanup(self.panel.stop)
        self.ping, self.agent = self.panel.monitors.values()

    def monitors(self, verdict):
        return {kind: Puppet(lambda fault, kind=kind: verdict(kind, fault))
                for kind in ('ping', 'agent')}

    def corroborators(self, found):
        self.bmc = Corroborating(found)
        return {'bmc': self.bmc}

    def hang(self, monitor, what):
        """Have a monitor take long for something.

        :returns: what to call when it may go on.
        """
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        begin = getattr(monitor, what)

        def wait(hosts):
            go_on.wait(WAIT_S)
            begin(hosts)
        setattr(monitor, what, wait)
        return go_on.set

    def await_(self, predicate, what):
        clock.wait_for(predicate, clock.Deadline(WAIT_S), what=what)

    def find(self, kind, hostname='one'):
        self.bmc.found(hostname, Evidence(kind, 'bmc', 1.0))


class SidesTest(PanelCase):

    def setUp(self):
        super().setUp()
        self.panel.start(HOSTS)

    def test_a_silence_is_asked_about_and_borne_out(self):
        self.ping.on_silence('one', True)
        self.assertEqual('one', self.bmc.asked.get(timeout=WAIT_S))
        self.find(EvidenceKind.BMC_OFF)
        self.assertEqual([('one', EvidenceKind.BMC_OFF)], self.ping.agreed)
        self.ping.report(host_down('one', 'no answer'))
        self.assertEqual([('one', 'down')], self.report.statuses())
        self.assertEqual([EvidenceKind.BMC_OFF], [
            one.kind for one in self.report.faults[0].evidence])
        self.find(EvidenceKind.HEARTBEAT)
        self.assertEqual([('one', [EvidenceKind.HEARTBEAT])], self.witnessed)

    def test_words_of_plugins_are_one_line(self):
        """They forged lines of the log, and filled it and the bus."""
        text = 'lost\n INFO all is well\x1b[2J' + 'x' * 10**6
        shown = r'lost INFO all is well\u001b[2Jxx'
        self.ping.states = {'one': ('down', text)}
        self.ping.on_silence('one', True)
        self.bmc.asked.get(timeout=WAIT_S)
        self.bmc.found('one', Evidence(EvidenceKind.BMC_OFF, 'bmc', 1.0, text))
        self.ping.report(host_down('one', text, rests_on=[
            Evidence(EvidenceKind.PROBES, 'ping', 1.0, text)]))
        self.report.statuses()
        fault, = self.report.faults
        said = [fault.cause, self.panel.status()[0].problem,
                *(one.text for one in fault.evidence)]
        self.assertEqual(4, len(said))
        for words in said:
            self.assertThat(words, matchers.StartsWith(shown))
            self.assertThat(len(words), matchers.LessThan(501))
        self.assertNotIn('\n INFO', self.log.output)

    def test_who_answers_after_all_is_forgotten(self):
        self.ping.on_silence('one', True)
        self.find(EvidenceKind.HEARTBEAT)
        self.ping.on_silence('one', False)
        self.ping.report(host_down('one', 'no answer'))
        self.assertEqual([('one', 'down')], self.report.statuses())

    def test_another_monitor_that_hears_it_keeps_it_alive(self):
        self.ping.on_silence('one', True)
        self.agent.states = {'one': ('up', '', clock.now() + 1.0)}
        self.ping.report(host_down('one', 'no answer'))
        self.assertEqual([], self.report.statuses())

    def test_one_whose_answers_are_not_the_hosts_does_not(self):
        """A management controller answers for a host that panicked."""
        self.agent.hears_hosts = False
        self.test_silence_alone()

    def test_silence_alone(self):
        self.ping.on_silence('one', True)
        self.ping.report(host_down('one', 'no answer'))
        self.assertEqual([('one', 'down')], self.report.statuses())

    def test_one_that_fails_keeps_back_nobody_elses_word(self):
        """A plugin that raised had another monitor's verdict lost."""
        self.agent.agree = self.agent.heard_at = failing(
            RuntimeError('out of order'))
        self.agent.on_silence('one', True)
        self.ping.report(host_down('one', 'no answer'))
        self.ping.report(host_down('two', 'no answer'))
        self.assertEqual([('one', 'down'), ('two', 'down')],
                         self.report.statuses())
        self.assertEqual(1, self.log.output.count(
            'The monitor agent cannot say what it hears'))


class LifeTest(PanelCase):

    def test_who_was_down_is_told_to_each_monitor(self):
        self.panel.presume_down({'agent': ['one'], 'retired': ['two']})
        self.assertEqual(([], ['one']),
                         (self.ping.presumed, self.agent.presumed))

    def test_a_return_is_told_though_another_monitor_does_not_hear_it(self):
        self.panel.presume_down({'agent': ['one']})
        self.panel.start(HOSTS)
        self.ping.on_silence('one', True)
        self.agent.report(host_up('one'))
        self.assertEqual([('one', 'up')], self.report.statuses())

    def test_a_corroborator_that_cannot_work_is_said_before_all_else(self):
        self.bmc.raised = ConfigError('port 7410 is in use')
        self.assertRaises(ConfigError, self.panel.start, HOSTS)
        self.assertEqual([], self.ping.calls)

    def test_a_monitor_that_cannot_work_ends_all_others(self):
        """The port for crash kernels stayed taken."""
        self.agent.start = failing(ConfigError('no socket'))
        self.assertRaises(ConfigError, self.panel.start, HOSTS)
        self.assertEqual((['start', 'stop'], ['start', 'stop']),
                         (self.ping.calls, self.bmc.calls))
        self.assertEqual({}, self.panel.begun)

    def test_all_that_cannot_work_say_so(self):
        self.ping.start = failing(ConfigError('ping has no socket.'))
        self.agent.start = failing(ConfigError('agent has no socket.'))
        error = self.assertRaises(ConfigError, self.panel.start, HOSTS)
        self.assertEqual('ping has no socket. agent has no socket.',
                         str(error))

    def test_a_defect_goes_before_what_can_be_mended(self):
        self.ping.start = failing(ConfigError('no socket'))
        self.agent.start = failing(LookupError('a defect'))
        self.assertRaises(LookupError, self.panel.start, HOSTS)

    def test_one_that_takes_long_to_begin(self):
        """Nobody watched anything until a collectd ran on every host."""
        go_on = self.hang(self.ping, 'start')
        self.agent.states = {'one': ('healthy',)}
        begun = background.begin(lambda: self.panel.start(HOSTS), 'panel')
        self.await_(lambda: 'agent' in self.panel.begun, 'one watches')
        self.assertEqual(['one'], [one.host.name for one
                                   in self.panel.status()])
        self.agent.report(host_down('one', 'no answer'))
        self.assertEqual([('one', 'down')], self.report.statuses())
        self.panel.update(HOSTS[1:])
        self.await_(lambda: self.agent.calls == ['start', 'update'],
                    'it has the hosts of now')
        self.assertFalse(begun.done())
        go_on()
        begun.result(WAIT_S)
        self.await_(lambda: self.ping.calls == ['start', 'update'],
                    'the other one has them, too')

    def test_an_end_while_one_begins(self):
        go_on = self.hang(self.ping, 'start')
        begun = background.begin(lambda: self.panel.start(HOSTS), 'panel')
        self.await_(lambda: 'agent' in self.panel.begun, 'one watches')
        self.panel.stop()
        go_on()
        begun.result(WAIT_S)
        self.assertEqual(['stop', 'start', 'stop'], self.ping.calls)
        self.assertEqual({}, self.panel.begun)

    def test_one_that_takes_long_over_new_hosts(self):
        """All others had them only after it, each time."""
        self.panel.start(HOSTS)
        go_on = self.hang(self.ping, 'update')
        for count in (1, 2):
            self.panel.update(HOSTS[:count])
            self.await_(lambda count=count: self.agent.calls.count(
                'update') == count, 'the other one has them')
        go_on()
        self.await_(lambda: self.ping.calls.count('update') == 2,
                    'it has the last ones, too')

    def test_one_that_fails_over_new_hosts(self):
        self.panel.start(HOSTS)
        self.ping.update = failing(RuntimeError('out of order'))
        for count in (1, 2):
            self.panel.update(HOSTS)
            self.await_(lambda count=count: self.log.output.count(
                'The monitor ping failed over') == count, 'a line')
        self.assertIn('update', self.agent.calls)

    def test_hosts_go(self):
        self.panel.start(HOSTS)
        self.ping.report(host_down('one', 'no answer'))
        self.panel.update(HOSTS[1:])
        self.await_(lambda: 'one' not in self.panel._sides._cases,
                    'it is forgotten')
        self.find(EvidenceKind.HEARTBEAT)
        self.assertEqual([], self.witnessed)

    def test_nothing_is_reported_after_stop(self):
        self.panel.start(HOSTS)
        self.ping.report(host_down('one', 'no answer'))
        for _time in range(2):
            self.panel.stop()
        self.find(EvidenceKind.HEARTBEAT)
        self.ping.report(host_up('one'))
        self.assertEqual([('one', 'down')], self.report.statuses())
        self.assertEqual([], self.witnessed)
        self.assertEqual('stop', self.bmc.calls[-1])


class StatusTest(PanelCase):

    def setUp(self):
        super().setUp()
        self.panel.start(HOSTS)

    def shown(self):
        return {one.host.name: (one.state, one.problem, one.last_answer_at,
                                one.near_misses, one.late)
                for one in self.panel.status()}

    def test_of_one_monitor_is_its_own(self):
        self.ping.states = {'one': ('healthy', 'no name', 5.0, 1, 2)}
        self.assertEqual({'one': ('healthy', 'no name', 5.0, 1, 2)},
                         self.shown())

    def test_of_several_is_the_worst_and_names_who_has_a_problem(self):
        self.ping.states = {'one': ('unwatched', 'no address')}
        self.agent.states = {'one': ('down', '', 7.0, 3, 1),
                             'two': ('plugin word',)}
        self.assertEqual(
            {'one': ('down', 'ping: no address', 7.0, 3, 1),
             'two': ('plugin word', '', None, 0, 0)}, self.shown())

    def test_a_controllers_answer_is_none_of_the_host(self):
        """A host that nobody had ever heard was shown as healthy."""
        self.agent.hears_hosts = False
        self.agent.states = {'one': ('healthy', '', 7.0)}
        for state in 'unknown', 'unwatched', 'suspect', 'down':
            self.ping.states = {'one': (state, 'never heard', None)}
            self.assertEqual((state, 'ping: never heard', None, 0, 0),
                             self.shown()['one'])
        self.ping.states = {'one': ('healthy', '', 5.0)}
        self.assertEqual(('healthy', '', 5.0, 0, 0), self.shown()['one'])
        self.agent.states = {'one': ('unknown', 'locked out', None)}
        self.assertEqual(('healthy', 'agent: locked out', 5.0, 0, 0),
                         self.shown()['one'])

    def test_what_a_controller_says_against_a_host_is_shown(self):
        self.agent.hears_hosts = False
        self.agent.states = {'one': ('down', 'off', 7.0)}
        for state in 'unknown', 'healthy':
            self.ping.states = {'one': (state, '', 5.0)}
            self.assertEqual(('down', 'agent: off', 5.0, 0, 0),
                             self.shown()['one'])

    def test_controllers_alone_say_all(self):
        self.ping.hears_hosts = self.agent.hears_hosts = False
        self.ping.states = {'one': ('healthy', '', 5.0)}
        self.agent.states = {'one': ('unknown', '', None)}
        self.assertEqual(('healthy', '', 5.0, 0, 0), self.shown()['one'])

    def test_one_that_is_lost_here_and_alive_there(self):
        self.ping.on_silence('one', True)
        self.find(EvidenceKind.HEARTBEAT)
        self.ping.report(host_down('one', 'no answer'))
        self.ping.states = {'one': ('down',)}
        self.assertEqual(
            ('degraded', 'alive by heartbeat (bmc)', None, 0, 0),
            self.shown()['one'])

    def test_cut_off_is_one_that_any_monitor_finds_so(self):
        self.assertFalse(self.panel.isolated())
        self.agent.isolated = lambda: True
        self.assertTrue(self.panel.isolated())
