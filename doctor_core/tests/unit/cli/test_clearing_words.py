"""What an operator hears of a host that is taken back."""

import testtools

from doctor_core.cli import clearing_words


def one(action, server, to, state='undone', reason=''):
    return {'action': action, 'target_id': f'id of {server}',
            'server': server, 'to': to, 'state': state, 'reason': reason}


FAULT = {'host': 'h', 'fault': 'f1', 'note': '', 'state': 'cleared',
         'corrections': [one('force-down', '', 'false'),
                         one('reset-state', 'vm1', 'active'),
                         one('data-plane-status', 'vm1', 'ACTIVE')]}
NONE = {'host': 'h', 'fault': None, 'was_marked_down': True,
        'servers_in_error': [f's{index}' for index in range(12)],
        'ports_down': ['p1']}
NOTHING = {**NONE, 'was_marked_down': False, 'servers_in_error': [],
           'ports_down': []}


class OutcomeTest(testtools.TestCase):

    def test_what_was_taken_back(self):
        """The state of the fault was all that was said."""
        self.assertEqual(
            ['Fault f1 of host h is cleared',
             'Taken back: the force-down in Nova; the state of 1 server '
             '(vm1: active); the data plane status of 1 port (of vm1).'],
            clearing_words.outcome(FAULT))

    def test_what_is_not_taken_back_yet_or_never(self):
        lines = clearing_words.outcome({
            **FAULT, 'state': 'clearing', 'note': 'Nova is away',
            'corrections': [
                one('force-down', '', 'false', 'undo-owed'),
                one('reset-state', 'vm1', 'active', 'left', 'it is gone')]})
        self.assertEqual(
            ['Taken; Doctor goes on trying by itself. Fault f1 of host h is '
             'clearing: Nova is away',
             'Still to be taken back: the force-down in Nova.',
             'Left as they are: vm1 (it is gone).'], lines)

    def test_who_still_holds_the_host_as_down(self):
        """It came back at the next restart of the monitor, unannounced."""
        own = {'source': 'sample', 'is_own_monitor': True}
        others = [{'source': source, 'is_own_monitor': False}
                  for source in ('', 'nagios')]
        for say, if_right in (
                (clearing_words.outcome, 'restart it now'),
                (clearing_words.rehearsal, 'do not clear the host')):
            lines = say({**FAULT, 'held_by': [own]})
            self.assertIn("Doctor's monitor (sample) still holds the host as "
                          'down', lines[2])
            self.assertIn('[monitor] hosts', lines[2])
            self.assertIn(f'If it is right, {if_right}', lines[2])
            lines = say({**FAULT, 'held_by': [own, *others]})
            self.assertIn('Still held as down by (no source), nagios: ',
                          lines[3])
            self.assertEqual(2, len(say({**FAULT, 'held_by': []})))

    def test_at_most_ten_names(self):
        line = clearing_words.outcome({**FAULT, 'corrections': [
            one('reset-state', f'vm{index}', 'active')
            for index in range(12)]})[1]
        self.assertIn('12 servers (vm0: active, ', line)
        self.assertIn('vm9: active and 2 more)', line)

    def test_host_without_a_fault(self):
        """Ports that stay DOWN were not named."""
        lines = clearing_words.outcome(NONE)
        self.assertIn('is not any more', lines[0])
        self.assertIn('s9 and 2 more', lines[1])
        self.assertIn('DOWN: p1. ', lines[2])
        self.assertEqual(['No fault of host h was open; it was not marked '
                          'down.'], clearing_words.outcome(NOTHING))


class RehearsalTest(testtools.TestCase):

    def test_fault(self):
        lines = clearing_words.rehearsal({**FAULT, 'state': 'handled'})
        self.assertEqual(
            'To be taken back of fault f1 of host h, which is handled: the '
            'force-down in Nova; the state of 1 server (vm1: active); the '
            'data plane status of 1 port (of vm1).', lines[0])
        self.assertIn('be sure that they run', lines[1])
        self.assertEqual(
            ['To be taken back of fault f1 of host h, which is cleared: '
             'nothing.'],
            clearing_words.rehearsal({**FAULT, 'corrections': []}))

    def test_host_without_a_fault(self):
        lines = clearing_words.rehearsal(NONE)
        self.assertIn('which would be lifted', lines[0])
        self.assertEqual(3, len(lines))
        self.assertIn('is not marked down', clearing_words.rehearsal(
            NOTHING)[0])
