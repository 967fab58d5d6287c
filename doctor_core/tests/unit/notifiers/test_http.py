import asyncio
import dataclasses
from urllib.parse import urlsplit

import fixtures
import testtools

from doctor_core.exceptions import ConfigError, HttpError, NotifyError
from doctor_core.fixtures import notice, options
from doctor_core.notifiers.http import HttpNotifier, HttpsNotifier
from doctor_core.web.client import Reply


class TestOptions(testtools.TestCase):

    def test_tls_files_that_cannot_be_used(self):
        for name in ('ca_file', 'cert_file'):
            error = self.assertRaises(
                ConfigError, HttpsNotifier,
                options(HttpsNotifier, **{name: '/no/such/file'}), 1.0)
            self.assertIn('/no/such/file', str(error))

    def test_authorities_that_were_replaced(self):
        """They held at the next start only."""
        made = self.useFixture(fixtures.MockPatch(
            'doctor_core.notifiers.http.tls_context',
            side_effect=['former', 'new'])).mock
        folder = self.useFixture(fixtures.TempDir()).path
        trust = HttpsNotifier(options(
            HttpsNotifier, ca_file=f'{folder}/ca.pem'), 1.0)._client._tls
        self.assertEqual('former', trust.context())
        with open(f'{folder}/ca.pem', 'w'):
            self.assertEqual('new', trust.context())
        made.assert_called_with(cafile=f'{folder}/ca.pem', certfile='',
                                keyfile='')

    def test_only_https_has_something_to_say_of_certificates(self):
        names = [{option.name for option in plugin.get_opts()}
                 for plugin in (HttpNotifier, HttpsNotifier)]
        self.assertEqual(
            [{'connections', 'redirects'},
             {'connections', 'redirects', 'ca_file', 'cert_file',
              'key_file'}], names)


class TestPeer(testtools.TestCase):

    def test_one_place_is_one_peer(self):
        notifier = HttpNotifier(options(HttpNotifier), 1.0)
        first, *others = (notifier.peer(urlsplit(url)) for url in (
            'http://a:8/x', 'http://ann:s3cret@A:8/y?z', 'http://b:8/x',
            'http://a:none/'))
        self.assertIs(first, others[0])
        self.assertEqual(3, len({first, *others}))


class Client:
    """Says what it is told to; its names mean what they mean at the time.

    :param replies: by URL; any other is 200.
    :param names: the addresses of hosts, the next one for each look-up.
    """

    def __init__(self, replies, names=()):
        self.replies = replies
        self.names = dict(names)
        self.requests = []

    async def addresses(self, host, who):
        if host not in self.names:
            raise HttpError(f'{host}: its name does not resolve',
                            recoverable=True)
        return [self.names[host].pop(0)]

    async def request(self, _method, url, *, who, at, **_what):
        self.requests.append((url, who, *at))
        return self.replies.get(url) or Reply(200, {}, b'')

    async def close(self):
        pass


class NotifyTestCase(testtools.TestCase):

    def notified(self, url, client):
        async def notify():
            notifier = HttpNotifier(options(HttpNotifier), 1.0)
            notifier._client = client
            await notifier.notify(urlsplit(url), dataclasses.replace(
                notice(), project_id='project'))

        asyncio.run(notify())


class TestStatus(NotifyTestCase):

    def outcome(self, status):
        """Whether to try again; None when it was told."""
        try:
            self.notified('http://h/', Client(
                {'http://h/': Reply(status, {}, b'')}))
        except NotifyError as error:
            return error.recoverable
        return None

    def test_only_what_says_so_is_told(self):
        """000 and 101 counted as told."""
        self.assertEqual([None] * 4, [
            self.outcome(status) for status in (200, 201, 204, 299)])
        self.assertEqual([True] * 8, [
            self.outcome(status)
            for status in (0, 99, 101, 199, 408, 429, 500, 999)])
        self.assertEqual([False] * 4, [
            self.outcome(status) for status in (300, 304, 400, 404)])


class TestRedirect(NotifyTestCase):

    def setUp(self):
        super().setUp()
        # The machine of the test may have any address.
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.notifiers.redirects._is_own', lambda _: False))

    def client(self, names, location='http://b/', peer='192.0.2.1'):
        return Client({'http://a/': Reply(307, {'Location': location}, b'',
                                          peer=peer)}, names)

    def test_it_is_sent_to_what_was_looked_at(self):
        """The name was looked up once more for the connection."""
        client = self.client({'b': ['192.0.2.2', '127.0.0.1']})
        self.notified('http://a/', client)
        self.assertEqual([('http://a/', 'project'),
                          ('http://b/', 'project', '192.0.2.2')],
                         client.requests)

    def test_a_name_that_means_this_machine(self):
        for location in ('http://b/', 'http://a:5672/'):
            names = {'a': ['127.0.0.1'], 'b': ['127.0.0.1']}
            client = self.client(names, location)
            error = self.assertRaises(NotifyError, self.notified,
                                      'http://a/', client)
            self.assertFalse(error.recoverable)
            self.assertEqual(1, len(client.requests))
            # Who is on this machine may send it on within.
            self.notified('http://a/', self.client(
                {'a': ['127.0.0.1'], 'b': ['127.0.0.1']}, location,
                '127.0.0.1'))

    def test_it_is_the_answer_that_tells_where_it_came_from(self):
        """Not what the name means by then."""
        client = self.client({'a': ['127.0.0.1'], 'b': ['127.0.0.1']})
        self.assertRaises(NotifyError, self.notified, 'http://a/', client)

    def test_a_name_that_does_not_resolve_now(self):
        """It was sent there all the same, whatever the name meant then."""
        client = self.client({})
        error = self.assertRaises(NotifyError, self.notified, 'http://a/',
                                  client)
        self.assertTrue(error.recoverable)
        self.assertEqual(1, len(client.requests))
