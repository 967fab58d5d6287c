import testtools

from doctor_core.model.evidence import (
    Certainty,
    Evidence,
    EvidenceKind,
    Weight,
    certainty,
)


class CertaintyTest(testtools.TestCase):

    def sure(self, *kinds, is_path_suspected=False):
        return certainty(kinds, is_path_suspected=is_path_suspected)

    def test_each_step(self):
        probes = EvidenceKind.PROBES
        self.assertIs(Certainty.UNSAID, self.sure())
        self.assertIs(Certainty.UNREACHABLE, self.sure(probes))
        self.assertIs(Certainty.LOST, self.sure(
            probes, EvidenceKind.LINK_DOWN))
        self.assertIs(Certainty.DEAD, self.sure(
            probes, EvidenceKind.PANICKED))

    def test_only_a_proof_takes_the_path_off_suspicion(self):
        for kind in EvidenceKind:
            self.assertIs(
                Certainty.DEAD if kind.weight is Weight.PROVES
                else Certainty.PATH,
                self.sure(kind, is_path_suspected=True))

    def test_more_evidence_is_never_less_sure(self):
        order = list(Certainty)
        for kind in EvidenceKind:
            for more in EvidenceKind:
                self.assertGreaterEqual(order.index(self.sure(kind, more)),
                                        order.index(self.sure(kind)))


class MadeByPluginsTest(testtools.TestCase):
    """A word that was no kind kept the news of all hosts back."""

    def test_a_word_that_is_a_kind_is_one(self):
        self.assertIs(EvidenceKind.PANICKED,
                      Evidence('panicked', 'acme', 1.0).kind)

    def test_what_no_host_can_be_judged_by(self):
        for kind, at in (('sleepy', 1.0), ('', 1.0), (None, 1.0),
                         ('panicked', float('nan')),
                         ('panicked', float('inf'))):
            self.assertRaises(ValueError, Evidence, kind, 'acme', at)
