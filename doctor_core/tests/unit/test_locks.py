"""Whether the order of locks is seen."""

import types

import testtools

from doctor_core.tests.unit.locks import LockOrder

_MAKING = 'import threading\n{0} = threading.{1}()\n'


class LockOrderTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.order = self.useFixture(LockOrder())

    def make(self, name, kind='Lock', module='doctor_core.some'):
        """A lock as a module of that name makes it."""
        made = types.ModuleType(f'{module}_{name}')
        exec(_MAKING.format(name, kind), made.__dict__)
        return getattr(made, name)

    def take(self, *locks):
        for lock in locks:
            lock.acquire()
        for lock in reversed(locks):
            lock.release()

    def test_one_order(self):
        a, b, c = map(self.make, 'abc')
        self.take(a, b, c)
        self.take(a, c)
        self.take(b)
        self.assertEqual([], self.order.circle())

    def test_two_orders_that_nobody_met(self):
        a, b, c = map(self.make, 'abc')
        self.take(a, b)
        self.take(b, c)
        self.take(c, a)
        self.assertEqual({f'doctor_core.some_{name}:2' for name in 'abc'},
                         set(self.order.circle()))

    def test_two_of_a_kind(self):
        self.take(self.make('a'), self.make('a'))
        self.assertNotEqual([], self.order.circle())

    def test_one_that_is_taken_again(self):
        a, b = self.make('a', 'RLock'), self.make('b')
        self.take(a, b, a)
        self.assertEqual([], self.order.circle())

    def test_who_does_not_wait(self):
        a, b = map(self.make, 'ab')
        self.take(a, b)
        with b:
            a.acquire(blocking=False)
            a.release()
        self.assertEqual([], self.order.circle())

    def test_locks_of_others(self):
        a, b = (self.make(name, module='other') for name in 'ab')
        self.take(a, b)
        self.take(b, a)
        self.assertEqual([], self.order.circle())
