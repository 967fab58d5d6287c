"""What ``doctor hosts`` says beside the table."""

import argparse
import io
import types

import fixtures
import testtools

from doctor_core.cli.hosts import ListHosts


class ListHostsTest(testtools.TestCase):

    def said(self, *states, problem=''):
        hosts = [{'host': f'h{index}', 'state': state, 'addresses': [],
                  'last_answer_at': None, 'near_misses': 0, 'late': 0,
                  'problem': problem} for index, state in enumerate(states)]
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.cli.inspector_api.ask',
            lambda *_args, **_options: {'isolated': False, 'hosts': hosts}))
        app = types.SimpleNamespace(stderr=io.StringIO())
        ListHosts(app, None).take_action(
            argparse.Namespace(monitor_url='http://127.0.0.1:1'))
        return app.stderr.getvalue()

    def test_most_are_not_watched(self):
        self.assertIn('Most hosts are not watched',
                      self.said('unwatched', 'healthy', 'unwatched'))

    def test_most_have_never_answered(self):
        self.assertIn('Most hosts are not watched', self.said(
            'unknown', problem='has never answered'))

    def test_most_are_watched(self):
        self.assertEqual('', self.said('unknown'))
        self.assertEqual('', self.said('unwatched', 'healthy'))
        self.assertEqual('', self.said())
