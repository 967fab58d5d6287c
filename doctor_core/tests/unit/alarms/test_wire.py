import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.alarms.wire import (
    alarm_from_json,
    alarm_to_json,
    rule_from_json,
    rule_to_json,
    state_from_json,
)
from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Condition,
    Severity,
)
from doctor_core.tests.unit.alarms import samples


def _body(**changes):
    body = {'name': 'doctor', 'type': 'event', 'event_rule': {
        'event_type': 'compute.instance.update',
        'query': [{'field': 'traits.state', 'op': 'eq', 'type': 'string',
                   'value': 'error'}]},
        **changes}
    return {key: value for key, value in body.items() if value != 'absent'}


def _condition(**changes):
    entry = {'field': 'traits.state', 'op': 'eq', 'type': '', 'value': 'x',
             **changes}
    return _body(event_rule={'query': [
        {key: value for key, value in entry.items() if value != 'absent'}]})


class TestRuleFromJson(testtools.TestCase):

    def test_all_that_can_be_said(self):
        rule = rule_from_json(_body(
            description='VM failure', enabled=False, severity='critical',
            repeat_actions=True, alarm_actions=['http://a/', 'http://b/']),
            'tenant-a', 'ann')
        self.assertEqual(AlarmRule(
            name='doctor', project_id='tenant-a', user_id='ann',
            event_type='compute.instance.update',
            actions=('http://a/', 'http://b/'),
            query=(Condition('traits.state', 'error', 'eq', 'string'),),
            severity=Severity.CRITICAL, repeat_actions=True, enabled=False,
            description='VM failure'), rule)

    def test_what_aodh_fills_in(self):
        rule = rule_from_json(_body(event_rule={}), 'tenant-a', 'ann')
        self.assertEqual(
            ('*', (), (), Severity.LOW, False, True,
             'Alarm when * event occurred.'),
            (rule.event_type, rule.query, rule.actions, rule.severity,
             rule.repeat_actions, rule.enabled, rule.description))

    def test_an_action_named_twice_is_one(self):
        rule = rule_from_json(_body(
            alarm_actions=['http://b/', 'http://a/', 'http://b/']), 'p', 'u')
        self.assertEqual(('http://b/', 'http://a/'), rule.actions)

    def test_the_operator_may_be_left_out_and_the_type_empty(self):
        rule = rule_from_json(_condition(op='absent'), 'p', 'u')
        self.assertEqual((Condition('traits.state', 'x', 'eq', ''),),
                         rule.query)

    def test_what_the_service_wrote_may_come_back(self):
        alarm = samples.alarm()
        self.assertEqual(alarm.rule, rule_from_json(
            {**alarm_to_json(alarm), 'state_reason': 'Not evaluated yet',
             'evaluate_timestamp': '2026-03-01T10:00:00'},
            'tenant-a', 'ann'))

    def test_refusals_name_the_field(self):
        for field, body in (
                ('body', []), ('body', None),
                ('name', _body(name='absent')), ('name', _body(name='')),
                ('name', _body(name=5)),
                ('type', _body(type='absent')),
                ('type', _body(type='threshold')),
                ('colour', _body(colour='red')),
                ('severity', _body(severity='high')),
                ('enabled', _body(enabled='yes')),
                ('repeat_actions', _body(repeat_actions=1)),
                ('description', _body(description=[])),
                ('alarm_actions', _body(alarm_actions='http://a/')),
                ('alarm_actions[1]', _body(alarm_actions=['http://a/', 5])),
                ('alarm_actions[0]', _body(alarm_actions=['no-scheme'])),
                ('alarm_actions[0]', _body(alarm_actions=['http://[a/'])),
                ('ok_actions', _body(ok_actions=['http://a/'])),
                ('insufficient_data_actions',
                 _body(insufficient_data_actions=['http://a/'])),
                ('time_constraints', _body(time_constraints=[{}])),
                ('event_rule', _body(event_rule='absent')),
                ('event_rule', _body(event_rule=[])),
                ('event_rule.threshold', _body(event_rule={'threshold': 1})),
                ('event_rule.event_type', _body(event_rule={
                    'event_type': 7})),
                ('event_rule.query', _body(event_rule={'query': {}})),
                ('event_rule.query[0]', _body(event_rule={'query': ['x']})),
                ('event_rule.query[0].field', _condition(field='absent')),
                ('event_rule.query[0].field', _condition(field='state')),
                ('event_rule.query[0].op', _condition(op='like')),
                ('event_rule.query[0].type', _condition(type='absent')),
                ('event_rule.query[0].type', _condition(type='boolean')),
                ('event_rule.query[0].value', _condition(value='absent')),
                ('event_rule.query[0].value', _condition(value=5)),
                ('event_rule.query[0].value', _condition(type='integer')),
                ('event_rule.query[0].spice', _condition(spice=''))):
            error = self.assertRaises(InvalidRule, rule_from_json, body,
                                      'p', 'u')
            self.assertEqual(field, error.field, body)

    def test_a_query_in_the_words_of_the_command_line(self):
        """aodhclient sends it so with an update, and was refused."""
        body = _body()
        body['event_rule'] = {
            'query': 'traits.state=string::error; traits.vcpus>=integer::2;'
                     'traits.host!=a=b'}
        self.assertEqual(
            [('traits.state', 'eq', 'string', 'error'),
             ('traits.vcpus', 'ge', 'integer', '2'),
             ('traits.host', 'ne', '', 'a=b')],
            [(one.field, one.op, one.type, one.value)
             for one in rule_from_json(body, 'p', 'u').query])
        for query in ('traits.state', '=x', 'traits.state=', ';'):
            body['event_rule'] = {'query': query}
            self.assertRaises(InvalidRule, rule_from_json, body, 'p', 'u')

    def test_only_schemes_that_somebody_delivers(self):
        body = _body(alarm_actions=['zaqar://a'])
        self.assertEqual(('zaqar://a',),
                         rule_from_json(body, 'p', 'u').actions)
        error = self.assertRaises(InvalidRule, rule_from_json, body, 'p',
                                  'u', lambda url: f'{url} is not served')
        self.assertEqual('zaqar://a is not served', error.why)

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(['name', 'type', 'event_rule', 'query', 'field',
                             'value', 'alarm_actions', 'enabled']),
            inner, max_size=5), max_leaves=12))
    def test_any_json_is_taken_or_refused(self, body):
        if isinstance(body, dict):
            body = {**_body(), **body}
        try:
            rule = rule_from_json(body, 'p', 'u')
        except InvalidRule as error:
            self.assertTrue(error.field and error.why)
        else:
            self.assertTrue(rule.name)


