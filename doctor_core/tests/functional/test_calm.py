"""Real links are cut for a while, with the default profile: who is called
lost, and who is marked down.
"""

import testtools

from doctor_core.tests.functional import requirements
from doctor_core.tests.unit import bench as _path  # noqa: F401

# isort: split
from bench import calm
from bench.blackouts import SCOPES

ONE, NETWORK, RACK, ALL, CABLES = SCOPES
#: A rack is less than half of them.
HOSTS = 50


class CalmTest(testtools.TestCase):
    """What is shorter than 600 ms, or is a path, harms nobody."""

    def setUp(self):
        super().setUp()
        requirements.need_root(self)
        requirements.need_command(self, 'ip', 'apt-get install iproute2')

    def black_out(self, scope, length_s):
        outcome = calm.black_out('datacentre', scope, length_s, HOSTS)
        self.assertEqual((0, 0), (outcome.wrong, outcome.felled_wrongly))
        return outcome

    def test_a_blip_of_one_host(self):
        outcome = self.black_out(ONE, 0.4)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))

    def test_one_host_is_lost(self):
        outcome = self.black_out(ONE, 2.5)
        self.assertEqual((1, 1), (outcome.right, outcome.felled))

    def test_one_of_two_networks(self):
        outcome = self.black_out(NETWORK, 2.5)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))

    def test_a_blip_of_a_rack(self):
        self.assertEqual(0, self.black_out(RACK, 0.4).right)

    def test_a_rack(self):
        """Its owners are told, and nothing is marked down."""
        outcome = self.black_out(RACK, 2.5)
        self.assertEqual((20, 0), (outcome.right, outcome.felled))

    def test_all_hosts(self):
        outcome = self.black_out(ALL, 5.0)
        self.assertEqual(0, outcome.felled)
        # A monitor on a busy machine doubts itself for longer.
        self.assertThat(outcome.right, testtools.matchers.GreaterThan(0))

    def test_the_cables_of_the_monitor(self):
        outcome = self.black_out(CABLES, 2.5)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))
