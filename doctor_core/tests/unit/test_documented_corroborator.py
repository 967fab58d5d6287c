"""What doc/source/contributor/write-a-corroborator.rst shows works literally.
"""

import testtools

from doctor_core import plugins
from doctor_core.corroborators.base import Corroborator
from doctor_core.fixtures import CorroboratorContract
from doctor_core.model.evidence import EvidenceKind
from doctor_core.tests.unit import documented

PAGE = documented.PAGES / 'write-a-corroborator.rst'
ENTRY_POINT = 'switch = doctor_switch:SwitchCorroborator'


class DocumentedCorroboratorTest(CorroboratorContract, testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(documented.installed('switch', 'corroborators',
                                             ENTRY_POINT))
        self.plugin = plugins.load('corroborators', 'switch')

    def test_is_listed_with_its_summary(self):
        (state,) = (state for state in plugins.states()
                    if (state.kind, state.name) == ('corroborators',
                                                    'switch'))
        self.assertEqual('', state.error)
        self.assertEqual('Asks a switch whether the port of a silent host '
                         'has a link.', state.summary)


class PageTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.page = PAGE.read_text()

    def test_names_what_there_is(self):
        self.assertEqual({'ask'}, Corroborator.__abstractmethods__)
        self.assertIn('switch = "doctor_switch:SwitchCorroborator"',
                      self.page)
        for method in ('ask', 'get_opts', 'start', 'update', 'forget',
                       'stop'):
            self.assertTrue(hasattr(Corroborator, method))
            self.assertIn(f'``{method}``', self.page)
        for handed in ('found', 'cloud'):
            self.assertIn(f'``self.{handed}``', self.page)

    def test_names_every_kind_of_evidence_by_its_weight(self):
        for kind in EvidenceKind:
            row = next(line for line in self.page.splitlines()
                       if f'``{kind.name}``' in line)
            self.assertIn(f'``{kind.weight.name}``', row)
