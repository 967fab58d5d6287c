import testtools

from doctor_core.cli import demo
from doctor_core.exceptions import BackendError, ConfigError


class LinksTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.said = []

    def test_cables_where_there_can_be_some(self):
        asked = []

        def plug(*arguments):
            asked.append(arguments)
            return 'a switch'

        self.assertEqual('a switch', demo.links(2, self.said.append, plug))
        self.assertEqual([(['embedded-compute-1', 'embedded-compute-2'],
                           '10.77.0')], asked)
        self.assertEqual(['To be pinged: 2 network namespaces at 10.77.0.1 '
                          'and up, with a cable each to a switch'],
                         self.said)

    def test_else_one_line_why_and_what_that_means(self):
        def plug(_names, _network):
            raise BackendError('a new network namespace: Operation not '
                               'permitted')

        self.assertIsNone(demo.links(2, self.said.append, plug))
        line, = self.said
        self.assertIn('(a new network namespace: Operation not permitted)',
                      line)
        self.assertIn('UDP', line)
        self.assertIn('monitor "fake"', line)
        self.assertNotIn('\n', line)

    def test_too_many_hosts_are_refused_before_anything_is_made(self):
        self.assertRaises(ConfigError, demo.links, 251, self.said.append,
                          self.fail)


class WatchingTest(testtools.TestCase):

    def test_hosts_with_cables_are_pinged_as_a_deployment_is(self):
        """By the profile and the figures that a deployment has."""
        self.assertEqual({('monitor', 'type'): 'sample'}, demo.watching(0))

    def test_the_others_are_probed_at_their_port(self):
        watching = demo.watching(40007)
        self.assertEqual('fake', watching['monitor', 'type'])
        self.assertEqual(40007, watching['monitor_fake', 'port'])
