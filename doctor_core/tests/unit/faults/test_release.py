"""Whoever was handed a fault is told when the host is back."""

import dataclasses

import testtools

from doctor_core.tests.unit.faults.doubles import Desk


class ReleaseTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.desk = Desk()

    def test_after_a_return(self):
        self.desk.down()
        self.assertEqual([], self.desk.inspector.released)
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual(['h0'], self.desk.inspector.released)

    def test_also_when_nothing_is_left_to_be_reversed(self):
        """The host was marked by somebody else, and no server reset."""
        cloud = self.desk.cloud
        cloud.service['h0'] = dataclasses.replace(cloud.service['h0'],
                                                  forced_down=True)
        self.desk.affected.refresh()
        self.desk.inspector.failing = {'s0', 's1', 's2', 'n0', 'n1', 'n2'}
        self.desk.down()
        self.desk.up()
        self.assertEqual(['h0'], self.desk.inspector.released)

    def test_failure_stays_owed_and_is_tried_again(self):
        self.desk.down()
        self.desk.inspector.unreleasable = True
        report = self.desk.up()
        self.assertEqual('clearing', report.state)
        self.assertIn('cannot let go of the host: nobody answers',
                      report.note)
        self.assertEqual(set(), self.desk.forced_down())
        self.desk.inspector.unreleasable = False
        again, = self.desk.resume()
        self.assertEqual(('cleared', ''), (again.state, again.note))

    def test_owners_are_not_told_again_for_it(self):
        self.desk.down()
        self.desk.inspector.unreleasable = True
        self.desk.up()
        told = list(self.desk.alarms.told)
        self.desk.resume()
        self.assertEqual(told, self.desk.alarms.told)

    def test_nobody_is_asked_for_a_fault_that_called_for_nothing(self):
        desk = Desk(servers=0)
        desk.cloud.service['h0'] = dataclasses.replace(
            desk.cloud.service['h0'], forced_down=True)
        desk.affected.refresh()
        desk.down()
        self.assertEqual('cleared', desk.up().state)
        self.assertEqual([], desk.inspector.released)


class RemarkTest(testtools.TestCase):
    def test_is_in_the_record_once_though_all_is_done(self):
        desk = Desk()
        correct = desk.inspector.correct
        desk.inspector.correct = lambda corrections, done: [
            dataclasses.replace(change, remark='Somebody slept')
            for change in correct(corrections, done)]
        report = desk.down()
        self.assertEqual(('handled', 'Somebody slept'),
                         (report.state, report.note))
        self.assertEqual('Somebody slept',
                         desk.store.faults.open_of('h0').note)
