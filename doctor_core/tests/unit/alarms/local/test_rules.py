import dataclasses
import fnmatch
import json
import operator

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor_core.alarms.local.rules import InvalidRule, RuleBook, webhook_body
from doctor_core.exceptions import NotFound
from doctor_core.model import AlarmState, Condition, Severity
from doctor_core.tests.unit.alarms import samples
from doctor_core.tests.unit.alarms.samples import alarm, event

ALARM, OK, UNKNOWN = (AlarmState.ALARM, AlarmState.OK,
                      AlarmState.INSUFFICIENT_DATA)


def _ids(firings):
    return [firing.alarm.id for firing in firings]


class TestEvaluate(testtools.TestCase):

    def test_fires_and_is_in_alarm(self):
        book = RuleBook([alarm()])
        happened = event()
        [firing] = book.evaluate(happened, 12.5)
        self.assertEqual(UNKNOWN, firing.previous)
        self.assertEqual(ALARM, firing.alarm.state)
        self.assertEqual(12.5, firing.alarm.state_at)
        self.assertIs(happened, firing.event)
        self.assertEqual(firing.alarm, book.get('alarm-1'))

    def test_once_until_it_is_set_to_ok(self):
        book = RuleBook([alarm()])
        self.assertEqual(1, len(book.evaluate(event(), 1)))
        self.assertEqual([], book.evaluate(event(), 2))
        book.set_state('alarm-1', OK, 3)
        [firing] = book.evaluate(event(), 4)
        self.assertEqual((OK, 4), (firing.previous, firing.alarm.state_at))

    def test_again_and_again_with_repeat_actions(self):
        book = RuleBook([alarm(repeat_actions=True)])
        firings = [firing for at in (1, 2, 3)
                   for firing in book.evaluate(event(), at)]
        self.assertEqual([UNKNOWN, ALARM, ALARM],
                         [firing.previous for firing in firings])
        self.assertEqual([1, 1, 1],
                         [firing.alarm.state_at for firing in firings])

    def test_every_condition_has_to_hold(self):
        book = RuleBook([alarm()])
        for traits in ({'state': 'active'}, {'instance_id': 'other'},
                       {'state': None}, {'instance_id': None}):
            self.assertEqual([], book.evaluate(event(**traits), 1), traits)

    def test_not_when_disabled(self):
        book = RuleBook([alarm(enabled=False)])
        self.assertEqual([], book.evaluate(event(), 1))

    def test_only_alarms_of_the_events_project(self):
        book = RuleBook([alarm(),
                         alarm(alarm_id='foreign', project_id='tenant-b')])
        self.assertEqual(['alarm-1'], _ids(book.evaluate(event(), 1)))
        self.assertEqual([], book.evaluate(event(tenant_id='tenant-c'), 1))

    def test_an_event_without_a_project_is_nobodys(self):
        book = RuleBook([alarm()])
        self.assertEqual([], book.evaluate(event(tenant_id=None), 1))
        self.assertEqual([], book.evaluate(event(tenant_id=''), 1))

    def test_an_event_needs_a_type_and_an_id(self):
        book = RuleBook([alarm(event_type='*')])
        self.assertEqual([], book.evaluate(event(event_type=''), 1))
        self.assertEqual([], book.evaluate(event(message_id=''), 1))

    def test_in_the_order_of_coming(self):
        book = RuleBook([
            alarm(Condition('traits.state', 'x', 'ne'), alarm_id='1'),
            alarm(alarm_id='2'),
            alarm(Condition('traits.state', 'error'), alarm_id='3'),
            alarm(Condition('traits.state', 'y', 'ne'), alarm_id='4')])
        self.assertEqual(['1', '2', '3', '4'],
                         _ids(book.evaluate(event(), 1)))


class TestBook(testtools.TestCase):

    def test_removed_alarms_do_not_fire(self):
        book = RuleBook([alarm()])
        self.assertTrue(book.remove('alarm-1'))
        self.assertFalse(book.remove('alarm-1'))
        self.assertEqual([], book.evaluate(event(), 1))
        self.assertRaises(NotFound, book.get, 'alarm-1')

    def test_an_alarm_of_the_same_id_takes_the_place(self):
        book = RuleBook([alarm(), alarm(alarm_id='later')])
        book.add(alarm(Condition('traits.host', 'gone')))
        self.assertEqual(['later'], _ids(book.evaluate(event(), 1)))
        self.assertEqual(['alarm-1', 'later'],
                         [entry.id for entry in book.alarms()])
        book.set_state('later', OK, 2)
        self.assertEqual(['alarm-1', 'later'],
                         _ids(book.evaluate(event(host='gone'), 3)))

    def test_the_alarms_of_a_project(self):
        foreign = alarm(alarm_id='foreign', project_id='tenant-b')
        book = RuleBook([alarm(), foreign])
        self.assertEqual([alarm(), foreign], book.alarms())
        self.assertEqual([foreign], book.alarms_of('tenant-b'))
        for nobody in ('', None):
            self.assertEqual([], book.alarms_of(nobody))

    def test_a_bad_rule_leaves_the_book_as_it_was(self):
        book = RuleBook([alarm()])
        self.assertRaises(InvalidRule, book.add,
                          alarm(Condition('nothing', 'x')))
        self.assertRaises(InvalidRule, book.add, alarm(project_id=''))
        self.assertEqual([alarm()], book.alarms())

    def test_no_state_for_what_is_not_there(self):
        self.assertRaises(NotFound, RuleBook().set_state, 'x', OK, 1)


