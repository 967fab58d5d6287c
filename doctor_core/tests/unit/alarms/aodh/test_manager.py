from urllib.parse import parse_qsl, urlsplit

import fixtures
import testtools

from doctor_core.alarms.aodh.manager import AodhAlarmManager
from doctor_core.alarms.local.matching import InvalidRule
from doctor_core.alarms.local.rules import RuleBook
from doctor_core.alarms.wire import alarm_to_json, rule_from_json
from doctor_core.cloud.refusals import Gone
from doctor_core.exceptions import BusError, CloudError
from doctor_core.fixtures import options
from doctor_core.model import Alarm, AlarmState, Condition
from doctor_core.tests.unit.alarms import samples


class FakeAodh:
    """Aodh behind the cloud's four verbs."""

    def __init__(self):
        self.book = RuleBook()
        self.asked = []

    def get(self, service_type, path):
        self.asked.append(('GET', service_type, path))
        query = parse_qsl(urlsplit(path).query)
        fields = [value for name, value in query if name == 'q.field']
        values = [value for name, value in query if name == 'q.value']
        return [entry for entry in map(alarm_to_json, self.book.alarms())
                if all(entry[field] == value for field, value
                       in zip(fields, values, strict=True))]

    def post(self, service_type, path, body):
        self.asked.append(('POST', service_type, path))
        alarm = Alarm(f'aodh-{len(self.asked)}', rule_from_json(
            body, body['project_id'], 'root'))
        self.book.add(alarm)
        return alarm_to_json(alarm)

    def put(self, service_type, path, body):
        self.asked.append(('PUT', service_type, path))
        self.book.set_state(path.split('/')[3], AlarmState(body), 1)
        return body

    def delete(self, service_type, path):
        if not self.book.remove(path.rpartition('/')[2]):
            raise Gone('There is no such alarm', status=404)


class FakeOutlets:

    def __init__(self, error=None):
        self.published = []
        self.error = error
        self.handlers = {}
        self.stamps = []

    def overhear(self, topic, exchange, handler):
        self.handlers[topic] = handler

    def checkpoint(self, checkpoint):
        self.stamps.append(checkpoint.server_id)

    def publish(self, events):
        if self.error:
            raise self.error
        self.published.append(events)


class AodhTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.aodh = FakeAodh()
        self.outlets = FakeOutlets()
        self.manager = self.make()

    def make(self, **values):
        return AodhAlarmManager(options(AodhAlarmManager, **values),
                                self.aodh, self.outlets)


class TestRules(AodhTestCase):

    def test_create(self):
        alarm = self.manager.create(samples.rule())
        self.assertEqual(samples.rule(), alarm.rule)
        self.assertEqual(AlarmState.INSUFFICIENT_DATA, alarm.state)
        [made] = self.aodh.book.alarms()
        self.assertEqual(alarm.id, made.id)
        self.assertEqual(samples.rule(user_id='root'), made.rule)
        self.assertEqual(('POST', 'alarming', '/v2/alarms'),
                         self.aodh.asked[-1])

    def test_an_alarm_that_is_there_is_used(self):
        rule = samples.rule(name='a b&c', description='')
        first, second = (self.manager.create(rule) for _ in range(2))
        self.assertEqual(first.id, second.id)
        self.assertEqual(1, len(self.aodh.book.alarms()))

    def test_one_that_went_off_is_made_ready(self):
        """Used as it is, it would never go off again."""
        alarm = self.manager.create(samples.rule())
        self.aodh.book.set_state(alarm.id, AlarmState.ALARM, 1)
        self.assertEqual(AlarmState.OK,
                         self.manager.create(samples.rule()).state)
        self.assertEqual(AlarmState.OK, self.aodh.book.get(alarm.id).state)

    def test_another_rule_of_that_name_is_another_alarm(self):
        self.manager.create(samples.rule())
        for changes in ({'project_id': 'tenant-b'}, {'enabled': False},
                        {'server_id': 'other'}, {'actions': ('log://',)}):
            self.manager.create(samples.rule(**changes))
        self.assertEqual(5, len(self.aodh.book.alarms()))

    def test_the_order_of_actions_is_not_another_rule(self):
        for actions in (('http://a/', 'http://b/'),
                        ('http://b/', 'http://a/')):
            self.manager.create(samples.rule(actions=actions))
        self.assertEqual(1, len(self.aodh.book.alarms()))

    def test_a_rule_that_aodh_takes_and_never_fires(self):
        self.assertRaises(InvalidRule, self.manager.create,
                          samples.rule(Condition('state', 'error')))
        self.assertEqual([], self.aodh.asked)

    def test_a_trait_that_doctor_does_not_send(self):
        """Ceilometer may make more of an event, so it is made with a word.
        """
        log = self.useFixture(fixtures.FakeLogger())
        self.manager.create(samples.rule(Condition('traits.nonsense', 'x')))
        self.assertEqual(1, len(self.aodh.book.alarms()))
        self.assertIn("the trait 'nonsense'", log.output)

    def test_an_answer_without_an_alarm(self):
        self.aodh.post = lambda *args: {'status': 'fine'}
        self.assertRaises(CloudError, self.manager.create, samples.rule())

    def test_delete(self):
        alarm = self.manager.create(samples.rule())
        self.manager.delete(alarm)
        self.manager.delete(alarm)
        self.assertEqual([], self.aodh.book.alarms())

    def test_a_refused_delete_is_not_hidden(self):
        def refuse(*args):
            raise CloudError('no', status=403)

        self.aodh.delete = refuse
        self.assertRaises(CloudError, self.manager.delete, samples.alarm())


