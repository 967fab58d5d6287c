"""Rules of an oslo.policy file."""

import testtools
import yaml

from doctor_core.installers.preparing.edits import NotEditable, policy

EDIT = policy.allowing('t', 'project_id:%(project_id)s',
                       default='rule:admins', also_right={'rule:owner'})


class PolicyTest(testtools.TestCase):

    def test_a_silent_file(self):
        wanted = '"t": "rule:admins or project_id:%(project_id)s"\n'
        self.assertEqual(wanted, EDIT(''))
        self.assertEqual('# "t": ""\n' + wanted, EDIT('# "t": ""\n'))
        self.assertEqual('a: b\n' + wanted, EDIT('a: b'))

    def test_a_file_in_json(self):
        self.assertEqual(
            '{\n  "a": "b", '
            '"t": "rule:admins or project_id:%(project_id)s"\n}\n',
            EDIT('{\n  "a": "b"\n}\n'))

    def test_those_who_were_allowed_still_are(self):
        for old, kept in (('role:a', 'role:a'), ('!', '!'),
                          ('role:a or role:b', '(role:a or role:b)'),
                          ('role:a and rule:owner',
                           '(role:a and rule:owner)'),
                          ('not (a:b or rule:owner or c:d)',
                           '(not (a:b or rule:owner or c:d))')):
            text = EDIT(f'"t": "{old}"\n')
            self.assertEqual(f'{kept} or project_id:%(project_id)s',
                             yaml.safe_load(text)['t'])
            self.assertEqual(text, EDIT(text))

    def test_right_text_is_left(self):
        for rule in ('', '@', 'rule:owner', 'role:a or rule:owner',
                     'project_id:%(project_id)s or role:a',
                     '(role:a and role:b) or rule:owner'):
            text = f't:   "{rule}"'
            self.assertEqual(text, EDIT(text))

    def test_a_rule_that_the_operator_defines_does_not_count(self):
        """rule:owner was right, though the file gave it to others."""
        for text in ('"owner": "role:boss"\n"t": "rule:owner"\n',
                     '{"t": "rule:owner", "owner": "role:boss"}'):
            self.assertEqual(
                'rule:owner or project_id:%(project_id)s',
                yaml.safe_load(EDIT(text))['t'])
            self.assertEqual(EDIT(text), EDIT(EDIT(text)))

    def test_of_a_rule_that_is_set_twice_the_last_counts(self):
        for text in ('t: "@"\nt: "role:a"\n', '{"t": "@", "t": "role:a"}'):
            self.assertEqual(text.replace(
                'role:a', 'role:a or project_id:%(project_id)s'), EDIT(text))
        text = 't: "role:a"\nt: "@"\n'
        self.assertEqual(text, EDIT(text))

    def test_a_rule_without_checks_allows_everybody(self):
        """It was refused as no text."""
        for text in ('t:\n', 't: []\n', '{"t": []}'):
            self.assertEqual(text, EDIT(text))

    def test_json_that_is_indented_by_tabs(self):
        """oslo.policy reads it, and Doctor refused it as no YAML."""
        text = '{\n\t"a": "b",\n\t"t": "role:a"\n}\n'
        self.assertEqual(text.replace(
            'role:a', 'role:a or project_id:%(project_id)s'), EDIT(text))
        self.assertEqual(
            '{\n\t"a": "b", '
            '"t": "rule:admins or project_id:%(project_id)s"\n}\n',
            EDIT('{\n\t"a": "b"\n}\n'))

    def test_a_rule_of_lists_is_to_be_changed_by_hand(self):
        error = self.assertRaises(NotEditable, EDIT, 't: [["role:a"]]\n')
        self.assertIn('or project_id:%(project_id)s', str(error))

    def test_what_is_no_policy_is_refused(self):
        for text in ('[]', 't: [a]', 't: [', 'text'):
            self.assertRaises(NotEditable, EDIT, text)
