import testtools

from bench import reports


def document(told=80.0, verdict='PASSED', **stages):
    """A report of a run that was detected after 30 ms."""
    return {'verdict': verdict,
            'stages': {'T01': 30.0, **dict.fromkeys(
                ('T02', 'T03', 'T04', 'T05', 'T06', 'T07', 'T08'), 40.0),
                **stages},
            'servers': [{'stages': {'T09': told}}]}


class ToldLastTest(testtools.TestCase):

    def told(self, *times, detected=30.0):
        return reports.told_last_ms({
            'stages': {'T01': detected},
            'servers': [{'stages': {'T09': time}} for time in times]})

    def test_is_counted_from_the_detection(self):
        self.assertEqual(45.0, self.told(60.0, 75.0, 70.0))

    def test_an_owner_who_was_not_told_is_infinitely_late(self):
        self.assertEqual(float('inf'), self.told(60.0, None))
        self.assertEqual(float('inf'), self.told())
        self.assertEqual(float('inf'), self.told(60.0, detected=None))


class LimitTest(testtools.TestCase):

    def test_who_waits_for_nobody(self):
        self.assertEqual(
            [100, 100, 150, 150, 1000],
            [reports.limit_ms('local', 'shortcut', servers)
             for servers in (1, 20, 21, 50, 51)])

    def test_who_waits_for_aodh(self):
        self.assertEqual([1000, 1000, 8000],
                         [reports.limit_ms('aodh', 'shortcut', servers)
                          for servers in (1, 20, 50)])

    def test_who_waits_for_nova(self):
        self.assertEqual([1000, 8000],
                         [reports.limit_ms('local', 'conservative', servers)
                          for servers in (1, 20)])


class RowTest(testtools.TestCase):

    def row(self, *documents):
        return reports.row('local', 'shortcut', 20, documents)

    def test_counts_from_the_detection(self):
        row = self.row(document(60.0), document(90.0), document(230.0))
        self.assertEqual((60.0, 200.0), (row['median_ms'], row['max_ms']))
        self.assertEqual(10.0, row['stages']['T03'])

    def test_a_stage_that_one_run_does_not_know(self):
        row = self.row(document(), document(T07=None))
        self.assertIsNone(row['stages']['T07'])

    def test_the_limit_is_the_medians(self):
        self.assertTrue(reports.met(self.row(
            document(60.0), document(90.0), document(230.0))))
        self.assertFalse(reports.met(self.row(
            document(60.0), document(231.0))))

    def test_a_run_that_failed_is_not_met(self):
        self.assertFalse(reports.met(self.row(document(),
                                          document(verdict='FAILED'))))

    def test_an_owner_who_was_not_told_is_not_met(self):
        self.assertFalse(reports.met(self.row(document(None))))


class TableTest(testtools.TestCase):

    def test_marks_what_was_too_late(self):
        fine = reports.row('local', 'shortcut', 1, [document(T05=None)])
        late = reports.row('aodh', 'shortcut', 20, [document(1500.0)])
        _head, first, second, *notes = reports.table([fine, late]).splitlines()
        self.assertEqual(
            ['local', 'shortcut', '1', '1/1', '50', '50', '100', '10', '10',
             '10', '?', '10', '10', '10'], first.split())
        self.assertEqual(['1000', '!'], second.split()[6:8])
        self.assertIn('! marks', '\n'.join(notes))

    def test_says_why_a_limit_is_wide(self):
        slow = reports.row('aodh', 'conservative', 20, [document()])
        self.assertIn('Nova takes', reports.table([slow]))
        fine = reports.row('aodh', 'conservative', 1, [document()])
        self.assertNotIn('Nova takes', reports.table([fine]))