class TestTell(AodhTestCase):

    def tell(self, *events):
        told = self.manager.tell(events, host='host-1', fault_id='f')
        self.assertEqual(len(events), len(told))
        return list(dict.fromkeys(line for one in told
                                  for line in one.result(10)))

    def test_aodh_hears_nova_without_us(self):
        self.assertTrue(self.manager.hears_nova)

    def test_events_go_to_the_bus_in_one_piece(self):
        events = [samples.event(), samples.event(instance_id='other')]
        self.assertEqual([], self.tell(*events))
        self.assertEqual([events], self.outlets.published)

    def test_the_head_start_grows_to_a_limit(self):
        self.assertEqual([0.0, 0.06, 0.5], [
            self.manager.head_start_s(count) for count in (0, 4, 500)])
        self.assertEqual(0.0, self.make(head_start_s=0).head_start_s(500))

    def test_nothing_to_tell(self):
        self.assertEqual([], self.tell())
        self.assertEqual([], self.outlets.published)

    def test_a_bus_that_is_away_fails_and_may_come_back(self):
        """It was given up, and never tried again."""
        self.outlets.error = BusError('The bus is away')
        error = self.assertRaises(BusError, self.tell, samples.event(),
                                  samples.event())
        self.assertEqual('Aodh was not told of 2 events of host host-1: The '
                         'bus is away', str(error))
        self.assertTrue(error.recoverable)


class TestMissed(AodhTestCase):
    """Whose alarm has not gone off although its rule is met."""

    def missed(self, *events):
        return self.manager.missed(events)

    def test_an_alarm_that_went_off(self):
        alarm = self.manager.create(samples.rule())
        event = samples.event()
        self.assertEqual([event], self.missed(event))
        self.aodh.book.set_state(alarm.id, AlarmState.ALARM, 1)
        self.assertEqual([], self.missed(event))

    def test_only_of_these_servers_and_states(self):
        self.manager.create(samples.rule())
        self.assertEqual([], self.missed(
            samples.event(state='active'),
            samples.event(instance_id='other')))

    def test_nobody_wants_to_know(self):
        self.manager.create(samples.rule(enabled=False))
        self.assertEqual([], self.missed(samples.event()))

    def test_each_project_is_asked_for_once(self):
        self.manager.create(samples.rule(project_id='tenant-b'))
        mine, theirs = samples.event(), samples.event(tenant_id='tenant-b')
        before = len(self.aodh.asked)
        self.assertEqual([theirs], self.missed(mine, theirs, mine))
        self.assertEqual(2, len(self.aodh.asked) - before)

    def test_an_alarm_of_another_kind(self):
        answer = [{'type': 'gnocchi_resources_threshold', 'name': 'x'}, None]
        self.aodh.get = lambda *args: answer
        self.assertEqual([], self.missed(samples.event()))


class TestNoAnswer(AodhTestCase):
    """A proxy's 200 was taken for Aodh's word that all were reached, and
    that there was no alarm of a name.
    """

    def test_what_is_no_list(self):
        for answer in ({}, None, 'page', {'alarms': []}, 0):
            self.useFixture(fixtures.MockPatchObject(
                self.aodh, 'get', lambda *_, answer=answer: answer))
            for ask in (lambda: self.manager.missed([samples.event()]),
                        lambda: self.manager.create(samples.rule())):
                error = self.assertRaises(CloudError, ask)
                self.assertTrue(error.recoverable, answer)
        self.assertEqual([], self.aodh.book.alarms())


class TestWatch(AodhTestCase):

    def test_an_event_of_doctors_own_is_not_ceilometers(self):
        self.manager.watch()
        self.manager.tell([samples.event(instance_id='s1')], host='h',
                          fault_id='f')[0].result(10)
        for server in ('s1', 's2'):
            self.outlets.handlers['alarm.all']('event', [{'traits': [
                ['instance_id', 1, server], ['state', 1, 'error']]}],
                {'timestamp': '1970-01-01 00:00:01.250000'})
        self.assertEqual(['s2'], self.outlets.stamps)


class TestEvaluatedAt(AodhTestCase):

    def evaluated_at(self, *changes):
        def get(service_type, path):
            self.assertEqual(('alarming', '/v2/alarms/a-1/history'),
                             (service_type, path))
            return list(changes)

        self.aodh.get = get
        return self.manager.evaluated_at(
            Alarm('a-1', samples.rule(), AlarmState.OK))

    def change(self, at='1970-01-01T00:00:02.500000', state='alarm',
               kind='state transition'):
        return {'timestamp': at, 'type': kind,
                'detail': f'{{"state": "{state}"}}'}

    def test_the_latest_time_it_went_off(self):
        self.assertEqual(2.5, self.evaluated_at(
            self.change('1970-01-01T00:00:03.1', 'ok'), self.change(),
            self.change('1970-01-01T00:00:01.5')))

    def test_other_entries(self):
        for change in (self.change(kind='rule change'),
                       self.change(state='ok'), 'x', {},
                       {**self.change(), 'detail': 'not JSON'},
                       {**self.change(), 'detail': '[]'}):
            self.assertIsNone(self.evaluated_at(change))

    def test_whole_seconds_are_not_a_time_of_a_stage(self):
        self.assertIsNone(self.evaluated_at(
            self.change('1970-01-01T00:00:02')))

    def test_aodh_that_does_not_answer(self):
        def refuse(*args):
            raise CloudError('no', status=503)

        self.aodh.get = refuse
        self.assertIsNone(self.manager.evaluated_at(
            Alarm('a-1', samples.rule(), AlarmState.OK)))
