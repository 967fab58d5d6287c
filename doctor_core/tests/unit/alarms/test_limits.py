import testtools

from doctor_core.alarms.limits import Limits
from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.alarms.wire import rule_from_json
from doctor_core.model import Condition
from doctor_core.tests.unit.alarms import samples


def _urls(count):
    return tuple(f'http://owner.example:9/{number}'
                 for number in range(count))


def _url(length):
    return 'http://a/'.ljust(length, 'x')


def _long(**changes):
    return samples.rule(Condition(**{
        'field': 'traits.state', 'value': 'x', **changes}))


class LimitsTest(testtools.TestCase):

    def test_what_is_taken(self):
        for rule in (samples.rule(actions=_urls(50)),
                     samples.rule(actions=_urls(50) * 2),
                     samples.rule(actions=(_url(2048),)),
                     samples.rule(name='n' * 255, description='d' * 1024),
                     _long(value='x' * 255),
                     samples.rule(*[Condition('traits.state', 'x')] * 50)):
            Limits().check(rule)

    def test_refusals_name_the_field(self):
        """One alarm kept the owners of other projects from being told, and
        filled the log.
        """
        for field, rule in (
                ('alarm_actions', samples.rule(actions=_urls(51))),
                ('alarm_actions[1]',
                 samples.rule(actions=('http://a/', _url(2049)))),
                ('name', samples.rule(name='n' * 256)),
                ('description', samples.rule(description='d' * 1025)),
                ('project_id', samples.rule(project_id='p' * 256)),
                ('user_id', samples.rule(user_id='u' * 256)),
                ('event_rule.event_type', samples.rule(
                    event_type='*' * 256, description='d' * 9999)),
                ('event_rule.query',
                 samples.rule(*[Condition('traits.state', 'x')] * 51)),
                ('event_rule.query[0].field',
                 _long(field=f'traits.{"x" * 249}')),
                ('event_rule.query[0].value', _long(value='x' * 256)),
                ('event_rule.query[0].op', _long(op='x' * 256)),
                ('event_rule.query[0].type', _long(type='x' * 256))):
            error = self.assertRaises(InvalidRule, Limits().check, rule)
            self.assertEqual(field, error.field)
            self.assertThat(len(str(error)), testtools.matchers.LessThan(99))

    def test_the_number_of_actions_is_the_operators(self):
        Limits(actions=60).check(samples.rule(actions=_urls(60)))
        error = self.assertRaises(InvalidRule, Limits(actions=1).check,
                                  samples.rule(actions=_urls(2)))
        self.assertEqual('count 2 exceeds maximum value 1', error.why)

    def test_they_come_before_all_that_would_look_at_each_url(self):
        looked_at = []
        self.assertRaises(
            InvalidRule, rule_from_json,
            {'name': 'n', 'type': 'event', 'event_rule': {},
             'alarm_actions': list(_urls(51))}, 'p', 'u', looked_at.append,
            Limits())
        self.assertEqual([], looked_at)

    def test_a_description_of_ours_may_come_back(self):
        """That of a long event type was too long for our own API."""
        body = {'name': 'n', 'type': 'event',
                'event_rule': {'event_type': '*' * 255}}
        rule = rule_from_json(body, 'p', 'u', None, Limits())
        self.assertEqual(rule, rule_from_json(
            {**body, 'description': rule.description}, 'p', 'u', None,
            Limits()))
