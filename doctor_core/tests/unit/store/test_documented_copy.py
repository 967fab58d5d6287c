"""What doc/source/admin/state.rst does to a copy of the state file."""

import pathlib
import re
import sqlite3

import fixtures
import testtools

import doctor_core
from doctor_core import store
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.states import OPEN, FaultState

PAGE = pathlib.Path(doctor_core.__file__).parent.parent.joinpath(
    'doc', 'source', 'admin', 'state.rst')
STATEMENTS = re.findall(r'inspector\.copy "(.*?)"',
                        PAGE.read_text(encoding='utf-8'), re.DOTALL)


class CopyTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir())
        self.path, self.copy = folder.join('file'), folder.join('copy')
        original = store.Store(self.path)
        self.addCleanup(original.close)
        for number, state in enumerate(FaultState):
            host = f'compute-{number}'
            original.faults.add(
                Fault(host, 'compute.host.down', FaultStatus.DOWN, 9.0, 9.0),
                host, state)
        # As ".backup" of the command has it, while the file is in use.
        self.database = sqlite3.connect(self.copy)
        self.addCleanup(self.database.close)
        with sqlite3.connect(self.path) as source:
            source.backup(self.database)
        source.close()
        self.check, self.ask, self.end = STATEMENTS

    def test_it_is_whole(self):
        self.assertEqual([('ok',)],
                         self.database.execute(self.check).fetchall())

    def test_which_faults_are_open(self):
        self.assertEqual(set(OPEN), {
            state for _, state in self.database.execute(self.ask)})

    def test_one_is_ended(self):
        before = self.database.execute(self.ask).fetchall()
        host = before[0][0]
        self.database.execute(self.end.replace('compute-1', host))
        self.database.commit()
        self.assertEqual(before[1:],
                         self.database.execute(self.ask).fetchall())
        copy = store.Store(self.copy)
        self.addCleanup(copy.close)
        self.assertIsNone(copy.faults.open_of(host))
        self.assertEqual('cleared', copy.faults.last_of(host).state)
