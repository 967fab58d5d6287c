import datetime

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.inspectors import vitrage

#: How Vitrage reads the time of an event.
FORMAT = '%Y-%m-%dT%H:%M:%S.%f'


class EventTest(testtools.TestCase):
    @given(st.floats(min_value=0, max_value=4e9))
    def test_vitrage_can_read_the_time(self, at):
        text = vitrage.event('h1', 'down', at)['time']
        read = datetime.datetime.strptime(text, FORMAT)
        self.assertLess(abs(read.replace(
            tzinfo=datetime.UTC).timestamp() - at), 1e-3)

    def test_up_and_down_mean_one_alarm(self):
        down, up = (vitrage.event('h1', status, 1.0)
                    for status in ('down', 'up'))
        self.assertEqual(down['type'], up['type'])
        self.assertEqual(('down', 'up'), (down['details']['status'],
                                          up['details']['status']))


class TemplateTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.template = vitrage.template('mine')

    def test_all_is_text(self):
        """Vitrage does not know the number 3 as a version."""
        self.assertEqual({'version', 'name', 'type', 'description'},
                         set(self.template['metadata']))
        for value in self.template['metadata'].values():
            self.assertIsInstance(value, str)

    def test_entities_are_used_and_defined(self):
        entities = self.template['entities']
        for scenario in self.template['scenarios']:
            for action in scenario['actions']:
                for what in action.values():
                    self.assertIn(what['target'], entities)
                    self.assertIn(what['target'], scenario['condition'])

    def test_host_and_servers_are_marked_down(self):
        marked = {action['mark_down']['target']
                  for scenario in self.template['scenarios']
                  for action in scenario['actions'] if 'mark_down' in action}
        self.assertEqual({'host', 'server'}, marked)


class HasAlarmTest(testtools.TestCase):
    def test_of_the_host_and_the_type_by_doctor(self):
        alarm = {'vitrage_type': 'doctor', 'name': 'compute.host.down',
                 'hostname': 'h1'}
        self.assertTrue(vitrage.has_alarm([alarm], 'h1'))
        for other in ({'hostname': 'h2'}, {'name': 'disk.failure'},
                      {'vitrage_type': 'zabbix'}):
            self.assertFalse(vitrage.has_alarm([{**alarm, **other}], 'h1'))
        self.assertFalse(vitrage.has_alarm([], 'h1'))
