import json

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.exceptions import BackendError
from doctor_core.installers.layout import Service
from doctor_core.installers.preparing.files import ABSENT, File, Files
from doctor_core.installers.preparing.journal import (
    Entry,
    Folder,
    Journal,
    Phase,
)
from doctor_core.model import Node
from doctor_core.tests.unit.installers.preparing.memory import (
    Machine,
    MemoryRunner,
)

NODE = Node('one', 'compute', '192.0.2.1')
SERVICE = Service('nova-api', ('restart', 'a b'), ('check',))


def entry(number=1, content=b'theirs', path='/etc/file'):
    return Entry(NODE, number, File(path, content, 0o640, '1:2'), ABSENT,
                 (SERVICE,))


class EntryTest(testtools.TestCase):

    @given(st.none() | st.binary(), st.integers(0, 0o7777))
    def test_there_and_back(self, content, mode):
        made = Entry(NODE, 3, File('/etc/é', content, mode, '1:2'), 'digest',
                     (SERVICE,))
        self.assertEqual(made, Entry.from_json(made.as_json()))

    def test_what_is_no_entry_is_refused(self):
        good = json.loads(entry().as_json())
        for bad in (b'', b'{', b'[]', b'{}', *(
                json.dumps({**good, **change}).encode() for change in (
                    {'version': 2}, {'before': {}}, {'node': {}},
                    {'before': {**good['before'], 'base64': 'AAAA'}},
                    {'before': {**good['before'], 'base64': '?'}}))):
            self.assertRaises(ValueError, Entry.from_json, bad)


class JournalTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.home, self.away = Machine(), Machine()
        self.journal = self.opened()

    def opened(self):
        return Journal(
            Folder(Files(MemoryRunner(self.home)), '/home/j'),
            Folder(Files(MemoryRunner(self.away)), '/away/j'))

    def found(self):
        return [(record.entry, record.phase, record.on_node)
                for record in self.opened().records()]

    def test_both_places_have_it(self):
        made = entry()
        self.journal.write(made)
        self.assertEqual([(made, Phase.INTENDED, True)], self.found())
        self.assertEqual([f'/home/j/{made.id}.intended'],
                         list(self.home.files))
        self.assertEqual([f'/away/j/{made.id}.intended'],
                         list(self.away.files))

    def test_how_far_it_has_come(self):
        made = entry()
        self.journal.write(made)
        for phase in (Phase.APPLIED, Phase.UNDOING, Phase.INTENDED):
            self.journal.mark(self.journal.records()[0], phase)
            self.assertEqual([(made, phase, True)], self.found())
        self.assertEqual(1, len(self.home.files))

    def test_the_latest_comes_first(self):
        for number in (2, 10, 9):
            self.journal.write(entry(number))
        self.assertEqual([10, 9, 2], [made.number for made, *_rest
                                      in self.found()])
        self.assertEqual(11, self.opened().next_number())

    def test_dropped(self):
        made = entry()
        self.journal.write(made)
        self.journal.drop(made)
        self.assertEqual([], self.found())
        self.assertEqual(({}, {}), (self.home.files, self.away.files))

    def test_the_nodes_word_counts(self):
        made = entry()
        self.journal.write(made)
        self.away.files.clear()
        self.assertEqual([(made, Phase.INTENDED, False)], self.found())
        self.journal = self.opened()
        self.home.files.clear()
        self.journal.write(made)
        self.home.files.clear()
        self.assertEqual([(made, Phase.INTENDED, True)], self.found())

    def test_place_without_room(self):
        for place in (self.home, self.away):
            place.full = True
            self.assertRaises(BackendError, self.journal.write, entry())
            self.assertEqual([], self.found())
            self.assertEqual([], self.journal.records())
            place.full = False

    def test_copy_that_cannot_be_kept_up_to_date(self):
        """It must not keep an undo from succeeding."""
        made = entry()
        self.journal.write(made)
        lame = Journal(
            Folder(Files(MemoryRunner(self.home)), '/home/j'),
            Folder(Files(MemoryRunner(self.away)), '/away/j'))
        record = lame.records()[0]
        self.home.files.clear()
        lame.mark(record, Phase.UNDOING)
        lame.drop(made)
        self.assertEqual([], self.found())
