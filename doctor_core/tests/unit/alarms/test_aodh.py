from urllib.parse import parse_qsl, urlsplit

import testtools

from doctor_core.alarms.aodh import AodhAlarmManager
from doctor_core.alarms.matching import InvalidRule
from doctor_core.alarms.rules import RuleBook
from doctor_core.alarms.wire import alarm_to_json, rule_from_json
from doctor_core.exceptions import BusError, CloudError
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
            raise CloudError('There is no such alarm', status=404)


class FakeOutlets:

    def __init__(self, error=None):
        self.published = []
        self.error = error

    def publish(self, events):
        if self.error:
            raise self.error
        self.published.append(events)


class AodhTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.aodh = FakeAodh()
        self.outlets = FakeOutlets()
        self.manager = AodhAlarmManager(None, self.aodh, self.outlets)


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
        return self.manager.tell(events, host='host-1',
                                 fault_id='f').result(10)

    def test_aodh_hears_nova_without_us(self):
        self.assertTrue(self.manager.hears_nova)

    def test_events_go_to_the_bus_in_one_piece(self):
        events = [samples.event(), samples.event(instance_id='other')]
        self.assertEqual([], self.tell(*events))
        self.assertEqual([events], self.outlets.published)

    def test_nothing_to_tell(self):
        self.assertEqual([], self.tell())
        self.assertEqual([], self.outlets.published)

    def test_a_bus_that_refuses_is_a_failure_line(self):
        self.outlets.error = BusError('The bus is away')
        self.assertEqual(
            ['Aodh was not told of 1 events of host host-1: The bus is '
             'away'], self.tell(samples.event()))
