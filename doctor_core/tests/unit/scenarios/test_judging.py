import testtools

from doctor_core.model import (
    Action,
    Correction,
    Mark,
    Notice,
    Server,
    StateChange,
)
from doctor_core.scenarios import judging

SERVERS = [Server(f's{index}', f'vm{index}', 'p', 'h') for index in range(3)]


def notice(server_id, at):
    return Notice({'reason_data': {'event': {'traits': [
        ['instance_id', 1, server_id]]}}}, at)


ALL = [notice(server.id, 10.1) for server in SERVERS]


class JudgeTest(testtools.TestCase):
    def reasons(self, limit_s=1.0, **changes):
        values = {'servers': SERVERS, 'detected_at': 10.0, 'notices': ALL}
        return judging.judge(judging.Evidence(**{**values, **changes}),
                             limit_s)

    def test_all_told_in_time(self):
        self.assertEqual([], self.reasons())

    def test_undetected(self):
        self.assertIn('did not detect', self.reasons(detected_at=None)[0])

    def test_one_owner_not_told(self):
        """A run passed in which two notices in a row had been missed."""
        reason, = self.reasons(notices=ALL[:2])
        self.assertEqual('1 of 3 servers were not told of: vm2', reason)

    def test_nobody_told(self):
        self.assertIn('3 of 3', self.reasons(notices=[])[0])

    def test_notices_of_others_do_not_count(self):
        reason, = self.reasons(notices=[*ALL[:2], notice('other', 10.1),
                                        Notice({}, 10.1)])
        self.assertIn('vm2', reason)

    def test_late_by_the_limit_itself(self):
        reason, = self.reasons(
            notices=[*ALL[:2], notice('s2', 11.0)])
        self.assertEqual('1 of 3 servers were told of later than 1000 ms: '
                         'vm2 (1000 ms)', reason)

    def test_told_before_it_was_detected(self):
        reason, = self.reasons(notices=[*ALL[:2], notice('s2', 10.0)])
        self.assertIn('before the fault was detected', reason)

    def test_the_first_notice_of_a_server_counts(self):
        self.assertEqual([], self.reasons(
            notices=[*ALL, notice('s0', 99.0)]))

    def test_failed_correction(self):
        change = StateChange(Correction(
            Action.RESET_STATE, 's0', 'h', Mark.LOST, 'active'), 10.5, 'no')
        reason, = self.reasons(changes=[change])
        self.assertEqual('1 of 1 correction failed: reset-state of s0: no',
                         reason)

    def test_what_the_inspector_could_not_do(self):
        self.assertEqual(['so and so'], self.reasons(note='so and so'))

    def test_what_the_cloud_shows(self):
        self.assertEqual(['Nova shows x'],
                         self.reasons(wrong=['Nova shows x']))

    def test_many_are_shortened(self):
        servers = [Server(f's{index}', f'vm{index}', 'p', 'h')
                   for index in range(9)]
        reason, = self.reasons(servers=servers, notices=[])
        self.assertEqual('9 of 9 servers were not told of: vm0, vm1, vm2 '
                         'and 6 more', reason)


class OtherwiseTest(testtools.TestCase):

    def test_one_sentence_for_each_value(self):
        """A thousand servers were a thousand reasons of a failed run."""
        shown = [(f'vm{index}', 'active') for index in range(1000)]
        self.assertEqual(
            ['Nova shows servers as active, not error: vm0, vm1, vm2, '
             'vm3, vm4, vm5, vm6, vm7, vm8, vm9 and 990 more',
             'Nova shows servers as none, not error: x'],
            judging.otherwise('Nova', 'servers', [
                *shown, ('x', ''), ('y', 'error')], 'error'))


class TallyTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.tally = judging.Tally(server.id for server in SERVERS)

    def test_who_is_left(self):
        self.assertEqual(3, self.tally.left([]))
        self.assertEqual(1, self.tally.left(ALL[:2]))
        self.assertEqual(1, self.tally.left(ALL[:2]))
        self.assertEqual(0, self.tally.left(ALL))

    def test_told_twice_and_others(self):
        self.assertEqual(1, self.tally.left(
            [ALL[0], ALL[0], notice('other', 10.2), ALL[2]]))

    def test_each_is_looked_at_once(self):
        self.tally.left(ALL[:2])
        self.assertEqual(0, self.tally.left([None, None, ALL[2]]))
