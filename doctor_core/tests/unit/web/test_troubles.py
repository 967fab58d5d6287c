import errno
import socket
import ssl
from types import SimpleNamespace

import aiohttp
import testtools
from aiohttp.client_exceptions import UnixClientConnectorError

from doctor_core.exceptions import NobodyListens
from doctor_core.web import troubles

#: What stands in a URL, what a peer may send, and what steers a terminal.
SECRET = 'http://u:s3cret@h/?k=t0ken\n\x1b[31m\u202e'
KEY = SimpleNamespace(host='h', port=1, ssl=True, is_ssl=True)


def classes(root=aiohttp.ClientError):
    yield root
    for kind in root.__subclasses__():
        yield from classes(kind)


def causes(kind):
    if issubclass(kind, aiohttp.ClientConnectorSSLError):
        return [ssl.SSLError(1, SECRET)]
    if issubclass(kind, aiohttp.ClientConnectorCertificateError):
        return [ssl.SSLCertVerificationError(1, SECRET), ValueError(SECRET)]
    return [OSError(errno.ECONNRESET, SECRET), OSError(SECRET),
            socket.gaierror(socket.EAI_AGAIN, 'Try again')]


def errors(kind):
    """Some of a class, with texts that nobody may see."""
    if issubclass(kind, aiohttp.ClientResponseError):
        info = SimpleNamespace(real_url=SECRET)
        return [kind(info, (), status=400, message=SECRET)]
    if issubclass(kind, UnixClientConnectorError):
        return [kind(SECRET, KEY, cause) for cause in causes(kind)]
    if issubclass(kind, aiohttp.ClientConnectorError):
        return [kind(KEY, cause) for cause in causes(kind)]
    if issubclass(kind, aiohttp.ServerFingerprintMismatch):
        return [kind(b's3cret', b't0ken', SECRET, 1)]
    if issubclass(kind, OSError):
        return [kind(SECRET), kind(errno.EPIPE, SECRET)]
    return [kind(SECRET)]


class WordsTest(testtools.TestCase):

    def test_no_error_of_aiohttp_gives_anything_away(self):
        """A token in the query stood in the log and in GET /faults."""
        kinds = set(classes())
        self.assertGreater(len(kinds), 20)
        for kind in kinds:
            for error in errors(kind):
                text = str(troubles.understood(error, 'POST h'))
                self.assertRegex(text, r'^POST h: \w', kind)
                self.assertNotIn('s3cret', text, kind)
                self.assertNotIn('t0ken', text, kind)
                self.assertTrue(text.isprintable(), kind)

    def test_what_an_operator_reads(self):
        self.assertEqual(
            ['x: Connection refused', 'x: its name does not resolve: none',
             'x: no answer in time', 'x: not a URL that can be asked',
             'x: Connection timed out'],
            [str(troubles.understood(error, 'x')) for error in (
                aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(
                    errno.ECONNREFUSED, 'Connect call failed')),
                aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(
                    socket.EAI_NONAME, 'none')),
                aiohttp.ServerTimeoutError(), ValueError('x'),
                OSError(errno.ETIMEDOUT, 'x'))])


class FinalTest(testtools.TestCase):

    def is_final(self, error):
        return not troubles.understood(error, 'x').recoverable

    def test_a_certificate_that_was_looked_at(self):
        error = ssl.SSLCertVerificationError(1, 'x')
        error.verify_message = 'Hostname mismatch'
        wrapped = aiohttp.ClientConnectorCertificateError(KEY, error)
        self.assertTrue(self.is_final(wrapped))
        self.assertTrue(self.is_final(error))
        self.assertEqual(
            'x: its certificate is not trusted: Hostname mismatch',
            str(troubles.understood(wrapped, 'x')))

    def test_all_else_of_tls_may_pass(self):
        """A server that was just starting was never told."""
        for error in (ssl.SSLError(1, '[SSL: TLSV1_ALERT_INTERNAL_ERROR]'),
                      ssl.SSLEOFError(8, 'x'), ssl.SSLZeroReturnError(6, 'x')):
            self.assertFalse(self.is_final(error))
            self.assertFalse(self.is_final(
                aiohttp.ClientConnectorSSLError(KEY, error)))

    def test_a_url_that_is_none(self):
        self.assertTrue(self.is_final(aiohttp.InvalidURL('x')))
        self.assertTrue(self.is_final(aiohttp.NonHttpUrlClientError('x')))

    def test_nobody_listens(self):
        self.assertIsInstance(troubles.understood(
            aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(
                errno.ECONNREFUSED, 'x')), 'x'), NobodyListens)
