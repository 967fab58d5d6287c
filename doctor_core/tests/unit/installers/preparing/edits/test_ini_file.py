"""Options of INI files, changed in place."""

import tempfile

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_config import cfg

from doctor_core.installers.preparing.edits import (
    NotEditable,
    ini_file,
    together,
)

TTL = ini_file.option([('a', 'ttl')], '0')
DRIVER = ini_file.with_value(('a', 'driver'), 'messagingv2',
                             also_right={'messaging'},
                             useless={'', 'noop'})
TYPES = ini_file.with_item(('a', 'types'), 'doctor', default=['x', 'y'])

RENAMED = ini_file.with_value(
    ('a', 'driver'), 'messagingv2', also_right={'messaging'},
    useless={'', 'noop'}, former=[('DEFAULT', 'old_driver')])
TOPICS = ini_file.with_item(
    ('a', 'topics'), 'n', default=['n'],
    former=[('b', 'topics'), ('DEFAULT', 'old_topics')])


class OptionTest(testtools.TestCase):

    def test_right_text_is_left(self):
        for text in ('[a]\nttl=0', '[a]\r\n  \r\nttl : 0\r\n',
                     '[a]\nttl = 5\nttl = 0\n', '[A]\nttl = "0"\n',
                     '[a]\nttl = 1\n[b]\nx = 1\n[a]\nttl = 0\n'):
            self.assertEqual(text, TTL(text))

    def test_only_the_value_is_changed(self):
        self.assertEqual('# ttl = 1\n[a]\n#ttl = 2\nttl :\t0\nb = $x 100%\n',
                         TTL('# ttl = 1\n[a]\n#ttl = 2\nttl :\t60\n'
                             'b = $x 100%\n'))

    def test_of_several_the_last_counts(self):
        self.assertEqual('[a]\nttl = 1\nttl = 0\n',
                         TTL('[a]\nttl = 1\nttl = 2\n'))

    def test_a_value_of_several_lines_is_replaced_whole(self):
        self.assertEqual('[a]\nttl = 0\nb = 1\n',
                         TTL('[a]\nttl = 1\n  # not a comment\n 2\nb = 1\n'))

    def test_a_new_option_stands_behind_those_of_its_section(self):
        self.assertEqual('[a]\nx = 1\n  2\nttl = 0\n\n# of b\n[b]\ny = 1\n',
                         TTL('[a]\nx = 1\n  2\n\n# of b\n[b]\ny = 1\n'))

    def test_a_new_option_in_a_section_without_any(self):
        self.assertEqual('[a]\nttl = 0\n\n# x = 1\n', TTL('[a]\n\n# x = 1\n'))

    def test_a_new_section_stands_at_the_end(self):
        self.assertEqual('[b]\nx = 1\n\n[a]\nttl = 0\n', TTL('[b]\nx = 1'))
        self.assertEqual('[a]\nttl = 0\n', TTL(''))

    def test_line_ends_are_those_of_the_file(self):
        self.assertEqual('[b]\r\nx = 1\r\n\r\n[a]\r\nttl = 0\r\n',
                         TTL('[b]\r\nx = 1'))

    def test_a_line_end_of_python_alone_is_none(self):
        self.assertEqual('[a]\nx = 1\x0c2\u2028\nttl = 0\n',
                         TTL('[a]\nx = 1\x0c2\u2028\n'))

    def test_an_older_name_in_use_is_kept(self):
        edit = ini_file.option([('new', 'f'), ('DEFAULT', 'f')], 'both')
        self.assertEqual('[DEFAULT]\nf = both\n',
                         edit('[DEFAULT]\nf = versioned\n'))
        self.assertEqual('[DEFAULT]\nf = x\n[new]\nf = both\n',
                         edit('[DEFAULT]\nf = x\n[new]\nf = y\n'))

    def test_a_default_that_is_right_is_not_written(self):
        edit = ini_file.option([('a', 'f')], 'both', default='plain',
                               is_right={'plain', 'both'}.__contains__)
        self.assertEqual('[a]\n', edit('[a]\n'))
        self.assertEqual('[a]\nf = both\n', edit('[a]\nf = versioned\n'))

    def test_what_is_no_such_file_is_refused(self):
        for text, why in (('x = 1\n', 'at line 1, No section'),
                          ('[a]\nrubbish\n', "at line 2, No ':' or '='"),
                          ('[a\n', 'at line 1, Invalid section'),
                          ('  x = 1\n', 'at line 1, Unexpected continuat'),
                          ('\ufeff[a]\n', r"'\ufeff[a]'"),
                          ('---\n- a: b\n', 'at line 1')):
            error = self.assertRaises(NotEditable, TTL, text)
            self.assertIn(why, str(error))


