"""What the commands say of faults."""

import testtools

from doctor_core.cli import fault_words

FAULT = {
    'id': 'f1', 'hostname': 'compute-1', 'type': 'compute.host.down',
    'source': 'monitor_sample', 'cause': 'no answer to probes',
    'severity': 'critical', 'detected_at': 1700000000.25,
    'received_at': 1700000000.5, 'cleared_at': None, 'state': 'held',
    'note': 'held in a mass failure', 'repeats': 2, 'former': 'f0',
    'sources': ['collectd', 'sample'], 'servers': 4, 'told_servers': 3,
    'unreached': 1}


class WordsTest(testtools.TestCase):
    def test_moment(self):
        self.assertEqual('2023-11-14 22:13:20 UTC',
                         fault_words.moment(1700000000.25))
        self.assertEqual('', fault_words.moment(None))

    def test_row(self):
        self.assertEqual(
            ('f1', 'compute-1', 'held', 'no answer to probes',
             '2023-11-14 22:13:20.250 UTC', '3 of 4, 1 not reached', 4, 9,
             'held in a mass failure'), fault_words.row({**FAULT, 'owed': 9}))

    def test_a_glance_needs_no_milliseconds(self):
        self.assertEqual('2023-11-14 22:13:20 UTC', fault_words.row(
            {**FAULT, 'owed': 9}, 60)[4])

    def test_all_times_are_in_one_precision(self):
        """How late an owner was told could not be computed."""
        shown = dict(fault_words.details({
            **FAULT, 'corrections': [], 'cleared_at': 1700000001.0}))
        self.assertEqual(
            ['2023-11-14 22:13:20.250 UTC', '2023-11-14 22:13:20.500 UTC',
             '2023-11-14 22:13:21.000 UTC'],
            [shown[name] for name in ('Detected', 'Received',
                                      'Reported back')])

    def test_what_a_loss_rests_on(self):
        shown = dict(fault_words.details({
            **FAULT, 'corrections': [], 'certainty': 'dead', 'evidence': [
                {'kind': 'probes', 'source': 'sample', 'at': 0.5,
                 'text': '9 probes'},
                {'kind': 'operator', 'source': 'ann', 'at': 1.0,
                 'text': ''}]}))
        self.assertEqual(
            ('dead', 'probes (sample) 1970-01-01 00:00:00.500 UTC: 9 probes\n'
             'operator (ann) 1970-01-01 00:00:01.000 UTC'),
            (shown['Certainty'], shown['Evidence']))

    def test_how_sure_doctor_was_of_what_it_said(self):
        """A return that was told unverified looked as sure as any."""
        one = {'server_id': 's', 'name': 'vm', 'news': 'back', 'at': 0.5,
               'state': 'told', 'reason': 'handed on', 'shown': 'active'}
        taken = {'alarm_id': 'a', 'alarm': 'n', 'url': 'log:', 'attempt': 1,
                 'answer': '', 'at': 1.0}
        told = 'vm, back: told 1970-01-01 00:00:0'
        self.assertEqual(
            [f'{told}0.500 UTC: handed on; active, not verified',
             f"{told}1.000 UTC: log:, attempt 1, alarm 'n' (a), active, "
             'verified'],
            self.tellings({**one, 'verified': False},
                          {**one, 'verified': True, 'reason': '',
                           'deliveries': [taken]}))
        self.assertEqual('nova-compute', dict(fault_words.details({
            **FAULT, 'corrections': [], 'witness': 'nova-compute'}))[
                'Witness'])

    def test_several_reasons_are_a_line_each(self):
        """The table was 800 columns wide."""
        one, two = 'mailto:ann: ' + 'x' * 60, 'mailto:bob: ' + 'y' * 60
        lines = self.tellings({
            'server_id': 's1', 'name': 'vm1', 'news': 'lost', 'at': 1.0,
            'state': 'given_up', 'reason': f'{one}; {two}'})
        self.assertEqual([f'  {one}', f'  {two}'], lines[1:])

    def test_tellings_stand_by_time(self):
        """The return stood above the loss, or not."""
        one = {'server_id': 's', 'name': 'vm', 'news': 'lost', 'reason': '',
               'state': 'told', 'at': 3.0}
        taken = {'alarm_id': 'a', 'alarm': 'n', 'url': 'log:', 'attempt': 1,
                 'answer': '', 'at': 1.0}
        lines = self.tellings(
            {**one, 'name': 'owed', 'state': 'owed', 'at': None},
            {**one, 'news': 'back', 'at': 2.0},
            {**one, 'deliveries': [taken]},
            {**one, 'name': 'deaf', 'state': 'given-up'})
        self.assertEqual(
            ['deaf, lost', 'vm, lost', 'vm, back', 'owed, lost'],
            [line.partition(':')[0] for line in lines])

    def test_a_note_is_cut(self):
        for most, note in ((22, 'held in a mass failure'),
                           (21, 'held in a mass fai...'),
                           (12, 'held in a...')):
            self.assertEqual(note, fault_words.row(
                {**FAULT, 'owed': 9}, most)[-1])

    def test_what_was_ignored_after_it(self):
        fault = {**FAULT, 'corrections': []}
        for later, shown in (
                (None, None),
                ({'id': 'f2', 'reason': 'it is older'}, 'f2: it is older')):
            self.assertEqual(shown, dict(fault_words.details(
                {**fault, 'ignored_later': later})).get('Ignored since'))

    def test_servers_that_nobody_has_an_alarm_for(self):
        """They counted as told."""
        fault = {**FAULT, 'corrections': [], 'servers': 2, 'told_servers': 1,
                 'without_alarm': 1, 'unreached': 0, 'tellings': [
                     {'server_id': 's1', 'name': 'vm2', 'news': 'lost',
                      'state': 'nobody-to-tell', 'reason': '', 'at': 0.5}]}
        shown = dict(fault_words.details(fault))
        self.assertEqual(
            ('1 of 2, 1 without an alarm',
             'vm2, lost: nobody to tell 1970-01-01 00:00:00.500 UTC'),
            (shown['Told'], shown['Tellings']))
        self.assertEqual('1 of 2, 2 in part, 1 without an alarm, 3 not '
                         'reached', fault_words.row({
                             **fault, 'owed': 0, 'told_in_part': 2,
                             'unreached': 3})[5])

    def test_short_ids(self):
        """A full one was broken over several lines of a table."""
        self.assertEqual(['aaaaaaaa', 'bbbbbbbb'], fault_words.short_ids(
            ['aaaaaaaa-1', 'bbbbbbbb-1']))
        self.assertEqual(['aaaaaaaa-1', 'aaaaaaaa-2', 'bbbbbbbb-1'],
                         fault_words.short_ids([
                             'aaaaaaaa-1', 'aaaaaaaa-2', 'bbbbbbbb-1']))
        self.assertEqual([], fault_words.short_ids([]))

    def test_cause_that_nobody_named(self):
        self.assertEqual('compute.host.down', fault_words.row(
            {**FAULT, 'cause': '', 'owed': 0})[3])

    def test_details(self):
        shown = dict(fault_words.details({**FAULT, 'corrections': [
            {'action': 'reset-state', 'state': 'done', 'done': True},
            {'action': 'reset-state', 'state': 'owed', 'done': False},
            {'action': 'force-down', 'state': 'asked', 'done': False}]}))
        self.assertEqual(('1 of 2 done', '0 of 1 done', ''), (
            shown['Reset-state'], shown['Force-down'],
            shown['Reported back']))

    def test_what_was_given_up(self):
        """It is said for good, and not counted as done."""
        shown = dict(fault_words.details({**FAULT, 'corrections': [
            {'action': 'reset-state', 'state': 'done', 'done': True},
            {'action': 'reset-state', 'state': 'given-up', 'done': True,
             'target_id': 's1', 'reason': 'Nova says no'}]}))
        self.assertEqual(
            ('1 of 2 done, 1 given up', 'reset-state of s1: Nova says no'),
            (shown['Reset-state'], shown['Given up']))

    def test_what_was_taken_back(self):
        """It was shown as if it had never been made."""
        for states, words in (
                (['undo-owed'], '1 of 1 done, 0 undone'),
                (['undone'], '1 of 1 done, 1 undone'),
                (['undone', 'left', 'passed-on', 'waived'],
                 '3 of 4 done, 1 undone, 1 waived, 1 left as they are, '
                 '1 passed on')):
            shown = dict(fault_words.details({**FAULT, 'corrections': [
                {'action': 'force-down', 'state': state, 'done': True}
                for state in states]}))
            self.assertEqual(words, shown['Force-down'])

    def tellings(self, *tellings, most=None):
        """The lines that are shown of them."""
        return dict(fault_words.details(
            {**FAULT, 'corrections': [], 'tellings': tellings}, most)).get(
                'Tellings', '').split('\n')

    def test_what_proves_that_an_owner_was_told(self):
        """No time, no URL and no answer, and nothing of the return."""
        taken = {'alarm_id': 'a1', 'alarm': 'n', 'url': 'http://a/x',
                 'at': 1700000000.369, 'attempt': 2,
                 'answer': 'HTTP 204, request req-1'}
        one = {'server_id': 's1', 'name': 'vm1', 'news': 'lost',
               'state': 'told', 'at': 1700000001.0, 'reason': ''}
        self.assertEqual(
            ["vm1, lost: told 2023-11-14 22:13:20.369 UTC: http://a/x, HTTP "
             "204, request req-1, attempt 2, alarm 'n' (a1)",
             "vm1, back: told 2023-11-14 22:13:21.000 UTC: alarm 'm' (a2) is "
             'disabled',
             "vm1, back: told 2023-11-14 22:13:20.369 UTC: http://a/x, "
             "attempt 2, alarm 'n' (a1)"],
            self.tellings(
                {**one, 'deliveries': [taken]},
                {**one, 'news': 'back', 'reason': "alarm 'm' (a2) is "
                 'disabled', 'deliveries': [{**taken, 'answer': ''}]}))
        self.assertEqual(
            ['vm1, lost: told 2023-11-14 22:13:21.000 UTC: handed on as '
             'event e1', 's2, lost: owed'],
            self.tellings({**one, 'reason': 'handed on as event e1'},
                          {**one, 'server_id': 's2', 'name': '', 'at': None,
                           'state': 'owed'}))

    def test_servers_and_why_somebody_was_not_reached(self):
        """No server was named, and no reason was given."""
        tellings = [
            {'server_id': f's{index}', 'name': '' if index else 'vm',
             'news': news, 'state': state, 'reason': reason, 'at': None}
            for index, (news, state, reason) in enumerate(
                [('lost', 'told', ''), ('back', 'told-in-part', 'a is deaf'),
                 ('lost', 'given-up', 'no answer')]
                + [('lost', 'owed', '')] * 10)]
        lines = self.tellings(*tellings, most=10)
        self.assertEqual(['s1, back: told in part: a is deaf',
                          's2, lost: given up: no answer',
                          'vm, lost: told', 's3, lost: owed'], lines[:4])
        self.assertEqual((11, 'and 3 more; -f value -c Tellings shows all'),
                         (len(lines), lines[-1]))
        self.assertEqual(13, len(self.tellings(*tellings)))
        self.assertEqual([''], self.tellings())

    def test_whose_server_it_is_whose_owner_was_not_reached(self):
        """Whom to call was nowhere."""
        one = {'server_id': 's1', 'name': 'vm1', 'news': 'lost', 'at': 0.5,
               'state': 'given-up', 'reason': 'no', 'project_id': 'p1'}
        self.assertEqual(
            ['vm1, lost: given up 1970-01-01 00:00:00.500 UTC (project p1): '
             'no', 'vm1, back: told 1970-01-01 00:00:00.500 UTC: no'],
            self.tellings(one, {**one, 'news': 'back', 'state': 'told'}))

    def test_cause_is_the_same_everywhere(self):
        for cause, words in (('x', 'x'), ('', 'compute.host.down')):
            fault = {**FAULT, 'cause': cause, 'owed': 0, 'corrections': []}
            self.assertEqual((words, words), (
                fault_words.row(fault)[3],
                dict(fault_words.details(fault))['Cause']))

    def test_who_holds_it_open(self):
        shown = dict(fault_words.details({**FAULT, 'corrections': []}))
        self.assertEqual(('collectd, sample', 'f0'), (
            shown['Held open by'], shown['Former']))
        shown = dict(fault_words.details({
            **FAULT, 'corrections': [], 'sources': ['', 'sample']}))
        self.assertEqual('(no source), sample', shown['Held open by'])

    def test_promise(self):
        self.assertEqual(
            'Host compute-1 is marked down now, or as soon as Nova answers: '
            '1 x force-down, 4 x reset-state (fault f1)',
            fault_words.promise({'id': 'f1', 'hostname': 'compute-1',
                            'corrections': {'force-down': 1,
                                            'reset-state': 4}}))
        self.assertIn('nothing is left', fault_words.promise(
            {'id': 'f1', 'hostname': 'compute-1', 'corrections': {}}))
