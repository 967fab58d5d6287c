from contextlib import ExitStack

import testtools

from doctor_core.cloud import undoing
from doctor_core.exceptions import CloudError
from doctor_core.fixtures import FakeClock


class Shelf:
    """Things by name; deleting them may fail first."""

    def __init__(self, *names):
        self.things = dict.fromkeys(names, 'there before')
        self.failures = []
        self.deleted = []

    def ensure(self, made, name):
        return made.ensure(name, lambda: name if name in self.things else None,
                           lambda: self.make(name), self.delete)

    def make(self, name):
        self.things[name] = 'made'
        return name

    def delete(self, name):
        if self.failures:
            raise self.failures.pop()
        self.deleted.append(name)
        del self.things[name]


class TestMade(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.stack = ExitStack()
        self.made = undoing.Made(self.stack, timeout_s=10.0,
                                 waiting=FakeClock())

    def test_in_reverse(self):
        shelf = Shelf()
        for name in 'abc':
            self.assertEqual(name, shelf.ensure(self.made, name))
        self.stack.close()
        self.assertEqual(['c', 'b', 'a'], shelf.deleted)
        self.assertEqual([], self.made.leftovers)

    def test_what_was_there_stays(self):
        shelf = Shelf('a')
        shelf.ensure(self.made, 'a')
        self.stack.close()
        self.assertEqual({'a': 'there before'}, shelf.things)

    def test_what_is_in_use_is_waited_for(self):
        shelf = Shelf()
        shelf.ensure(self.made, 'a')
        shelf.failures = [CloudError('in use', recoverable=True, status=409)
                          ] * 3
        self.stack.close()
        self.assertEqual({}, shelf.things)

    def test_what_is_gone_already(self):
        shelf = Shelf()
        shelf.ensure(self.made, 'a')
        shelf.things.clear()
        self.stack.close()
        self.assertEqual(([], []), (shelf.deleted, self.made.leftovers))

    def test_one_that_fails_stops_no_other(self):
        shelf = Shelf()
        shelf.ensure(self.made, 'a')
        shelf.ensure(self.made, 'b')
        shelf.failures = [CloudError('forbidden', status=403)]
        self.stack.close()
        self.assertEqual(['a'], shelf.deleted)
        self.assertEqual(['b: forbidden'], self.made.leftovers)

    def test_one_that_never_goes(self):
        self.made.undo_later('a', lambda: False)
        self.stack.close()
        self.assertEqual(['a: Waited 10 s in vain for a to be gone'],
                         self.made.leftovers)

    def test_the_cloud_may_be_away_for_a_while(self):
        answers = [CloudError('no answer', recoverable=True)] * 2

        def undone():
            if answers:
                raise answers.pop()
            return True

        self.made.undo_later('a', undone)
        self.stack.close()
        self.assertEqual([], self.made.leftovers)

    def test_interrupted_while_being_made(self):
        """Ctrl-C while the answer is awaited: the thing may exist."""
        shelf = Shelf()

        def make():
            shelf.make('a')
            raise KeyboardInterrupt

        self.assertRaises(
            KeyboardInterrupt, self.made.ensure, 'a',
            lambda: 'a' if 'a' in shelf.things else None, make, shelf.delete)
        self.stack.close()
        self.assertEqual({}, shelf.things)
