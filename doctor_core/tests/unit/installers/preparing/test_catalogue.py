"""What each need changes, on files as the services are shipped with."""

import pathlib
import re

import testtools
import yaml

import doctor_core
from doctor_core.installers.preparing import catalogue
from doctor_core.installers.preparing.edits import NotEditable, ini_file
from doctor_core.model import Need

#: Files whose edits have nothing to add to, without one.
NOT_FROM_NOTHING = {'event_definitions.yaml'}
DEFINITIONS = '- event_type: "*"\n  traits: {}\n'


def edited(need, file, text):
    """The text after all edits of a file for a need."""
    for edit in catalogue.edits_for([need]):
        if edit.file == file:
            text = edit.edit(text)
    return text


class CatalogueTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.rows = catalogue.edits_for(list(Need))

    def test_every_need_but_the_service_user_has_a_row(self):
        self.assertEqual(
            [], [need for need in Need if not catalogue.edits_for([need])
                 and need is not Need.SERVICE_USER])

    def test_every_row_says_who_is_restarted_and_why(self):
        self.assertEqual([], [row.file for row in self.rows
                              if not row.services or not row.why])

    def test_what_is_done_is_right(self):
        for row in self.rows:
            text = DEFINITIONS if row.file in NOT_FROM_NOTHING else ''
            once = row.edit(text)
            self.assertEqual(once, row.edit(once), row.file)

    def test_only_what_may_be_made_is_made_of_nothing(self):
        for row in self.rows:
            if row.file in NOT_FROM_NOTHING:
                self.assertRaises(NotEditable, row.edit, '')

    def test_no_needs_change_nothing(self):
        self.assertEqual([], catalogue.edits_for([]))


class NovaTest(testtools.TestCase):

    def notified(self, text):
        return edited(Need.NOTIFICATIONS, 'nova.conf', text)

    def test_a_plain_configuration(self):
        self.assertEqual(
            '[DEFAULT]\nmy_ip = 192.0.2.1\n\n'
            '[notifications]\nnotify_on_state_change = vm_and_task_state\n\n'
            '[oslo_messaging_notifications]\ndriver = messagingv2\n',
            self.notified('[DEFAULT]\nmy_ip = 192.0.2.1\n'))

    def test_topics_of_others_are_kept(self):
        text = ('[notifications]\nnotify_on_state_change = vm_state\n'
                '[oslo_messaging_notifications]\ndriver = messaging\n'
                'topics = {}\n')
        self.assertEqual(text.format('vitrage_notifications,notifications'),
                         self.notified(text.format('vitrage_notifications')))

    def test_old_names(self):
        """Each notification was sent twice, to a topic that nobody takes."""
        text = self.notified(
            '[DEFAULT]\nnotification_driver = messaging\n'
            'notification_topics = monitor\n'
            'notify_on_state_change = vm_and_task_state\n')
        self.assertEqual(
            '[DEFAULT]\nnotify_on_state_change = vm_and_task_state\n\n'
            '[oslo_messaging_notifications]\ndriver = messaging\n'
            'topics = monitor,notifications\n', text)
        self.assertEqual(text, self.notified(text))

    def test_versioned_notifications_are_kept(self):
        text = self.notified('[notifications]\n'
                             'notification_format = versioned\n')
        self.assertEqual('both', ini_file.value(
            text, ('notifications', 'notification_format')))

    def test_a_ratio_that_is_one_is_left(self):
        for ratio in ('1', '1.00'):
            text = f'[DEFAULT]\ncpu_allocation_ratio={ratio}\n'
            self.assertEqual(text, edited(Need.MAINTENANCE,
                                          'nova-compute.conf', text))
        for ratio in ('16.0', 'x', ''):
            self.assertEqual(
                '[DEFAULT]\ncpu_allocation_ratio=1.0\n',
                edited(Need.MAINTENANCE, 'nova-compute.conf',
                       f'[DEFAULT]\ncpu_allocation_ratio={ratio}\n'))

    def test_owners_see_the_state_of_the_host(self):
        self.assertEqual(
            '"os_compute_api:servers:show:host_status": '
            '"rule:context_is_admin or project_id:%(project_id)s"\n',
            edited(Need.HOST_STATUS, 'nova-policy.yaml', ''))


