"""What every notifier has to do; for those of third parties as well.

Derive a test case from :class:`NotifierContract` and a
:class:`unittest.TestCase`, and name the plugin's class and its scheme::

    class MailContractTest(NotifierContract, unittest.TestCase):
        plugin = MailNotifier
        scheme = 'mailto'
        urls = ('mailto:ann@example.org',)
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from doctor_core import fixtures
from doctor_core.exceptions import NotifyError
from doctor_core.notifiers.base import Notifier
from doctor_core.tests.contract_plugins import PluginContract

_SECRET = 's3cret'
_STRANGE = ('{0}:', '{0}://', '{0}:///', '{0}://:0', '{0}://a:b:c@',
            '{0}://host:0/', '{0}://host:port/', '{0}://host/#fragment',
            '{0}://u:' + _SECRET + '@/?token=' + _SECRET, '{0}:x')
_NO_PORTS = ('port', '99999')
_PATIENCE_S = 20.0


def _with_port(url: str, port: str) -> str:
    """The URL with another port, and with all else that it had."""
    split = urlsplit(url)
    host = re.sub(r':[^]:@]*$', '', split.netloc.rpartition('@')[2])
    user = ''.join(split.netloc.rpartition('@')[:2])
    return split._replace(netloc=f'{user}{host}:{port}').geturl()


class NotifierContract(PluginContract):
    """What a notifier has to do; to be mixed into a test case.

    * Its class has a docstring, whose first line ``doctor plugins`` shows.
    * Each of its options has a help text, and none is required.
    * ``complaint()`` returns a text for every URL, however odd, without the
      user, the password and the query that stand in it.
    * It takes the URLs of ``urls``, and refuses them with a port that is
      none.
    * ``notify()`` of a URL that it complains of raises ``NotifyError`` with
      ``recoverable`` false, and without a secret.
    * ``notify()`` of ``unreachable`` raises one with ``recoverable`` true.
    * ``close()`` works for one that was never used.

    ``notify()`` returns what answered, a short text without secrets, or None.
    Nothing is sent here: that is for a test of its own.

    :cvar plugin: the notifier's class.
    :cvar values: options that a test cannot leave at their defaults.
    :cvar scheme: its name, which is the scheme of its URLs.
    :cvar urls: some that it takes; nothing is sent there.
    :cvar has_ports: whether they name a host, which may have a port.
    :cvar unreachable: one that it takes and where nobody listens, such as a
        closed port of 127.0.0.1; it is sent a notice. Empty for none.
    """

    base = Notifier
    plugin: ClassVar[type[Notifier]]
    scheme: ClassVar[str]
    urls: ClassVar[Sequence[str]] = ()
    has_ports: ClassVar[bool] = True
    unreachable: ClassVar[str] = ''

    def notifier(self) -> Notifier:
        """One with ``values`` and the defaults of its other options."""
        return self.plugin(fixtures.options(self.plugin, **self.values), 10.0)

    def complaint(self: Any, url: str) -> str:
        """What it says of a URL."""
        try:
            words = self.plugin.complaint(urlsplit(url))
        except Exception as error:  # a plugin may raise what it likes
            words = error
        self.assertNotIsInstance(words, Exception,
                                 f'complaint() of {url} raised {words!r}')
        self.assertIsInstance(words, str, f'complaint() of {url}')
        return str(words)

    def portless_urls(self: Any) -> list[str]:
        """Those of ``urls`` that name a host, with ports that are none."""
        return [_with_port(url, port) for url in self.urls
                if urlsplit(url).hostname for port in _NO_PORTS]

    def strange_urls(self: Any) -> list[str]:
        return [*(url.format(self.scheme) for url in _STRANGE),
                *self.portless_urls()]

    def refused_urls(self: Any) -> list[str]:
        """Of some strange URLs, those that it says nobody is told at."""
        return [url for url in self.strange_urls() if self.complaint(url)]

    def outcomes(self: Any, urls: Sequence[str]) -> list[Any]:
        """What comes of a notice to each, what is raised included."""
        async def tell() -> list[Any]:
            notifier = self.notifier()
            try:
                return await asyncio.gather(*(
                    asyncio.wait_for(notifier.notify(
                        urlsplit(url), fixtures.notice()), _PATIENCE_S)
                    for url in urls), return_exceptions=True)
            finally:
                await notifier.close()

        return asyncio.run(tell())

    def test_it_says_what_it_is(self: Any) -> None:
        self.assertIsInstance(self.plugin.for_administrators, bool)

    def test_a_complaint_is_a_text(self: Any) -> None:
        for url in self.strange_urls():
            self.assertNotIn(_SECRET, self.complaint(url),
                             f'complaint() of {url}')

    def test_it_takes_its_own_urls(self: Any) -> None:
        for url in self.urls:
            self.assertEqual('', self.complaint(url),
                             f'complaint() of {url}, one of its own')

    def test_it_refuses_ports_that_are_none(self: Any) -> None:
        """Else an alarm is made of which nobody is ever told."""
        if self.has_ports:
            self.assertEqual(
                [], [url for url in self.portless_urls()
                     if not self.complaint(url)],
                'complaint() takes these, whose port is none: reading '
                'action.port raises ValueError then. If a URL names no host, '
                'the test says has_ports = False')

    def test_where_nobody_answers_it_is_tried_again(self: Any) -> None:
        if not self.unreachable:
            return
        self.assertEqual('', self.complaint(self.unreachable))
        [error] = self.outcomes([self.unreachable])
        what = f'notify() of {self.unreachable}, where nobody is: {error!r}'
        self.assertIsInstance(
            error, NotifyError, f'{what}; it is to be turned into '
            'NotifyError(..., recoverable=True), or the owner is given up')
        self.assertTrue(error.recoverable, f'{what} is not recoverable')

    def test_what_it_refuses_it_does_not_deliver(self: Any) -> None:
        """With a NotifyError, which the framework knows, and no secrets."""
        urls = self.refused_urls()
        for url, error in zip(urls, self.outcomes(urls), strict=True):
            what = (f'notify() of {url}, which complaint() refuses: '
                    f'{error!r}')
            self.assertIsInstance(error, NotifyError, what)
            self.assertFalse(error.recoverable, f'{what} is recoverable')
            self.assertNotIn(_SECRET, str(error), what)

    def test_it_closes_unused(self: Any) -> None:
        async def close() -> None:
            await self.notifier().close()
            self.assertEqual({asyncio.current_task()}, asyncio.all_tasks(),
                             'something of it runs on')

        asyncio.run(close())
