"""Times as others write them."""

import contextlib
import datetime
import os
import time

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core import wire
from doctor_core.wire import times

NOW = 1795913519.0


class SentAtTest(testtools.TestCase):
    def test_as_oslo_messaging_stamps(self):
        self.assertEqual(1779349538.8, wire.sent_at(
            {'timestamp': '2026-05-21 07:45:38.800000'}, NOW))

    def test_with_a_zone(self):
        self.assertEqual(1779349538.0, wire.sent_at(
            {'timestamp': '2026-05-21T09:45:38+02:00'}, NOW))

    def test_without_one(self):
        for metadata in ({}, {'timestamp': None}, {'timestamp': 'soon'}):
            self.assertEqual(NOW, wire.sent_at(metadata, NOW))


class ReadTest(testtools.TestCase):
    def read(self, value):
        return times.read(value, NOW)[0]

    @contextlib.contextmanager
    def local_zone(self, name):
        old = os.environ.get('TZ')
        os.environ['TZ'] = name
        time.tzset()
        yield
        os.environ.pop('TZ')
        if old is not None:
            os.environ['TZ'] = old
        time.tzset()

    def test_without_a_zone_is_local_time(self):
        with self.local_zone('Europe/Helsinki'):
            self.assertEqual(self.read('2017-05-08T13:50:39.5+03:00'),
                             self.read('2017-05-08T13:50:39.5'))

    def test_hour_that_comes_twice(self):
        """News seemed to be an hour old, and was ignored."""
        second = datetime.datetime(2026, 10, 25, 1, 30,
                                   tzinfo=datetime.UTC).timestamp()
        with self.local_zone('Europe/Helsinki'):
            for at in (second - 3600, second):
                self.assertEqual(
                    (at, ''), times.read('2026-10-25T03:30:00', at + 1))

    def test_zones(self):
        self.assertEqual(self.read('2017-05-08T13:50:39Z'),
                         self.read('2017-05-08T15:50:39+02:00'))

    def test_numbers(self):
        for value in (1795913500, 1795913500.0, '1795913500',
                      ' 1795913500.0 '):
            self.assertEqual((1795913500.0, ''), times.read(value, NOW))

    def test_what_was_not_filled_in(self):
        """A return with the time 0 was older than the loss, for good."""
        for value in (0, 0.0, 12.5, '1970-01-01T00:00:00Z',
                      '2000-01-01T00:00:00Z'):
            at, odd = times.read(value, NOW)
            self.assertIsNone(at)
            self.assertIn('is no time that can be', odd)

    def test_our_own_clock_was_never_set(self):
        self.assertEqual((12.5, ''), times.read(12.5, 100.0))

    def test_absent(self):
        for value in (None, ''):
            self.assertEqual((None, ''), times.read(value, NOW))

    def test_milliseconds_are_read_as_such(self):
        """Such a time ended in 500, and nobody was told."""
        for value in (1795913519000, '1795913519000'):
            self.assertEqual(
                (NOW, '1795913519000 is read as milliseconds'),
                times.read(value, NOW))

    def test_time_that_cannot_be(self):
        """400 digits, or a year near the end of time, ended in 500."""
        for value in (
                1795913519000000, 1795913519000000000, 10 ** 400,
                '1' + '0' * 400, -1, float('nan'), float('inf'), 'NaN', True,
                [], {}, [1], '2026.11.29 01:00:00', 'yesterday',
                'Sun, 29 Nov 2026 01:00:00 +0000', '1960-01-01T00:00:00Z',
                '9999-12-31T23:59:59-05:00', '9999-12-31T23:59:59',
                '0001-01-01T00:00:00', '0001-01-01T00:00:00+05:00',
                NOW + 86401):
            at, remark = times.read(value, NOW)
            self.assertIsNone(at, value)
            self.assertIn('is no time that can be', remark)

    @given(st.none() | st.booleans() | st.floats() | st.integers()
           | st.text() | st.datetimes().map(str))
    def test_whatever_stands_there(self, value):
        at, remark = times.read(value, NOW)
        self.assertTrue(at is None or 0 <= at <= NOW + 86400)
        self.assertEqual(wire.escaped(remark), remark)


class AheadTest(testtools.TestCase):
    def test_ahead_of_its_arrival(self):
        self.assertEqual('', times.ahead(NOW + 5, NOW))
        self.assertIn('lies 90 s ahead of the arrival',
                      times.ahead(NOW + 90, NOW))
        self.assertEqual('', times.ahead(None, NOW))

    def test_stated_though_it_cannot_be(self):
        for value, at in ((NOW + 1e6, NOW + 1e6), ('1970-01-01T00:00:09Z', 9),
                          (NOW, NOW), ('soon', None), (None, None),
                          (True, None), (float('nan'), None)):
            self.assertEqual(at, times.stated(value, NOW), value)
