"""What Nova or Neutron refuses for good is owed to nobody any more."""

import dataclasses

import testtools

from doctor_core.model import Action, Mark, News, Server
from doctor_core.model.states import CorrectionState
from doctor_core.tests.unit.faults import doubles

RESET, MARK, PORT = Action.RESET_STATE, Action.FORCE_DOWN, \
    Action.DATA_PLANE_STATUS


class LostTest(testtools.TestCase):
    """A fault stayed in handling for ever."""

    def lost(self, *refusing, **options):
        self.desk = doubles.Desk(**options)
        self.desk.inspector.refusing = set(refusing)
        answer = self.desk.down()
        self.states = self.desk.correction_states(answer.fault_id)
        return answer

    def test_the_fault_is_handled_and_says_so(self):
        answer = self.lost('s1')
        self.assertEqual('handled', answer.state)
        self.assertEqual('given-up', self.states[RESET, 's1'])
        self.assertEqual('done', self.states[RESET, 's0'])
        self.assertEqual('given up: reset-state of s1: Nova has no such '
                         'request', self.desk.fault(answer.fault_id).note)

    def test_it_is_not_asked_for_again_and_still_said(self):
        answer = self.lost('s1')
        asked = len(self.desk.inspector.asked)
        self.desk.resume()
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h0')
        self.desk.affected.refresh()
        self.desk.look_for_more()
        self.assertEqual([[RESET]], self.desk.inspector.asked[asked:])
        self.assertIn('given up: reset-state of s1',
                      self.desk.fault(answer.fault_id).note)

    def test_what_may_pass_is_still_owed(self):
        self.desk = doubles.Desk()
        self.desk.inspector.failing = {'s1'}
        answer = self.desk.down()
        self.assertEqual('handling', answer.state)
        self.assertNotIn('given-up', self.desk.correction_states(
            answer.fault_id).values())

    def test_owners_hear_that_it_is_not_shown(self):
        self.lost('s1', notification='conservative')
        self.assertEqual(
            {'s0': 'true', 's1': 'false', 's2': 'true'},
            {server_id: traits['corrected'] for server_id, traits
             in self.desk.alarms.traits.items()})

    def test_also_where_nova_tells_of_the_others(self):
        self.lost('s1', notification='conservative', hears_nova=True)
        self.assertEqual([('s1', 'error')], self.desk.alarms.told)
        self.assertEqual('false',
                         self.desk.alarms.traits['s1']['corrected'])

    def test_also_after_a_restart(self):
        """Refused by Nova, and killed before the owner was told."""
        answer = self.lost('s1', notification='conservative')
        records = self.desk.store.tellings.of(answer.fault_id)
        late = doubles.Desk(notification='conservative')
        late.store.faults.add(doubles.fault('h0', 'down', 10.0, id='f'),
                              'h0', 'handling')
        late.store.tellings.owe('f', [one.telling for one in records])
        corrections = [one.correction for one in
                       self.desk.store.corrections.of(answer.fault_id)]
        late.store.corrections.owe('f', corrections)
        late.store.corrections.move('f', CorrectionState.GIVEN_UP, [
            one for one in corrections if one.key == (RESET, 's1')])
        late.resume('f')
        self.assertEqual('false', late.alarms.traits['s1']['corrected'])

    def test_whoever_was_told_first_is_not_told_again(self):
        self.lost('s1')
        self.desk.resume()
        self.assertEqual(1, self.desk.alarms.told.count(('s1', 'error')))

    def test_a_mark_that_is_refused(self):
        answer = self.lost('c0')
        self.assertEqual('handled', answer.state)
        self.assertEqual('given-up', self.states[MARK, 'c0'])
        self.assertEqual({'error'}, set(self.desk.states().values()))

    def test_a_service_with_another_id_is_marked_all_the_same(self):
        self.desk = doubles.Desk()
        self.desk.cloud.service['h0'] = dataclasses.replace(
            self.desk.cloud.service['h0'], id='c9')
        self.desk.inspector.refusing = {'c0'}
        answer = self.desk.down()
        self.desk.resume(answer.fault_id)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual('handled', self.desk.fault(answer.fault_id).state)

    def test_the_way_back_of_what_was_never_set(self):
        answer = self.lost('s1', 'c0', 'n2')
        self.desk.inspector.refusing = set()
        self.assertEqual('cleared', self.desk.up().state)
        self.assertEqual({'active'}, set(self.desk.states().values()))
        self.assertEqual(1, self.desk.alarms.told.count(('s1', 'active')))
        states = self.desk.correction_states(answer.fault_id)
        self.assertEqual({'given-up'}, {
            states[key] for key in ((RESET, 's1'), (MARK, 'c0'),
                                    (PORT, 'n2'))})


