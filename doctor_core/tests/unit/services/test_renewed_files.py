from types import SimpleNamespace
from unittest import mock

import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.services.inspector import InspectorService


class TestRenew(testtools.TestCase):
    """At SIGHUP one file that cannot be used does not hold up others."""

    def renewed(self, server, cloud):
        service = SimpleNamespace(
            _server=SimpleNamespace(
                renew_certificate=mock.Mock(side_effect=[server])),
            _cloud=SimpleNamespace(renew=mock.Mock(side_effect=[cloud])))
        return InspectorService.renew(service)

    def test_none(self):
        self.assertEqual('', self.renewed('', ''))

    def test_both(self):
        self.assertEqual(
            'shows the certificate /s as it is now, '
            'asks the cloud with /ca, /c as read now',
            self.renewed('/s', '/ca, /c'))

    def test_one_of_them(self):
        for server, cloud, used in (
                (ConfigError('no /x'), '/ca', 'the cloud with /ca'),
                ('/s', ConfigError('no /x'), 'the certificate /s')):
            error = self.assertRaises(ConfigError, self.renewed, server,
                                      cloud)
            self.assertIn('no /x; ', str(error))
            self.assertIn(used, str(error))
