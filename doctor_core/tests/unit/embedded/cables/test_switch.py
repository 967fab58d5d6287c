import sys

import fixtures
import testtools

from doctor_core.embedded.cables import spaces, switch
from doctor_core.exceptions import BackendError, ConfigError


class PluggedTest(testtools.TestCase):
    """Where it cannot be done, nothing is."""

    def setUp(self):
        super().setUp()
        self.left = []
        self.useFixture(fixtures.MockPatchObject(
            spaces, 'leave', lambda: self.left.append(1)))
        self.given(is_single=lambda: True, tried=lambda _action: '')

    def given(self, **functions):
        for name, function in functions.items():
            self.useFixture(fixtures.MockPatchObject(spaces, name, function))

    def refused(self):
        error = self.assertRaises(BackendError, switch.plugged, ['h1'],
                                  '10.77.0')
        self.assertEqual([], self.left)
        return str(error)

    def test_a_kernel_that_refuses(self):
        self.given(tried=lambda _action:
                   'a new network namespace: Operation not permitted')
        self.assertEqual('a new network namespace: Operation not permitted',
                         self.refused())

    def test_what_fails_after_it_was_tried(self):
        def fail():
            raise OSError(24, 'Too many open files')

        self.given(leave=fail)
        error = self.assertRaises(ConfigError, switch.plugged, ['h1'],
                                  '10.77.0')
        self.assertIn('now: a new network namespace: Too many open files',
                      str(error))

    def test_other_threads_would_stay_behind(self):
        self.given(is_single=lambda: False)
        self.assertIn('threads', self.refused())

    def test_another_kernel(self):
        self.useFixture(fixtures.MockPatchObject(sys, 'platform', 'darwin'))
        self.assertIn('Linux', self.refused())
