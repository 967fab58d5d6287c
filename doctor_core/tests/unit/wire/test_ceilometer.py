"""Events as Ceilometer makes them."""

import testtools

from doctor_core import wire
from doctor_core.model import Server, TraitType

NOW = 1700000000.0


class InstanceUpdateTest(testtools.TestCase):
    SERVER = Server('s1', 'vm1', 'p1', 'compute-0', user_id='u1',
                    flavor='m1.tiny', vcpus=1, memory_mb=512, disk_gb=1,
                    launched_at='2017-05-08T13:49:07')

    def test_traits(self):
        update = wire.instance_update(self.SERVER, 'error', NOW)
        expected = {'state': 'error', 'old_state': 'active',
                    'instance_id': 's1', 'tenant_id': 'p1',
                    'project_id': 'p1', 'user_id': 'u1', 'vcpus': 1,
                    'memory_mb': 512, 'disk_gb': 1, 'host': 'compute-0',
                    'instance_type': 'm1.tiny'}
        self.assertEqual(expected, {name: update.trait(name)
                                    for name in expected})

    def test_state_before_that_is_not_the_server_s_own(self):
        update = wire.instance_update(self.SERVER, 'active', NOW,
                                      {'old_state': 'error'})
        self.assertEqual(['error'], [trait.value for trait in update.traits
                                     if trait.name == 'old_state'])

    def test_long_texts_are_cut_as_ceilometer_cuts_them(self):
        server = Server('s1', 'n' * 300, 'p1', 'compute-0')
        update = wire.instance_update(server, 'error', NOW)
        self.assertEqual(255, len(update.trait('display_name')))

    def test_payload(self):
        update = wire.instance_update(self.SERVER, 'error', NOW)
        payload = wire.event_to_payload(update)
        self.assertIn(['state', int(TraitType.STRING), 'error'],
                      payload['traits'])
        self.assertIn(['launched_at', int(TraitType.DATETIME),
                       '2017-05-08T13:49:07'], payload['traits'])
        self.assertEqual('2023-11-14T22:13:20.000000', payload['generated'])
