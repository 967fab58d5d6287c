import testtools

from doctor_core.alarms.local.matching import (
    InvalidRule,
    Matcher,
    project_of,
    trait_values,
)
from doctor_core.model import Condition, Event, Trait, TraitType
from doctor_core.tests.unit.alarms import samples


def _met(condition, *traits):
    event = Event('some.type', '', traits)
    return Matcher(samples.rule(condition, event_type='some.type')).met_by(
        event.event_type, trait_values(event))


class TestConditions(testtools.TestCase):

    def test_text_is_compared_as_text(self):
        name = Trait('name', TraitType.STRING, 'b')
        for op, expected in (('eq', False), ('ne', True), ('lt', True),
                             ('le', True), ('gt', False), ('ge', False)):
            self.assertEqual(
                expected, _met(Condition('traits.name', 'c', op), name), op)

    def test_a_number_is_compared_as_one_when_the_condition_says_so(self):
        memory = Trait('memory_mb', TraitType.INTEGER, 512)
        self.assertTrue(_met(
            Condition('traits.memory_mb', '1024', 'lt', 'integer'), memory))
        self.assertTrue(_met(
            Condition('traits.memory_mb', '512.0', 'eq', 'float'), memory))

    def test_text_never_equals_a_number(self):
        memory = Trait('memory_mb', TraitType.INTEGER, 512)
        for kind in ('', 'string'):
            self.assertFalse(_met(
                Condition('traits.memory_mb', '512', 'eq', kind), memory))

    def test_no_order_between_text_and_number(self):
        memory = Trait('memory_mb', TraitType.INTEGER, 512)
        for op in ('lt', 'le', 'gt', 'ge'):
            self.assertFalse(_met(
                Condition('traits.memory_mb', '1', op), memory))

    def test_times_are_compared_whatever_their_zones(self):
        launched = Trait('launched_at', TraitType.DATETIME,
                         '2026-03-01T10:00:00')
        self.assertTrue(_met(
            Condition('traits.launched_at', '2026-03-01T12:00:00+02:00',
                      'eq', 'datetime'), launched))
        self.assertTrue(_met(
            Condition('traits.launched_at', '2026-03-01T10:00:00.5Z',
                      'lt', 'datetime'), launched))

    def test_an_absent_trait_is_only_unequal(self):
        for op in ('eq', 'lt', 'le', 'gt', 'ge'):
            self.assertFalse(_met(Condition('traits.name', 'x', op)), op)
        self.assertTrue(_met(Condition('traits.name', 'x', 'ne')))

    def test_a_trait_not_of_its_type_counts_as_absent(self):
        """One odd trait made the evaluator give up the whole event."""
        event = Event('some.type', '', (
            Trait('launched_at', TraitType.DATETIME, 'yesterday'),
            Trait('vcpus', TraitType.INTEGER, 2),
            Trait('vcpus', TraitType.INTEGER, 'two'),
            Trait('state', TraitType.STRING, 'error')))
        self.assertEqual({'state': 'error'}, trait_values(event))

    def test_of_two_traits_of_one_name_the_last_counts(self):
        first, last = (Trait('name', TraitType.STRING, value)
                       for value in 'ab')
        self.assertTrue(_met(Condition('traits.name', 'b'), first, last))
        self.assertFalse(_met(Condition('traits.name', 'a'), first, last))


class TestEventType(testtools.TestCase):

    def test_wildcards(self):
        for pattern, expected in (
                ('compute.instance.update', True), ('*', True),
                ('compute.*', True), ('compute.instance.updat?', True),
                ('compute.instance.[tu]pdate', True),
                ('compute', False), ('instance.update', False),
                ('COMPUTE.*', False), ('compute.instance.update.', False)):
            matcher = Matcher(samples.rule(Condition('traits.a', '1'),
                                           event_type=pattern))
            self.assertEqual(
                expected, matcher.met_by(samples.TYPE, {'a': '1'}), pattern)


class TestRefusals(testtools.TestCase):

    def _field(self, condition):
        error = self.assertRaises(
            InvalidRule, Matcher,
            samples.rule(Condition('traits.state', 'error'), condition))
        self.assertIsInstance(error, ValueError)
        return error.field

    def test_fields_outside_traits(self):
        """Aodh takes such an alarm and never fires it."""
        for field in ('state', 'traits.', 'trait.state', 'traits.a b', ''):
            self.assertEqual('event_rule.query[1].field',
                             self._field(Condition(field, 'x')))

    def test_operators_and_types(self):
        self.assertEqual('event_rule.query[1].op', self._field(
            Condition('traits.state', 'x', '=')))
        self.assertEqual('event_rule.query[1].type', self._field(
            Condition('traits.state', 'x', 'eq', 'boolean')))

    def test_values_that_are_not_of_their_type(self):
        for kind, value in (('integer', '1.5'), ('float', 'x'),
                            ('datetime', 'today')):
            self.assertEqual('event_rule.query[1].value', self._field(
                Condition('traits.state', value, 'eq', kind)))


class TestKeyAndProject(testtools.TestCase):

    def test_a_server_is_the_best_key(self):
        matcher = Matcher(samples.rule(
            Condition('traits.state', 'error'),
            Condition('traits.instance_id', 'a'),
            Condition('traits.host', 'h', 'ne')))
        self.assertEqual(('instance_id', 'a'), matcher.key)

    def test_any_equality_will_do_and_nothing_else(self):
        self.assertEqual(('vcpus', 2), Matcher(samples.rule(
            Condition('traits.vcpus', '2', 'eq', 'integer'))).key)
        self.assertIsNone(Matcher(samples.rule(
            Condition('traits.vcpus', '2', 'ge', 'integer'))).key)

    def test_either_trait_names_the_project(self):
        for name in ('tenant_id', 'project_id'):
            event = samples.event(**{'tenant_id': None, name: 'tenant-b'})
            self.assertEqual('tenant-b', project_of(event))
        self.assertEqual('', project_of(samples.event(tenant_id=None)))
