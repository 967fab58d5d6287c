import dataclasses

import testtools

from doctor_core.tests.unit.faults import doubles


class MovedTest(testtools.TestCase):
    """Nobody set the ports of evacuated servers back when their host stayed
    away.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.desk.down()

    def move(self, server_id='s0', **changes):
        values = {'host': 'h1', 'state': 'active', **changes}
        servers = self.desk.cloud.all_servers
        servers[server_id] = dataclasses.replace(servers[server_id],
                                                 **values)
        self.desk.affected.refresh()
        self.desk.look_for_more()

    def ports(self):
        return {port.id: port.data_plane_status
                for port in self.desk.cloud.all_ports.values()}

    def test_port_of_a_server_that_has_moved(self):
        self.move()
        self.assertEqual({'n0': 'ACTIVE', 'n1': 'DOWN', 'n2': 'DOWN'},
                         self.ports())

    def test_nothing_has_moved(self):
        before = list(self.desk.inspector.made)
        self.desk.look_for_more()
        self.assertEqual(before, self.desk.inspector.made)

    def test_once(self):
        self.move()
        before = list(self.desk.inspector.made)
        self.desk.look_for_more()
        self.assertEqual(before, self.desk.inspector.made)

    def test_not_while_it_is_still_moving(self):
        self.move(state='error')
        self.assertEqual({'DOWN'}, set(self.ports().values()))

    def test_not_when_its_new_host_is_down_too(self):
        self.desk.down(host='h1', at=11.0)
        self.move()
        self.assertEqual({'DOWN'}, set(self.ports().values()))

    def test_again_when_neutron_refuses(self):
        self.desk.inspector.failing = {'n0'}
        self.move()
        self.assertEqual('DOWN', self.ports()['n0'])
        self.desk.inspector.failing = set()
        self.desk.look_for_more()
        self.assertEqual('ACTIVE', self.ports()['n0'])

    def test_the_rest_when_the_host_is_back(self):
        self.move()
        self.desk.inspector.made.clear()
        self.desk.up()
        self.assertEqual({'c0', 's1', 's2', 'n1', 'n2'},
                         {made[1] for made in self.desk.inspector.made})

    def test_not_of_a_host_that_is_back(self):
        self.desk.up()
        self.desk.inspector.made.clear()
        self.move()
        self.assertEqual([], self.desk.inspector.made)


class FailsAgainTest(testtools.TestCase):
    """A host that fails again before its force-down could be taken back, as
    after an evacuation, took the servers with it that had left it.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.desk.down(at=10.0)
        servers = self.desk.cloud.all_servers
        servers['s0'] = dataclasses.replace(servers['s0'], host='h1',
                                            state='active')
        self.desk.affected.refresh()
        self.desk.inspector.failing = {'c0'}
        self.assertEqual('clearing', self.desk.up(at=20.0).state)
        self.desk.inspector.failing = set()
        self.desk.inspector.made.clear()
        self.desk.alarms.told.clear()

    def test_what_has_left_it_is_not_touched(self):
        report = self.desk.down(at=30.0)
        self.assertEqual('handled', report.state)
        self.desk.look_for_more()
        self.assertEqual({'s0': 'active', 's1': 'error', 's2': 'error'},
                         self.desk.states())
        self.assertEqual('ACTIVE',
                         self.desk.cloud.all_ports['n0'].data_plane_status)
        self.assertEqual([('s1', 'error'), ('s2', 'error')],
                         sorted(self.desk.alarms.told))

    def test_nothing_is_owed_for_it(self):
        report = self.desk.down(at=30.0)
        self.desk.look_for_more()
        self.assertEqual({'done', 'left', 'undone'}, set(
            self.desk.correction_states(report.fault_id).values()))

    def test_only_the_force_down_is_owed_before(self):
        fault_id = self.desk.store.faults.open_of('h0').id
        owed = {target for (_action, target), state
                in self.desk.correction_states(fault_id).items()
                if state == 'undo-owed'}
        self.assertIn('c0', owed)


class LostAnswersTest(testtools.TestCase):
    """What was made although its answer was lost stayed made for ever."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        inspector = self.desk.inspector
        inspector.failing = {'s0', 's1', 'n0', 'n1'}
        self.desk.down()
        inspector.failing = set()

    def lose_answers_of(self, server_id, port_id):
        cloud = self.desk.cloud
        cloud.all_servers[server_id] = dataclasses.replace(
            cloud.all_servers[server_id], state='error')
        cloud.all_ports[port_id] = dataclasses.replace(
            cloud.all_ports[port_id], data_plane_status='DOWN')

    def test_they_are_reversed(self):
        self.lose_answers_of('s0', 'n0')
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual({'ACTIVE'}, {
            port.data_plane_status
            for port in self.desk.cloud.all_ports.values()})

    def test_what_was_not_made_is_left_alone(self):
        self.lose_answers_of('s0', 'n0')
        self.desk.inspector.made.clear()
        self.desk.up()
        self.assertEqual({'c0', 's0', 's2', 'n0', 'n2'},
                         {made[1] for made in self.desk.inspector.made})

    def test_all_owners_hear_that_their_servers_are_back(self):
        self.lose_answers_of('s0', 'n0')
        self.desk.alarms.told.clear()
        self.desk.up()
        self.assertEqual([('s0', 'active'), ('s1', 'active'),
                          ('s2', 'active')], sorted(self.desk.alarms.told))
