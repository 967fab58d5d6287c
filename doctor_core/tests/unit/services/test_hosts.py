import threading

import fixtures
import testtools
from oslo_config import cfg

from doctor_core.exceptions import BackendError, CloudError, ConfigError
from doctor_core.model import Aggregate, Host
from doctor_core.services import hosts
from doctor_core.services.hosts import (
    MONITOR_OPTS,
    HostSource,
    configured_hosts,
)


class TestConfiguredHosts(testtools.TestCase):

    def test_names_with_and_without_addresses(self):
        self.assertEqual(
            [Host('a', ('192.0.2.1', '2001:db8::1')), Host('b')],
            configured_hosts(['a=192.0.2.1 2001:db8::1', 'b']))

    def test_what_is_no_host_is_refused_and_shown(self):
        for wrong in ('=192.0.2.1', 'a=', ' ', 'a 192.0.2.1', 'a=10.9.1',
                      'a=10.9.1.300', '10.9.1.300', 'a=192.0.2.1;b',
                      'a=192.0.2.1 b=192.0.2.2', 'a;b'):
            error = self.assertRaises(ConfigError, configured_hosts, [wrong])
            self.assertIn(repr(wrong), str(error))

    def test_names_of_many_kinds(self):
        for name in ('compute-0.example.org', '7=192.0.2.1', '192.0.2.9',
                     'node_1', 'a=fe80::1%eth0', 'a=other-name', 'büro-1'):
            self.assertEqual(1, len(configured_hosts([name])), name)

    def test_a_name_twice_is_refused(self):
        self.assertRaises(ConfigError, configured_hosts,
                          ['a=192.0.2.1', 'a=192.0.2.2'])

    def test_an_address_twice_is_refused_with_both(self):
        error = self.assertRaises(ConfigError, configured_hosts,
                                  ['a=192.0.2.1', 'b=192.0.2.1'])
        self.assertIn("'b=192.0.2.1'", str(error))
        self.assertIn("'a=192.0.2.1'", str(error))


class Nova:
    """Answers what it is told, in order."""

    def __init__(self, *answers, aggregates=()):
        self.answers = list(answers)
        self.told = list(aggregates)
        self.closed = False

    def hosts(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def aggregates(self):
        if not self.told:
            raise CloudError('no aggregates', recoverable=True)
        return self.told.pop(0)

    def close(self):
        self.closed = True


class TestHostSource(testtools.TestCase):

    def source(self, cloud, hosts=()):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        conf.register_opts(MONITOR_OPTS, group='monitor')
        conf.set_override('hosts', list(hosts), group='monitor')
        return HostSource(conf, cloud)

    def test_listed_hosts_are_not_asked_for(self):
        source = self.source(Nova(), ['a=192.0.2.1'])
        self.assertEqual([Host('a', ('192.0.2.1',))], source.hosts())

    def test_novas_hosts_when_none_are_listed(self):
        self.assertEqual([Host('n')],
                         self.source(Nova([Host('n')])).hosts())

    def test_a_host_has_the_rack_of_its_aggregate(self):
        source = self.source(Nova(
            [Host('a', ('192.0.2.1',)), Host('b')], aggregates=[[
                Aggregate('x', ('a',), rack='r1'), Aggregate('y', ('b',))]]))
        self.assertEqual([Host('a', ('192.0.2.1',), 'r1'), Host('b')],
                         source.hosts())

    def test_a_nova_that_does_not_tell_of_aggregates_changes_no_rack(self):
        log = self.useFixture(fixtures.FakeLogger())
        source = self.source(Nova(
            *3 * [[Host('a')]],
            aggregates=[[Aggregate('x', ('a',), rack='r1')]]))
        for _look in range(3):
            self.assertEqual([Host('a', rack='r1')], source.renewed())
        self.assertEqual(1, log.output.count('no aggregates'))

    def test_nor_does_it_hold_up_the_hosts(self):
        nova = Nova([Host('a')])
        nova.gate = threading.Event()
        self.addCleanup(nova.gate.set)
        nova.aggregates = lambda: nova.gate.wait(60) and []
        self.useFixture(fixtures.MockPatchObject(hosts, '_RACKS_S', 0.01))
        self.assertEqual([Host('a')], self.source(nova).hosts())

    def test_a_cloud_without_hosts_is_an_error(self):
        self.assertRaises(BackendError, self.source(Nova([])).hosts)

    def test_told_to_stop_it_waits_for_nobody(self):
        stopping = threading.Event()
        stopping.set()
        self.assertEqual([], self.source(Nova()).wait(stopping))

    def test_stop_ends_the_waiting(self):
        stopping = threading.Event()

        class Deaf(Nova):
            def hosts(self):
                stopping.set()
                raise CloudError('not yet', recoverable=True)
        self.assertEqual([], self.source(Deaf()).wait(stopping))

    def test_a_cloud_of_others_is_not_closed(self):
        cloud = Nova()
        self.source(cloud).close()
        self.assertFalse(cloud.closed)

    def test_who_came_and_went_is_told_of_ten_at_most(self):
        """A thousand new hosts were a line of a thousand names."""
        log = self.useFixture(fixtures.FakeLogger())
        many = [Host(f'h{number:02}') for number in range(12)]
        source = self.source(Nova(many))
        self.assertEqual(many, source.renewed())
        self.assertIn('new: h00, h01, h02, h03, h04, h05, h06, h07, h08, '
                      'h09, 2 more; gone: none', log.output)

    def test_nova_away_changes_nothing(self):
        self.useFixture(fixtures.FakeLogger())
        source = self.source(Nova([Host('n')], CloudError('away')))
        source.renewed()
        self.assertIsNone(source.renewed())
        self.assertEqual([Host('n')], source.known)

    def test_host_without_an_address_keeps_what_it_had(self):
        """While Nova did not list its hypervisor, nobody watched it, and if
        it was dead it was reported up.
        """
        log = self.useFixture(fixtures.FakeLogger())
        a, b = Host('a', ('192.0.2.1',)), Host('b', ('192.0.2.2',))
        source = self.source(Nova([a, b], [Host('a'), b], [Host('a'), b],
                                  [Host('a', ('192.0.2.9',)), b]))
        for _look in range(3):
            self.assertEqual([a, b], source.renewed())
        self.assertEqual(1, log.output.count('does not tell the addresses'))
        self.assertEqual([Host('a', ('192.0.2.9',)), b], source.renewed())

    def test_old_address_and_new_rack(self):
        self.useFixture(fixtures.FakeLogger())
        source = self.source(Nova(
            [Host('a', ('192.0.2.1',))], [Host('a')], aggregates=[
                [], [Aggregate('x', ('a',), rack='r1')]]))
        source.renewed()
        self.assertEqual([Host('a', ('192.0.2.1',), 'r1')],
                         source.renewed())

    def test_address_of_a_host_that_got_another_name(self):
        self.useFixture(fixtures.FakeLogger())
        new = [Host('a'), Host('a.new', ('192.0.2.1',))]
        source = self.source(Nova([Host('a', ('192.0.2.1',))], new))
        source.renewed()
        self.assertEqual(new, source.renewed())

    def test_listed_hosts_by_name_stay_names(self):
        source = self.source(Nova(), ['a', 'b=192.0.2.2'])
        self.assertEqual([Host('a'), Host('b', ('192.0.2.2',))],
                         source.renewed())
