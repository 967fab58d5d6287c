"""Which hosts belong together, and what that means for many that are down."""

import testtools

from doctor_core.faults import groups
from doctor_core.faults.mass_failure import Limits
from doctor_core.model import Aggregate
from doctor_core.tests.unit.faults.test_held import MassFailureTestCase

HOSTS = [f'h{index}' for index in range(6)]


def found(*aggregates, hosts=HOSTS):
    return [(one.name, sorted(one.hosts or ()))
            for one in groups.of(hosts, aggregates)]


class GroupsTest(testtools.TestCase):
    def test_the_cloud_is_one(self):
        self.assertEqual([('', HOSTS)], found())

    def test_racks_zones_and_aggregates(self):
        self.assertEqual([
            ('', HOSTS), ('rack r1', ['h0', 'h1']),
            ('zone z1', ['h0', 'h1', 'h2']), ('aggregate ssd', ['h2', 'h3']),
        ], found(Aggregate('a', ('h0', 'h1'), rack='r1'),
                 Aggregate('ssd', ('h2', 'h3')),
                 Aggregate('b', ('h0', 'h1', 'h2'), zone='z1')))

    def test_of_several_aggregates(self):
        self.assertIn(('rack r1', ['h0', 'h1', 'h2']), found(
            Aggregate('a', ('h0', 'h1'), rack='r1'),
            Aggregate('b', ('h1', 'h2'), rack='r1')))

    def test_of_one_host_or_of_all_is_none(self):
        self.assertEqual([('', HOSTS)], found(
            Aggregate('one', ('h0',)), Aggregate('all', (*HOSTS,)),
            Aggregate('gone', ('x', 'y', 'h1')), Aggregate('none')))

    def test_names_are_for_one_line(self):
        name, _hosts = found(Aggregate('a\n\x1b[2J' + 999 * 'x',
                                       ('h0', 'h1')))[1]
        self.assertIn(r'aggregate a\u000a\u001b[2Jxx', name)
        self.assertLess(len(name), 100)

    def test_are_made_anew_when_the_cloud_is_another_one_only(self):
        cloud = [HOSTS, (Aggregate('a', ('h0', 'h1')),)]
        made = groups.Groups(lambda: [*cloud[0]], lambda: cloud[1])
        first = made.now()
        self.assertIs(first, made.now())
        cloud[0] = [*HOSTS, 'h6']
        self.assertEqual(groups.of(*cloud), made.now())
        cloud[1] = None
        self.assertEqual(groups.of(*cloud), made.now())

    def test_nova_never_told(self):
        self.assertEqual([('', frozenset(HOSTS)), tuple(groups.UNTOLD)], [
            tuple(one) for one in groups.of(HOSTS, None)])

    def test_hosts_that_nova_does_not_list_now(self):
        self.assertEqual([('', []), ('rack r1', ['h0', 'h1'])], found(
            Aggregate('a', ('h0', 'h1'), rack='r1'), hosts=()))


class HeldByGroupTest(MassFailureTestCase):
    """A hundred hosts, in racks of four."""

    def setUp(self):
        super().setUp()
        self.desk = self.made(100)
        self.cloud = self.desk.cloud
        self.cloud.all_aggregates = [
            Aggregate(f'a{rack}', tuple(
                f'h{index}' for index in range(4 * rack, 4 * rack + 4)),
                zone=f'z{rack // 5}', rack=f'r{rack}')
            for rack in range(25)]
        self.desk.affected.refresh()

    def states(self, *numbers):
        return [self.desk.down(f'h{number}').state for number in numbers]

    def test_the_third_of_a_rack_is_held(self):
        self.assertEqual(['handled', 'handled', 'held', 'held'],
                         self.states(0, 1, 2, 3))
        self.assertIn('held: 3 of 4 hosts of rack r0 are down',
                      self.desk.store.faults.open_of('h2').reason)
        self.assertIn('3 of 4 compute hosts of rack r0 are down',
                      self.log.output)

    def test_the_log_tells_once_of_each_rack(self):
        self.states(0, 1, 2, 3, 20, 21, 22, 23)
        self.assertEqual((1, 1, 2), tuple(
            self.log.output.count(words) for words in (
                'compute hosts of rack r0 are down',
                'compute hosts of rack r5 are down', 'Mass failure:')))

    def test_some_of_each_rack_are_not(self):
        self.assertEqual(['handled'] * 4, self.states(0, 4, 20, 24))

    def test_too_many_of_a_zone(self):
        self.assertEqual(['handled'] * 6 + ['held'],
                         self.states(0, 1, 4, 5, 8, 12, 16))
        self.assertIn('7 of 20 hosts of zone z0',
                      self.desk.store.faults.open_of('h16').reason)

    def test_a_rack_of_two_with_a_limit_of_two(self):
        self.cloud.all_aggregates = [Aggregate('a', ('h0', 'h1'), rack='r')]
        self.desk.affected.refresh()
        self.assertEqual(['handled', 'handled'], self.states(0, 1))
        self.desk.set(mass_failure=Limits(0.3, 2))
        self.desk.up('h1')
        self.assertEqual('held', self.desk.down('h1', 30.0).state)

    def test_a_confirmed_one_of_a_rack_counts_no_more(self):
        self.states(0, 1)
        self.confirm(self.desk.store.faults.open_of('h0').id)
        self.assertEqual(['handled', 'held'], self.states(2, 3))

    def test_a_nova_that_does_not_tell_keeps_what_it_told(self):
        self.cloud.all_aggregates = None
        for _look in range(2):
            self.desk.affected.refresh()
        self.assertEqual(['handled', 'handled', 'held'],
                         self.states(0, 1, 2))
        self.assertEqual(1, self.log.output.count(
            'Nova does not tell of its host aggregates'))
