import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.cloud import uptime

MINUTE, HOUR, DAY = 60, 3600, 86400


class TestSeconds(testtools.TestCase):

    def expect(self, *rows):
        for seconds, text in rows:
            self.assertEqual(seconds, uptime.seconds(text), text)

    def test_of_procps(self):
        tail = ',  1 user,  load average: 0.86, 0.63, 0.55\n'
        self.expect(
            (0, f' 12:00:01 up 0 min{tail}'),
            (MINUTE, f' 12:00:01 up 1 min{tail}'),
            (59 * MINUTE, f' 12:00:01 up 59 min{tail}'),
            (HOUR, f' 12:00:01 up  1:00{tail}'),
            (23 * HOUR + 59 * MINUTE, f' 12:00:01 up 23:59{tail}'),
            (DAY + 3 * MINUTE, f' 12:00:01 up 1 day, 3 min{tail}'),
            (3 * DAY + 2 * HOUR + 7 * MINUTE,
             f' 12:00:01 up 3 days,  2:07{tail}'),
            (93 * DAY + 18 * HOUR + 25 * MINUTE,
             ' 08:32:11 up 93 days, 18:25, 12 users,  load average: 0.2'),
            (1000 * DAY + 5 * MINUTE, f' 12:00:01 up 1000 days, 5 min{tail}'))

    def test_without_the_time_of_day(self):
        self.expect((3 * DAY + 2 * HOUR + 7 * MINUTE, 'up 3 days,  2:07'),
                    (5 * MINUTE, ' up 5 min,  0 users,  load average: 0.1'))

    def test_with_am_and_pm(self):
        self.expect((41 * MINUTE, '12:03PM  up 41 mins, 2 users, load '
                                  'averages: 0.00, 0.00, 0.00'),
                    (10 * DAY, '12:03pm up 10 days, 1 user, load average: 1'))

    def test_of_bsd(self):
        self.expect((12, ' 9:07AM  up 12 secs, 0 users, load averages: 1'),
                    (HOUR, ' 9:07AM  up 1 hr, 0 users, load averages: 1'),
                    (2 * DAY + 3 * HOUR, 'up 2 days, 3 hrs, 1 user'),
                    (MINUTE, '9:07AM up 1 minute, 0 users'))

    def test_in_words(self):
        self.expect(
            (0, 'up 0 minutes'),
            (7 * DAY + 3 * DAY + 2 * HOUR + 5 * MINUTE,
             'up 1 week, 3 days, 2 hours, 5 minutes'),
            (365 * DAY + 14 * DAY, 'up 1 year, 2 weeks'),
            (2 * HOUR + 5 * MINUTE, 'up 2 hours 5 minutes'))

    def test_of_a_time_span_of_python(self):
        self.expect(
            (2 * DAY + HOUR + 2 * MINUTE + 3,
             '15:23:11 up 2 days, 1:02:03,  0 users,  load average: 0, 0'),
            (5 * MINUTE + 13, '15:23:11 up 0:05:13.250000,  0 users'))

    def test_a_busy_host_is_not_older(self):
        """The number of users and the load are no part of it."""
        self.expect((5 * MINUTE, 'up 5 min, 3 users, load average: 9:00'),
                    (5 * MINUTE, 'up 5 min, 7 sessions'),
                    (5 * MINUTE, 'up 5 min, 2 dusers'),
                    (2 * DAY, 'up 2 days, 4 days-old, 1 user'))

    def test_what_does_not_say(self):
        for text in (None, '', 'up', 'up ', 7, [], {}, b'up 5 min',
                     'up ???? days, 1:00', 'backup 5 min', '5 min',
                     '12:00:01', 'load average: 0.1, 0.1', 'up since monday',
                     'up 1:2:3:4', 'up 5 parsecs', 'up ' + '9' * 400 + ' d'):
            self.assertIsNone(uptime.seconds(text), text)

    @given(st.text(max_size=60) | st.from_regex(
        r'up( \d{0,3}(:\d\d| days,| min,|,)){0,4}', fullmatch=True))
    def test_any_text(self, text):
        found = uptime.seconds(text)
        self.assertTrue(found is None or found >= 0)

    @given(st.integers(0, 2000), st.integers(0, 23), st.integers(0, 59))
    def test_whatever_procps_counts(self, days, hours, minutes):
        """As procps writes it: 5 min, 3:05, 1 day, 5 min, 2 days,  3:05."""
        text = ' 01:02:03 up '
        if days:
            text += f'{days} day{"s" if days > 1 else ""}, '
        text += f'{hours:2d}:{minutes:02d}, ' if hours \
            else f'{minutes} min, '
        self.assertEqual(days * DAY + hours * HOUR + minutes * MINUTE,
                         uptime.seconds(text + ' 3 users,  load average: 1'))
