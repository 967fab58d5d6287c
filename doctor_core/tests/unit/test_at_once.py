import threading

import testtools

from doctor_core.at_once import at_once

#: Seconds; none is waited when all is well.
PATIENCE_S = 20


class AtOnceTest(testtools.TestCase):

    def test_answers_are_in_order(self):
        first = threading.Event()

        def ask(number):
            # The first is answered after the second.
            if number == 0:
                first.wait(PATIENCE_S)
            else:
                first.set()
            return number * number

        self.assertEqual([0, 1, 4], at_once(ask, [0, 1, 2]))
        self.assertEqual([], at_once(ask, []))

    def test_how_far_it_is(self):
        seen = []
        at_once(str, [5, 6, 7], seen.append)
        self.assertEqual([1, 2, 3], seen)

    def test_the_first_failure_ends_it(self):
        asked = []

        def ask(number):
            asked.append(number)
            raise ValueError(number)

        self.assertRaises(ValueError, at_once, ask, range(1000))
        self.assertLess(len(asked), 1000)
