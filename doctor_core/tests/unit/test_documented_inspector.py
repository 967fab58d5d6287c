"""What doc/source/contributor/write-an-inspector.rst shows works literally.
"""

import dataclasses

import testtools

from doctor_core import plugins
from doctor_core.fixtures import InspectorContract
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Action, Correction, Mark, StateChange
from doctor_core.tests.unit import documented

PAGE = documented.PAGES / 'write-an-inspector.rst'
ENTRY_POINT = 'fence = doctor_fence:FenceInspector'


class DocumentedInspectorTest(InspectorContract, testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(documented.installed('fence', 'inspectors',
                                             ENTRY_POINT))
        self.plugin = plugins.load('inspectors', 'fence')

    def test_is_listed_with_its_summary(self):
        (state,) = (state for state in plugins.states()
                    if (state.kind, state.name) == ('inspectors', 'fence'))
        self.assertEqual('', state.error)
        self.assertEqual('Cuts the power of a lost host, then corrects Nova '
                         'and Neutron.', state.summary)


class PageTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.page = PAGE.read_text()

    def test_names_what_there_is(self):
        self.assertEqual({'correct'}, Inspector.__abstractmethods__)
        self.assertIn('fence = "doctor_fence:FenceInspector"', self.page)
        for method in ('correct', 'get_opts', 'start', 'stop', 'undo',
                       'release', 'needs', 'hands_over'):
            self.assertTrue(hasattr(Inspector, method))
            self.assertIn(f'``{method}``', self.page)

    def test_names_every_member(self):
        for kind in (Action, Mark):
            for member in kind:
                self.assertIn(f'``{kind.__name__}.{member.name}``',
                              self.page)
        for kind in (Correction, StateChange):
            for field in dataclasses.fields(kind):
                self.assertIn(f'``{field.name}``', self.page)
