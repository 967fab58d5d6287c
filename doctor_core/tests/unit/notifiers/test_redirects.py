import ipaddress
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import fixtures
import testtools

from doctor_core.exceptions import NotifyError
from doctor_core.notifiers import redirects


class ComplaintTest(testtools.TestCase):
    def test_urls_that_can_be_reached(self):
        for url in ('http://h/', 'https://h.example:8443/a?b=c',
                    'http://192.0.2.1', 'http://[2001:db8::1]:80/',
                    'http://user:pw@h/', 'http://m\u00fcller.example/',
                    'http://my_host/', 'http://h./', 'http://[fe80::1%eth0]/',
                    f'http://{"a." * 126}a./'):
            self.assertEqual('', redirects.complaint(urlsplit(url)))

    def test_urls_that_never_can(self):
        """They were found out when the alarm went off."""
        for url in ('http://', 'http:///x', 'http://h:0/', 'http://h:x/',
                    'http://h:70000/', 'http://a@b@h/', 'http://h/#x',
                    'http://a..b/', 'http://-h/', 'http://1.2.3/',
                    f'http://{"a" * 64}/', 'http://[v1.x]/',
                    'http://u:p@[v1.x]:80/', f'http://{"a." * 127}a/',
                    f'http://[fe80::1%{"a" * 250}]/'):
            self.assertNotEqual('', redirects.complaint(urlsplit(url)), url)


class Socket:
    """One of a machine with two addresses; there is no way to some others."""

    OWN = {socket.AF_INET: '192.0.2.9', socket.AF_INET6: '2001:db8::9'}

    def __init__(self, family, _kind):
        self.family = family

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        pass

    def connect(self, address):
        if address[0].startswith('203.'):
            raise OSError(101, 'Network is unreachable')

    def getsockname(self):
        return self.OWN[self.family], 40000


class OwnAddressTest(testtools.TestCase):
    """By the kernel's own word."""

    def test_addresses(self):
        self.assertEqual([True, False], [
            redirects._is_own(ipaddress.ip_address(text))
            for text in ('127.0.0.1', '240.0.0.1')])


class CheckTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        # Not the module itself, which the loop uses, too.
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.notifiers.redirects.socket',
            SimpleNamespace(**{**vars(socket), 'socket': Socket})))

    def check(self, peer, *addresses):
        redirects.check(urlsplit('http://h.example/'), peer, addresses)

    def refused(self, peer, *addresses):
        error = self.assertRaises(NotifyError, self.check, peer, *addresses)
        self.assertFalse(error.recoverable)

    def test_from_elsewhere_not_to_this_machine(self):
        for address in ('127.0.0.1', '::1', '169.254.169.254', '0.0.0.0',
                        '::ffff:127.0.0.1', 'fe80::1%2'):
            self.refused('192.0.2.1', address)
            self.check('127.0.0.1', address)

    def test_from_elsewhere_not_to_an_address_of_this_machine(self):
        """Its services are bound to these, and trust who is on it."""
        for address in ('192.0.2.9', '2001:db8::9', '::ffff:192.0.2.9'):
            self.refused('192.0.2.1', address)
            self.check('192.0.2.9', address)
        for address in ('192.0.2.2', '2001:db8::2', '203.0.113.1'):
            self.check('192.0.2.1', address)

    def test_one_address_of_many_is_enough(self):
        self.refused('192.0.2.1', '192.0.2.2', '127.0.0.1')

    def test_who_is_not_known_is_elsewhere(self):
        self.refused('', '127.0.0.1')


class FollowedTest(testtools.TestCase):
    def followed(self, location, url='http://192.0.2.1:8/a', policy='any'):
        return redirects.followed(urlsplit(url), location, policy).geturl()

    def refused(self, location, **options):
        error = self.assertRaises(NotifyError, self.followed, location,
                                  **options)
        self.assertFalse(error.recoverable)

    def test_where_it_leads(self):
        self.assertEqual('http://192.0.2.1:8/b', self.followed('/b'))
        self.assertEqual('https://192.0.2.1/', self.followed(
            'https://192.0.2.1/#x', policy='same-host'))
        self.assertEqual('http://192.0.2.2/',
                         self.followed('http://192.0.2.2/'))

    def test_never_to_where_it_can_be_read(self):
        self.refused('http://192.0.2.1/', url='https://192.0.2.1/')

    def test_what_leads_nowhere(self):
        for location in ('', 'ftp://h/', 'http://[', 'log://',
                         'http://h:0/', 'mailto:a@b'):
            self.refused(location)

    def test_a_long_one_is_not_repeated(self):
        for location in ('x' * 9999 + '://h/', 'http://h/#' + 'x' * 9999,
                         'http://' + 'h' * 9999):
            error = self.assertRaises(NotifyError, self.followed, location,
                                      policy='same-host')
            self.assertThat(len(str(error)), testtools.matchers.LessThan(300))

    def test_policies(self):
        self.refused('/b', policy='none')
        self.refused('http://192.0.2.2/', policy='same-host')
