import testtools

from doctor_core.bench import telling


class ToldLastTest(testtools.TestCase):
    def told(self, *times, detected=30.0):
        return telling.told_last_ms({
            'stages': {'T01': detected},
            'servers': [{'stages': {'T09': time}} for time in times]})

    def test_is_counted_from_the_detection(self):
        self.assertEqual(45.0, self.told(60.0, 75.0, 70.0))

    def test_an_owner_who_was_not_told_is_infinitely_late(self):
        self.assertEqual(float('inf'), self.told(60.0, None))
        self.assertEqual(float('inf'), self.told())
        self.assertEqual(float('inf'), self.told(60.0, detected=None))
