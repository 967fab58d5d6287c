import testtools

from doctor_core.cli import faults

FAULT = {
    'id': 'f1', 'hostname': 'compute-1', 'type': 'compute.host.down',
    'source': 'monitor_sample', 'cause': 'no answer to probes',
    'severity': 'critical', 'detected_at': 1700000000.25,
    'received_at': 1700000000.5, 'cleared_at': None, 'state': 'held',
    'note': 'held in a mass failure', 'told': True, 'repeats': 2}


class WordsTest(testtools.TestCase):
    def test_moment(self):
        self.assertEqual('2023-11-14 22:13:20 UTC',
                         faults.moment(1700000000.25))
        self.assertEqual('', faults.moment(None))

    def test_row(self):
        self.assertEqual(
            ('f1', 'compute-1', 'held', 'no answer to probes',
             '2023-11-14 22:13:20 UTC', 'yes', 4, 9),
            faults.row({**FAULT, 'servers': 4, 'owed': 9}))

    def test_cause_that_nobody_named(self):
        self.assertEqual('compute.host.down', faults.row(
            {**FAULT, 'cause': '', 'servers': 0, 'owed': 0})[3])

    def test_details(self):
        shown = dict(faults.details({**FAULT, 'corrections': [
            {'action': 'reset-state', 'done': True},
            {'action': 'reset-state', 'done': False},
            {'action': 'force-down', 'done': False}]}))
        self.assertEqual(('1 of 2 done', '0 of 1 done', ''), (
            shown['Reset-state'], shown['Force-down'], shown['Cleared']))

    def test_promise(self):
        self.assertEqual(
            'Host compute-1 is marked down now: 1 x force-down, 4 x '
            'reset-state (fault f1)',
            faults.promise({'id': 'f1', 'hostname': 'compute-1',
                            'corrections': {'force-down': 1,
                                            'reset-state': 4}}))
        self.assertIn('nothing is left', faults.promise(
            {'id': 'f1', 'hostname': 'compute-1', 'corrections': {}}))