class TestWebhook(testtools.TestCase):

    def test_the_body_is_aodhs(self):
        book = RuleBook([alarm(severity=Severity.CRITICAL)])
        [firing] = book.evaluate(event(vcpus=2), 1)
        query = ('[{"field": "traits.instance_id", "op": "eq", "type": "", '
                 f'"value": "{samples.SERVER}"}}, {{"field": "traits.state", '
                 '"op": "eq", "type": "", "value": "error"}]')
        self.assertEqual({
            'alarm_name': 'doctor', 'alarm_id': 'alarm-1',
            'severity': 'critical', 'previous': 'insufficient data',
            'current': 'alarm',
            'reason': 'Event <id=message-1,event_type=compute.instance.'
                      f'update> hits the query <query={query}>.',
            'reason_data': {'type': 'event', 'event': {
                'message_id': 'message-1',
                'event_type': 'compute.instance.update',
                'generated': '2026-03-01T10:00:00.000000',
                'traits': [['state', 1, 'error'],
                           ['instance_id', 1, samples.SERVER],
                           ['tenant_id', 1, 'tenant-a'],
                           ['vcpus', 2, 2]],
                'raw': {}, 'message_signature': ''}},
        }, json.loads(json.dumps(webhook_body(firing))))


_NAMES = st.sampled_from(['instance_id', 'state', 'host', 'vcpus'])
_TEXTS = st.sampled_from(['a', 'b', '1', '2'])
_TYPES = st.sampled_from(['compute.update', 'compute.create', 'port.update'])
_CONDITIONS = st.builds(
    Condition, field=_NAMES.map('traits.{}'.format),
    value=st.sampled_from(['1', '2']),
    op=st.sampled_from(['eq', 'eq', 'ne', 'lt', 'le', 'gt', 'ge']),
    type=st.sampled_from(['', 'string', 'integer', 'float']))
_PROJECTS = st.sampled_from(['tenant-a', 'tenant-b'])
_ALARMS = st.builds(
    lambda alarm_id, query, **changes: dataclasses.replace(
        alarm(alarm_id=alarm_id, **changes),
        rule=dataclasses.replace(samples.rule(**changes),
                                 query=tuple(query))),
    alarm_id=st.sampled_from(list('abcdefgh')),
    query=st.lists(_CONDITIONS, max_size=3),
    project_id=_PROJECTS, enabled=st.sampled_from([True, True, False]),
    repeat_actions=st.booleans(),
    event_type=st.sampled_from(['*', 'compute.*', 'compute.update', '?']))
_EVENTS = st.builds(
    lambda event_type, project, traits: event(
        event_type, **{'state': None, 'instance_id': None,
                       'tenant_id': project, **traits}),
    event_type=_TYPES, project=st.none() | _PROJECTS,
    traits=st.dictionaries(_NAMES, _TEXTS | st.sampled_from([1, 2, 1.0])))
_STEPS = st.lists(st.one_of(
    st.tuples(st.just('add'), _ALARMS),
    st.tuples(st.just('evaluate'), _EVENTS),
    st.tuples(st.just('remove'), st.sampled_from(list('abcdefgh'))),
    st.tuples(st.just('ready'), st.sampled_from(list('abcdefgh')))),
    max_size=25)


class _Naive:
    """The rules of Aodh again, one alarm after the other, without index."""

    def __init__(self):
        self.alarms = {}

    def add(self, new):
        self.alarms[new.id] = new

    def remove(self, alarm_id):
        self.alarms.pop(alarm_id, None)

    def ready(self, alarm_id):
        if alarm_id in self.alarms:
            self.alarms[alarm_id] = dataclasses.replace(
                self.alarms[alarm_id], state=OK)

    def evaluate(self, happened):
        fired = [known for known in self.alarms.values()
                 if self._fires(known, happened)]
        for known in fired:
            self.alarms[known.id] = dataclasses.replace(known, state=ALARM)
        return [known.id for known in fired]

    def _fires(self, known, happened):
        rule = known.rule
        return (rule.enabled
                and rule.project_id == happened.trait('tenant_id')
                and (rule.repeat_actions or known.state != ALARM)
                and fnmatch.fnmatchcase(happened.event_type, rule.event_type)
                and all(self._holds(condition, happened)
                        for condition in rule.query))

    def _holds(self, condition, happened):
        value = {'': str, 'string': str, 'integer': int,
                 'float': float}[condition.type](condition.value)
        have = happened.trait(condition.field.removeprefix('traits.'))
        try:
            return getattr(operator, condition.op)(have, value)
        except TypeError:
            return False


class TestAgainstTheNaiveEvaluator(testtools.TestCase):

    @settings(max_examples=300)
    @given(_STEPS)
    def test_the_index_changes_nothing(self, steps):
        book, naive = RuleBook(), _Naive()
        for what, value in steps:
            if what == 'evaluate':
                self.assertEqual(naive.evaluate(value),
                                 _ids(book.evaluate(value, 1)))
            elif what == 'ready':
                naive.ready(value)
                if value in [known.id for known in book.alarms()]:
                    book.set_state(value, OK, 1)
            else:
                getattr(naive, what)(value)
                getattr(book, what)(value)
        self.assertEqual(
            {known.id: known.state for known in naive.alarms.values()},
            {known.id: known.state for known in book.alarms()})
