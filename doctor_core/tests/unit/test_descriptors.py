import errno

import fixtures
import testtools

from doctor_core import descriptors


class TestLimit(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.limits = 1024, 4096
        for name, replacement in (
                ('getrlimit', lambda _which: self.limits),
                ('setrlimit', self.set_limits)):
            self.useFixture(fixtures.MonkeyPatch(f'resource.{name}',
                                                 replacement))

    def set_limits(self, _which, limits):
        if -1 in limits:
            raise ValueError('not allowed to raise maximum limit')
        self.limits = limits

    def test_as_many_as_there_may_be(self):
        """systemd starts a daemon with 1024."""
        descriptors.raise_limit()
        self.assertEqual((4096, 4096), self.limits)

    def test_what_cannot_be_raised_stays(self):
        self.limits = 1024, -1
        descriptors.raise_limit()
        self.assertEqual((1024, -1), self.limits)
        self.assertIn('There are 1024 descriptors and no more: not allowed',
                      self.log.output)

    def test_a_share(self):
        for soft, share in ((300, 100), (1, 1), (1 << 20, 200), (-1, 200)):
            self.limits = soft, soft
            self.assertEqual(share, descriptors.share(3, 200))


class TestShortage(testtools.TestCase):

    def test_what_is_one(self):
        for error, expected in (
                (OSError(errno.EMFILE, 'x'), True),
                (ConnectionRefusedError(errno.ECONNREFUSED, 'x'), False),
                (ValueError(errno.EMFILE), False), (None, False)):
            self.assertEqual(expected, descriptors.is_shortage(error))
