import os
import warnings

import fixtures
import testtools

from doctor_core.eventlet_unused import eventlet_unused

_SWITCH = 'EVENTLET_NO_GREENDNS'


class EventletUnusedTest(testtools.TestCase):

    def test_only_its_own_warning_is_left_out(self):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter('always')
            with eventlet_unused():
                warnings.warn('\nEventlet is deprecated. It is', stacklevel=1)
                warnings.warn('another', stacklevel=1)
        self.assertEqual(['another'], [str(one.message) for one in seen])

    def test_the_environment_is_as_before(self):
        for value in (None, 'no'):
            self.useFixture(fixtures.EnvironmentVariable(_SWITCH, value))
            with eventlet_unused():
                self.assertEqual('yes', os.environ[_SWITCH])
            self.assertEqual(value, os.environ.get(_SWITCH))
