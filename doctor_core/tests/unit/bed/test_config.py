import configparser
from pathlib import Path

import fixtures
import testtools
from openstack_bed import config
from openstack_bed.settings import EXTRAS, Bed

#: What packages bring, below the home.
SHIPPED = {
    'core/etc/glance/glance-api-paste.ini': 'glance',
    'core/etc/neutron/api-paste.ini': 'neutron',
    'core/etc/nova/api-paste.ini': 'nova',
    'telemetry/lib/python3.11/site-packages/aodh/api/api-paste.ini':
        '[filter:authtoken]\nx = y\n',
    'telemetry/lib/python3.11/site-packages/ceilometer/pipeline/data/'
    'event_definitions.yaml': 'definitions',
    'telemetry/lib/python3.11/site-packages/ceilometer/pipeline/data/'
    'event_pipeline.yaml': 'shipped pipeline',
    'telemetry/etc/vitrage/api-paste.ini': 'vitrage',
    'telemetry/etc/vitrage/datasources_values/doctor.yaml': 'values',
    'congress/etc/congress/api-paste.ini': 'congress',
}


class WriteTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = Path(self.useFixture(fixtures.TempDir()).path)
        for name, text in SHIPPED.items():
            file = self.root / 'home' / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def bed(self, **fields):
        bed = Bed(self.root / 'home', self.root / 'bed', **fields)
        config.write(bed)
        return bed

    def options(self, bed, name):
        options = configparser.ConfigParser(interpolation=None)
        self.assertEqual([str(bed.etc(name))], options.read(bed.etc(name)))
        return options

    def test_a_bed_has_what_doctor_needs(self):
        bed = self.bed()
        nova = self.options(bed, 'nova/nova.conf')
        self.assertEqual('vm_and_task_state', nova['notifications'][
            'notify_on_state_change'])
        self.assertEqual('notifications', nova[
            'oslo_messaging_notifications']['topics'])
        self.assertIn('host_status', bed.etc('nova/policy.yaml').read_text())
        self.assertIn('data_plane_status', self.options(
            bed, 'neutron/ml2_conf.ini')['ml2']['extension_drivers'])
        self.assertEqual('0', self.options(bed, 'aodh/aodh.conf')[
            'DEFAULT']['event_alarm_cache_ttl'])
        self.assertIn('alarm.all', bed.etc(
            'ceilometer/event_pipeline.yaml').read_text())

    def test_a_plain_bed_has_nothing_of_it(self):
        bed = self.bed(plain=True)
        nova = self.options(bed, 'nova/nova.conf')
        self.assertNotIn('notifications', nova)
        self.assertNotIn('oslo_messaging_notifications', nova)
        self.assertFalse(bed.etc('nova/policy.yaml').exists())
        self.assertEqual('port_security', self.options(
            bed, 'neutron/ml2_conf.ini')['ml2']['extension_drivers'])
        self.assertNotIn('event_alarm_cache_ttl', self.options(
            bed, 'aodh/aodh.conf')['DEFAULT'])
        self.assertEqual('shipped pipeline', bed.etc(
            'ceilometer/event_pipeline.yaml').read_text())

    def test_a_plain_bed_keeps_what_was_changed(self):
        bed = self.bed(plain=True)
        bed.etc('nova/nova.conf').write_text('changed')
        self.bed(plain=True)
        self.assertEqual('changed', bed.etc('nova/nova.conf').read_text())

    def test_any_other_is_written_anew(self):
        bed = self.bed()
        before = bed.etc('nova/nova.conf').read_text()
        bed.etc('nova/nova.conf').write_text('changed')
        self.bed()
        self.assertEqual(before, bed.etc('nova/nova.conf').read_text())

    def test_vitrage_hears_nova_on_a_topic_of_its_own(self):
        bed = self.bed(extras=EXTRAS)
        self.assertEqual(
            'notifications,vitrage_notifications',
            self.options(bed, 'nova/nova.conf')[
                'oslo_messaging_notifications']['topics'])
        self.assertEqual('values', bed.etc(
            'vitrage/datasources_values/doctor.yaml').read_text())
        self.assertEqual('vitrage', self.options(
            bed, 'vitrage/.vitrage/vitrage.conf')['service_credentials'][
                'username'])

    def test_the_ports_of_a_bed_are_its_own(self):
        bed = self.bed(offset=100, extras=EXTRAS)
        for file in bed.etc().rglob('*.conf'):
            self.assertNotIn(':25000', file.read_text(), file)
