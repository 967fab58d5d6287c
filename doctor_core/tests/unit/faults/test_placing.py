"""Reports of hosts that Nova was not asked about yet, or that share names.
"""

import dataclasses

import fixtures
import testtools

from doctor_core.exceptions import CloudError
from doctor_core.model import (
    ComputeService,
    FaultStatus,
    Hypervisor,
    Server,
)
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.tests.unit.faults import doubles


class PlacingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()

    def new_host(self, number):
        host = f'h{number}'
        self.desk.cloud.service[host] = ComputeService(
            f'c{number}', host, 'up', 'enabled', False, updated_at='0')
        self.desk.cloud.all_servers[f's{number}'] = Server(
            f's{number}', f'vm{number}', 'p', host)

    def told(self):
        return sorted(name for name, _ in self.desk.alarms.told)

    def test_nova_is_away(self):
        self.new_host(9)
        self.desk.cloud.away = True
        self.assertEqual('waiting', self.desk.down('h9').state)
        self.desk.place()
        self.assertEqual([], self.desk.store.faults.latest())
        self.desk.cloud.away = False
        self.desk.place()
        self.assertEqual((['s9'], {'h9'}),
                         (self.told(), self.desk.forced_down()))

    def test_a_monitor_hears_who_is_no_host(self):
        """It was said when the host was lost, and nobody was told."""
        log = self.useFixture(fixtures.FakeLogger())
        placing = self.desk.engine.handler._placing
        placing.hold()
        self.desk.engine.handler.heard('sample', ['h0', 'node\n7'])
        self.assertEqual('', log.output)
        placing.go_on()
        for _ in range(2):
            self.desk.engine.handler.heard('sample', ['h0', 'node\n7'])
        self.assertEqual(1, log.output.count('sample watches hosts'))
        self.assertIn('more than one: node\\u000a7. If', log.output)
        self.assertNotIn('h0', log.output)
        self.desk.engine.handler.heard('sample', ['h0'])
        self.desk.engine.handler.heard('sample', ['node\n7'])
        self.assertEqual(2, log.output.count('sample watches hosts'))

    def test_after_a_restart(self):
        self.new_host(9)
        self.desk.cloud.away = True
        self.desk.down('h9')
        self.desk.cloud.away = False
        desk = self.desk.again()
        desk.place()
        self.assertEqual({'h9'}, desk.forced_down())
        self.assertEqual([], desk.store.kept.documents())

    def test_two_new_hosts_while_one_is_looked_for(self):
        """The second one was ignored for good."""
        for number in (8, 9):
            self.new_host(number)
        ask = self.desk.cloud.compute_services
        answers = []

        def meanwhile(host=None):
            if host is None and not answers:
                answers.append(self.desk.down('h9').state)
            return ask(host)
        self.desk.cloud.compute_services = meanwhile
        self.assertEqual('handled', self.desk.down('h8').state)
        self.assertEqual(['waiting'], answers)
        self.desk.place()
        self.assertEqual({'h8', 'h9'}, self.desk.forced_down())

    def test_soon_after_rubbish(self):
        self.assertEqual('ignored', self.desk.down('nonsense').state)
        asked = len(self.desk.cloud.asked)
        self.new_host(9)
        self.assertEqual('waiting', self.desk.down('h9').state)
        self.assertEqual(asked, len(self.desk.cloud.asked))
        self.desk.place()
        self.assertEqual({'h9'}, self.desk.forced_down())

    def test_other_names_of_hosts_cannot_be_asked_for(self):
        def away():
            raise CloudError('away', recoverable=True)
        self.desk.cloud.hypervisors = away
        self.assertEqual('waiting', self.desk.down('h1-address').state)

    def test_later_report_of_a_host_waits_for_the_earlier_one(self):
        self.new_host(9)
        self.desk.cloud.away = True
        self.desk.down('h9')
        self.desk.cloud.away = False
        self.desk.affected.refresh()
        later = self.desk.handler.decide(doubles.fault(
            'h9', FaultStatus.UP, 20.0, said_at=None))
        self.assertEqual([later.report_id], [
            report_id for report_id, _ in self.desk.handler.place()][1:])
        record, = self.desk.store.faults.latest()
        self.assertEqual('clearing', record.state)

    def test_repetitions_wait_once(self):
        self.desk.cloud.away = True
        first = self.desk.down('h9')
        again = self.desk.down('h9', at=11.0)
        self.assertEqual(('repeated', first.fault_id),
                         (again.state, again.fault_id))
        self.assertEqual(1, len(self.desk.store.kept.documents()))

    def test_rubbish_that_waits_costs_no_question_for_other_hosts(self):
        """Each report of a known host asked the store once for each report
        that waited.
        """
        self.desk.cloud.away = True
        for number in range(50):
            self.desk.down(f'nonsense-{number}')
        asked = []
        open_of = self.desk.store.faults.open_of

        def counted(host):
            asked.append(host)
            return open_of(host)
        self.desk.store.faults.open_of = counted
        self.desk.handler.decide(doubles.fault('h0', FaultStatus.DOWN, 10.0))
        self.assertEqual({'h0'}, set(asked))
        self.assertLess(len(asked), 5)


