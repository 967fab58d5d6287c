"""Notices on real sockets, to consumers that misbehave."""

import concurrent.futures
import json
import os
import re
import ssl
import subprocess

import fixtures
import testtools
from oslo_config import cfg

from doctor_core import opts, plugins
from doctor_core.exceptions import NotifyError
from doctor_core.fixtures import options
from doctor_core.model import Notice
from doctor_core.notifiers.deliverer import Deliverer
from doctor_core.notifiers.http import HttpNotifier, HttpsNotifier
from doctor_core.tests.functional import peers
from doctor_core.tests.functional.peers import Peer
from doctor_core.web.server import Response, Route, Server

#: Far beyond what anything here takes.
LONG_S = 60.0


def notice(server_id='server-1', project_id=''):
    return Notice(project_id=project_id, body={
        'alarm_name': 'n', 'alarm_id': 'a', 'severity': 'moderate',
        'previous': 'ok', 'current': 'alarm', 'reason': 'r',
        'reason_data': {'type': 'event', 'event': {
            'traits': [['instance_id', 1, server_id]]}}})


def request_id(head):
    """What stood in a request."""
    return re.search(r'x-openstack-request-id: (\S+)', head.decode())[1]


def configuration(**changes):
    conf = cfg.ConfigOpts()
    opts.register(conf)
    conf.register_opts(HttpNotifier.get_opts(), 'notifier_http')
    conf.register_opts(HttpsNotifier.get_opts(), 'notifier_https')
    conf([], default_config_files=[], default_config_dirs=[])
    for name, value in changes.items():
        group, _, option = name.rpartition('__')
        conf.set_override(option, value, group or 'notifier')
    return conf


class NotifierTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def peer(self, *behaviours):
        peer = Peer(*behaviours)
        self.addCleanup(peer.close)
        return peer

    def deliverer(self, most=None, **changes):
        conf = configuration(**changes)
        deliverer = Deliverer(conf, {
            scheme: notifier(plugins.options_of(conf, 'notifiers', scheme),
                             conf.notifier.timeout_s)
            for scheme, notifier in (('http', HttpNotifier),
                                     ('https', HttpsNotifier))}, most)
        self.addCleanup(deliverer.close, 0)
        return deliverer

    def outcome(self, url, **changes):
        """The error of one delivery; None when it was made."""
        return self.deliverer(**changes).deliver(
            url, notice()).exception(LONG_S)


