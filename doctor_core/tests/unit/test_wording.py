import testtools

from doctor_core.wording import by_reason, few


class FewTest(testtools.TestCase):

    def test_all_where_they_are_few(self):
        self.assertEqual('', few([]))
        self.assertEqual('a', few(['a']))
        self.assertEqual('a, b', few(iter(['a', 'b']), 2))

    def test_how_many_more_there_are(self):
        self.assertEqual('a, b and 3 more', few('abcde', 2))

    def test_never_more_than_ten_names(self):
        self.assertEqual('0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more',
                         few(range(1000)))

    def test_sentences_are_told_apart(self):
        self.assertEqual('a: no; b: no; and 1 more', few(
            ['a: no', 'b: no', 'c: no'], 2, separator='; '))


class ByReasonTest(testtools.TestCase):

    def test_a_reason_is_said_once(self):
        """It was said three times, and ended in a full stop."""
        self.assertEqual(
            ['a, b, c and 1 more: status 1', 'e: gone'],
            by_reason([*((name, 'status 1.') for name in 'abcd'),
                       ('e', 'gone')]))
