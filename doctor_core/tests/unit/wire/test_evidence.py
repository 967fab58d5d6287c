import testtools

from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.wire import evidence

AT = 1_700_000_000.0


class EvidenceTest(testtools.TestCase):

    def read(self, value):
        self.remarks = []
        return evidence.read(value, 'details.evidence', AT, self.remarks)

    def test_there_and_back(self):
        found = (Evidence(EvidenceKind.BMC_OFF, 'redfish', AT - 1.0, 'off'),
                 Evidence(EvidenceKind.PROBES, 'sample', AT))
        self.assertEqual(found, self.read(evidence.to_json(found)))
        self.assertEqual([], self.remarks)

    def test_none(self):
        self.assertEqual(((), []), (self.read(None), self.remarks))

    def test_what_cannot_be_read_is_left_out_and_said(self):
        for value, remark in (
                ({}, 'details.evidence: is no list'),
                ([5], 'details.evidence[0]: must be an object'),
                ([{'kind': 'bones'}], "[0].kind: bones is not known"),
                ([{}], 'details.evidence[0].kind: is missing')):
            self.assertEqual((), self.read(value))
            self.assertIn(remark, self.remarks[0])

    def test_no_report_has_the_word_of_an_operator(self):
        """Ten such events felled a cloud past the mass failure guard."""
        found = self.read([{'kind': 'operator'}, {'kind': 'probes'}])
        self.assertEqual([EvidenceKind.PROBES], [one.kind for one in found])
        self.assertIn('evidence[0].kind: an operator says so with',
                      self.remarks[0])

    def test_the_others_of_a_list_count(self):
        found = self.read([{'kind': 'x'}, {'kind': 'bmc-off', 'at': 'x',
                                           'text': 'a\nb'}])
        self.assertEqual((Evidence(EvidenceKind.BMC_OFF, '', AT,
                                   r'a\u000ab'),), found)

    def test_no_more_than_somebody_reads(self):
        self.assertEqual(20, len(self.read([{'kind': 'probes'}] * 99)))
