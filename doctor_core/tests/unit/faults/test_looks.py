import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.faults.index import Index
from doctor_core.faults.looks import Looks


class LooksTest(testtools.TestCase):

    def test_the_look_that_began_later_wins(self):
        """A slow listing overwrote what a later one had found."""
        looks = Looks()
        looks.renew(2, {'a': 'new'})
        looks.renew(1, {'a': 'old', 'b': 'old'})
        self.assertEqual('new', looks.get('a'))

    def test_what_was_learned_meanwhile_is_kept(self):
        looks = Looks()
        looks.renew(1, {'a': 1, 'b': 1})
        looks.learn(3, 'a', 2)
        looks.learn(3, 'b', None)
        looks.learn(3, 'c', 3)
        looks.renew(2, {'a': 1, 'b': 1})
        self.assertEqual([('a', 2), ('c', 3)], sorted(looks.items()))

    def test_what_a_look_does_not_find_is_gone(self):
        looks = Looks()
        looks.renew(1, {'a': 1, 'b': 2})
        looks.renew(2, {'b': 2})
        self.assertEqual(['b'], list(looks.keys()))

    def test_what_a_look_could_not_see_is_kept(self):
        looks = Looks()
        looks.renew(1, {'a': 1, 'b': 2})
        looks.renew(2, {}, keep=lambda value: value == 1)
        self.assertEqual(['a'], list(looks.keys()))

    def test_a_change_of_what_is_known(self):
        looks = Looks()
        looks.change(1, 'a', str.upper)
        self.assertIsNone(looks.get('a'))
        looks.learn(2, 'a', 'x')
        looks.change(3, 'a', str.upper)
        self.assertEqual('X', looks.get('a'))
        # What began before the change does not know of it.
        looks.learn(2, 'a', 'x')
        self.assertEqual('X', looks.get('a'))

    def test_a_look_for_some_leaves_the_others(self):
        looks = Looks()
        looks.renew(1, {'a': 1, 'b': 2, 'c': 3})
        looks.renew(2, {'a': 4}, among=['a', 'b'])
        self.assertEqual([('a', 4), ('c', 3)], sorted(looks.items()))


NAMES = st.sampled_from('abc')
VALUES = st.sampled_from(['1x', '1y', '2x', '2y'])


class IndexTest(testtools.TestCase):

    @given(st.lists(st.one_of(
        st.tuples(st.integers(1, 9), NAMES, st.none() | VALUES),
        st.tuples(st.integers(1, 9), st.dictionaries(NAMES, VALUES)))))
    def test_finds_what_a_search_finds(self, steps):
        ones, letters = Index(lambda one: one[0]), Index(lambda one: one[1])
        looks = Looks(ones, letters)
        for step in steps:
            if len(step) == 3:
                looks.learn(*step)
            else:
                looks.renew(*step)
        for index, place in ((ones, 0), (letters, 1)):
            for key in '12xy':
                found = {name: value for name, value in looks.items()
                         if value[place] == key}
                self.assertEqual(set(found), set(index.names(key)))
                self.assertEqual(sorted(found.values()),
                                 sorted(index.values(key)))