class FindingsTest(testtools.TestCase):
    """What a witness says while reports wait for a look at Nova: it says so
    once.
    """

    LIVES = Evidence(EvidenceKind.HEARTBEAT, 'nova', 11.0, 'it reports')
    DEAD = Evidence(EvidenceKind.PANICKED, 'kdump', 11.0, 'it says so')

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk(looked=False)

    def witness(self, *found, host='h0'):
        self.desk.handler.witnessed(host, found)

    def check_untold(self):
        self.assertEqual(([], set()), (self.desk.alarms.told,
                                       self.desk.forced_down()))
        self.assertEqual([], self.desk.store.kept.documents())

    def test_a_host_that_lives_is_not_lost(self):
        self.desk.down('h0')
        self.witness(self.LIVES)
        self.desk.go_on()
        self.check_untold()
        record, = self.desk.store.faults.latest()
        self.assertEqual(
            ('ignored', 'the host lives: heartbeat (nova): it reports'),
            (record.state, record.reason))

    def test_who_waits_for_the_answer_has_it(self):
        self.desk.down('h0')
        self.witness(self.LIVES)
        self.desk.affected.refresh()
        self.desk.handler.go_on()
        self.assertEqual(['ignored'], [
            answer.state for _report, answer in self.desk.handler.place()])

    def test_after_a_restart(self):
        self.desk.down('h0')
        self.witness(self.LIVES)
        self.desk = self.desk.again(looked=False)
        self.desk.go_on()
        self.check_untold()

    def test_one_that_died_after_all_is(self):
        self.desk.down('h0')
        self.witness(self.LIVES)
        self.desk.down('h0', 42.0)
        self.desk.go_on()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_nor_is_one_that_was_lost_and_seen_twice(self):
        for at in (10.0, 42.0):
            self.desk.down('h0', at)
            self.witness(dataclasses.replace(self.LIVES, at=at + 1.0))
        self.desk.go_on()
        self.check_untold()

    def test_a_loss_that_was_said_after_it_was_seen_stays(self):
        """It came late, from a bus that had been away."""
        self.desk.down('h0', 51.0, source='alert', sender='', began_at=51.0)
        self.witness(self.LIVES)
        self.desk.go_on()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_an_alert_of_before_is_old_from_then_on(self):
        alert = {'source': 'alert', 'sender': '', 'began_at': 10.0}
        self.desk.down('h0', 10.0, **alert)
        self.witness(self.LIVES)
        self.desk.go_on()
        self.assertEqual('ignored', self.desk.down('h0', 60.0, **alert).state)

    def test_a_fault_that_was_open_before_ends(self):
        desk = doubles.Desk()
        fault_id = desk.down('h0').fault_id
        self.desk = desk.again(looked=False)
        self.witness(self.LIVES)
        self.desk.go_on()
        self.assertIn(self.desk.fault(fault_id).state,
                      ('clearing', 'cleared'))

    def test_a_proof_lets_go_of_one_that_is_held(self):
        self.desk.down('h0', is_path_suspected=True)
        self.witness(self.DEAD)
        self.desk.go_on()
        self.desk.release()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_a_host_whose_name_is_not_known_yet(self):
        self.desk = doubles.Desk()
        self.desk.cloud.away = True
        self.desk.down('h9')
        self.witness(self.LIVES, host='h9')
        self.desk.place()
        self.desk.cloud.away = False
        self.desk.cloud.service['h9'] = ComputeService(
            'c9', 'h9', 'up', 'enabled', False, updated_at='0')
        self.desk.place()
        self.check_untold()

    def test_of_a_host_of_which_nothing_waits_it_is_left(self):
        self.witness(self.DEAD)
        self.desk.go_on()
        self.witness(self.DEAD, host='nosuch')
        self.check_untold()
        self.assertFalse(self.desk.handler.has_waiting())

    def test_what_is_said_again_waits_once(self):
        for _time in range(3):
            self.witness(self.DEAD, self.LIVES)
        self.assertEqual(2, len(self.desk.store.kept.documents()))

    def test_too_many_wait(self):
        self.useFixture(fixtures.MockPatch(
            'doctor_core.faults.unplaced.MOST', 1))
        for host in ('h0', 'h1'):
            self.witness(self.DEAD, host=host)
        self.assertEqual(1, len(self.desk.store.kept.documents()))
        self.assertIn('Evidence on host h1 is left', self.log.output)
        self.assertEqual('waiting', self.desk.down('h0').state)


