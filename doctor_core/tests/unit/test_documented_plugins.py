"""What doc/source/contributor/plugins.rst shows works literally."""

import inspect
import pathlib
import re
import textwrap
import unittest

import testtools

import doctor_core
from doctor_core import plugins
from doctor_core.tests.unit.entry_points import InstalledDistribution

PAGE = pathlib.Path(doctor_core.__file__).parent.parent.joinpath(
    'doc', 'source', 'contributor', 'plugins.rst')
ACME = '''
from oslo_config import cfg

from doctor_core.inspectors.base import Inspector
from doctor_core.installers.base import Installer
from doctor_core.notifiers.base import Notifier


class MailNotifier(Notifier):
    """Sends a mail."""

    async def notify(self, action, notice):
        pass


class MineInspector(Inspector):
    """Corrects nothing."""

    @classmethod
    def get_opts(cls):
        return [cfg.StrOpt('endpoint', help='Where.')]

    def correct(self, corrections, done):
        return []


class RackInstaller(Installer):
    """Knows no node."""

    def nodes(self):
        return []
'''


class PageTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.page = PAGE.read_text()
        self.useFixture(InstalledDistribution('acme_doctor', ACME, {
            'doctor_core.notifiers': ['mailto = acme_doctor:MailNotifier']}))

    def run_block(self, number):
        """The names that one of the page's examples defines."""
        blocks = re.findall(r'\.\. code-block:: python\n\n((?:   .*\n|\n)+)',
                            self.page)
        names = {'__name__': 'example'}
        exec('from acme_doctor import *', names)
        exec(textwrap.dedent(blocks[number]), names)
        return names

    def test_the_test_of_a_plugin(self):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(
            self.run_block(0)['MailContractTest']).run(result)
        self.assertTrue(result.testsRun)
        self.assertEqual([], result.failures + result.errors)

    def test_what_a_plugin_is_handed_in_a_test(self):
        made = self.run_block(1)
        self.assertEqual('http://127.0.0.1:9/',
                         made['inspector'].options.endpoint)
        self.assertEqual(10.0, made['notifier'].timeout_s)
        self.assertEqual('/tmp/rack', made['installer'].settings.state_path)

    def test_names_what_each_kind_is_handed(self):
        """Beside its options, which come first."""
        table = self.page.partition('What a plugin is handed\n')[2]
        for kind in plugins.KINDS:
            base = next(
                found for name, found in vars(__import__(
                    f'doctor_core.{kind}.base', fromlist=['*'])).items()
                if inspect.isclass(found) and hasattr(found, 'get_opts'))
            first, *others = list(
                inspect.signature(base.__init__).parameters)[1:]
            self.assertEqual('options', first, kind)
            row = re.search(rf'^{kind} (.*\n(?: .*\n)*)', table, re.M)[1]
            self.assertEqual(others, re.findall('``([a-z_]+)``', row), kind)
