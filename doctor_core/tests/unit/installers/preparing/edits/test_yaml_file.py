"""Entries of YAML files, added or replaced in place."""

import testtools
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doctor_core.installers.preparing.edits import NotEditable, yaml_file


class AppendedTest(testtools.TestCase):

    def check(self, expected, text, item='c', path=('l',)):
        result = yaml_file.appended(text, path, item)
        self.assertEqual(expected, result)
        data = yaml.safe_load(result)
        for step in path:
            data = data[step]
        self.assertEqual(item, data[-1])

    def test_below_the_last_item(self):
        self.check('l:\n    - "a"   # x\n    - c\n\n# y\nm: 1\n',
                   'l:\n    - "a"   # x\n\n# y\nm: 1\n')
        self.check('l:\n- a\n- c\nm: 1', 'l:\n- a\nm: 1')
        self.check('l:\n- a\n- c\n', 'l:\n- a')
        self.check('l:\r\n- a\r\n- c\r\n', 'l:\r\n- a')

    def test_below_an_item_that_is_an_alias(self):
        self.check('a: &x {b: 1}\nl:\n - *x\n - c\n',
                   'a: &x {b: 1}\nl:\n - *x\n')

    def test_below_an_item_without_a_value(self):
        self.check('l:\n- a:\n- c\n', 'l:\n- a:\n')
        self.check('l:\n-\n- c\n', 'l:\n-\n')

    def test_below_a_text_of_several_lines(self):
        for style in ('|', '>-', '|+'):
            self.check(f'l:\n- {style}\n  # x\n  y\n\n- c\nm: 1\n',
                       f'l:\n- {style}\n  # x\n  y\n\nm: 1\n')
        self.check('l:\n- a\n  b\n- c\n', 'l:\n- a\n  b\n')

    def test_inside_of_brackets(self):
        for old, new in (('[]', '["c"]'), ('[ ]', '["c" ]'),
                         ('[a]', '[a, "c"]'), ('[a, ]', '[a, "c" ]'),
                         ('&x [a]', '&x [a, "c"]'),
                         ('[a, # x\n  b\n  ]', '[a, # x\n  b, "c"\n  ]')):
            self.check(f'l: {new} # y\n', f'l: {old} # y\n')

    def test_a_mapping(self):
        self.check('l:\n  - a\n  - x: 1\n    y: 2\n', 'l:\n  - a\n',
                   item={'x': 1, 'y': 2})

    def test_at_the_root(self):
        self.check('---\n- a\n- c\n...\n', '---\n- a\n...\n', path=())

    def test_of_a_key_that_is_given_twice_the_last_counts(self):
        self.check('l: [a]\nl: [b, "c"]\n', 'l: [a]\nl: [b]\n')

    def test_what_is_used_twice_is_not_changed(self):
        for text in ('a: &x [1]\nl: *x\n', 'l: &x [1]\na: *x\n',
                     'b: &x {l: [1]}\n<<: *x\n'):
            error = self.assertRaises(NotEditable, yaml_file.appended, text,
                                      ('l',), 'c')
            self.assertNotEqual('', str(error))

    def test_what_is_no_yaml_is_refused(self):
        for text, why in (('l: [', 'line 1, column 5'),
                          ('a: b: c', 'line 1, column 5'),
                          ('l:\n\t- a', 'line 2, column 1'),
                          ('--- 1\n--- 2', 'expected a single document'),
                          ('l: \x00', 'not YAML'),
                          ('l: !!python/object:x.Y {}', 'line 1, column 4'),
                          ('&a [*a]', 'not YAML'),
                          ('!!bool x', 'not YAML'),
                          ('l: 2001-99-99', 'not YAML'),
                          ('[' * 1000, 'not YAML')):
            error = self.assertRaises(NotEditable, yaml_file.load, text)
            self.assertIn(why, str(error))


