import dataclasses

import fixtures
import testtools

from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors import reports


class LogTest(testtools.TestCase):

    def line(self, fault):
        log = self.useFixture(fixtures.FakeLogger())
        reports.log(fault)
        line, = log.output.splitlines()
        return line

    def down(self, **changes):
        return dataclasses.replace(reports.host_down(
            'one', 'no answer', {'silent_together': 3}, at=1.5), **changes)

    def test_why_at_length(self):
        texts = ('4 probes in a row', '', 'switched off')
        self.assertEqual(
            'doctor monitor detected at 1.500000 host one is down: 4 probes '
            'in a row; switched off', self.line(self.down(evidence=tuple(
                Evidence(EvidenceKind.PROBES, 'x', 1.0, text)
                for text in texts))))

    def test_why_in_short_where_nobody_says_more(self):
        self.assertEqual('doctor monitor detected at 1.500000 host one is '
                         'down: no answer', self.line(self.down()))

    def test_a_path(self):
        self.assertEqual(
            'doctor monitor detected at 1.500000 host one is down: no answer; '
            '3 hosts fell silent within a second: first a path to them is '
            'suspected', self.line(self.down(is_path_suspected=True)))
        self.assertIn('no answer: first a path', self.line(self.down(
            is_path_suspected=True, details={})))

    def test_a_return(self):
        self.assertEqual('Host one is up again since 2.500000',
                         self.line(reports.host_up('one', at=2.5)))
