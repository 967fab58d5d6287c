import testtools

from doctor_core import wire
from doctor_core.alarms import reach
from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.model import Condition, Server
from doctor_core.tests.unit.alarms import samples


class ReachTest(testtools.TestCase):
    def refused(self, *query, **changes):
        error = self.assertRaises(InvalidRule, reach.check,
                                  samples.rule(*query, **changes))
        return str(error)

    def test_what_an_event_of_ours_has(self):
        for name in wire.TRAIT_NAMES:
            reach.check(samples.rule(Condition(f'traits.{name}', 'x')))
        for event_type in ('*', 'compute.*', 'compute.instance.update'):
            reach.check(samples.rule(event_type=event_type))

    def test_a_trait_that_none_has(self):
        """Such an alarm never went off, and nobody said so."""
        self.assertIn('traits.instance_id', self.refused(
            Condition('traits.instance_ID', 'x')))
        self.assertIn('query[1]', self.refused(
            Condition('traits.state', 'x'),
            Condition('traits.flavor_weight', '5', op='lt')))

    def test_what_is_lacking_is_unequal_to_everything(self):
        reach.check(samples.rule(Condition('traits.x', 'y', op='ne')))

    def test_an_event_type_that_is_never_made(self):
        """Such an alarm never went off, and nobody said so."""
        self.assertIn('compute.instance.update', self.refused(
            event_type='compute.instance.delete.*'))

    def test_the_names_are_those_that_are_made(self):
        server = Server('s', 'name', 'h', 'active', 'p')
        made = wire.instance_update(server, 'error', 1.0)
        self.assertEqual(set(), {trait.name for trait in made.traits}
                         - wire.TRAIT_NAMES)
