import testtools

from doctor_core import wire
from doctor_core.embedded import telemetry

PAYLOAD = {
    'tenant_id': 'p1', 'user_id': 'u1', 'instance_id': 's1',
    'display_name': 'vm1', 'cell_name': '', 'host': 'compute-1',
    'memory_mb': 64, 'disk_gb': 1, 'root_gb': 1, 'ephemeral_gb': 0,
    'vcpus': 1, 'instance_type_id': 1, 'instance_flavor_id': 'f1',
    'instance_type': 'tiny', 'state': 'error', 'old_state': 'active',
    'launched_at': '2026-11-22T05:15:35.000000', 'deleted_at': '',
    'architecture': None, 'bandwidth': {}}

#: As a genuine Aodh handed them on, but for the ids.
RECORDED = [
    ['service', 1, 'compute'], ['project_id', 1, 'p1'],
    ['user_id', 1, 'u1'], ['tenant_id', 1, 'p1'], ['instance_id', 1, 's1'],
    ['display_name', 1, 'vm1'], ['resource_id', 1, 's1'],
    ['cell_name', 1, ''], ['host', 1, 'api'], ['memory_mb', 2, 64],
    ['disk_gb', 2, 1], ['root_gb', 2, 1], ['ephemeral_gb', 2, 0],
    ['vcpus', 2, 1], ['instance_type_id', 1, '1'],
    ['instance_flavor_id', 1, 'f1'], ['instance_type', 1, 'tiny'],
    ['state', 1, 'error'], ['launched_at', 4, '2026-11-22T05:15:35'],
    ['old_state', 1, 'active']]


class ToEventTest(testtools.TestCase):

    def event(self, **changes):
        return telemetry.to_event('compute.instance.update',
                                  PAYLOAD | changes, 1.5, 'api')

    def test_the_traits_are_those_of_ceilometer(self):
        event = self.event()
        self.assertEqual(RECORDED, wire.event_to_payload(event)['traits'])
        self.assertEqual('1970-01-01T00:00:01.500000', event.generated)

    def test_what_is_unknown_is_no_trait(self):
        self.assertIsNone(self.event(user_id=None).trait('user_id'))
        self.assertIsNone(self.event(launched_at='').trait('launched_at'))

    def test_a_long_text_is_cut(self):
        self.assertEqual(255, len(
            self.event(display_name='x' * 300).trait('display_name')))

    def test_other_notifications_are_no_events(self):
        self.assertIsNone(telemetry.to_event('port.update.end', {}, 0.0,
                                             'api'))


class FromBusTest(testtools.TestCase):

    def test_what_doctor_sends_comes_back(self):
        event = telemetry.to_event('compute.instance.update', PAYLOAD, 1.0,
                                   'api')
        self.assertEqual([event], telemetry.from_bus(
            [wire.event_to_payload(event)]))

    def test_a_bare_event_is_taken(self):
        self.assertEqual(['x'], [event.event_type for event
                                 in telemetry.from_bus(
                                     {'event_type': 'x', 'message_id': 1})])

    def test_what_is_no_event_is_left_out(self):
        good = {'event_type': 'x', 'message_id': '1'}
        for bad in (None, 7, 'text', {}, {'event_type': 'x'},
                    good | {'traits': [['a', 1]]},
                    good | {'traits': [['a', 9, 'b']]},
                    good | {'traits': 7}):
            self.assertEqual(1, len(telemetry.from_bus([bad, good])))