class NeverMadeTest(testtools.TestCase):
    """A server that Doctor never touched was made active at the return: its
    administrator had set it to error meanwhile.
    """

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.inspector = self.desk.inspector

    def lost(self):
        self.fault_id = self.desk.down().fault_id
        return self.state()

    def state(self):
        return self.desk.correction_states(self.fault_id)[RESET, 's1']

    def back(self):
        """How s1 is after the return, which would be granted; and how its
        correction is.
        """
        self.desk.cloud.change('s1', state='error')
        self.inspector.refusing = set()
        self.inspector.failing = set()
        self.inspector.forbidding = set()
        self.assertEqual('cleared', self.desk.up().state)
        return self.desk.states()['s1'], self.state()

    def test_refused_for_good(self):
        self.inspector.refusing = {'s1'}
        self.assertEqual('given-up', self.lost())
        self.assertEqual(('error', 'given-up'), self.back())

    def test_refused_for_now(self):
        self.inspector.forbidding = {'s1'}
        self.assertEqual('owed', self.lost())
        self.desk.resume()
        self.assertEqual('owed', self.state())
        self.assertEqual('policy', self.reason())
        self.assertEqual(('error', 'waived'), self.back())

    def test_refused_for_now_and_granted_later(self):
        self.inspector.forbidding = {'s1'}
        self.lost()
        self.inspector.forbidding = set()
        self.desk.resume()
        self.assertEqual('done', self.state())
        self.assertEqual(('active', 'undone'), self.back())

    def test_an_answer_was_lost_before(self):
        """Nova may have made it."""
        self.inspector.failing = {'s1'}
        self.assertEqual('asked', self.lost())
        self.inspector.refusing = {'s1'}
        self.desk.resume()
        self.assertEqual('in-doubt', self.state())
        self.assertIn('given up: reset-state of s1',
                      self.desk.fault(self.fault_id).note)
        self.assertEqual(('active', 'undone'), self.back())

    def test_an_answer_was_lost_before_and_it_is_refused_for_now(self):
        self.inspector.failing = {'s1'}
        self.lost()
        self.inspector.forbidding = {'s1'}
        self.desk.resume()
        self.assertEqual('asked', self.state())
        self.assertEqual(('active', 'undone'), self.back())

    def test_the_return_is_faster_than_the_answer(self):
        self.inspector.refusing = {'s1'}
        self.inspector.forbidding = {'s2'}
        self.inspector.crash = self.come_back
        self.lost()
        self.assertEqual('left', self.state())
        self.assertIn('it was never made', self.reason())
        self.assertEqual(('error', 'left'), self.back())
        self.assertEqual('left', self.desk.correction_states(
            self.fault_id)[RESET, 's2'])

    def come_back(self, correction):
        """While a loss is corrected."""
        if correction.key == (RESET, 's2') and correction.mark is Mark.LOST:
            corrections = self.desk.store.corrections
            corrections.owe_undo(self.desk.store.faults.last_of('h0').id)

    def reason(self):
        reason, = (one.reason for one in
                   self.desk.store.corrections.of(self.fault_id)
                   if one.correction.key == (RESET, 's1'))
        return reason


