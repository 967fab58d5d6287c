"""What a blackout came to is judged right."""

import testtools

from doctor_core.monitors.probing.profiles import PROFILES
from doctor_core.tests.unit import bench as _path  # noqa: F401

# isort: split
from bench import blackouts, responder
from bench.blackouts import SCOPES, Outcome

ONE, NETWORK, RACK, ALL, CABLES = SCOPES
WISE = PROFILES['datacentre']


def judge(scope, length_s, lost, silent=('a', 'b'), felled=()):
    return blackouts.judge(WISE, scope, (length_s, length_s), silent, lost,
                           felled)


class JudgeTest(testtools.TestCase):

    def test_lost_after_a_silence_that_the_profile_rides_through(self):
        self.assertEqual(Outcome(wrong=1), judge(ONE, 0.6, {'a': 0.5}))

    def test_lost_after_a_longer_one(self):
        self.assertEqual(Outcome(right=1), judge(ONE, 0.7, {'a': 0.69}))

    def test_somebody_else_is_lost(self):
        self.assertEqual(Outcome(wrong=1), judge(ONE, 0.7, {'c': 0.69}))

    def test_late_and_missed(self):
        self.assertEqual(Outcome(right=1, late=1, missed=1),
                         judge(ONE, 2.0, {'a': 1.5}))

    def test_most_of_all_are_given_time_to_be_found_again(self):
        self.assertEqual(Outcome(right=1), judge(ALL, 2.0, {'a': 1.5}))

    def test_nobody_is_lost_who_is_heard_on_another_path(self):
        for scope in NETWORK, CABLES:
            self.assertEqual(Outcome(wrong=2),
                             judge(scope, 9.0, {'a': 1.0, 'b': 1.0}))
            self.assertEqual(Outcome(), judge(scope, 9.0, {}))

    def test_a_single_host_may_be_felled_once_it_is_lost(self):
        self.assertEqual(
            Outcome(right=1, felled=1),
            judge(ONE, 2.0, {'a': 0.8}, silent=['a'], felled=['a']))
        self.assertEqual(
            Outcome(missed=1, felled=1, felled_wrongly=1),
            judge(ONE, 2.0, {}, silent=['a'], felled=['a']))

    def test_one_of_a_rack_may_not(self):
        outcome = judge(RACK, 2.0, {'a': 0.8, 'b': 0.8}, felled=['b'])
        self.assertEqual(1, outcome.felled_wrongly)
        self.assertTrue(blackouts.faults('datacentre', outcome))
        self.assertFalse(blackouts.faults('lab', outcome))
        self.assertFalse(blackouts.faults('datacentre', Outcome(
            right=2, late=1)))


class ResponderTest(testtools.TestCase):

    HEADER = bytes([0x45]) + bytes(19)

    def test_it_answers_as_a_kernel_does(self):
        request = bytes.fromhex('0800' 'f7fb' '0001' '0002') + b'\1'
        answer = responder.reply(self.HEADER + request)
        self.assertEqual(b'\0\0', answer[:2])
        self.assertEqual(request[4:], answer[4:])
        self.assertEqual(0, responder._checksum(answer))

    def test_and_only_requests(self):
        self.assertIsNone(responder.reply(self.HEADER + bytes(8)))
        self.assertIsNone(responder.reply(self.HEADER + b'\x08\0\0'))
