import threading

import testtools

from bench import standin
from doctor_core.fixtures import FakeClock

SERVERS = {'servers': [
    {'id': 'a', 'tenant_id': 't', 'OS-EXT-SRV-ATTR:host': 'compute-1'},
    {'id': 'b', 'tenant_id': 't', 'OS-EXT-SRV-ATTR:host': 'compute-1'},
    {'id': 'c', 'tenant_id': 't', 'OS-EXT-SRV-ATTR:host': 'compute-2'}]}


class Nova:
    """All clients of one Nova; each call is kept with its thread.

    :param together: how many calls have to wait for each other.
    """

    def __init__(self, together=1, refuse=()):
        self.calls = []
        self.threads = set()
        self._together = threading.Barrier(together)
        self._refuse = refuse

    def get(self, url):
        self.calls.append(('GET', url))
        return self

    def json(self):
        return SERVERS

    def put(self, url, *, json):
        self._call(('PUT', url, json['host'], json['forced_down']))

    def post(self, url, *, json):
        self._call(('POST', url, json['os-resetState']['state']))

    def _call(self, call):
        if call[1] in self._refuse:
            raise OSError(f'{call[1]} is refused')
        self.calls.append(call)
        self.threads.add(threading.get_ident())
        self._together.wait(60)


class StandinTest(testtools.TestCase):

    def standin(self, nova):
        """One that has heard of all servers."""
        self.told = []
        self.clients = []

        def client():
            self.clients.append(nova)
            return nova

        made = standin.Standin(client, self.told.append, FakeClock(5.0).now)
        made.start()
        return made

    def test_all_is_done_at_once(self):
        """Each call waits for all the others: a row of them would hang."""
        nova = Nova(together=3)
        marks = self.standin(nova).lost('compute-1')
        self.assertEqual(
            [('POST', '/servers/a/action', 'error'),
             ('POST', '/servers/b/action', 'error'),
             ('PUT', '/os-services/force-down', 'compute-1', True)],
            sorted(nova.calls[1:]))
        self.assertEqual(3, len(nova.threads))
        self.assertEqual(standin.Marks(5.0, {'a': 5.0, 'b': 5.0}), marks)

    def test_each_server_has_a_client_of_its_own(self):
        self.standin(Nova())
        self.assertEqual(1 + 3, len(self.clients))

    def test_the_owners_are_told_of_one_server_after_the_other(self):
        self.standin(Nova()).lost('compute-1')
        self.assertEqual(
            [{'tenant_id': 't', 'instance_id': each, 'state': 'error'}
             for each in 'ab'], self.told)

    def test_what_fails_stops_nothing_else(self):
        made = self.standin(Nova(refuse=('/servers/a/action',)))
        marks = made.lost('compute-1')
        self.assertEqual(({'b': 5.0}, 5.0), (marks.error_at, marks.host_at))
        self.assertEqual(['OSError: /servers/a/action is refused'],
                         made.failures)

    def test_at_its_end_it_lifts_what_it_forced_down(self):
        nova = Nova()
        made = self.standin(nova)
        made.lost('compute-1')
        made.stop()
        made.stop()
        self.assertEqual(
            [('PUT', '/os-services/force-down', 'compute-1', False)],
            nova.calls[-1:])

    def test_a_host_without_servers(self):
        nova = Nova()
        self.assertEqual(standin.Marks(5.0),
                         self.standin(nova).lost('compute-3'))
        self.assertEqual([], self.told)
