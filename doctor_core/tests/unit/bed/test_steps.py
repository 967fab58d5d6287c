import threading

import testtools
from openstack_bed import steps
from openstack_bed.settings import BedError
from openstack_bed.steps import Step


class DoTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.done = []
        self.told = []

    def step(self, name, *after):
        return Step(name, lambda: self.done.append(name), after)

    def do(self, *wanted):
        steps.do(wanted, self.told.append)

    def test_each_is_done_after_what_it_needs(self):
        self.do(self.step('c', 'b', 'a'), self.step('b', 'a'),
                self.step('a'))
        self.assertEqual(['a', 'b', 'c'], self.done)

    def test_what_needs_nothing_of_each_other_is_done_at_once(self):
        both = threading.Barrier(2, timeout=60)
        self.do(Step('a', both.wait), Step('b', both.wait))
        self.assertFalse(both.broken)

    def test_what_is_not_to_be_done_is_not_waited_for(self):
        self.do(self.step('a', 'schema-of-last-time'))
        self.assertEqual(['a'], self.done)

    def test_what_needs_a_failure_is_left_out(self):
        def fail():
            raise BedError('no room')

        error = self.assertRaises(
            BedError, self.do, self.step('c', 'b'), self.step('b', 'a'),
            Step('a', fail), self.step('other'))
        self.assertEqual('no room', str(error))
        self.assertEqual(['other'], self.done)

    def test_a_circle_is_told(self):
        error = self.assertRaises(BedError, self.do, self.step('a', 'b'),
                                  self.step('b', 'a'), self.step('c'))
        self.assertIn("['a', 'b']", str(error))

    def test_nothing_to_do_is_fine(self):
        self.do()
        self.assertEqual([], self.told)
