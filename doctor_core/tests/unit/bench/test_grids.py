import testtools

from bench.blackouts import Outcome
from bench.grids import Row, grids


def row(profile, what, length_s, lost=0, felled=0):
    return Row(profile, what, length_s, 1, Outcome(
        lost, 0, 0, 0, felled, 0), False)


class GridsTest(testtools.TestCase):

    def test_a_column_for_each_length_and_for_each_profile(self):
        found = grids([
            row('lab', 'one host', 0.6, 3, 3), row('lab', 'one host', 25.0, 1),
            row('lab', 'a loss, 20 s', 0.0), row('slow', 'one host', 0.6),
            row('slow', 'a loss, 20 s', 0.0, 2, 1)])
        self.assertEqual([
            'profile,silent,600 ms,25 s',
            'lab,one host,3 (3),1 (0)',
            'slow,one host,0,',
            'what happens,lab,slow',
            '"a loss, 20 s",0,2 (1)',
        ], [line.strip() for line in found.splitlines()
            if ',' in line])
