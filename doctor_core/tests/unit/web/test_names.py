import asyncio
import socket
import threading

import fixtures
import testtools

from doctor_core.web import names
from doctor_core.web.names import Names


async def settle():
    for _ in range(9):
        await asyncio.sleep(0)


class Dns:
    """Answers when it is told to; asked by threads."""

    def __init__(self, *silent):
        self.silent = set(silent)
        self.asked = []
        self.threads = threading.Semaphore(0)
        self.goes_on = threading.Event()
        self.fails = False

    def __call__(self, host):
        self.asked.append(host)
        self.threads.release()
        if host in self.silent and not self.goes_on.wait(60):
            raise AssertionError('nobody let it go on')
        if self.fails:
            raise socket.gaierror(socket.EAI_AGAIN, 'no answer')
        return ['192.0.2.1', '2001:db8::1']


class NamesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.names.clock.monotonic', lambda: self.now))

    def run_with(self, dns, scene):
        self.addCleanup(dns.goes_on.set)
        asyncio.run(scene(Names(dns)))

    def test_an_address_needs_nobody(self):
        dns = Dns()

        async def scene(found):
            for host in ('192.0.2.1', '2001:db8::1', 'fe80::1%eth0'):
                self.assertEqual((host,), await found.addresses(host))

        self.run_with(dns, scene)
        self.assertEqual([], dns.asked)

    def test_one_look_up_however_many_wait(self):
        dns = Dns('slow')

        async def scene(found):
            all_ = asyncio.gather(*(
                found.addresses('slow', f'p{number % 3}')
                for number in range(50)))
            await asyncio.to_thread(dns.threads.acquire)
            dns.goes_on.set()
            self.assertEqual({('192.0.2.1', '2001:db8::1')}, set(await all_))

        self.run_with(dns, scene)
        self.assertEqual(['slow'], dns.asked)

    def test_who_gives_up_leaves_the_look_up_to_the_next(self):
        """Each attempt took another thread, until there was none."""
        dns = Dns('slow')

        async def scene(found):
            for _ in range(20):
                task = asyncio.create_task(found.addresses('slow', 'p'))
                await settle()
                task.cancel()
                await asyncio.wait([task])
            dns.goes_on.set()
            await found.addresses('slow', 'p')

        self.run_with(dns, scene)
        self.assertEqual(['slow'], dns.asked)

    def test_names_that_nobody_answers_hold_up_no_other_project(self):
        """Fifty of one project: another one's owner was never told."""
        slow = [f'x{number}' for number in range(50)]
        dns = Dns(*slow)

        async def scene(found):
            waiting = [asyncio.create_task(found.addresses(name, 'a'))
                       for name in [*slow, 'good']]
            await settle()
            self.assertIn('192.0.2.1', await found.addresses('good', 'b'))
            self.assertEqual(names._OF_EACH + 1, len(dns.asked))
            dns.goes_on.set()
            await asyncio.gather(*waiting)

        self.run_with(dns, scene)
        self.assertEqual({*slow, 'good'}, set(dns.asked))
        self.assertEqual(51, len(dns.asked))

    def test_an_answer_is_asked_for_again_when_it_is_old(self):
        dns = Dns()

        async def scene(found):
            for later_s in (0, names._FRESH_S - 1, names._FRESH_S + 1):
                self.now = 1000.0 + later_s
                await found.addresses('h')

        self.run_with(dns, scene)
        self.assertEqual(2, len(dns.asked))

    def test_the_last_good_answer_serves(self):
        dns = Dns()

        async def scene(found):
            good = await found.addresses('h')
            self.now += names._USEFUL_S - 1
            dns.fails = True
            self.assertEqual(good, await found.addresses('h'))
            self.now += 2
            await self.assert_fails(found)

        self.run_with(dns, scene)

    def test_the_last_good_answer_serves_while_nobody_says_another(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.names._PATIENCE_S', 0.0))
        dns = Dns()

        async def scene(found):
            good = await found.addresses('h')
            self.now += names._FRESH_S + 1
            dns.silent.add('h')
            self.assertEqual(good, await found.addresses('h'))
            dns.goes_on.set()

        self.run_with(dns, scene)

    async def assert_fails(self, found):
        try:
            await found.addresses('h')
        except OSError:
            return
        self.fail('there was an answer')

    def test_what_cannot_be_looked_up(self):
        for error in (ValueError('NUL'), UnicodeError('label'),
                      RuntimeError("can't start new thread")):
            def fails(_host, error=error):
                raise error

            asyncio.run(self.assert_fails(Names(fails)))

    def test_what_is_kept_has_a_limit(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.names._KEPT', 2))
        dns = Dns()

        async def scene(found):
            for host in ('a', 'b', 'c', 'b', 'a'):
                await found.addresses(host)

        self.run_with(dns, scene)
        self.assertEqual(['a', 'b', 'c', 'a'], dns.asked)

    def test_addresses_of_a_link_name_it(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.web.names.socket.getaddrinfo',
            lambda *_args, **_options: [
                (socket.AF_INET, 1, 6, '', ('192.0.2.1', 0)),
                (socket.AF_INET6, 1, 6, '', ('2001:db8::1', 0, 0, 0)),
                (socket.AF_INET6, 1, 6, '', ('fe80::1', 0, 0, 2))]))
        self.assertEqual(['192.0.2.1', '2001:db8::1', 'fe80::1%2'],
                         names._by_the_system('h'))
