"""Whom the cloud package trusts, over real TLS."""

import os
import shutil
import subprocess
import tempfile

import fixtures
import testtools

from doctor_core.cloud import Cloud
from doctor_core.exceptions import ConfigError
from doctor_core.tests.functional.cloud_standin import FORCE_DOWN, StandIn


@testtools.skipUnless(shutil.which('openssl'),
                      'the command openssl is needed: install openssl')
class TestTls(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.certificate = os.path.join(self.folder, 'cert.pem')
        self.key = os.path.join(self.folder, 'key.pem')
        self.issue()
        self.standin = StandIn(tls=(self.certificate, self.key)).start()
        self.addCleanup(self.standin.stop)

    def issue(self):
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
             '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1', '-keyout', self.key, '-out',
             self.certificate], check=True, capture_output=True)

    def cloud(self, **more):
        cloud = Cloud.named(self.standin.clouds_yaml(self.folder, **more),
                            'standin', timeout_s=5.0, retry_for_s=1.0)
        self.addCleanup(cloud.close)
        return cloud

    def test_an_authority_that_nobody_knows(self):
        error = self.assertRaises(ConfigError, self.cloud().check)
        self.assertIn('cacert', str(error))
        self.assertNotIn('\n', str(error))

    def test_the_clouds_own_authority(self):
        cloud = self.cloud(cacert=self.certificate)
        cloud.check()
        change, = cloud.correct([FORCE_DOWN], lambda change: None)
        self.assertEqual('', change.error)
        self.assertEqual(1, len(cloud.hosts()))

    def test_an_authority_that_was_replaced(self):
        """Looks went on, and corrections failed until a restart."""
        cloud = self.cloud(cacert=self.certificate)
        cloud.check()
        self.issue()
        self.standin.stop()
        self.standin.start()
        change, = cloud.correct([FORCE_DOWN], lambda change: None)
        self.assertEqual('', change.error)
        self.assertEqual(self.certificate, cloud.renew())

    def test_an_operator_who_does_not_care(self):
        cloud = self.cloud(verify=False)
        cloud.check()
        change, = cloud.correct([FORCE_DOWN], lambda change: None)
        self.assertEqual('', change.error)