class WithKeyTest(testtools.TestCase):

    def check(self, expected, text):
        result = yaml_file.with_key(text, 'k:x', 'v')
        self.assertEqual(expected, result)
        self.assertEqual('v', yaml.safe_load(result)['k:x'])

    def test_a_new_key(self):
        self.check('a: 1\n"k:x": "v"\n# y\n', 'a: 1\n# y\n')
        self.check('{"a": 1, "k:x": "v"}', '{"a": 1}')
        self.check('{"k:x": "v"}\n', '{}\n')

    def test_a_file_with_comments_only(self):
        self.check('"k:x": "v"\n', '')
        self.check('# "k:x": "w"\n"k:x": "v"\n', '# "k:x": "w"')
        self.check('---\n"k:x": "v"\n', '---\n')

    def test_another_value(self):
        self.check('"k:x": "v" # y\nb: 1\n', '"k:x": w # y\nb: 1\n')
        self.check('k:x:   "v"\n', "k:x:   'a'\n")
        self.check('"k:x": "v"\n\nb: 1\n', '"k:x": >\n  a\n  b\n\nb: 1\n')
        self.check("{'k:x': \"v\", b: 1}", "{'k:x': w, b: 1}")

    def test_one_that_is_shared_is_not_changed(self):
        for text in ('"k:x": &x a\nb: *x\n', 'b: &x a\n"k:x": *x\n',
                     '"k:x":\n', 'null\n', '~'):
            try:
                result = yaml_file.with_key(text, 'k:x', 'v')
            except NotEditable:
                continue
            self.assertEqual({'k:x': 'v'}, yaml.safe_load(result))


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9),
                     st.text('ab:#-,[]{}&*!|>\'"%@ \n\u00e9', max_size=6))
_DATA = st.recursive(
    _SCALARS, lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text('abc', min_size=1, max_size=2), inner,
                        max_size=3)), max_leaves=8)


@st.composite
def _texts(draw):
    """A list of anything below the key l, in any style, with comments."""
    data = {'a': draw(_DATA), 'l': draw(st.lists(_DATA, max_size=3)),
            'z': draw(_DATA)}
    text = yaml.safe_dump(
        data, sort_keys=False, indent=draw(st.integers(2, 4)),
        default_flow_style=draw(st.sampled_from([None, False, True])),
        default_style=draw(st.sampled_from([None, None, '"', '|'])),
        width=draw(st.sampled_from([20, 1000])))
    lines = []
    for line in text.split('\n'):
        lines.append(line + draw(st.sampled_from(['', '', '', ' # x'])))
        lines += draw(st.sampled_from([[], [], [], [''], ['# y'],
                                       ['   # z']]))
    return draw(st.sampled_from(['\n', '\r\n'])).join(lines)


class PropertiesTest(testtools.TestCase):

    @settings(max_examples=100, deadline=None)
    @given(_texts(), st.sampled_from(['c', {'x': 1, 'y': ['z']}]))
    def test_one_item_more_and_nothing_else(self, text, item):
        data = loaded(text)
        assume(isinstance(data['l'], list))
        result = yaml_file.appended(text, ('l',), item)
        data['l'].append(item)
        self.assertEqual(data, yaml.safe_load(result))
        self.assertTrue(_is_inserted(text, result))

    @settings(max_examples=100, deadline=None)
    @given(_texts(), st.sampled_from(['a', 'new']))
    def test_one_key_and_nothing_else(self, text, key):
        data = loaded(text)
        assume(isinstance(data['a'], str) or key != 'a')
        result = yaml_file.with_key(text, key, 'v: #')
        self.assertEqual({**data, key: 'v: #'}, yaml.safe_load(result))


def loaded(text):
    try:
        return yaml_file.load(text)
    except NotEditable:
        assume(False)


def _is_inserted(old, new):
    """Whether the new text is the old one with something put in at one
    place, and perhaps a line end at its end.
    """
    start = 0
    while start < len(old) and old[start] == new[start]:
        start += 1
    rest = old[start:]
    return new.endswith(rest) or new.rstrip().endswith(rest)
