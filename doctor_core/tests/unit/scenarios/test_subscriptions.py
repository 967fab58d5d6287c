import testtools

from doctor_core.exceptions import CloudError
from doctor_core.model import Alarm, Condition, Server
from doctor_core.scenarios.subscriptions import Subscriptions
from doctor_core.tests.contract_scenarios import Steps

SERVERS = [Server(f's{index}', f'vm{index}', 'p', 'h') for index in range(3)]


class Alarms:
    """As much of an alarm manager as owners ask for."""

    def __init__(self):
        self.kept = {}
        self.refused = set()

    def create(self, rule):
        self._refuse(rule)
        self.kept[rule.name] = alarm = Alarm(rule.name, rule)
        return alarm

    def delete(self, alarm):
        self._refuse(alarm.rule)
        del self.kept[alarm.rule.name]

    def evaluated_at(self, alarm):
        return None if alarm.rule.name.endswith('1') else 5.0

    def _refuse(self, rule):
        if rule.name in self.refused:
            raise CloudError('no', status=403)


class SubscriptionsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.alarms, self.steps = Alarms(), Steps()
        self.subscriptions = Subscriptions(self.alarms, self.steps)

    def make(self):
        self.subscriptions.make(SERVERS, 'p', 'http://owner/')

    def test_one_a_server(self):
        self.make()
        rule = self.alarms.kept['doctor_alarm1'].rule
        self.assertEqual((3, 'p', ('http://owner/',)), (
            len(self.alarms.kept), rule.project_id, rule.actions))
        self.assertIn(Condition('traits.instance_id', 's1'), rule.query)
        self.assertIn(('alarms are made', 3, 3), self.steps.counts)

    def test_what_others_found(self):
        self.make()
        self.assertEqual([('s0', 5.0), ('s2', 5.0)],
                         sorted(self.subscriptions.evaluated()))

    def test_one_that_cannot_be_deleted_stops_no_other(self):
        """The first that failed ended the run, and others stayed."""
        self.make()
        self.alarms.refused = {'doctor_alarm0'}
        self.subscriptions.delete()
        self.assertEqual(['doctor_alarm0'], list(self.alarms.kept))
        left, = self.subscriptions.leftovers
        self.assertIn('alarm doctor_alarm0: no', left)

    def test_those_that_were_made_are_deleted(self):
        self.alarms.refused = {'doctor_alarm2'}
        self.assertRaises(CloudError, self.make)
        self.alarms.refused = set()
        self.subscriptions.delete()
        self.assertEqual({}, self.alarms.kept)
