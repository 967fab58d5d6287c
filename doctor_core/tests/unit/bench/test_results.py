import json
import math

import testtools

from bench import results
from bench.results import Case, Failure

STANDIN = Case(results.STANDIN, 'aodh', 'shortcut')
LOCAL = Case(results.DOCTOR, 'local', 'shortcut')
AODH = Case(results.DOCTOR, 'aodh', 'shortcut')
LATER = Case(results.DOCTOR, 'local', 'conservative')


def standin(**times):
    return failure(STANDIN, **{'told_ms': 1000.0, 'error_ms': 900.0,
                               'host_ms': 200.0, **times})


def failure(case=LOCAL, servers=20, nth=1, **times):
    return Failure(case, servers, nth, **{
        'told_ms': 25.0, 'error_ms': 800.0, 'host_ms': 50.0, **times})


class RowsTest(testtools.TestCase):

    def row(self, *failures):
        """The last one."""
        return results.rows([standin(), *failures])[-1]

    def test_medians_and_the_worst(self):
        row = self.row(failure(host_ms=40.0), failure(host_ms=60.0),
                       failure(told_ms=40.0, host_ms=120.0))
        self.assertEqual(
            (3, 25.0, 800.0, 60.0, 120.0),
            (row.runs, row.told_ms, row.error_ms, row.host_ms,
             row.host_worst_ms))

    def test_ratios_are_to_the_same_failure_of_the_standin(self):
        """The second of two failures was compared with the first."""
        rows = results.rows([
            standin(), standin(nth=2, told_ms=500.0), failure(),
            failure(nth=2), failure(servers=1)])
        self.assertEqual([1.0, 1.0, 40.0, 20.0, None],
                         [row.told_ratio for row in rows])

    def test_no_ratio_to_what_never_came(self):
        row = results.rows([standin(told_ms=math.inf), failure()])[-1]
        self.assertIsNone(row.told_ratio)


class MissedTest(testtools.TestCase):
    """What is later than it is to be."""

    def missed(self, case=LOCAL, **times):
        return results.rows([standin(**{
            name: times[name] for name in ('servers',) if name in times}),
            failure(case, **times)])[-1].missed

    def test_nothing(self):
        for case in (LOCAL, AODH, LATER):
            self.assertEqual((), self.missed(case))

    def test_the_owners_of_a_full_host(self):
        self.assertEqual(('told',), self.missed(told_ms=51.0))
        self.assertEqual((), self.missed(AODH, told_ms=285.0))
        self.assertEqual(('told',), self.missed(AODH, told_ms=286.0))

    def test_the_last_server_of_a_full_host(self):
        self.assertEqual(('error',), self.missed(error_ms=901.0))
        self.assertEqual((), self.missed(AODH, error_ms=1200.0))
        self.assertEqual(('error',), self.missed(AODH, error_ms=1201.0))

    def test_one_server_and_who_waits_for_nova_are_not_compared(self):
        late = {'told_ms': 900.0, 'error_ms': 2000.0}
        self.assertEqual((), self.missed(servers=1, **late))
        self.assertEqual((), self.missed(LATER, **late))

    def test_the_host_every_time(self):
        rows = results.rows([standin(), failure(), failure(),
                             failure(host_ms=151.0)])
        self.assertEqual(('host',), rows[-1].missed)

    def test_what_never_came(self):
        never = dict.fromkeys(('told_ms', 'error_ms', 'host_ms'), math.inf)
        self.assertEqual(('told', 'error', 'host'),
                         self.missed(LATER, servers=1, **never))

    def test_the_standin_misses_nothing(self):
        self.assertEqual((), results.rows([standin()])[0].missed)


class TablesTest(testtools.TestCase):

    ROWS = results.rows([standin(), failure(told_ms=51.0),
                         failure(LATER, nth=2, told_ms=math.inf)])

    def test_text(self):
        head, theirs, ours, never, *notes = results.text(
            self.ROWS).splitlines()
        self.assertEqual(len(head), len(theirs))
        self.assertEqual(
            '20 stand-in Aodh\'s at once first 1000 1.0 900 1.0 200 1.0 200',
            ' '.join(theirs.split()))
        self.assertIn('51 !', ours)
        self.assertIn('never !', never)
        self.assertIn('! marks', notes[-1])

    def test_rst(self):
        table = results.rst(self.ROWS)
        self.assertIn('\n   20,Doctor,Doctor\'s,at once,first,51 !,19.6,800,'
                      '1.1,50,4.0,50\n', table)
        self.assertEqual([], [line for line in table.splitlines()
                              if len(line) > 79])

    def test_json(self):
        text = json.dumps(results.as_json(self.ROWS), allow_nan=False)
        self.assertIsNone(json.loads(text)[2]['told_ms'])
        self.assertEqual('local', json.loads(text)[1]['case']['alarms'])
