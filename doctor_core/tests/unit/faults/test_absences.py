"""What Nova and Neutron leave out of an answer is not gone by that."""

import testtools

from doctor_core.faults.absences import Absences
from doctor_core.tests.unit.faults import doubles


class AbsencesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.absences = Absences()

    def test_two_looks_some_time_apart(self):
        for began_at, gone in ((0.0, set()), (59.0, set()), (60.0, {'a'})):
            self.assertEqual(gone, self.absences.gone(
                began_at, ['a', 'b'], ['b']))

    def test_seen_in_between(self):
        self.absences.gone(0.0, ['a', 'b'], ['b'])
        self.absences.gone(30.0, ['a', 'b'], ['a', 'b'])
        self.assertEqual(set(), self.absences.gone(
            80.0, ['a', 'b'], ['b']))

    def test_nothing_at_all_is_no_answer(self):
        for began_at in (0.0, 100.0):
            self.assertEqual(set(), self.absences.gone(
                began_at, ['a', 'b'], []))


class ReturnTest(testtools.TestCase):
    """What was left out at the return was left as it was for ever."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.cloud = self.desk.cloud
        self.desk.down()

    def assert_all_is_undone(self, answer):
        self.assertEqual('cleared', answer.state)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual({'ACTIVE'}, {
            port.data_plane_status for port in self.cloud.all_ports.values()})
        self.assertEqual({'undone'}, set(
            self.desk.correction_states(answer.fault_id).values()))

    def leave_out(self, name, hosts=('h0', None)):
        """Until it is called with True, a listing has nothing of a host."""
        whole = getattr(self.cloud, name)

        def listed(host=None):
            found = whole(host)
            return [one for one in found if one.host not in hosts] \
                if None in hosts else [] if host in hosts else found
        setattr(self.cloud, name, listed)
        return lambda: setattr(self.cloud, name, whole)

    def test_no_compute_service_at_all(self):
        mend = self.leave_out('compute_services', ('h0', 'h1', None))
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertIn('no compute service', answer.note)
        mend()
        for _ in range(3):
            answer = self.desk.resume(answer.fault_id)
        self.assert_all_is_undone(answer)

    def test_one_compute_service(self):
        mend = self.leave_out('compute_services')
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        mend()
        for _ in range(3):
            answer = self.desk.resume(answer.fault_id)
        self.assert_all_is_undone(answer)

    def test_only_of_the_question_for_the_host(self):
        self.leave_out('compute_services', ('h0',))
        whole = self.cloud.compute_services
        self.cloud.compute_services = lambda host=None: \
            [] if host else whole()
        self.assert_all_is_undone(self.desk.up())

    def test_servers(self):
        self.leave_out('servers')
        self.assert_all_is_undone(self.desk.up())

    def test_ports(self):
        self.leave_out('ports')
        self.assert_all_is_undone(self.desk.up())

    def test_port_that_is_on_no_server_any_more(self):
        whole = self.cloud.ports
        self.cloud.ports = lambda host=None: [
            port for port in whole(host) if port.id != 'n0']
        self.assert_all_is_undone(self.desk.up())

    def test_what_is_gone_is_left(self):
        del self.cloud.all_servers['s0'], self.cloud.all_ports['n0']
        answer = self.desk.up()
        self.assertEqual('cleared', answer.state)
        states = self.desk.correction_states(answer.fault_id)
        self.assertEqual({'s0', 'n0'}, {
            key[1] for key, state in states.items() if state == 'left'})


class RefreshTest(testtools.TestCase):
    """A report of a host that one look did not find was ignored."""

    def test_no_compute_service_at_all(self):
        desk = doubles.Desk()
        desk.cloud.compute_services = lambda host=None: []
        for _ in range(2):
            desk.clock.advance(60.0)
            desk.affected.refresh()
        self.assertEqual(['h0', 'h1'], desk.affected.hosts())
        self.assertNotEqual('ignored', desk.down().state)

    def test_one_that_was_taken_out_of_nova(self):
        desk = doubles.Desk()
        del desk.cloud.service['h1']
        desk.affected.refresh()
        self.assertEqual(['h0', 'h1'], desk.affected.hosts())
        desk.clock.advance(60.0)
        desk.affected.refresh()
        self.assertEqual(['h0'], desk.affected.hosts())