class MissingHypervisorTest(testtools.TestCase):
    """Nova's answer lacks a hypervisor whose compute service it lists."""

    ALERT = {'source': 'alert', 'sender': ''}

    def setUp(self):
        super().setUp()
        self.cloud = doubles.Cloud()
        self.missing = set()
        self.cloud.hypervisors = lambda: [
            Hypervisor(f'y{number}', f'h{number}', '', f'10.1.0.{number}')
            for number in range(2) if f'h{number}' not in self.missing]

    def start(self):
        self.desk = doubles.Desk(cloud=self.cloud, ports=False)

    def lost(self, address='10.1.0.0'):
        return self.desk.down(address, **self.ALERT)

    def test_that_was_known(self):
        """A loss, and the return that was sent once, meant no host."""
        self.start()
        self.missing.add('h0')
        self.desk.affected.refresh()
        answer = self.lost()
        self.assertEqual(('handled', 'h0'), (answer.state, answer.host))
        self.assertIn(self.desk.up('10.1.0.0', at=20.0, **self.ALERT).state,
                      ('clearing', 'cleared'))

    def test_that_was_not_known_yet(self):
        self.missing.add('h0')
        self.start()
        self.assertEqual('waiting', self.lost().state)
        self.desk.place()
        self.assertEqual([], self.desk.store.faults.latest())
        self.missing.clear()
        self.desk.affected.refresh()
        self.desk.place()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_of_the_only_cell_out_of_sight(self):
        """It waits as long as that lasts."""
        self.missing.update({'h0', 'h1'})
        self.cloud.unseen.update(self.missing)
        self.start()
        self.assertEqual('waiting', self.lost().state)
        self.give_up()
        self.assertEqual(1, len(self.desk.store.kept.documents()))
        self.missing.clear()
        self.cloud.unseen.clear()
        self.desk.affected.refresh()
        self.desk.place()
        self.assertEqual({'h0'}, self.desk.forced_down())

    def give_up(self):
        """Nobody was found for more than ten minutes."""
        sought = self.desk.handler._placing._sought
        sought.update({one: at - 601.0 for one, at in sought.items()})
        self.desk.place()

    def test_of_a_host_that_never_has_one(self):
        self.missing.add('h1')
        self.start()
        self.assertEqual('waiting', self.lost('10.9.9.9').state)
        self.give_up()
        record, = self.desk.store.faults.latest()
        self.assertEqual(('ignored', []), (
            record.state, self.desk.store.kept.documents()))

    def test_what_waits_for_it_asks_nova_for_nothing(self):
        self.missing.add('h1')
        self.start()
        self.lost('10.9.9.9')
        asked = len(self.cloud.asked)
        self.desk.place()
        self.assertEqual(asked, len(self.cloud.asked))

    def test_of_a_lost_host_that_nova_has_no_more(self):
        """Its other names mean it as long as its fault is open."""
        self.start()
        fault_id = self.lost().fault_id
        self.missing.add('h0')
        del self.cloud.service['h0']
        self.desk.affected.refresh()
        self.desk.clock.advance(120.0)
        self.desk.affected.refresh()
        self.assertNotIn('h0', self.desk.affected.hosts())
        again = self.lost()
        self.assertEqual(('repeated', fault_id),
                         (again.state, again.fault_id))