class ListTest(testtools.TestCase):

    def test_an_item_is_added_in_the_style_of_the_list(self):
        for old, new in (('x', 'x,doctor'), ('x, y', 'x, y, doctor'),
                         ('x,', 'x,doctor'), ('', 'doctor'),
                         ("'x,y'", 'x,y,doctor'),
                         ('x,\n   y # z', 'x,\n   y # z,doctor')):
            self.assertEqual(f'[a]\ntypes = {new}\n',
                             TYPES(f'[a]\ntypes = {old}\n'))

    def test_a_list_that_has_it_is_left(self):
        for text in ('[a]\ntypes = x, doctor', '[a]\ntypes =\n  doctor,\n x'):
            self.assertEqual(text, TYPES(text))

    def test_the_default_is_kept(self):
        self.assertEqual('[a]\ntypes = x,y,doctor\n', TYPES('[a]\n'))
        default = ini_file.with_item(('a', 'types'), 'x', default=['x'])
        self.assertEqual('[a]\n', default('[a]\n'))

    def test_an_item_is_taken_out(self):
        edit = ini_file.without_item(('a', 'types'), 'doctor')
        self.assertEqual('[a]\ntypes = x,y\n',
                         edit('[a]\ntypes = x, doctor,\n  y\n'))
        for text in ('', '[a]\n', '[a]\ntypes = x\n'):
            self.assertEqual(text, edit(text))

    def test_a_list_that_is_not_set_may_be_left(self):
        edit = ini_file.with_item_if_set(('a', 'types'), 'doctor')
        self.assertEqual('[a]\nx = 1\n', edit('[a]\nx = 1\n'))
        self.assertEqual('[a]\ntypes = x,doctor\n',
                         edit('[a]\ntypes = x\n'))


class SeveralValuesTest(testtools.TestCase):

    def test_one_that_is_right_is_enough(self):
        for text in ('[a]\ndriver = log\ndriver = messaging\ndriver = x\n',
                     '[a]\ndriver = messagingv2\ndriver = noop\n'):
            self.assertEqual(text, DRIVER(text))

    def test_others_are_kept_beside(self):
        self.assertEqual('[a]\ndriver = log\ndriver = messagingv2\nx = 1\n',
                         DRIVER('[a]\ndriver = log\nx = 1\n'))

    def test_one_that_does_nothing_is_replaced(self):
        self.assertEqual('[a]\ndriver = messagingv2\ndriver = log\n',
                         DRIVER('[a]\ndriver = noop\ndriver = log\n'))
        self.assertEqual('[a]\ndriver =messagingv2\n',
                         DRIVER('[a]\ndriver =\n'))


