"""The store takes nothing for a while, from any of its writes on."""

import collections
import contextlib

import fixtures
import sqlalchemy as sa
import testtools

from doctor_core.exceptions import StoreError
from doctor_core.model import FaultStatus
from doctor_core.tests.unit.faults import doubles

_WRITES = 16
_READS = 60


class FullDiskTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()
        self.left = None
        database = self.desk.store._database
        for name in ('move', 'insert'):
            setattr(database, name, self._counted(getattr(database, name)))

    def _counted(self, write):
        def counted(*args, **kwargs):
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise sa.exc.OperationalError(
                        'UPDATE', {}, Exception('the disk is full'))
            return write(*args, **kwargs)
        return counted

    def attempt(self, do):
        with contextlib.suppress(sa.exc.OperationalError, StoreError):
            do()

    def go_on(self):
        for future in self.desk.engine.owed.resume():
            self.attempt(lambda future=future: future.result(10))

    def fill_up_after(self, writes):
        """A host is lost, and there is room for so many writes only; later
        there is room again.

        :returns: whether the fault was kept.
        """
        report = doubles.fault('h0', FaultStatus.DOWN, 10.0)
        self.left = writes
        for _ in range(3):
            self.attempt(lambda: self.desk.handle(report))
            self.go_on()
        self.left = None
        for _ in range(4):
            self.go_on()
        return self.desk.store.faults.open_of('h0') is not None

    def check(self, writes):
        if not self.fill_up_after(writes):
            self.assertEqual([], self.desk.alarms.told)
            return False
        self.assertEqual('handled',
                         self.desk.store.faults.open_of('h0').state)
        self.assertEqual({'h0'}, self.desk.forced_down())
        self.assertEqual(
            {(server, 'error'): 1 for server in ('s0', 's1', 's2')},
            collections.Counter(self.desk.alarms.told))
        return True


def _case(writes):
    def test(self):
        kept = self.check(writes)
        # Later cuts are after the decision.
        self.assertTrue(kept or writes < 8)
    return test


for _number in range(_WRITES):
    setattr(FullDiskTest, f'test_room_for_{_number:02}_writes',
            _case(_number))


class FailedReadTest(testtools.TestCase):
    """One look at the store fails, and the next one does not."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    def fail_at(self, desk, number, report):
        """Handle a report while one read fails; whether it had so many."""
        database = desk.store._database
        read, left = database.read, [number]

        def counted(query):
            left[0] -= 1
            if left[0] == -1:
                raise sa.exc.OperationalError(
                    'SELECT', {}, Exception('database is locked'))
            return read(query)
        database.read = counted
        with contextlib.suppress(sa.exc.OperationalError, StoreError):
            desk.handle(report)
        del database.read
        return left[0] < 0

    def test_a_fault_is_gone_on_with(self):
        """It was taken for one that somebody is at, until a restart."""
        for number in range(_READS):
            desk = doubles.Desk(servers=1, ports=False)
            report = doubles.fault('h0', FaultStatus.DOWN, 10.0)
            failed = self.fail_at(desk, number, report)
            if desk.store.faults.open_of('h0') is None:
                # The bus brings it again.
                desk.handle(report)
            desk.resume()
            self.assertEqual(
                ('handled', [('s0', 'error')]),
                (desk.store.faults.open_of('h0').state, desk.alarms.told),
                f'read {number} failed')
            if not failed:
                self.assertGreater(number, 10)
                return
        self.fail(f'it has more than {_READS} reads')