class AmongTest(testtools.TestCase):

    def heard(self, *names):
        """Who is a witness when a monitor hears these."""
        cloud = doubles.Cloud(hosts=0)
        cloud.service = {name: ComputeService(
            name, name, 'up', 'enabled', False, updated_at='0')
            for name in ('h0.one', 'h1.one', 'h2.one', 'h2.two')}
        desk = doubles.Desk(cloud=cloud)
        lost = [desk.down(host, source='alert').fault_id
                for host in ('h0', 'h1', 'h2.one')]
        desk.handler.heard('sample', names)
        return [desk.fault(one).witness for one in lost]

    def test_under_another_name_than_nova_s(self):
        """It was heard by nobody, and held down for ever."""
        self.assertEqual(['monitor', '', ''], self.heard('h0', 'h9'))
        self.assertEqual(['', 'monitor', ''], self.heard('H1.one'))
        self.assertEqual(['monitor', '', ''], self.heard('h0.one.hv'))

    def test_under_nova_s(self):
        self.assertEqual(['monitor', 'monitor', ''],
                         self.heard('h0.one', 'h1.one', 'h2.two'))

    def test_a_name_that_means_several(self):
        self.assertEqual(['', '', ''], self.heard('h2', 'h0.two'))


class NamesakesTest(testtools.TestCase):
    """``h0`` is lost, and its servers have left; ``h0.b.org`` is healthy."""

    ALERT = {'source': 'alert', 'sender': '', 'said_at': None,
             'began_at': 10.0}

    def lost(self, name='h0', **addresses):
        cloud = doubles.Cloud(hosts=1)
        cloud.service['h0.b.org'] = ComputeService(
            'c1', 'h0.b.org', 'up', 'enabled', False, updated_at='0')
        cloud.hypervisors = lambda: [
            Hypervisor(f'y-{host}', host, '', addresses.get(
                host.partition('.')[0] if host == 'h0' else 'other', ''))
            for host in cloud.service]
        self.desk = doubles.Desk(cloud=cloud, ports=False)
        self.fault_id = self.desk.down('h0', at=10.0, **self.ALERT).fault_id
        for server in cloud.all_servers:
            cloud.change(server, host='h0.b.org', state='active')
        self.desk.affected.refresh()
        return self.desk.down(name, at=300.0, **self.ALERT)

    def test_the_same_alert_again(self):
        """It felled the healthy one."""
        for name in ('h0', 'H0', 'h0.'):
            again = self.lost(name)
            self.assertEqual(('repeated', 'h0', {'h0'}), (
                again.state, again.host, self.desk.forced_down()))

    def test_its_end(self):
        self.lost()
        self.desk.up('h0', at=400.0, **{**self.ALERT, 'ended_at': 390.0})
        self.assertEqual('cleared', self.desk.fault(self.fault_id).state)

    def test_an_operator_s_word(self):
        self.lost()
        self.assertEqual('h0', self.desk.handler.clear('h0', 'admin')[0])

    def test_one_machine_that_got_another_name(self):
        """Its owners are told under the new name."""
        again = self.lost(h0='10.0.0.1', other='10.0.0.1')
        self.assertEqual(('handled', 'h0.b.org'), (again.state, again.host))

    def test_a_host_that_is_gone_gives_its_name_away(self):
        self.lost(h0='10.0.0.1', other='10.0.0.2')
        del self.desk.cloud.service['h0']
        self.desk.affected.refresh()
        self.desk.clock.advance(120.0)
        self.desk.affected.refresh()
        again = self.desk.down('h0', at=900.0, source='nagios', sender='n1')
        self.assertEqual('h0.b.org', again.host)
