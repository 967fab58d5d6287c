"""Hosts of which Nova has more than one compute service."""

import dataclasses

import fixtures
import testtools

from doctor_core.faults import namesakes
from doctor_core.model import Action, ComputeService
from doctor_core.tests.unit.faults import doubles

REAL = ComputeService('c0', 'h0', 'up', 'enabled', False, updated_at='2')
STALE = ComputeService('c9', 'h0', 'down', 'enabled', False, updated_at='1')


class ByHostTest(testtools.TestCase):

    def test_of_most_hosts_there_is_one(self):
        self.assertEqual({'h0': REAL}, namesakes.by_host([REAL]))

    def test_who_is_up_is_first_wherever_it_is_listed(self):
        expected = {'h0': dataclasses.replace(REAL, namesakes=(STALE,))}
        self.assertEqual(expected, namesakes.by_host([REAL, STALE]))
        self.assertEqual(expected, namesakes.by_host([STALE, REAL]))

    def test_who_reported_last_is_first_where_none_is_up(self):
        down = dataclasses.replace(REAL, state='down')
        self.assertEqual('c0', namesakes.by_host([down, STALE])['h0'].id)

    def test_a_cell_that_nova_cannot_see_is_said(self):
        unseen = ComputeService('', 'h0', 'unknown', 'unknown', False)
        self.assertEqual('unknown', namesakes.by_host(
            [REAL, unseen])['h0'].state)

    def test_marked_by_its_id(self):
        both = namesakes.by_host([REAL, STALE])['h0']
        for name in ('c0', 'c9'):
            self.assertEqual([name], [
                one.id for one in namesakes.marked(both, name, True).all()
                if one.forced_down])

    def test_said_once(self):
        log = self.useFixture(fixtures.FakeLogger())
        said = namesakes.Namesakes()
        for _ in range(2):
            said.say(namesakes.by_host([REAL, STALE]))
        self.assertEqual(1, log.output.count(
            'more than one compute service of 1 host: h0'))


class TwoServicesTest(testtools.TestCase):
    """The last in the list was marked, here the one that was left over: the
    fault was handled, and the host in Nova's eyes as before.
    """

    def setUp(self):
        super().setUp()
        cloud = doubles.Cloud()
        cloud.service['old'] = STALE
        self.desk = doubles.Desk(cloud=cloud)

    def test_both_are_marked_and_both_marks_taken_back(self):
        self.assertEqual('handled', self.desk.down().state)
        self.assertEqual({'h0', 'old'}, self.desk.forced_down())
        self.assertEqual(['h0'], self.desk.affected.forced_down())
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual([], self.desk.affected.forced_down())

    def test_one_that_cannot_be_marked_is_in_the_note(self):
        self.desk.inspector.failing = {'c9'}
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.assertIn('force-down of c9', answer.note)
        self.desk.inspector.failing = set()
        self.assertEqual('handled', self.desk.resume(answer.fault_id).state)
        self.assertEqual({'h0', 'old'}, self.desk.forced_down())

    def test_one_that_comes_to_light_during_the_fault(self):
        del self.desk.cloud.service['old']
        self.desk.affected.refresh()
        self.desk.down()
        self.desk.cloud.service['old'] = STALE
        self.desk.affected.refresh()
        self.desk.look_for_more()
        self.assertEqual({'h0', 'old'}, self.desk.forced_down())

    def test_one_that_is_deleted_during_the_fault(self):
        answer = self.desk.down()
        del self.desk.cloud.service['old']
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual('left', self.desk.correction_states(
            answer.fault_id)[Action.FORCE_DOWN, 'c9'])

    def test_one_mark_stays_until_it_is_taken_back(self):
        self.desk.down()
        self.desk.inspector.failing = {'c9'}
        answer = self.desk.up()
        self.assertEqual('clearing', answer.state)
        self.assertIn('force-down of c9', answer.note)
        self.desk.inspector.failing = set()
        for _ in range(3):
            self.desk.resume()
        self.assertEqual('cleared', self.desk.fault(answer.fault_id).state)
        self.assertEqual(set(), self.desk.forced_down())

    def test_marks_of_which_no_fault_is_known(self):
        self.desk.down()
        again = doubles.Desk(cloud=self.desk.cloud)
        self.assertTrue(again.engine.lifting.lift('h0').was_marked_down)
        self.assertEqual(set(), again.forced_down())