class TestToJson(testtools.TestCase):

    def test_an_alarm_has_the_fields_of_aodh(self):
        alarm = Alarm('alarm-1', samples.rule(
            Condition('traits.state', 'error')), AlarmState.OK, 1772359200.5)
        self.assertEqual({
            'alarm_id': 'alarm-1', 'name': 'doctor', 'type': 'event',
            'description': 'VM failure', 'enabled': True,
            'severity': 'moderate', 'state': 'ok', 'repeat_actions': False,
            'state_timestamp': '2026-03-01T10:00:00.500000',
            'timestamp': '2026-03-01T10:00:00.500000',
            'project_id': 'tenant-a', 'user_id': 'ann',
            'alarm_actions': ['http://owner.example:9/failure'],
            'ok_actions': [], 'insufficient_data_actions': [],
            'time_constraints': [],
            'event_rule': {
                'event_type': 'compute.instance.update',
                'query': [{'field': 'traits.state', 'op': 'eq', 'type': '',
                           'value': 'error'}]},
        }, alarm_to_json(alarm))

    def test_a_rule_survives_the_way(self):
        rule = samples.rule(severity=Severity.LOW, repeat_actions=True)
        self.assertEqual(rule, rule_from_json(
            rule_to_json(rule), rule.project_id, rule.user_id))


    def test_an_alarm_survives_the_way(self):
        alarm = Alarm('alarm-1', samples.rule(repeat_actions=True),
                      AlarmState.ALARM, 1772359200.25)
        self.assertEqual(alarm, alarm_from_json(alarm_to_json(alarm)))

    def test_what_is_not_an_alarm(self):
        for field, value in (('alarm_id', None), ('state_timestamp', 'x'),
                             ('state_timestamp', None), ('name', None)):
            body = {**alarm_to_json(samples.alarm()), field: value}
            error = self.assertRaises(InvalidRule, alarm_from_json, body)
            self.assertEqual(field, error.field)


class TestState(testtools.TestCase):

    def test_by_default_nobody_knows(self):
        for body in ({}, {'state': None}):
            self.assertEqual(AlarmState.INSUFFICIENT_DATA,
                             state_from_json(body))

    def test_states(self):
        self.assertEqual(AlarmState.OK, state_from_json({'state': 'ok'}))
        error = self.assertRaises(InvalidRule, state_from_json,
                                  {'state': 'fine'})
        self.assertEqual('state', error.field)
