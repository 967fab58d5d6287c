import fixtures
import testtools

from doctor_core.faults import cells
from doctor_core.model import ComputeService

SEEN = ComputeService('c0', 'h0', 'up', 'enabled', True)
UNSEEN = ComputeService('', 'h0', 'unknown', 'unknown', False)


class KnownAsTest(testtools.TestCase):

    def test_what_nova_sees_is_as_it_says(self):
        self.assertFalse(cells.is_unseen(SEEN))
        self.assertEqual(SEEN, cells.known_as(
            SEEN, ComputeService('c9', 'h0', 'down', 'enabled', False)))

    def test_what_was_known_is_kept_but_for_the_state(self):
        self.assertTrue(cells.is_unseen(UNSEEN))
        self.assertEqual(
            ComputeService('c0', 'h0', 'unknown', 'enabled', True),
            cells.known_as(UNSEEN, SEEN))

    def test_of_a_host_that_is_new_nothing_was_known(self):
        self.assertEqual(UNSEEN, cells.known_as(UNSEEN, None))


class UnseenHostsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.unseen = cells.UnseenHosts()

    def lines(self, hosts):
        before = len(self.log.output.splitlines())
        self.unseen.say(hosts)
        return self.log.output.splitlines()[before:]

    def test_each_change_is_said_once(self):
        self.assertEqual([], self.lines(set()))
        self.assertIn('cell of 1 host: h0.', self.lines({'h0'})[0])
        self.assertEqual([], self.lines({'h0'}))
        self.assertIn('cell of 2 hosts: h0, h1.',
                      self.lines({'h0', 'h1'})[0])
        self.assertEqual([], self.lines({'h1'}))
        self.assertIn('all hosts again', self.lines(set())[0])
        self.assertEqual([], self.lines(set()))

    def test_a_long_list_is_not_read(self):
        line, = self.lines({f'h{number}' for number in range(30)})
        self.assertNotIn('h9', line)
