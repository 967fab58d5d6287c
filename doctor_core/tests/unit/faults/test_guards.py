"""What each guard does when it cannot judge: owners are told, and nothing is
corrected; and a cascade that is slow.
"""

import dataclasses

import fixtures

from doctor_core import clock
from doctor_core.exceptions import StoreError
from doctor_core.faults import mass_failure
from doctor_core.faults.mass_failure import Limits
from doctor_core.model import FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.faults.test_held import MassFailureTestCase


class GuardTestCase(MassFailureTestCase):
    def check_told_and_left(self, answer, host):
        self.assertEqual('held', answer.state)
        self.assertIn((f's{host[1:]}', 'error'), self.desk.alarms.told)
        self.assertNotIn(host, self.desk.forced_down())
        self.assertEqual('active', self.desk.states()[f's{host[1:]}'])


class StoreErrorTest(GuardTestCase):
    """Which hosts are down cannot be read."""

    def setUp(self):
        super().setUp()
        self.down = self.desk.store.falls.down
        self.desk.store.falls.down = self.broken

    def broken(self, boot_id):
        raise StoreError('database is locked')

    def mend(self):
        self.desk.store.falls.down = self.down
        return [answer.state for answer in self.desk.release()]

    def test_the_owners_are_told_and_nothing_is_corrected(self):
        answer = self.desk.down('h0')
        self.check_told_and_left(answer, 'h0')
        self.assertIn('until it can be said', answer.note)

    def test_the_log_says_why_once(self):
        for host in ('h0', 'h1', 'h2'):
            self.desk.down(host)
        self.assertEqual(1, self.log.output.count(
            'cannot be said. Until it can'))

    def test_and_once_more_when_it_fails_again(self):
        for _time in range(2):
            self.desk.store.falls.down = self.broken
            self.desk.release()
            self.desk.release()
            self.mend()
        self.assertEqual(2, self.log.output.count(
            'cannot be said. Until it can'))

    def test_is_judged_when_it_can_be(self):
        self.desk.down('h0')
        self.assertEqual(['handled'], self.mend())
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_and_then_it_may_be_one_of_too_many(self):
        self.desk.store.falls.down = self.down
        self.fail(3)
        self.desk.store.falls.down = self.broken
        answer = self.desk.down('h3')
        self.assertEqual([], self.mend())
        self.assertIn('4 of 10 hosts are down',
                      self.desk.fault(answer.fault_id).reason)

    def test_a_process_that_is_started_anew_judges(self):
        self.desk.down('h0')
        self.desk.store.falls.down = self.down
        self.desk = self.desk.again()
        self.assertEqual(['handled'], [
            answer.state for answer in self.desk.release()])

    def test_nobody_is_let_go_of_while_an_operator_wants_it_so(self):
        self.desk.down('h0')
        self.desk.set(hold=True)
        self.assertEqual([], self.mend())
        self.desk.set(hold=False)
        self.assertEqual(['handled'], self.mend())

    def test_a_path_is_suspected_all_the_same(self):
        self.desk.handle(dataclasses.replace(
            doubles.fault('h0', FaultStatus.DOWN, 10.0),
            is_path_suspected=True))
        self.assertEqual([], self.mend())
        self.assertIn('a path to them is suspected',
                      self.desk.store.faults.open_of('h0').reason)

    def test_an_operator_decides_nevertheless(self):
        self.assertEqual(['handled'], self.confirm(
            self.desk.down('h0').fault_id))


class GroupsErrorTest(GuardTestCase):
    """Which hosts are down can be read, and not how many are too many."""

    def setUp(self):
        super().setUp()
        self.judge = self.useFixture(fixtures.MockPatchObject(
            mass_failure, 'judge', side_effect=ValueError)).mock

    def wait(self, seconds=70):
        """What is let go of in so many looks, one a second."""
        answers = []
        for _second in range(seconds):
            self.desk.clock.advance(1.0)
            answers += self.desk.release()
        return [answer.state for answer in answers]

    def test_the_budget_lets_nobody_through_who_was_not_judged(self):
        answer = self.desk.down('h0')
        self.assertEqual([], self.wait())
        self.check_told_and_left(answer, 'h0')
        self.assertEqual({}, self.desk.holding.turns())

    def test_the_log_says_why_once(self):
        self.desk.down('h0')
        self.wait()
        self.assertEqual(1, self.log.output.count(
            'cannot be said. Until it can'))

    def test_is_judged_when_it_can_be(self):
        self.desk.down('h0')
        self.wait(5)
        self.judge.side_effect, self.judge.return_value = None, None
        self.assertEqual(['handled'], self.wait(1))

    def test_and_the_log_says_it_anew_then(self):
        for host in ('h0', 'h1'):
            self.judge.side_effect = ValueError
            self.desk.down(host)
            self.wait(2)
            self.judge.side_effect, self.judge.return_value = None, None
            self.wait(1)
        self.assertEqual(2, self.log.output.count(
            'cannot be said. Until it can'))

    def test_an_operator_decides_nevertheless(self):
        self.assertEqual(['handled'], self.confirm(
            self.desk.down('h0').fault_id))


class NovaAwayTest(GuardTestCase):
    def test_counts_by_what_was_known(self):
        self.desk.cloud.away = True
        self.fail(3)
        self.check_told_and_left(self.desk.down('h3'), 'h3')

    def test_nothing_is_decided_before_the_first_look(self):
        """Which servers are on a host is not known then: nobody can be told.
        """
        desk = doubles.Desk(cloud=self.desk.cloud, looked=False)
        self.assertEqual('waiting', desk.down('h0').state)
        self.assertEqual(([], set()),
                         (desk.alarms.told, desk.forced_down()))

    def test_nova_lists_no_host(self):
        """However many there may be, so many at least are too many."""
        self.desk.engine.affected._services.keys = list
        self.fail(2)
        self.check_told_and_left(self.desk.down('h2'), 'h2')


