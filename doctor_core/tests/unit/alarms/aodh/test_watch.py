from types import SimpleNamespace

import testtools

from doctor_core.alarms.aodh.watch import AodhWatch
from doctor_core.exceptions import BusError
from doctor_core.model import Stage
from doctor_core.tests.unit.alarms import samples

OPTIONS = SimpleNamespace(events_exchange='ceilometer', exchange='aodh',
                          notifier_topic='alarming')
#: As oslo.messaging stamps a notification: 1.25 s after the epoch, UTC.
SENT = {'timestamp': '1970-01-01 00:00:01.250000', 'message_id': 'm'}


class FakeOutlets:

    def __init__(self):
        self.error = None
        self.handlers = {}
        self.stamps = []

    def overhear(self, topic, exchange, handler):
        if self.error:
            raise self.error
        self.handlers[topic, exchange] = handler

    def checkpoint(self, checkpoint):
        self.stamps.append((checkpoint.stage, checkpoint.at,
                            checkpoint.server_id))


class AodhWatchTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.outlets = FakeOutlets()
        self.watch = AodhWatch(self.outlets)
        self.watch.start(OPTIONS)

    def event(self, state='error', server='s1'):
        return {'event_type': 'compute.instance.update', 'message_id': 'n',
                'traits': [['instance_id', 1, server], ['state', 1, state]]}

    def hear_event(self, *events, metadata=SENT):
        self.outlets.handlers['alarm.all', 'ceilometer'](
            'event', list(events), metadata)
        return self.outlets.stamps

    def hear_alarm(self, payload, metadata=SENT):
        self.outlets.handlers['alarming', 'aodh'](
            'alarm.update', payload, metadata)
        return self.outlets.stamps

    def test_an_event_of_ceilometer(self):
        self.assertEqual([(Stage.EVENT_TRANSFORMED, 1.25, 's1')],
                         self.hear_event(self.event()))

    def test_a_server_that_is_well_is_no_stage(self):
        self.assertEqual([], self.hear_event(self.event('active')))

    def test_what_doctor_sent_itself_is_not_ceilometers(self):
        self.watch.sent([samples.event(instance_id='s1')])
        self.assertEqual([(Stage.EVENT_TRANSFORMED, 1.25, 's2')],
                         self.hear_event(self.event(),
                                         self.event(server='s2')))

    def test_a_bus_that_refuses_ends_nothing(self):
        self.outlets.handlers.clear()
        self.outlets.error = BusError('You may not read exchange aodh')
        self.watch.start(OPTIONS)
        self.assertEqual({}, self.outlets.handlers)

    def test_an_alarm_that_fires(self):
        payload = {'current': 'alarm', 'reason_data': {
            'type': 'event', 'event': self.event()}}
        self.assertEqual([(Stage.ALARM_FIRED, 1.25, 's1')],
                         self.hear_alarm(payload))

    def test_an_alarm_of_another_kind(self):
        for payload in (None, 'x', {}, {'current': 'ok'},
                        {'current': 'alarm', 'reason_data': {'type': 'x'}}):
            self.assertEqual([], self.hear_alarm(payload))

    def test_rubbish_is_no_event(self):
        for payload in (None, 'x', {}, {'traits': 1}, {'traits': [1]}):
            self.assertEqual([], self.hear_event(payload))

    def test_a_message_without_a_time_is_not_guessed_at(self):
        self.assertEqual([], self.hear_event(self.event(), metadata={}))
