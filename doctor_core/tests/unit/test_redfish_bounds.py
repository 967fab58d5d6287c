"""What a Redfish service may do to who asks it."""

import types

import testtools

from doctor_core.exceptions import BackendError, NoAnswer
from doctor_core.redfish_bounds import MOST_BYTES, Bounds, connector

LONG_S = 30.0


def answer(where=None, *, blocks=(), url='https://b/redfish/v1'):
    """One of the library for HTTP, as its hook gets it."""
    raw = types.SimpleNamespace(
        closed=[], headers='h', stream=lambda *_words, **_more: iter(blocks))
    raw.close = lambda: raw.closed.append(True)
    return types.SimpleNamespace(
        url=url, raw=raw, is_redirect=where is not None,
        headers={'location': where} if where else {})


class Case(testtools.TestCase):

    def bounds(self, within_s=LONG_S):
        bounds = Bounds('https://b')
        bounds.begin(within_s)
        return bounds


class RedirectTest(Case):

    def test_another_is_not_followed(self):
        """It was told the password, and what it said was believed."""
        for where in ('https://c/redfish/v1', 'http://b/redfish/v1',
                      'https://b:8443/', '//c/redfish/v1', 'ftp://b/',
                      'https://b\\@c/', 'https://b@c/', 'https://b:x/',
                      'https://[/'):
            error = self.assertRaises(BackendError, self.bounds().hook,
                                      answer(where))
            self.assertIn('The BMC https://b redirects to', str(error))
            self.assertFalse(error.recoverable)
            self.assertFalse(isinstance(error, NoAnswer))

    def test_it_is_said_where_to(self):
        error = self.assertRaises(
            BackendError, self.bounds().hook,
            answer('https://u:xyzzy@c:8443/redfish/v1?token=xyzzy'))
        self.assertIn('redirects to c:8443/redfish/v1:', str(error))
        self.assertNotIn('xyzzy', str(error))

    def test_the_same_is_followed(self):
        for where in ('/redfish/v1/', 'https://b/redfish/v1/', 'v1/',
                      'HTTPS://B:443/redfish/v1/'):
            found = answer(where)
            self.assertIs(found, self.bounds().hook(found))

    def test_created_elsewhere_is_no_redirect(self):
        found = answer('https://c/Sessions/1')
        found.is_redirect = False
        self.assertIs(found, self.bounds().hook(found))


class EndTest(Case):

    def read(self, blocks, within_s=LONG_S):
        self.found = answer(blocks=blocks)
        raw = self.found.raw
        bounds = self.bounds(within_s)
        read = bounds.hook(self.found).raw.stream(1, decode_content=True)
        return raw, read

    def test_an_answer_is_read(self):
        raw, read = self.read([b'a', b'b'])
        self.assertEqual(b'ab', b''.join(read))
        self.assertEqual(('h', []), (self.found.raw.headers, raw.closed))

    def test_one_without_end_has_one(self):
        """It filled the memory, at a gigabyte in five seconds."""
        block = b' ' * (1 << 20)

        def endless():
            while True:
                yield block
        raw, read = self.read(endless())
        error = self.assertRaises(BackendError, list, read)
        self.assertIn(f'more than {MOST_BYTES >> 20} MB', str(error))
        self.assertEqual([True], raw.closed)

    def test_one_that_drips_for_ever_ends(self):
        raw, read = self.read([b' '], within_s=0.0)
        self.assertRaises(NoAnswer, list, read)
        self.assertEqual([True], raw.closed)

    def test_what_nobody_needs_is_not_read(self):
        raw, _read = self.read([b'a'])
        self.assertEqual(b'', self.found.raw.read(decode_content=False))
        self.assertEqual([True], raw.closed)


class Genuine:
    """What stands for the library's own way."""

    class connector:
        class Connector:
            def __init__(self, base, **words):
                self.asked = []

            def get(self, path='', data=None, **options):
                self.asked.append(('get', path, options))

            post = patch = put = delete = get


class ConnectorTest(Case):

    def test_what_is_asked_is_bounded(self):
        way = connector(Genuine, self.bounds(), 'https://b', verify=True)
        for name in ('get', 'post', 'patch', 'put', 'delete'):
            getattr(way, name)('/redfish/v1', {})
        for _name, path, options in way.asked:
            self.assertEqual('/redfish/v1', path)
            self.assertThat(options['timeout'],
                            testtools.matchers.LessThan(LONG_S + 1))
            self.assertEqual('hook', options['hooks']['response'].__name__)
        self.assertEqual(5, len(way.asked))

    def test_a_resource_of_another_is_not_asked_for(self):
        """A member of a collection took the session's key elsewhere."""
        way = connector(Genuine, self.bounds(), 'https://b')
        for path in ('https://c/redfish/v1/Systems/1', '//c/x', 'http://b/x'):
            self.assertRaises(BackendError, way.get, path)
        self.assertEqual([], way.asked)

    def test_when_the_time_is_over_nothing_is_asked(self):
        way = connector(Genuine, self.bounds(0.0), 'https://b')
        self.assertRaises(NoAnswer, way.get, '/redfish/v1')
