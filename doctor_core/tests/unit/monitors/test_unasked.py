import fixtures
import testtools

from doctor_core.monitors.unasked import Unasked


class UnaskedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.unasked = Unasked(3)

    def fail(self, names, at, why='who are you?'):
        for name in names:
            self.unasked.failed(name, why, at)

    def lines(self, at):
        self.unasked.look(at, 4)
        return self.log.output.splitlines()

    def test_one_line_for_all(self):
        self.fail('ab', 1.0)
        self.fail('c', 1.8, 'no route')
        self.assertEqual([], self.lines(1.9))
        line, = self.lines(2.0)
        self.assertEqual('3 of 4 hosts cannot be asked, and nothing is said '
                         'of them: a, b: who are you?; c: no route', line)

    def test_it_is_said_once(self):
        self.fail('a', 1.0)
        self.lines(2.0)
        for at in range(3, 9):
            self.fail('a', at)
            self.assertEqual(1, len(self.lines(at)))

    def test_one_that_could_be_asked_may_fail_now_and_then(self):
        self.unasked.asked('a')
        for at in (1.0, 2.0):
            self.fail('a', at)
            self.assertFalse(self.unasked.is_unasked('a'))
        self.fail('a', 3.0)
        self.assertTrue(self.unasked.is_unasked('a'))
        self.assertEqual(1, len(self.lines(4.0)))

    def test_the_end_is_said_when_all_can_be_asked(self):
        self.fail('ab', 1.0)
        self.lines(2.0)
        self.unasked.asked('a')
        self.assertEqual(1, len(self.lines(3.0)))
        self.unasked.asked('b')
        self.assertEqual('All hosts can be asked again', self.lines(4.0)[-1])

    def test_who_could_be_asked_meanwhile_is_not_named(self):
        self.fail('ab', 1.0)
        self.unasked.asked('a')
        self.assertIn('them: b: ', self.lines(2.0)[0])

    def test_nobody_is_left_to_be_named(self):
        self.fail('a', 1.0)
        self.unasked.gone('a')
        self.assertEqual([], self.lines(2.0))
        self.assertFalse(self.unasked.is_unasked('a'))
