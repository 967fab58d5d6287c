"""Ceilometer's event_definitions.yaml."""

import testtools
import yaml

from doctor_core.installers.preparing.edits import (
    NotEditable,
    event_definitions,
)

TRAITS = {'state': {'fields': 'payload.state'},
          'at': {'type': 'datetime', 'fields': 'payload.at'}}
EDIT = event_definitions.with_traits('a.b', TRAITS)
OTHERS = """\
# Ours.
- event_type: 'a.*'
  traits: &all
    name: {fields: payload.name}
- event_type: [c, d]   # not a.b
  traits:
    <<: *all
    state: {fields: payload.other}
"""


class EventDefinitionsTest(testtools.TestCase):

    def test_one_is_added_with_all_that_there_was(self):
        self.assertEqual(OTHERS + """\
- event_type: a.b
  traits:
    name:
      fields: payload.name
    state:
      fields: payload.state
    at:
      type: datetime
      fields: payload.at
""", EDIT(OTHERS))

    def test_right_text_is_left(self):
        for text in (EDIT(OTHERS),
                     '- event_type: ["!x"]\n  traits: {state: x, at: y, z: 1}'
                     ):
            self.assertEqual(text, EDIT(text))

    def test_only_the_last_that_matches_counts(self):
        text = EDIT(OTHERS) + "- event_type: '*'\n  traits: {x: payload.x}\n"
        self.assertEqual({'x': 'payload.x', **TRAITS},
                         yaml.safe_load(EDIT(text))[-1]['traits'])

    def test_a_trait_that_is_there_is_left_as_it_is(self):
        """A site may have moved a trait to another field on purpose."""
        text = '- event_type: a.b\n  traits: {state: payload.mine}\n'
        self.assertEqual(
            {'state': 'payload.mine', 'at': TRAITS['at']},
            yaml.safe_load(EDIT(text))[-1]['traits'])

    def test_a_file_without_any_is_refused_with_what_to_do(self):
        """It was said to be no list, and not how to make it one."""
        for text in ('', '# - event_type: a.b\n', '---\n'):
            error = self.assertRaises(NotEditable, EDIT, text)
            self.assertIn('put a copy of that into its place', str(error))

    def test_an_empty_list(self):
        self.assertEqual([{'event_type': 'a.b', 'traits': TRAITS}],
                         yaml.safe_load(EDIT('[]\n')))

    def test_what_is_no_list_of_definitions_is_refused(self):
        for text in ('', 'a: b\n', '- a\n', 'text',
                     '- event_type: a.b\n  traits: [x]\n'):
            self.assertRaises(NotEditable, EDIT, text)
