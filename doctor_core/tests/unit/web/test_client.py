import asyncio

import testtools

from doctor_core.exceptions import HttpError
from doctor_core.web.client import Client


class ErrorTest(testtools.TestCase):
    def test_no_url_is_repeated_whole(self):
        """User, password and query stood in the error, and in the log."""
        for url in ('nosuch://u:s3cret@h/?s3cret',
                    'http://u:s3cret@h:99999999/?s3cret',
                    f'nosuch://u:s3cret@h/{"x" * 9999}'):
            error = self.assertRaises(HttpError, asyncio.run, _asked(url))
            self.assertNotIn('s3cret', str(error))
            self.assertThat(len(str(error)), testtools.matchers.LessThan(300))
            self.assertFalse(error.recoverable)


async def _asked(url):
    client = Client()
    try:
        await client.request('GET', url)
    finally:
        await client.close()
