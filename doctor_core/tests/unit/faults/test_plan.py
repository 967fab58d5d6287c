import dataclasses

import testtools

from doctor_core.faults import plan
from doctor_core.model import Action, ComputeService, Mark, Port, Server
from doctor_core.model.evidence import EvidenceKind

FOUND = plan.Affected(
    'h', ComputeService('c', 'h', 'up', 'enabled', False),
    (Server('s1', 'a', 'p', 'h'), Server('s2', 'b', 'p', 'h', 'error'),
     Server('s3', 'c', 'p', 'h', 'stopped')),
    (Port('p1', 's1', 'p', 'h', 'ACTIVE'),
     Port('p2', 's2', 'p', 'h', 'DOWN'), Port('p3', 's3', 'p', 'h')))
#: All that a server can be while it is on a host, but for active.
NOT_RESTORABLE = ('stopped', 'suspended', 'paused', 'rescued', 'resized',
                  'shelved', 'shelved_offloaded', 'soft-delete', 'building',
                  'error')


def planned(found=FOUND, ports=True):
    return [(one.action, one.target_id)
            for one in plan.corrections(found, ports=ports)]


class CorrectionsTest(testtools.TestCase):

    def test_only_what_is_not_so_and_can_be_given_back(self):
        self.assertEqual(
            [(Action.FORCE_DOWN, 'c'), (Action.RESET_STATE, 's1'),
             (Action.DATA_PLANE_STATUS, 'p1'),
             (Action.DATA_PLANE_STATUS, 'p3')], planned())

    def test_the_values_before(self):
        self.assertEqual(['false', 'active', 'ACTIVE', ''], [
            one.before for one in plan.corrections(FOUND, ports=True)])
        self.assertEqual({Mark.LOST}, {
            one.mark for one in plan.corrections(FOUND, ports=True)})

    def test_ports_are_an_option(self):
        self.assertNotIn(Action.DATA_PLANE_STATUS,
                         [action for action, _ in planned(ports=False)])

    def test_host_that_is_forced_down_is_not_forced_again(self):
        found = dataclasses.replace(FOUND, service=ComputeService(
            'c', 'h', 'down', 'enabled', True))
        self.assertNotIn((Action.FORCE_DOWN, 'c'), planned(found))

    def test_nothing_is_asked_for_without_an_id(self):
        """The service of a cell that is down has none."""
        found = dataclasses.replace(FOUND, service=ComputeService(
            '', 'h', 'unknown', 'unknown', False))
        self.assertEqual([], [one for one in planned(found) if not one[1]])

    def test_machines_of_ironic_are_left_alone(self):
        """A lost nova-compute of ironic took all its machines to error."""
        found = dataclasses.replace(FOUND, takes_servers=False)
        self.assertEqual([(Action.FORCE_DOWN, 'c')], planned(found))
        self.assertEqual([], plan.tellings(found))

    def test_notice_says_how_sure_it_is_and_by_what(self):
        sure = plan.rests_on(iter([
            EvidenceKind.BMC_OFF, EvidenceKind.PROBES,
            EvidenceKind.PROBES]), is_path_suspected=True)
        self.assertEqual({'certainty': 'dead', 'evidence': 'probes, bmc-off'},
                         sure)
        self.assertEqual({'dead'}, {one.traits['certainty'] for one in
                                    plan.tellings(FOUND, sure=sure)})

    def test_nothing_is_said_of_a_report_without_evidence(self):
        self.assertEqual({}, plan.rests_on([], is_path_suspected=False))

    def test_notice_that_has_all_evidence_is_not_cut(self):
        self.assertLess(len(plan.rests_on(
            EvidenceKind, is_path_suspected=False)['evidence']), 255)

    def test_of_a_host_whose_driver_is_not_known_owners_are_told_only(self):
        found = dataclasses.replace(FOUND, takes_servers=None)
        self.assertEqual([(Action.FORCE_DOWN, 'c')], planned(found))
        self.assertEqual(plan.tellings(FOUND), plan.tellings(found))


class RestorableTest(testtools.TestCase):

    def test_states_that_nova_cannot_give_back(self):
        """Recovery made stopped and suspended servers active."""
        for state in NOT_RESTORABLE:
            self.assertFalse(plan.is_restorable(
                Server('s', '', 'p', 'h', state)), state)

    def test_active(self):
        for task in ('', 'rebooting', 'image_uploading', 'migrating'):
            self.assertTrue(plan.is_restorable(
                Server('s', '', 'p', 'h', task_state=task)), task)

    def test_active_and_on_its_way_to_something_else(self):
        for task in ('deleting', 'suspending', 'powering-off', 'shelving',
                     'resize_migrating', 'rebuilding', 'new in Nova'):
            self.assertFalse(plan.is_restorable(
                Server('s', '', 'p', 'h', task_state=task)), task)


class TellingsTest(testtools.TestCase):

    def test_everybody_hears_the_same_event(self):
        self.assertEqual({'error'},
                         {one.shown for one in plan.tellings(FOUND)})
        self.assertEqual(['s1', 's2', 's3'], [
            one.server.id for one in plan.tellings(FOUND)])

    def test_whether_nova_will_show_it_and_what_was_before(self):
        self.assertEqual(
            [('true', 'active'), ('false', 'error'), ('false', 'stopped')],
            [(one.traits['corrected'], one.traits['state_before'])
             for one in plan.tellings(FOUND)])

    def test_what_doctor_had_set_to_error_itself(self):
        told = plan.tellings(FOUND, {'s2': 'active'})
        self.assertEqual(('true', 'active'), (
            told[1].traits['corrected'], told[1].traits['state_before']))