class FormerNamesTest(testtools.TestCase):

    def test_a_value_gets_the_new_name(self):
        """The new name came beside the old one: both drivers sent."""
        self.assertEqual(
            '[DEFAULT]\nx = 1\ny = 1\n\n[a]\ndriver = messaging\n',
            RENAMED('[DEFAULT]\nx = 1\nold_driver = messaging\ny = 1\n'))

    def test_all_values_get_the_new_name(self):
        self.assertEqual(
            '[DEFAULT]\n\n[a]\ndriver = log\ndriver = messagingv2\n',
            RENAMED('[DEFAULT]\nold_driver = log\nold_driver = noop\n'))

    def test_what_is_right_is_said_once(self):
        self.assertEqual(
            '[DEFAULT]\n[a]\ndriver = messagingv2\ndriver = log\n',
            RENAMED('[DEFAULT]\nold_driver = messaging\n'
                    'old_driver = log\n[a]\ndriver = messagingv2\n'))

    def test_a_list_keeps_its_items_under_the_new_name(self):
        """The list of the old name was taken for one that is not set."""
        for section, name in (('DEFAULT', 'old_topics'), ('b', 'topics')):
            self.assertEqual(
                f'[{section}]\n\n[a]\ntopics = m,o,n\n',
                TOPICS(f'[{section}]\n{name} = m,\n  o\n'))

    def test_a_list_of_the_new_name_counts(self):
        self.assertEqual('[DEFAULT]\nold_topics = m\n[a]\ntopics = o,n\n',
                         TOPICS('[DEFAULT]\nold_topics = m\n'
                                '[a]\ntopics = o\n'))

    def test_the_name_of_another_section_is_none(self):
        text = '[c]\nold_topics = m\nold_driver = messaging\n'
        self.assertEqual(text, TOPICS(text))
        self.assertEqual(f'{text}\n[a]\ndriver = messagingv2\n',
                         RENAMED(text))


def _option(name):
    value = st.text('xy0,=:#$% "', max_size=6)
    separator = st.sampled_from(['=', ' = ', ':', '\t=\t'])
    return st.builds(
        lambda separator, first, more: ''.join(
            [name, separator, first, '\n',
             *(f'  {line}\n' for line in more if line.strip())]),
        separator, value, st.lists(value, max_size=2))


_SECTION = st.builds(
    lambda name, lines: f'[{name}]\n' + ''.join(lines),
    st.sampled_from(['a', 'b', 'DEFAULT']),
    st.lists(st.one_of(
        st.sampled_from(['\n', '# ttl = 0\n', ';types = x\n']),
        _option('ttl'), _option('driver'), _option('types'),
        _option('other')), max_size=5))
FILES = st.builds(
    lambda start, sections, line_end, ends: ''.join(
        [start, *sections]).rstrip('\n' if not ends else '').replace(
            '\n', line_end),
    st.sampled_from(['', '# a comment\n\n']),
    st.lists(_SECTION, max_size=4), st.sampled_from(['\n', '\r\n']),
    st.booleans())


def read(text):
    """What oslo.config says is in the section a."""
    sections = {}
    with tempfile.NamedTemporaryFile(
            'w', newline='', encoding='utf-8') as file:
        file.write(text)
        file.flush()
        cfg.ConfigParser(file.name, sections).parse()
    return dict(sections.get('a', {}))


class PropertiesTest(testtools.TestCase):

    @settings(max_examples=150, deadline=None)
    @given(FILES)
    def test_other_options_are_as_they_were(self, text):
        before, after = read(text), read(TTL(text))
        self.assertEqual(['0'], after.pop('ttl')[-1:])
        before.pop('ttl', None)
        self.assertEqual(before, after)

    @settings(max_examples=150, deadline=None)
    @given(FILES)
    def test_a_list_has_the_item_and_all_it_had(self, text):
        before, after = read(text), read(TYPES(text))
        old = ini_file.items(before.pop('types', ['x,y'])[-1])
        new = ini_file.items(after.pop('types')[-1])
        self.assertEqual(old if 'doctor' in old else [*old, 'doctor'], new)
        self.assertEqual(before, after)

    @settings(max_examples=150, deadline=None)
    @given(FILES)
    def test_other_lines_are_as_they_were(self, text):
        """All lines but that of the value are there, in their order."""
        for edit in (TTL, DRIVER, TYPES):
            self.assertTrue(_is_one_change(text, edit(text)))

    @settings(max_examples=150, deadline=None)
    @given(FILES)
    def test_twice_is_once(self, text):
        edit = together(TTL, DRIVER, TYPES)
        once = edit(text)
        self.assertEqual(once, edit(once))


def _is_one_change(old, new):
    """Whether the texts differ in one run of lines only: of at most one
    option's lines, or of a new section's three.
    """
    before, after = old.splitlines(), new.splitlines()
    while before and after and before[0] == after[0]:
        before.pop(0), after.pop(0)
    while before and after and before[-1] == after[-1]:
        before.pop(), after.pop()
    return len(before) <= 3 and len(after) <= 3
