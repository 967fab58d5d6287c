"""What every notifier has to do; for those of third parties as well.

Derive a test case from :class:`NotifierContract` and a
:class:`unittest.TestCase`, and name the plugin's class and its scheme::

    class MailContractTest(NotifierContract, unittest.TestCase):
        plugin = MailNotifier
        scheme = 'mailto'
        urls = ('mailto:ann@example.org',)
"""

import asyncio
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


class NotifierContract(PluginContract):
    """What a notifier has to do; to be mixed into a test case.

    * Its class has a docstring, whose first line ``doctor plugins`` shows.
    * Each of its options has a help text, and none is required.
    * ``complaint()`` returns a text for every URL, however odd, without the
      user, the password and the query that stand in it.
    * It takes the URLs of ``urls``.
    * ``notify()`` of a URL that it complains of raises ``NotifyError`` with
      ``recoverable`` false, and without a secret.
    * ``close()`` works for one that was never used.

    ``notify()`` returns what answered, a short text without secrets, or None.
    Nothing is sent here: that is for a test of its own.

    :cvar plugin: the notifier's class.
    :cvar values: options that a test cannot leave at their defaults.
    :cvar scheme: its name, which is the scheme of its URLs.
    :cvar urls: some that it takes; nothing is sent there.
    """

    base = Notifier
    plugin: ClassVar[type[Notifier]]
    scheme: ClassVar[str]
    urls: ClassVar[Sequence[str]] = ()

    def notifier(self) -> Notifier:
        """One with ``values`` and the defaults of its other options."""
        return self.plugin(fixtures.options(self.plugin, **self.values), 10.0)

    def refused_urls(self: Any) -> list[str]:
        """Of some strange URLs, those that it says nobody is told at."""
        urls = [url.format(self.scheme) for url in _STRANGE]
        return [url for url in urls
                if self.plugin.complaint(urlsplit(url))]

    def test_it_says_what_it_is(self: Any) -> None:
        self.assertIsInstance(self.plugin.for_administrators, bool)

    def test_a_complaint_is_a_text(self: Any) -> None:
        for url in _STRANGE:
            url = url.format(self.scheme)
            words = self.plugin.complaint(urlsplit(url))
            self.assertIsInstance(words, str, f'complaint() of {url}')
            self.assertNotIn(_SECRET, words, f'complaint() of {url}')

    def test_it_takes_its_own_urls(self: Any) -> None:
        for url in self.urls:
            self.assertEqual('', self.plugin.complaint(urlsplit(url)),
                             f'complaint() of {url}, one of its own')

    def test_what_it_refuses_it_does_not_deliver(self: Any) -> None:
        """With a NotifyError, which the framework knows, and no secrets."""
        async def tell() -> list[Any]:
            notifier = self.notifier()
            try:
                return await asyncio.gather(*(
                    notifier.notify(urlsplit(url), fixtures.notice())
                    for url in self.refused_urls()), return_exceptions=True)
            finally:
                await notifier.close()

        for url, error in zip(self.refused_urls(), asyncio.run(tell()),
                              strict=True):
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
