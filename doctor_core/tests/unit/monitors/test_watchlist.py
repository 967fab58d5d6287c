import dataclasses

import fixtures
import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.verdict import Policy, State
from doctor_core.monitors.watchlist import HostState, Watchlist

NAMES = ('management', 'tenant')
A = Host('a', ('192.0.2.1', '198.51.100.1'))
B = Host('b', ('192.0.2.2',))


class Book:
    """Knows the addresses of names; all numbers are their own."""

    def __init__(self, **names):
        self.names = names

    def resolve(self, name):
        if name[0].isdigit():
            return name
        if name not in self.names:
            raise OSError('Name or service not known')
        return self.names[name]

    def is_own(self, address):
        return address.startswith('127.')


class TestWatchlist(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.book = Book()

    def watchlist(self, *hosts, **options):
        return Watchlist(self.book, Policy(), NAMES, **options).renewed(
            hosts, 0.0)

    def test_each_address_is_on_the_network_of_its_place(self):
        self.assertEqual(
            [('192.0.2.1', 'management'), ('198.51.100.1', 'tenant'),
             ('192.0.2.2', 'management')],
            [(target.address, target.network.name)
             for target in self.watchlist(A, B).targets])

    def test_address_beyond_the_networks_is_a_problem(self):
        many = Host('c', ('192.0.2.3', '192.0.2.4', '192.0.2.5'))
        watched = self.watchlist(many).hosts['c']
        self.assertEqual(['192.0.2.5: there is no network left for it'],
                         watched.problems)
        self.assertEqual(2, len(watched.targets))

    def test_address_of_this_machine_is_not_watched(self):
        """The monitor heard itself, and had the host well for ever."""
        for own in (Host('a', ('127.0.1.1',)), Host('a')):
            self.book.names['a'] = '127.0.1.1'
            watched = self.watchlist(own, B).hosts['a']
            self.assertIs(HostState.UNWATCHED, watched.state)
            self.assertIn('an address of this machine, so the monitor would '
                          'hear itself', watched.problems[0])
        self.assertIn('Host a cannot be watched', self.log.output)

    def test_old_address_that_is_this_machines_by_now_is_not_kept(self):
        self.book.names['a'] = '192.0.2.9'
        first = self.watchlist(Host('a'))
        self.book.names.clear()
        self.book.is_own = lambda address: True
        self.assertEqual([], first.renewed([Host('a')], 1.0).targets)

    def test_witness_of_this_machine_is_refused(self):
        """Whoever is cut off would have all hosts dead."""
        error = self.assertRaises(ConfigError, self.watchlist, A,
                                  witnesses=['127.0.0.1'])
        self.assertIn('no witness', str(error))

    def test_address_that_never_answered_says_nothing(self):
        two = self.watchlist(A, heard=()).hosts['a']
        first, second = two.targets
        self.assertIs(HostState.UNKNOWN, two.state)
        for target in two.targets:
            target.health.presume_down(0.0, confirm=False)
        matrix = Matrix(NAMES, ())
        self.assertIs(Meaning.IGNORE, two.judge(matrix, NAMES))
        first.was_heard = True
        self.assertIs(Meaning.DOWN, two.judge(matrix, NAMES))
        second.was_heard = True
        self.assertIs(Meaning.DOWN, two.judge(matrix, NAMES))
        second.health.forget()
        self.assertIs(Meaning.DEGRADED, two.judge(matrix, NAMES))

    def test_who_has_answered_ever_outlives_the_list(self):
        first = self.watchlist(A, B, heard=['b (192.0.2.2)'])
        self.assertEqual({'b (192.0.2.2)'}, first.heard)
        first.targets[0].heard_at = 1.0
        again = first.renewed([], 2.0).renewed([A, B], 3.0)
        self.assertEqual({'a (192.0.2.1)', 'b (192.0.2.2)'}, again.heard)

    def test_host_that_resolves_later_is_watched_then(self):
        first = self.watchlist(Host('named'))
        self.assertIs(HostState.UNWATCHED, first.hosts['named'].state)
        self.book.names['named'] = '192.0.2.9'
        second = first.renewed([Host('named')], 1.0)
        self.assertIs(HostState.UNKNOWN, second.hosts['named'].state)

    def test_host_that_moves_to_another_rack_is_the_same(self):
        first = self.watchlist(A)
        moved = dataclasses.replace(A, rack='r1')
        second = first.renewed([moved], 1.0)
        self.assertEqual('r1', second.hosts['a'].host.rack)
        self.assertEqual(first.targets, second.targets)

    def test_the_same_problem_is_logged_once(self):
        first = self.watchlist(Host('named'))
        first.renewed([Host('named')], 1.0)
        self.assertEqual(1, self.log.output.count('cannot be watched'))

    def test_name_that_is_not_resolved_any_more(self):
        """With DNS away nobody was watched, and who was dead was up."""
        self.book.names['named'] = '192.0.2.9'
        first = self.watchlist(Host('named'), A)
        self.book.names.clear()
        second = first.renewed([Host('named'), A], 1.0)
        self.assertEqual(set(first.targets), set(second.targets))
        named = second.hosts['named']
        self.assertIs(named, second.of(named.targets[0]))
        self.assertIn('the old address on management is kept',
                      named.problems)
        third = second.renewed([Host('named'), A], 2.0)
        self.assertEqual(1, self.log.output.count(
            'Host named is watched by an old address: '))
        self.book.names['named'] = '192.0.2.10'
        found, = third.renewed([Host('named')], 3.0).targets
        self.assertEqual('192.0.2.10', found.address)

    def test_host_whose_addresses_are_not_told_any_more(self):
        first = self.watchlist(A)
        self.assertEqual(
            set(first.targets),
            set(first.renewed([Host('a')], 1.0).targets))

    def test_address_that_is_told_no_more_is_dropped(self):
        first = self.watchlist(A)
        second = first.renewed([Host('a', A.addresses[:1])], 1.0)
        self.assertEqual(['192.0.2.1'],
                         [target.address for target in second.targets])

    def test_old_address_that_another_host_has_now(self):
        first = self.watchlist(B)
        second = first.renewed([Host('b'), Host('b.new', B.addresses)], 1.0)
        self.assertIs(HostState.UNWATCHED, second.hosts['b'].state)
        self.assertEqual(1, len(second.hosts['b.new'].targets))

    def test_host_without_an_address_is_held_as_it_was(self):
        watched = self.watchlist(Host('named')).hosts['named']
        watched.meaning = Meaning.DOWN
        self.assertIs(Meaning.DOWN, watched.judge(Matrix(NAMES, ()), NAMES))

    def test_most_are_unwatched(self):
        self.assertFalse(self.watchlist().mostly_unwatched)
        self.assertFalse(self.watchlist(A, Host('x')).mostly_unwatched)
        self.assertTrue(self.watchlist(A, Host('x'), Host('y'))
                        .mostly_unwatched)

    def test_who_was_watched_keeps_its_targets(self):
        first = self.watchlist(A, B)
        second = first.renewed([B, A], 1.0)
        self.assertEqual(set(first.targets), set(second.targets))

    def test_host_that_moves_while_down_stays_down(self):
        first = self.watchlist(B)
        first.hosts['b'].meaning = Meaning.DOWN
        second = first.renewed([Host('b', ('192.0.2.22',))], 1.0)
        second.inherit(first)
        self.assertIs(State.DOWN, second.targets[0].health.state)
        self.assertIs(HostState.DOWN, second.hosts['b'].state)

    def test_target_of_a_host_that_is_gone_is_nobodys(self):
        first = self.watchlist(A, B)
        second = first.renewed([A], 1.0)
        self.assertIsNone(second.of(first.hosts['b'].targets[0]))

    def test_witness_of_another_network(self):
        watchlist = self.watchlist(
            A, witnesses=['192.0.2.254', 'tenant = 198.51.100.254'])
        self.assertEqual(
            [('192.0.2.254', 'management'), ('198.51.100.254', 'tenant')],
            [(target.address, target.network.name)
             for target in watchlist.targets[-2:]])

    def test_witness_of_no_network(self):
        error = self.assertRaises(ConfigError, self.watchlist, A,
                                  witnesses=['tenat=192.0.2.254'])
        self.assertIn('tenat=192.0.2.254 is on none', str(error))

    def test_witness_is_probed_and_nobodys(self):
        watchlist = self.watchlist(A, witnesses=['192.0.2.254'])
        witness = watchlist.targets[-1]
        self.assertEqual('192.0.2.254', witness.address)
        self.assertIsNone(watchlist.of(witness))

    def test_witness_that_does_not_resolve_is_refused(self):
        error = self.assertRaises(ConfigError, self.watchlist, A,
                                  witnesses=['gateway'])
        self.assertIn('gateway', str(error))

    def test_host_with_a_witnesses_address_is_a_problem(self):
        watchlist = self.watchlist(A, witnesses=['192.0.2.1'])
        self.assertIn('witness 192.0.2.1 has this address too',
                      watchlist.hosts['a'].problems[0])
