"""Nova's notifications may come late, twice, and out of their order."""

import dataclasses

import fixtures
import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import wire
from doctor_core.faults import doubts
from doctor_core.faults.affected import AffectedMap
from doctor_core.tests.unit.faults import doubles

#: Nova's clock, which is years from ours.
NOW = 1_300_000_000.0
HOUR_S = 3600.0


def metadata(at):
    return {'timestamp': wire.iso(at).replace('T', ' ')}


def zulu(at):
    return wire.iso(int(at))[:19] + 'Z'


class OldNewsTest(testtools.TestCase):
    """Three servers of h0 that Nova wrote down an hour ago; a look now."""

    def setUp(self):
        super().setUp()
        self.cloud = doubles.Cloud()
        self.cloud.beating = False
        self.monotonic = 0.0
        self.written(NOW - HOUR_S)
        self.report(NOW - 5)
        self.map = AffectedMap(self.cloud, monotonic=lambda: self.monotonic)
        self.addCleanup(self.map.close)
        self.map.refresh()
        self.map.touched()
        self.cloud.asked.clear()

    def report(self, at):
        """When nova-compute last reported."""
        self.cloud.service = {
            name: dataclasses.replace(one, updated_at=wire.iso(int(at)))
            for name, one in self.cloud.service.items()}

    def written(self, at):
        for name in self.cloud.all_servers:
            self.cloud.change(name, updated_at=zulu(at))

    def hear(self, at, event_type='compute.instance.update', **payload):
        self.map.hear(event_type, {
            'instance_id': 's0', 'tenant_id': 'p0', **payload},
            at if isinstance(at, dict) else metadata(at))

    def host(self, server_id='s0'):
        server = self.map.server(server_id)
        return server and server.host

    def asked(self):
        """What Nova was asked for, once all is answered."""
        self.map.close()
        return [one[1:] for one in self.cloud.asked if one[0] == 'find']

    def assert_in_doubt(self):
        self.assertEqual('h0', self.host())
        self.assertEqual([('s0',)], self.asked())
        self.assertEqual('h0', self.host())

    def test_older_than_the_server(self):
        """A healthy server was taken for one of a lost host, and its owner
        told so.
        """
        self.hear(NOW - 2 * HOUR_S, host='h1')
        self.assert_in_doubt()

    def test_older_than_the_last_look(self):
        """Nova had not written the server down since; only the look shows
        that it is not so any more.
        """
        self.hear(NOW - HOUR_S / 2, host='h1')
        self.assert_in_doubt()

    def test_older_than_the_last_news(self):
        self.hear(NOW + 10, host='h1')
        self.cloud.change('s0', host='h1', updated_at=zulu(NOW + 10))
        self.hear(NOW + 9.99, host='h0')
        self.assertEqual('h1', self.host())
        self.assertEqual([('s0',)], self.asked())
        self.assertEqual('h1', self.host())

    def test_in_order_it_is_believed_without_a_question(self):
        for at, host in ((1, 'h1'), (1, 'h0'), (1.01, 'h1'), (9, 'h0')):
            self.hear(NOW + at, host=host)
            self.assertEqual(host, self.host())
        self.hear(NOW + 10, 'compute.instance.delete.end', state='deleted')
        self.assertIsNone(self.host())
        self.assertEqual([], self.asked())

    def test_old_but_nothing_else_costs_no_question(self):
        self.hear(NOW - 2 * HOUR_S, host='h0', state='active')
        self.assertEqual([], self.asked())

    def test_what_nova_answers_is_known_and_looked_at(self):
        """It was no old news after all: the sender's clock is behind."""
        self.cloud.change('s0', host='h1', updated_at=zulu(NOW + 1))
        self.hear(NOW - HOUR_S, host='h1')
        self.asked()
        self.assertEqual('h1', self.host())
        self.assertEqual({'h0', 'h1'}, self.map.touched())

    def test_deleted_it_does_not_come_back(self):
        """Nor is one who is gone told of a loss."""
        self.hear(NOW + 10, 'compute.instance.delete.end', state='deleted')
        del self.cloud.all_servers['s0']
        self.hear(NOW + 9, host='h0', state='active')
        self.assertIsNone(self.host())
        self.report(NOW + 8)  # the reports are some seconds apart
        self.map.refresh()
        self.hear(NOW + 9, host='h0', state='active')
        self.assertIsNone(self.host())
        self.assertTrue(self.asked())
        self.assertIsNone(self.host())

    def test_an_old_deletion_does_not_end_it(self):
        self.hear(NOW - HOUR_S, 'compute.instance.delete.end',
                  state='deleted')
        self.assert_in_doubt()

    def test_within_the_second_in_which_it_was_written_down(self):
        """Nova shows whole seconds; nobody can say which came first."""
        self.report(NOW - 2 * HOUR_S)
        self.written(NOW)
        self.map = AffectedMap(self.cloud)
        self.addCleanup(self.map.close)
        self.map.refresh()
        self.cloud.asked.clear()
        self.hear(NOW + 0.5, host='h1')
        self.assert_in_doubt()

    def test_without_a_time_that_can_be(self):
        for odd in ({}, {'timestamp': None}, {'timestamp': 7},
                    {'timestamp': ['x']}, {'timestamp': 'yesterday'},
                    {'timestamp': '9999-12-31 23:59:59'},
                    {'timestamp': '0001-01-01T00:00:00+14:00'}):
            self.hear(odd, host='h1')
            self.assertEqual('h0', self.host(), odd)
        self.assertTrue(self.asked())
        # And what comes in order afterwards is believed.
        self.hear(NOW + 1, host='h1')
        self.assertEqual('h1', self.host())

    def test_days_without_a_look(self):
        self.monotonic = 30 * 24 * HOUR_S
        self.hear(NOW + self.monotonic, host='h1')
        self.assertEqual('h1', self.host())
        self.assertEqual([], self.asked())

    def test_nova_without_times(self):
        """Then the order in which the news come has to do."""
        self.report(0)
        self.cloud.service = {
            name: dataclasses.replace(one, updated_at='')
            for name, one in self.cloud.service.items()}
        for name in self.cloud.all_servers:
            self.cloud.change(name, updated_at='')
        self.map = AffectedMap(self.cloud)
        self.map.refresh()
        self.hear(NOW, host='h1')
        self.assertEqual('h1', self.host())

    def test_nova_does_not_answer(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.cloud.away = True
        self.hear(NOW - HOUR_S, host='h1')
        self.asked()
        self.assertEqual('h0', self.host())
        self.assertIn('the next look', log.output)
        self.assertNotIn('Traceback', log.output)


class OldNewsDuringALookTest(OldNewsTest):
    """A queue that was left behind brings its news when Doctor starts."""

    def during(self, hear):
        def servers(host=None):
            found = doubles.Cloud.servers(self.cloud, host)
            hear()
            return found
        self.cloud.servers = servers
        self.map.refresh()
        del self.cloud.servers

    def test_older_than_the_look(self):
        """It counted for more, since it came during the look."""
        self.map = AffectedMap(self.cloud)
        self.during(lambda: (
            self.hear(NOW - HOUR_S, host='h1'),
            self.hear(NOW - HOUR_S, instance_id='s9', host='h1'),
            self.hear(NOW + 1, instance_id='s8', host='h1')))
        self.assertEqual(('h0', None, 'h1'), (
            self.host(), self.host('s9'), self.host('s8')))

    def test_newer_than_the_look(self):
        self.during(lambda: self.hear(NOW + 1, host='h1'))
        self.assertEqual('h1', self.host())
        self.assertEqual([], self.asked())

    def test_older_than_what_the_look_finds(self):
        def hear():
            self.hear(NOW + 1, host='h1')
        self.written(NOW + 60)
        self.during(hear)
        self.assertEqual('h0', self.host())

    def test_nobody_can_say(self):
        self.written(NOW + 1)
        self.during(lambda: self.hear(NOW + 1.2, host='h1'))
        self.assertEqual('h1', self.host())
        self.assertEqual([('s0',)], self.asked())
        self.assertEqual('h0', self.host())

    def test_what_doctor_changed_meanwhile_stays(self):
        """The order of Nova's times concerns what was heard only."""
        look = self.map._begin()
        self.hear(NOW + 1, host='h1')
        with self.map._lock:
            self.map._looked += 1
            self.map._servers.change(
                self.map._looked, 's0',
                lambda known: dataclasses.replace(known, state='error'))
            self.map._order(look, {'s0': dataclasses.replace(
                self.cloud.all_servers['s0'], updated_at=zulu(NOW + 60))})
            self.map._servers.learn(look, 's0', self.cloud.all_servers['s0'])
        self.assertEqual('error', self.map.server('s0').state)


class VersionedTest(OldNewsTest):
    """The same of Nova's versioned notifications."""

    def hear(self, at, event_type='compute.instance.update', **payload):
        data = {'uuid': 's0', 'tenant_id': 'p0', **payload}
        self.map.hear(
            event_type.removeprefix('compute.'),
            {'nova_object.name': 'InstanceUpdatePayload',
             'nova_object.data': data},
            at if isinstance(at, dict) else metadata(at))

    def test_what_it_says_is_older_than_the_server(self):
        """Sent now, by a nova-compute with an old copy."""
        self.hear(NOW + 1, host='h1', updated_at=zulu(NOW - 2 * HOUR_S))
        self.assert_in_doubt()

    def test_all_that_it_says(self):
        self.hear(
            NOW + 1, uuid='s9', display_name='vm9', host='h1', node='n1',
            state='active', task_state='rebooting', user_id='u9',
            launched_at='2012-10-29T13:42:11Z', updated_at=None,
            flavor={'nova_object.data': {
                'name': 'm1', 'vcpus': 2, 'memory_mb': 512, 'root_gb': 3,
                'ephemeral_gb': 4}})
        server = self.map.server('s9')
        self.assertEqual(
            ('vm9', 'h1', 'n1', 'active', 'rebooting', 'u9',
             '2012-10-29T13:42:11', 'm1', 2, 512, 7),
            (server.name, server.host, server.node, server.state,
             server.task_state, server.user_id, server.launched_at,
             server.flavor, server.vcpus, server.memory_mb, server.disk_gb))

    def test_odd_documents(self):
        for payload in ({}, {'nova_object.data': None},
                        {'nova_object.data': {'uuid': 7}},
                        {'nova_object.data': {'uuid': 's0', 'flavor': 3}}):
            self.map.hear('instance.update', payload, metadata(NOW + 1))
        self.assertEqual('h0', self.host())


class DoubtsTest(testtools.TestCase):

    def test_many_of_one_server_are_one_question(self):
        rounds = []
        asked = doubts.Doubts(rounds.append)
        for _ in range(3):
            for name in 'abc':
                asked._waiting[name] = None
        asked.add('a')
        asked.add('d')
        asked.close()
        self.assertEqual(['a', 'b', 'c', 'd'], sorted(sum(rounds, [])))

    def test_bounded(self):
        """A broker that brings back a day of news must cost no storm."""
        log = self.useFixture(fixtures.FakeLogger(level=20))
        rounds = []
        asked = doubts.Doubts(rounds.append)
        asked._waiting.update(dict.fromkeys(map(str, range(1000))))
        for index in range(2000, 4000):
            asked.add(str(index))
        self.assertEqual(1000, len(asked._waiting))
        self.assertEqual(1, log.output.count('the next look'))
        asked._soon.ask()
        asked.close()
        self.assertTrue(all(len(one) <= 50 for one in rounds), rounds)


class AnyOrderTest(testtools.TestCase):

    @given(st.permutations(range(5)), st.integers(0, 5))
    def test_the_last_word_is_nova_s(self, order, before):
        """In whatever order news come, and whenever a look is made."""
        cloud = doubles.Cloud(hosts=6)
        cloud.change('s0', host='h4', updated_at=zulu(NOW + 4))
        known = AffectedMap(cloud)
        for step, index in enumerate([*order, None]):
            if step == before:
                known.refresh()
            if index is not None:
                known.hear('compute.instance.update', {
                    'instance_id': 's0', 'tenant_id': 'p',
                    'host': f'h{index}'}, metadata(NOW + index + 0.01))
        known.close()
        self.assertEqual('h4', known.server('s0').host)