class BackTest(testtools.TestCase):
    """A fault stayed in clearing for ever."""

    def back(self, *refusing):
        self.desk = doubles.Desk()
        answer = self.desk.down()
        self.desk.inspector.refusing = set(refusing)
        self.desk.up()
        self.fault = self.desk.fault(answer.fault_id)
        self.states = self.desk.correction_states(answer.fault_id)
        self.assertEqual('cleared', self.fault.state)

    def test_a_server(self):
        self.back('s1')
        self.assertEqual({'s0': 'active', 's1': 'error', 's2': 'active'},
                         self.desk.states())
        self.assertEqual('left', self.states[RESET, 's1'])
        self.assertEqual(
            'not taken back: reset-state of s1: refused for good: Nova '
            'has no such request', self.fault.note)

    def test_its_owner_never_hears_active(self):
        self.back('s1')
        self.assertEqual([('s1', 'error')], [
            one for one in self.desk.alarms.told if one[0] == 's1'])
        telling, = (one for one in
                    self.desk.store.tellings.of(self.fault.id)
                    if one.telling.server.id == 's1'
                    and one.telling.news is News.BACK)
        self.assertEqual(
            ('waived', 'refused for good: Nova has no such request'),
            (telling.state, telling.reason))

    def test_a_port(self):
        self.back('n1')
        self.assertEqual('left', self.states[PORT, 'n1'])
        self.assertEqual({'active'}, set(self.desk.states().values()))

    def test_the_mark_of_the_host(self):
        self.back('c0')
        self.assertEqual('left', self.states[MARK, 'c0'])
        self.assertIn('not taken back: force-down of c0', self.fault.note)
        self.assertEqual({'active'}, set(self.desk.states().values()))


class StartTest(testtools.TestCase):
    """A server whose guest ended, and that Nova does not start."""

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk(servers=1, start_after_reboot=True)
        self.fault_id = self.desk.down().fault_id
        self.desk.clock.advance(600.0)
        self.desk.cloud.uptimes = {'h0': 60.0}

    def state(self):
        return self.desk.correction_states(self.fault_id)[Action.START, 's0']

    def test_refused_for_good(self):
        self.desk.cloud.start_error = 'Nova does not reboot'
        self.desk.cloud.start_is_final = True
        self.desk.up()
        self.assertEqual('given-up', self.state())
        self.assertIn('given up: start of s0: Nova does not reboot',
                      self.desk.fault(self.fault_id).note)

    def test_its_owner_has_stopped_it(self):
        """It counted as owed in a fault that had ended."""
        self.desk.cloud.start_error = 'it has a task'
        self.desk.up()
        self.assertEqual('asked', self.state())
        self.desk.cloud.change('s0', state='stopped')
        self.desk.resume(self.fault_id)
        self.desk.resume(self.fault_id)
        self.assertEqual(('left', 'cleared'), (
            self.state(), self.desk.fault(self.fault_id).state))


class MarkTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.desk = doubles.Desk()
        self.fault_id = self.desk.down().fault_id
        self.desk.inspector.failing = {'c0'}

    def assert_cleared(self, state, reason):
        self.desk.up()
        self.assertEqual('cleared', self.desk.fault(self.fault_id).state)
        record, = (one for one in
                   self.desk.store.corrections.of(self.fault_id)
                   if one.correction.action is MARK)
        self.assertEqual((state, reason), (record.state, record.reason))

    def test_of_a_service_that_was_made_anew(self):
        """Its old id was asked for, for ever."""
        self.desk.cloud.service['h0'] = dataclasses.replace(
            self.desk.cloud.service['h0'], id='c9', forced_down=False)
        self.assert_cleared('left', 'the service has the id c9 now')

    def test_that_is_taken_back_already(self):
        self.desk.cloud.touch('h0', forced_down=False)
        self.assert_cleared('undone', 'Nova does not show it as marked down')
