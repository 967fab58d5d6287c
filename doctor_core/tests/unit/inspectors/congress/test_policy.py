import testtools

from doctor_core.inspectors.congress import policy


class RowsTest(testtools.TestCase):
    def test_row_of_a_host_that_is_down(self):
        row = policy.row('h1', 0.0)
        self.assertEqual('compute.host.down', row['type'])
        self.assertEqual(('h1', 'down'), (row['details']['hostname'],
                                          row['details']['status']))
        self.assertTrue(policy.is_down_row(row, 'h1'))
        self.assertFalse(policy.is_down_row(row, 'h2'))

    def test_read_as_it_was_written(self):
        row = policy.row('h1', 1.5)
        flat = {**row, **row['details']}
        self.assertEqual(row, policy.read_row(
            [flat[name] for name in policy.COLUMNS]))

    def test_columns_without_a_value_stay_without(self):
        self.assertEqual(
            {'time': 't', 'type': 'disk.failure',
             'details': {'hostname': 'h9'}},
            policy.read_row(['t', 'disk.failure', 'h9', 'None', None,
                             'None']))

    def test_another_fault_of_the_host_is_not_its_loss(self):
        for change in ({'type': 'disk.failure'},
                       {'details': {'hostname': 'h1', 'status': 'up'}}):
            self.assertFalse(policy.is_down_row(
                {**policy.row('h1', 0.0), **change}, 'h1'))


class RulesTest(testtools.TestCase):
    def test_each_rule_defines_what_it_is_named_after_or_executes(self):
        for name, text in policy.RULES.items():
            head = text.partition(' :- ')[0]
            self.assertTrue(head.startswith((f'{name}(', 'execute[nova:')),
                            text)

    def test_rules_refer_to_rules_that_are_there(self):
        for used in ('host_down', 'active_instance_in_host'):
            self.assertIn(used, policy.RULES)
            self.assertIn(f'{used}(', policy.RULES['error_vm_states'])


class ApiVersionTest(testtools.TestCase):
    def test_versions_that_can_force_a_host_down(self):
        for version in ('2.11', '2.26', policy.API_VERSION, '2.52'):
            self.assertEqual('', policy.wrong_api_version(version))

    def test_too_old(self):
        for version in ('2', '2.1', '2.10', 'latest', ''):
            self.assertIn('knows no force-down',
                          policy.wrong_api_version(version))

    def test_too_new(self):
        self.assertIn('takes other arguments',
                      policy.wrong_api_version('2.53'))

    def test_default_of_congress_is_well(self):
        self.assertEqual('', policy.wrong_api_version(
            policy.DEFAULT_API_VERSION))


class StatusTest(testtools.TestCase):
    def test_trouble_is_one_line_and_none_is_none(self):
        self.assertEqual('', policy.trouble({'last_error': 'None'}))
        self.assertEqual('', policy.trouble({}))
        self.assertEqual('Nova said no', policy.trouble(
            {'last_error': 'Nova\n  said no'}))

    def test_updates_are_counted_in_text(self):
        self.assertEqual((0, 12), (policy.updates({}), policy.updates(
            {'number_of_updates': '12'})))
