import dataclasses

import fixtures
import testtools

from doctor_core.faults.raising import Raising
from doctor_core.model import Action, FaultStatus, News, Stage
from doctor_core.model.states import FaultState
from doctor_core.tests.unit.faults import doubles


class RaisingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()

    def raising(self, hands_over=False):
        engine = self.desk.engine
        return Raising(
            lambda: self.desk.settings, self.desk.store, engine.affected,
            engine.pursuit, engine.holding, self.desk.stamps.append,
            hands_over)

    def remember(self, raising=None, standing=None, at=10.0):
        report = doubles.fault('h0', FaultStatus.DOWN, at)
        (raising or self.raising()).remember(report, 'h0', standing)
        return report

    def owed(self, report):
        return {action for action, _target
                in self.desk.correction_states(report.id)}

    def test_all_that_is_known_is_owed_and_nothing_done(self):
        report = self.remember()
        self.assertEqual(FaultState.HANDLING,
                         self.desk.fault(report.id).state)
        self.assertEqual(
            {(f's{index}', News.LOST): 'owed' for index in range(3)},
            self.desk.telling_states(report.id))
        self.assertEqual({Action.FORCE_DOWN, Action.RESET_STATE,
                          Action.DATA_PLANE_STATUS}, self.owed(report))
        self.assertEqual(([], []),
                         (self.desk.inspector.made, self.desk.alarms.told))

    def test_states_that_are_old_knowledge_are_asked_for_first(self):
        self.desk.set(hears_states=False)
        self.assertEqual({Action.FORCE_DOWN}, self.owed(self.remember()))

    def test_but_not_where_another_service_changes_them(self):
        self.desk.set(hears_states=False)
        self.assertIn(Action.RESET_STATE,
                      self.owed(self.remember(self.raising(hands_over=True))))

    def test_stamps_of_the_fault(self):
        report = self.remember()
        self.assertEqual(
            [(Stage.DETECTED, 'h0', report.id),
             (Stage.AFFECTED_FOUND, 'h0', report.id)],
            [(one.stage, one.host, one.fault_id)
             for one in self.desk.stamps])
        self.assertEqual(10.0, self.desk.stamps[0].at)

    def test_the_fault_before_is_named(self):
        first = self.desk.down()
        self.desk.up()
        later = self.remember(at=30.0)
        self.assertEqual(first.fault_id, self.desk.fault(later.id).former)

    def test_what_is_not_undone_yet_is_taken_over(self):
        first = self.desk.down()
        self.desk.inspector.failing = {'c0'}
        self.desk.up()
        standing = self.desk.fault(first.fault_id)
        later = self.remember(standing=standing, at=30.0)
        self.assertEqual(FaultState.REPLACED,
                         self.desk.fault(standing.id).state)
        # The states of the servers before the first fault are kept.
        befores = {one.correction.target_id: one.correction.before for one
                   in self.desk.store.corrections.of(later.id)
                   if one.correction.action is Action.RESET_STATE}
        self.assertEqual({f's{index}': 'active' for index in range(3)},
                         befores)
        self.assertIn(f'fault {later.id} takes over from {standing.id}',
                      self.log.output)

    def test_the_log_says_what_is_lost(self):
        raising = self.raising()
        report = self.remember(raising)
        raising.announce(report, 'h0')
        self.assertIn('Host h0 is down (sample): 3 servers and 3 ports are '
                      f'affected; fault {report.id}\n', self.log.output)

    def test_the_log_says_that_machines_of_ironic_run_on(self):
        self.desk.cloud.types = {'h0': 'ironic'}
        self.desk.affected.refresh()
        raising = self.raising()
        report = self.remember(raising)
        raising.announce(report, 'h0')
        self.assertIn('they are left alone', self.log.output)
        self.assertEqual({}, self.desk.telling_states(report.id))

    def test_the_log_says_why_it_is_held(self):
        self.desk.cloud.service.update({
            f'h{index}': dataclasses.replace(
                self.desk.cloud.service['h0'], id=f'c{index}',
                host=f'h{index}') for index in range(2, 6)})
        self.desk.affected.refresh()
        for index in range(1, 3):
            self.desk.down(host=f'h{index}')
        raising = self.raising()
        report = self.remember(raising)
        raising.announce(report, 'h0')
        self.assertEqual(FaultState.HELD, self.desk.fault(report.id).state)
        self.assertIn(f'fault {report.id} is held: 3 of 6 hosts are',
                      self.log.output)