class TestOneConsumer(NotifierTestCase):

    def test_what_is_sent_is_aodhs_request(self):
        peer = self.peer()
        self.assertIsNone(self.outcome(peer.url))
        [(head, body)] = peer.requests
        lines = head.decode().split('\r\n')
        headers = dict(line.split(': ', 1) for line in lines[1:])
        self.assertEqual('POST /failure HTTP/1.1', lines[0])
        self.assertEqual('application/json', headers['Content-Type'])
        self.assertRegex(
            headers['x-openstack-request-id'],
            '^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
        self.assertEqual(notice().body, json.loads(body))
        self.assertEqual(list(notice().body), list(json.loads(body)))

    def test_what_answered(self):
        """An owner who denied that could not be shown it."""
        there = self.peer(peers.answer(503), peers.answer(204))
        peer = self.peer(*[peers.answer(308, f'Location: {there.url}')] * 2)
        for url, where in ((peer.url, f' of {there.url}'), (there.url, '')):
            told = self.deliverer(retry_min_s=0.01).deliver(
                url, notice()).result(LONG_S)
            self.assertEqual('a', told.alarm_id)
            heads = [head for head, _ in there.requests]
            there.requests.clear()
            [sent] = set(map(request_id, heads))
            self.assertEqual(f'HTTP 204{where}, request {sent}', told.answer)

    def test_troubles_that_pass(self):
        for trouble in (peers.answer(500), peers.answer(503),
                        peers.answer(429), peers.answer(408), peers.reset,
                        peers.half_a_head, None):
            peer = self.peer(trouble, peers.OK)
            self.assertIsNone(self.outcome(peer.url, timeout_s=1.0,
                                           retry_min_s=0.01), trouble)
            self.assertEqual(2, len(peer.requests), trouble)

    def test_refusals_that_do_not_pass(self):
        for status in (400, 401, 404, 410, 302):
            peer = self.peer(peers.answer(status, 'Location: /elsewhere'))
            error = self.outcome(peer.url)
            self.assertFalse(error.recoverable)
            [(head, _)] = peer.requests
            self.assertEqual(f'{peer.url}, attempt 1: answered {status} to '
                             f'request {request_id(head)}', str(error))
            self.assertEqual(1, len(peer.requests))

    def test_redirects_that_keep_the_body(self):
        """Aodh follows them; Doctor gave up."""
        for status in (307, 308):
            there = self.peer()
            peer = self.peer(peers.answer(status, 'Location: /next'),
                             peers.answer(status, f'Location: {there.url}'))
            self.assertIsNone(self.outcome(peer.url))
            self.assertIn(b'POST /next ', peer.requests[1][0])
            [(head, body)] = there.requests
            self.assertIn(b'POST /failure ', head)
            self.assertEqual(notice().body, json.loads(body))

    def test_redirects_that_are_not_followed(self):
        there = self.peer()
        to_it = peers.answer(308, f'Location: {there.url}')
        for answer, policy in (
                (to_it, 'none'), (peers.answer(307), 'any'),
                (to_it.replace(b'127.0.0.1', b'127.0.0.2'), 'same-host'),
                (peers.answer(307, 'Location: /failure'), 'any')):
            peer = self.peer(answer)
            error = self.outcome(peer.url, notifier_http__redirects=policy)
            self.assertFalse(error.recoverable)
            self.assertLess(len(peer.requests), 7)
        self.assertEqual([], there.requests)

    def test_a_slow_consumer_is_told_once(self):
        peer = self.peer(peers.slowly)
        self.assertIsNone(self.outcome(peer.url))
        self.assertEqual(1, len(peer.requests))

    def test_retry_after_is_waited_for(self):
        peer = self.peer(peers.answer(503, 'Retry-After: 1'), peers.OK)
        self.assertIsNone(self.outcome(peer.url, retry_min_s=0.001,
                                       retry_max_s=0.001))
        first, second = peer.arrivals
        self.assertGreater(second - first, 0.9)

    def test_a_date_gone_by_is_no_reason_to_wait(self):
        for when in ('Wed, 21 Oct 2015 07:28:00 GMT', 'soon', '-5'):
            peer = self.peer(peers.answer(503, f'Retry-After: {when}'),
                             peers.OK)
            self.assertIsNone(self.outcome(peer.url, retry_min_s=0.001))

    def test_the_deadline_counts_however_often_it_is_tried(self):
        for peer_url in (self.peer(None).url, peers.refused_url(),
                         self.peer(peers.answer(500)).url):
            error = self.outcome(peer_url, deadline_s=1.0, timeout_s=0.2,
                                 retry_min_s=0.05)
            self.assertIsInstance(error, NotifyError)
            self.assertTrue(error.recoverable)

    def test_a_consumer_that_hangs_is_tried_again(self):
        peer = self.peer(None)
        self.outcome(peer.url, deadline_s=2.0, timeout_s=0.2,
                     retry_min_s=0.01)
        self.assertGreater(len(peer.requests), 1)
        self.assertLess(len(peer.requests), 12)

    def test_urls_that_lead_nowhere(self):
        for url in ('http://', 'http:///failure', 'http://127.0.0.1:port/'):
            error = self.outcome(url, deadline_s=LONG_S)
            self.assertFalse(error.recoverable, url)

    def test_user_and_password_are_sent_and_not_logged(self):
        peer = self.peer(peers.answer(500), peers.answer(400))
        url = peer.url.replace('http://', 'http://ann:s3cret@') + '?k=t0ken'
        error = self.outcome(url, retry_min_s=0.01)
        self.assertIn(b'POST /failure?k=t0ken ', peer.requests[0][0])
        self.assertIn(b'Authorization: Basic YW5uOnMzY3JldA==',
                      peer.requests[0][0])
        for text in (str(error), self.log.output):
            self.assertIn('/failure, attempt 2: answered 400', text)
            self.assertNotIn('s3cret', text)
            self.assertNotIn('t0ken', text)


class TestManyConsumers(NotifierTestCase):

    def test_three_of_twenty_hang_and_the_others_are_told(self):
        good = [self.peer() for _ in range(17)]
        bad = [self.peer(None) for _ in range(3)]
        deliverer = self.deliverer()
        urls = [peer.url for peer in good + bad]
        futures = {number: deliverer.deliver(
            urls[number % 20], notice(f'server-{number}'))
            for number in range(200)}
        hanging = {number for number in futures if number % 20 >= 17}
        concurrent.futures.wait(
            [future for number, future in futures.items()
             if number not in hanging], LONG_S)
        self.assertEqual(
            set(range(200)) - hanging,
            {number for number, future in futures.items()
             if future.done() and future.exception() is None})
        self.assertEqual([], [number for number in hanging
                              if futures[number].done()])
        told = [Notice(json.loads(body)).server_id
                for peer in good for _, body in peer.requests]
        self.assertEqual(sorted(
            f'server-{number}' for number in set(range(200)) - hanging),
            sorted(told))

    def test_a_crowd_at_one_consumer_shares_its_connections(self):
        peer = self.peer(peers.slowly)
        deliverer = self.deliverer(notifier_http__connections=15)
        futures = [deliverer.deliver(peer.url, notice(f'server-{number}'))
                   for number in range(100)]
        concurrent.futures.wait(futures, LONG_S)
        self.assertEqual([None] * 100,
                         [future.exception() for future in futures])
        # More than 15 only where a busy machine broke some of them.
        self.assertLess(peer.connections(), 50)
        self.assertGreaterEqual(peer.connections(), 15)

    def told(self, deliverer, url, count):
        """Of those of a project with notices at one place, how many were
        told.
        """
        futures = [deliverer.deliver(url, notice(f'server-{number}', 'b'))
                   for number in range(count)]
        concurrent.futures.wait(futures, LONG_S)
        return [future.done() and future.exception() is None
                for future in futures].count(True)

    def hanging(self, deliverer, urls):
        """Those of another project, that are never answered."""
        return [deliverer.deliver(url, notice(f'server-a{number}', 'a'))
                for number, url in enumerate(urls)]

    def test_who_hangs_at_a_gateway_keeps_no_other_project_out(self):
        """Behind one address, another project's owner was given up."""
        gateway = peers.Gateway()
        self.addCleanup(gateway.close)
        url = gateway.url
        redirecting = self.peer(peers.answer(307, f'Location: {url}'))
        # One way in, and to be sent on is another.
        for start in (url, redirecting.url):
            deliverer = self.deliverer(notifier_http__connections=3)
            waiting = self.hanging(deliverer, [start] * 50)
            before = gateway.connections()
            self.assertEqual(20, self.told(deliverer, url.replace(
                'failure', 'b'), 20))
            self.assertLessEqual(gateway.connections(), before + 6)
            self.assertFalse(any(future.done() for future in waiting))
            deliverer.close(0)

    def test_who_hangs_at_many_addresses_keeps_no_other_out(self):
        silent = Peer(None, address='0.0.0.0')
        self.addCleanup(silent.close)
        deliverer = self.deliverer(most=40)
        waiting = self.hanging(deliverer, [
            silent.url.replace('127.0.0.1', f'127.0.1.{number}')
            for number in range(1, 200)])
        self.assertEqual(50, self.told(deliverer, self.peer().url, 50))
        self.assertFalse(any(future.done() for future in waiting))
        self.assertLessEqual(silent.connections(), 20)

    def test_ending_says_who_was_not_told(self):
        deliverer = self.deliverer()
        deliverer.deliver(self.peer(None).url, notice('server-7'))
        deliverer.close(0.2)
        self.assertIn('of the servers server-7', self.log.output)


class TlsTestCase(NotifierTestCase):
    """With a certificate for 127.0.0.1 that is its own authority."""

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.cert, self.key = (os.path.join(folder, name)
                               for name in ('cert.pem', 'key.pem'))
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
             '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1', '-keyout', self.key,
             '-out', self.cert], check=True, capture_output=True)


class TestHttps(TlsTestCase):

    def setUp(self):
        super().setUp()
        self.bodies = []
        server = Server([Route('POST', '/failure', self._take)],
                        tls=(self.cert, self.key))
        self.url = f'{server.start()}/failure'
        self.addCleanup(server.stop)

    def _take(self, request):
        self.bodies.append(request.json())
        return Response(200)

    def test_a_certificate_of_a_trusted_authority(self):
        self.assertIsNone(self.outcome(
            self.url, notifier_https__ca_file=self.cert))
        self.assertEqual([notice().body], self.bodies)

    def test_any_other_is_refused_whatever_the_url_says(self):
        """A query parameter of the action could switch verification off."""
        error = self.outcome(f'{self.url}?aodh-alarm-ssl-verify=0')
        self.assertIsInstance(error, NotifyError)
        self.assertFalse(error.recoverable)
        self.assertEqual([], self.bodies)

    def test_a_certificate_of_our_own_can_be_shown(self):
        notifier = HttpsNotifier(
            options(HttpsNotifier, cert_file=self.cert, key_file=self.key),
            LONG_S)
        self.assertEqual(ssl.CERT_REQUIRED, notifier._tls().verify_mode)