class OthersTest(testtools.TestCase):

    def test_aodh(self):
        self.assertEqual(
            '[listener]\nevent_alarm_topic=alarm.all\n'
            '\n[DEFAULT]\nevent_alarm_cache_ttl = 0\n',
            edited(Need.EVENT_ALARMS, 'aodh.conf',
                   '[listener]\nevent_alarm_topic=alarms\n'))

    def test_an_old_aodh_has_its_topic_elsewhere(self):
        """A topic by its old name was taken for the default."""
        text = '[DEFAULT]\nevent_alarm_cache_ttl = 0\nevent_alarm_topic = {}\n'
        self.assertEqual(text.format('alarm.all'), edited(
            Need.EVENT_ALARMS, 'aodh.conf', text.format('alarms')))

    def test_neutron_keeps_its_other_extensions(self):
        self.assertEqual(
            '[ml2]\nextension_drivers = port_security,data_plane_status\n',
            edited(Need.DATA_PLANE_STATUS, 'neutron-ml2.conf',
                   '[ml2]\nextension_drivers = port_security\n'))

    def test_a_neutron_that_has_no_data_plane_status(self):
        """ML2/OVN got the extension, ignored it, and status said applied."""
        for drivers in ('ovn', 'ovn,sriovnicswitch', 'logger, ovn'):
            error = self.assertRaises(
                NotEditable, edited, Need.DATA_PLANE_STATUS,
                'neutron-ml2.conf', '[ml2]\nmechanism_drivers = '
                f'{drivers}\nextension_drivers = data_plane_status\n')
            self.assertIn('update_port_data_plane_status = false',
                          str(error))

    def test_a_congress_that_loads_all_drivers_is_left(self):
        text = '[DEFAULT]\ndebug = true\n'
        self.assertEqual(text, edited(Need.CONGRESS, 'congress.conf', text))

    def test_a_congress_that_is_told_its_drivers(self):
        self.assertEqual(
            '[DEFAULT]\ndrivers = a.B,'
            'congress.datasources.doctor_driver.DoctorDriver\n'
            'disabled_drivers = nova\n',
            edited(Need.CONGRESS, 'congress.conf',
                   '[DEFAULT]\ndrivers = a.B\n'
                   'disabled_drivers = doctor, nova\n'))

    def test_vitrage_keeps_its_default_sources(self):
        types = ini_file.items(ini_file.value(
            edited(Need.VITRAGE, 'vitrage.conf', ''),
            ('datasources', 'types')))
        self.assertEqual('doctor', types[-1])
        self.assertIn('nova.host', types)

    def test_the_events_of_a_maintenance(self):
        definitions = yaml.safe_load(edited(
            Need.MAINTENANCE, 'event_definitions.yaml', DEFINITIONS))
        self.assertEqual(
            {'maintenance.scheduled': {
                'tenant_id', 'project_id', 'session_id', 'state',
                'instance_ids', 'allowed_actions', 'actions_at', 'reply_at',
                'reply_url', 'metadata'},
             'maintenance.host': {'tenant_id', 'project_id', 'session_id',
                                  'state', 'host'}},
            {one['event_type']: set(one['traits'])
             for one in definitions[1:]})
        self.assertEqual([{'fields': 'payload.project_id'}] * 2,
                         [one['traits']['tenant_id']
                          for one in definitions[1:]])


class DocumentedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        page = (pathlib.Path(doctor_core.__file__).parents[1] / 'doc'
                / 'source' / 'reference' / 'needs.rst')
        if not page.exists():
            self.skipTest('installed without the documentation')
        #: Sections by their titles.
        self.sections = {
            title: body for title, body in re.findall(
                r'\n([\w-]+)\n=+\n(.*?)(?=\n[\w-]+\n=|\Z)',
                page.read_text(), re.DOTALL)}

    def test_every_need_has_a_section(self):
        self.assertEqual({need.value for need in Need}, set(self.sections))

    def test_every_row_is_in_the_section_of_its_need(self):
        self.assertEqual([], [
            (need.value, word) for need in Need
            for row in catalogue.edits_for([need])
            for word in (row.file, *row.services)
            if f'``{word}``' not in self.sections[need.value]])
