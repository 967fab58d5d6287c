import fixtures
import testtools

from doctor_core.services.pursuing import Pursuing


class Pool:
    """Holds what it gets until it is let go, one by one."""

    def __init__(self):
        self.held = []
        self.closed = False

    def submit(self, do):
        if self.closed:
            raise RuntimeError('cannot schedule new futures after shutdown')
        self.held.append(do)

    def shutdown(self):
        self.closed = True

    def go(self):
        while self.held:
            self.held.pop(0)()


class PursuingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.pool = Pool()
        self.done = []
        self.passed = []
        self.meanwhile = {}
        self.pursuing = Pursuing(
            self.pursue, lambda *one: self.passed.append(one), 'pursue',
            self.pool)

    def pursue(self, host, reports):
        self.done.append((host, *reports))
        self.meanwhile.pop(host, lambda: None)()

    def put(self, host, *reports, is_loss=True):
        for one in reports:
            self.pursuing.put(host, one, is_loss=is_loss)

    def test_a_host_whose_turn_is_to_come_is_pursued_once(self):
        self.put('a', 'a1', 'a2')
        self.put('b', 'b1')
        self.put('a', 'a3')
        self.assertEqual(2, len(self.pool.held))
        self.pool.go()
        self.assertEqual([('a', 'a1', 'a2', 'a3'), ('b', 'b1')], self.done)

    def test_one_under_way_and_one_owed(self):
        self.meanwhile['a'] = lambda: (self.put('a', 'a2', 'a3'),
                                       self.put('a', 'a4', is_loss=False))
        self.put('a', 'a1')
        self.pool.held.pop(0)()
        self.assertEqual(1, len(self.pool.held))
        self.pool.go()
        self.assertEqual([('a', 'a1'), ('a', 'a2', 'a3', 'a4')], self.done)
        self.assertEqual(({}, set()), (self.pursuing._owed,
                                       self.pursuing._under_way))

    def test_losses_go_before_returns(self):
        self.put('a', 'a1', is_loss=False)
        self.put('b', 'b1', is_loss=False)
        self.put('c', 'c1')
        self.put('b', 'b2')
        self.pool.go()
        self.assertEqual(['c', 'b', 'a'], [host for host, *_ in self.done])

    def test_what_comes_meanwhile_goes_to_the_end(self):
        self.meanwhile['a'] = lambda: self.put('a', 'a2')
        self.put('a', 'a1')
        self.put('b', 'b1')
        self.pool.go()
        self.assertEqual(['a', 'b', 'a'], [host for host, *_ in self.done])

    def test_a_return_meanwhile_waits_for_the_losses(self):
        self.meanwhile['a'] = lambda: (self.put('a', 'a2', is_loss=False),
                                       self.put('b', 'b1'))
        self.put('a', 'a1')
        self.pool.go()
        self.assertEqual(['a', 'b', 'a'], [host for host, *_ in self.done])

    def test_more_than_one_pursuit_answers(self):
        self.put('a', *(f'a{number}' for number in range(102)))
        self.assertEqual([('a', 'a0'), ('a', 'a1')], self.passed)
        self.pool.go()
        self.assertEqual(100, len(self.done[0][1:]))

    def test_one_that_fails(self):
        def fail():
            raise KeyError('a defect')
        self.meanwhile['a'] = fail
        self.put('a', 'a1')
        self.put('b', 'b1')
        self.pool.go()
        self.assertIn('a defect', self.log.output)
        self.put('a', 'a2')
        self.pool.go()
        self.assertEqual(['a', 'b', 'a'], [host for host, *_ in self.done])

    def test_the_end_begins_nothing(self):
        """It waited for all that had come, for a minute."""
        self.meanwhile['a'] = lambda: (self.put('a', 'a2'),
                                       self.pursuing.close())
        self.put('a', 'a1')
        self.put('b', 'b1')
        self.pool.go()
        self.assertEqual([('a', 'a1')], self.done)
