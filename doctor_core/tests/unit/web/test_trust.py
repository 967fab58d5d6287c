import asyncio
import os
import ssl
import tempfile

import fixtures
import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.web.client import Client
from doctor_core.web.trust import Trust


class TrustTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'ca.pem')
        self.write('good')
        self.trust = Trust('the cloud', self.make, [self.path])

    def write(self, text):
        with open(f'{self.path}.new', 'w') as file:
            file.write(text)
        os.replace(f'{self.path}.new', self.path)

    def make(self):
        with open(self.path) as file:
            if file.read() == 'bad':
                raise ConfigError(f'Cannot use {self.path}')
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class TestTrust(TrustTestCase):

    def test_a_file_that_was_replaced(self):
        """Corrections failed until a restart; looks went on."""
        first = self.trust.context()
        self.assertIs(first, self.trust.context())
        self.write('new!')  # as long as before
        second = self.trust.context()
        self.assertIsNot(first, second)
        self.assertIs(second, self.trust.context())
        self.assertIn('used as they are now', self.log.output)

    def test_one_that_cannot_be_used_is_said_once(self):
        first = self.trust.context()
        self.write('bad')
        for _ in range(3):
            self.assertIs(first, self.trust.context())
        self.assertEqual(1, self.log.output.count('goes on with what was'))
        self.write('good')
        self.assertIsNot(first, self.trust.context())

    def test_one_that_is_not_there_for_a_moment(self):
        self.trust.read()
        os.remove(self.path)
        self.useFixture(fixtures.MockPatchObject(
            self.trust, '_make', side_effect=ConfigError('no file')))
        former = self.trust.context()
        self.assertIs(former, self.trust.context())

    def test_rights_that_were_mended(self):
        self.trust.read()
        self.write('bad')
        self.trust.context()
        self.useFixture(fixtures.MockPatchObject(
            self.trust, '_make', return_value='new'))
        os.chmod(self.path, 0o600)
        self.assertEqual('new', self.trust.context())

    def test_read_when_told_so(self):
        first = self.trust.context()
        self.assertEqual(self.path, self.trust.read())
        self.assertIsNot(first, self.trust.context())
        self.write('bad')
        self.assertRaises(ConfigError, self.trust.read)

    def test_never_usable(self):
        self.write('bad')
        for _ in range(2):
            self.assertRaises(ConfigError, self.trust.context)


class TestClient(TrustTestCase):

    def test_each_request_takes_what_holds_now(self):
        used = asyncio.run(self.requests())
        self.assertIsNot(used[0], used[1])
        self.assertIs(used[1], used[2])

    async def requests(self):
        client, used = Client(tls=self.trust), []

        class Session:
            def request(self, *_args, **options):
                used.append(options['ssl'])
                raise ValueError

        self.useFixture(fixtures.MockPatchObject(
            client, '_session', return_value=Session()))
        for text in ('good', 'new', None):
            if text and used:
                self.write(text)
            try:
                await client.request('GET', 'https://h')
            except Exception as error:
                self.assertIn('not a URL', str(error))
        await client.close()
        return used