class UntoldTest(GuardTestCase):
    """Nova has not told which hosts belong together since the start."""

    def setUp(self):
        super().setUp()
        cloud = self.desk.cloud
        cloud.all_aggregates = None
        self.desk = doubles.Desk(cloud=cloud)

    def test_all_that_are_down_may_be_of_one_group(self):
        self.assertEqual('handled', self.fail(2).state)
        answer = self.desk.down('h2')
        self.check_told_and_left(answer, 'h2')
        self.assertIn('Nova has not told of its aggregates', answer.note)

    def test_until_it_tells(self):
        self.desk.cloud.all_aggregates = []
        self.desk.affected.refresh()
        self.assertEqual('handled', self.fail(3).state)

    def test_what_is_known_of_hosts_and_servers_is_known_all_the_same(self):
        self.assertEqual(10, len(self.desk.affected.hosts()))
        self.assertEqual(['s0'], [
            server.id for server in self.desk.affected.of('h0').servers])


class NobodySaysTest(GuardTestCase):
    """No witness, no budget, no operator: it waits."""

    def setUp(self):
        super().setUp()
        self.desk.set(mass_failure=Limits(0.3, 3, 0))

    def wait(self):
        self.desk.clock.advance(9999.0)
        return [answer.state for answer in self.desk.release()]

    def test_a_path_that_is_suspected(self):
        answer = self.desk.handle(dataclasses.replace(
            doubles.fault('h0', FaultStatus.DOWN, 10.0),
            is_path_suspected=True))
        self.assertEqual([], self.wait())
        self.check_told_and_left(answer, 'h0')
        self.assertEqual({}, self.desk.holding.turns())
        self.assertEqual(['handled'], self.confirm(answer.fault_id))

    def test_a_mass_failure(self):
        answer = self.fail(4)
        self.assertEqual([], self.wait())
        self.check_told_and_left(answer, 'h3')
        self.assertEqual(['handled'], self.confirm(answer.fault_id))

    def test_a_budget_that_is_set_later(self):
        self.fail(4)
        self.desk.set(mass_failure=Limits(0.3, 3, 1))
        self.assertEqual(['handled'], self.wait())


class TurnsTest(MassFailureTestCase):
    """When those that are held go through by themselves."""

    def turns(self):
        hosts = {one.id: one.hostname
                 for one in self.desk.store.faults.in_states('held')}
        now = clock.now()
        return {hosts[fault]: round(at - now) for fault, at
                in self.desk.holding.turns().items()}


    def test_one_after_another(self):
        self.fail(5)
        self.assertEqual({'h3': 60, 'h4': 120}, self.turns())
        self.desk.clock.advance(50.0)
        self.assertEqual({'h3': 10, 'h4': 70}, self.turns())

    def test_is_what_comes_true(self):
        self.fail(6)
        order = self.turns()
        for host, seconds in order.items():
            self.desk.clock.advance(seconds - max(
                [0, *(at for at in order.values() if at < seconds)]))
            self.desk.release()
            self.assertIn(host, self.desk.forced_down())

    def test_a_second_witness_goes_first(self):
        self.fail(5)
        self.desk.store.evidence.add(
            self.desk.store.faults.open_of('h4').id,
            Evidence(EvidenceKind.NETWORK, 'storage', 15.0))
        self.assertEqual({'h4': 60, 'h3': 120}, self.turns())

    def test_while_the_option_is_set_none(self):
        self.fail(4)
        self.desk.set(hold=True)
        self.assertEqual({}, self.turns())


class CascadeTest(MassFailureTestCase):
    """One host each two minutes, until most are down."""

    def cascade(self, budget, count=8):
        self.desk.set(mass_failure=Limits(0.3, 3, budget))
        states, marked = [], []
        for index in range(count):
            states.append(self.desk.down(f'h{index}', 10.0).state)
            for _second in range(0, 120, 10):
                self.desk.clock.advance(10.0)
                self.desk.release()
                marked.append(len(self.desk.forced_down()))
        self.assertEqual(['handled'] * 3 + ['held'] * (count - 3), states)
        self.assertEqual(count, sum(
            state == 'error' for _server, state in self.desk.alarms.told))
        return marked

    def test_is_held_from_the_share_on(self):
        self.assertEqual(3, self.cascade(budget=0)[-1])

    def test_each_is_held_for_a_minute_then(self):
        marked = self.cascade(budget=1)
        self.assertEqual(8, marked[-1])
        # Six looks a minute: the second of the two that each host has.
        self.assertEqual([3] * 5 + [4] * 7, marked[36:48])

    def test_no_more_than_one_a_minute_however_many_there_are(self):
        self.fail(10)
        marked = []
        for _minute in range(8):
            self.desk.clock.advance(60.0)
            self.desk.release()
            marked.append(len(self.desk.forced_down()))
        self.assertEqual([4, 5, 6, 7, 8, 9, 10, 10], marked)

    def test_those_that_an_operator_confirmed_count_no_more(self):
        self.cascade(budget=0, count=5)
        self.desk.holding.confirm(
            [one.id for one in self.desk.store.faults.in_states(
                'held', 'handled')], 'alice')
        self.desk.release()
        self.assertEqual('handled', self.desk.down('h5', 30.0).state)
