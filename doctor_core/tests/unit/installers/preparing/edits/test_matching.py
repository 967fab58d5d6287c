"""Which event types a list of wildcards takes."""

import testtools

from doctor_core.installers.preparing.edits import matching


class MatchingTest(testtools.TestCase):

    def test_as_ceilometer_sees_it(self):
        """After the examples of Ceilometer's own documentation."""
        for patterns, taken in (
                (['a.b.exists'], False), ('a.b.exists', False),
                (['x', 'a.b.c'], True), ('a.b.*', True), ('*', True),
                ([], False), ('!x.*', True), ('!a.*', False),
                (['*', '!a.*'], False), (['a.*', '!*.end'], True),
                (['!a.*', 'a.b.c'], False)):
            self.assertEqual(taken, matching.is_taken(patterns, 'a.b.c'),
                             patterns)
