"""How wide the columns of a table are."""

import testtools

from doctor_core.cli import tables

NATURAL = {'ID': 8, 'Host': 30, 'Cause': 40, 'Detected': 20, 'Owed': 4}


class WidthsTest(testtools.TestCase):

    def widths(self, room):
        return tables.widths(NATURAL, {'ID', 'Host'}, room)

    def test_all_fits(self):
        self.assertEqual({}, self.widths(102))

    def test_the_widest_is_made_narrower(self):
        self.assertEqual({'Cause': 39}, self.widths(101))
        self.assertEqual({'Cause': 20}, self.widths(82))
        self.assertEqual({'Cause': 18, 'Detected': 18}, self.widths(79))

    def test_names_are_never_broken(self):
        self.assertEqual({'Cause': 8, 'Detected': 8}, self.widths(10))
