"""Ceilometer's event_pipeline.yaml."""

import testtools
import yaml

from doctor_core.installers.preparing.edits import NotEditable, event_pipeline

EDIT = event_pipeline.to_aodh('compute.instance.update')
#: As Ceilometer's package has it.
PLAIN = """\
---
sources:
    - name: event_source
      events:
          - "*"
      sinks:
          - event_sink
sinks:
    - name: event_sink
      publishers:
          - notifier://
"""
AODH = '          - notifier://?topic=alarm.all\n'


class EventPipelineTest(testtools.TestCase):

    def test_the_publisher_is_added(self):
        self.assertEqual(PLAIN + AODH, EDIT(PLAIN))

    def test_right_text_is_left(self):
        for text in (
                PLAIN + AODH,
                PLAIN.replace('//', '//?topic=alarm.all&retry=3'),
                PLAIN.replace('event_sink', 'aodh') + AODH,
                PLAIN.replace('"*"', 'compute.*') + AODH):
            self.assertEqual(text, EDIT(text))

    def test_without_a_file_there_is_ceilometers_and_the_publisher(self):
        wanted = yaml.safe_load(PLAIN)
        wanted['sinks'][0]['publishers'].append('notifier://?topic=alarm.all')
        self.assertEqual(wanted, yaml.safe_load(EDIT('')))
        self.assertEqual(EDIT(''), EDIT(EDIT('')))

    def test_a_sink_that_gets_no_such_event_does_not_count(self):
        text = PLAIN + ('    - name: other\n      publishers: '
                        '["notifier://?topic=alarm.all"]\n')
        self.assertEqual(
            [['notifier://', 'notifier://?topic=alarm.all'],
             ['notifier://?topic=alarm.all']],
            [sink['publishers']
             for sink in yaml.safe_load(EDIT(text))['sinks']])

    def test_another_publisher_or_topic_is_not_aodhs(self):
        for other in ('notifier://?topic=alarm.allx', 'udp://alarm.all',
                      'direct://?topic=alarm.all'):
            text = PLAIN.replace('notifier://', other)
            self.assertEqual(text + AODH, EDIT(text))

    def test_a_publisher_on_another_host_is_not_aodhs(self):
        """Events for another bus were taken for those that Aodh gets."""
        for other in ('notifier://u:p@rabbit2:5672/v?topic=alarm.all',
                      'notifier://[::1/?topic=alarm.all',
                      'notifier://rabbit2?topic=alarm.all&driver=kafka'):
            text = PLAIN.replace('notifier://', f'"{other}"')
            self.assertEqual(text + AODH, EDIT(text))

    def test_one_with_other_parameters_is(self):
        for other in ('notifier:///?topic=alarm.all&driver=kombu',
                      'notifier://?policy=drop&topic=x&topic=alarm.all'):
            text = PLAIN.replace('notifier://', other)
            self.assertEqual(text, EDIT(text))

    def test_gnocchi_alone(self):
        text = PLAIN.replace('notifier://', 'gnocchi://')
        self.assertEqual(text + AODH, EDIT(text))

    def test_comments_alone(self):
        """A file of comments lost them."""
        for text in ('# Ours.\n', '---\n# Ours.', '# sources: []\r\n'):
            self.assertTrue(EDIT(text).startswith(text))
            self.assertEqual(yaml.safe_load(EDIT('')),
                             yaml.safe_load(EDIT(text)))

    def test_nothing_can_follow_an_end(self):
        error = self.assertRaises(NotEditable, EDIT, 'null\n')
        self.assertIn('notifier://?topic=alarm.all', str(error))

    def test_what_cannot_be_added_is_said(self):
        for text in (PLAIN.replace('"*"', 'image.*'),
                     PLAIN.replace('publishers', 'x')):
            error = self.assertRaises(NotEditable, EDIT, text)
            self.assertIn('publishers: ["notifier://?topic=alarm.all"]',
                          str(error))

    def test_what_is_no_pipeline_is_refused(self):
        for text, why in (
                ('[]', 'no list of sinks'),
                ('sinks: []\n', 'no list of sources'),
                ('sinks: [a]\nsources: []\n', 'no list of sinks'),
                (PLAIN.replace('"*"', 'image.*'), 'no source in it hands'),
                (PLAIN.replace('publishers', 'x'), 'no list of publishers'),
                ('a: [', 'not YAML')):
            error = self.assertRaises(NotEditable, EDIT, text)
            self.assertIn(why, str(error))
