import os
import sqlite3
from pathlib import Path

import fixtures
import testtools

from doctor_core import store
from doctor_core.exceptions import ConfigError, InvalidTransition
from doctor_core.model import (
    Action,
    Correction,
    Fault,
    FaultStatus,
    Mark,
    News,
    Server,
    StateChange,
    Telling,
)
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.model.states import (
    OPEN,
    CorrectionState,
    FaultState,
    TellingState,
)
from doctor_core.store import faults as faults_of_store

FORCE = Correction(Action.FORCE_DOWN, 'c0', 'h0', Mark.LOST, 'false')
RESET = Correction(Action.RESET_STATE, 's0', 'h0', Mark.LOST, 'active', 's0')
TELLING = Telling(Server('s0', 'vm', 'p', 'h0', vcpus=2), News.LOST, 'error',
                  {'corrected': 'true'})


def fault(host='h0', received_at=10.0, **changes):
    return Fault(host, 'compute.host.down', FaultStatus.DOWN, 9.0,
                 received_at, source='sample', **changes)


class StoreTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.path = self.useFixture(fixtures.TempDir()).join('s.sqlite')
        self.store = self.opened()
        self.fault = fault()

    def opened(self):
        opened = store.Store(self.path)
        self.addCleanup(opened.close)
        return opened

    def add(self, state=FaultState.HANDLING, **changes):
        added = fault(**changes)
        self.store.faults.add(added, added.hostname, state)
        return added.id

    def state(self, fault_id):
        return self.store.faults.find(fault_id).state


class FaultsTest(StoreTestCase):

    def test_fault_and_what_it_calls_for_outlive_the_process(self):
        fault_id = self.add()
        self.store.corrections.owe(fault_id, [FORCE, RESET])
        self.store.tellings.owe(fault_id, [TELLING])
        again = self.opened()
        self.assertEqual(fault_id, again.faults.open_of('h0').id)
        self.assertEqual({FORCE, RESET}, {
            one.correction for one in again.corrections.of(fault_id)})
        self.assertEqual([TELLING], again.tellings.owed(fault_id))

    def test_the_open_fault_of_a_host(self):
        self.assertIsNone(self.store.faults.open_of('h0'))
        fault_id = self.add()
        self.assertIsNone(self.store.faults.open_of('h1'))
        for state in (FaultState.CLEARING, FaultState.CLEARED):
            self.assertEqual(fault_id,
                             self.store.faults.open_of('h0').id)
            self.store.faults.move(fault_id, state)
        self.assertIsNone(self.store.faults.open_of('h0'))
        self.assertEqual(fault_id, self.store.faults.last_of('h0').id)

    def test_the_order_is_that_of_arrival(self):
        """Faults were ordered by a clock that may step."""
        ids = [self.add(host=f'h{index}', received_at=at)
               for index, at in enumerate((20.0, 10.0, 30.0))]
        self.assertEqual(ids[::-1],
                         [one.id for one in self.store.faults.latest()])

    def test_the_limit_hides_no_open_fault(self):
        open_ones = [self.add(state, host=str(state)) for state in OPEN]
        ignored = [self.add(FaultState.IGNORED) for _ in range(5)]
        latest = self.store.faults.latest
        self.assertEqual([*ignored[:2:-1], *open_ones[::-1]],
                         [one.id for one in latest(2)])

    def test_the_latest_in_some_states(self):
        """Only among the latest of all they were looked for."""
        for state in (FaultState.CLEARED, *[FaultState.IGNORED] * 5,
                      FaultState.HELD, FaultState.HANDLED):
            self.add(state, host=str(state))
        self.assertEqual(['held', 'cleared'], [
            one.state for one in self.store.faults.latest(
                2, (FaultState.CLEARED, FaultState.HELD))])

    def test_ignored_ones_are_forgotten(self):
        """Warnings that were repeated for ever filled the disk."""
        for name, value in (('_REMEMBERED', 5), ('_FORGOTTEN_AT_ONCE', 2)):
            self.useFixture(fixtures.MonkeyPatch(
                f'doctor_core.store.faults.{name}', value))
        others = [self.add(state, host=str(state)) for state in FaultState
                  if state is not FaultState.IGNORED]
        ignored = [self.add(FaultState.IGNORED) for _ in range(20)]
        last = self.add(host='h9')
        kept = [one.id for one in self.store.faults.latest(100)]
        self.assertEqual({*others, last}, set(kept) - set(ignored))
        self.assertEqual(ignored[-5:], [
            fault_id for fault_id in ignored if fault_id in kept])

    def test_reports_are_forgotten(self):
        for name, value in (('_REMEMBERED', 5), ('_FORGOTTEN_AT_ONCE', 2)):
            self.useFixture(fixtures.MonkeyPatch(
                f'doctor_core.store.faults.{name}', value))
        for number in range(20):
            self.store.faults.remember(f'r{number}', 'f', 'raises')
        self.assertEqual([None] * 15 + ['f'] * 5, [
            self.store.faults.recall(f'r{number}') for number in range(20)])

    def test_a_move_that_is_none(self):
        fault_id = self.add()
        self.assertRaises(InvalidTransition, self.store.faults.move,
                          fault_id, FaultState.CLEARED)
        self.assertEqual(FaultState.HANDLING, self.state(fault_id))

    def test_a_move_from_another_state_is_refused(self):
        """By another process, too, that has the same file."""
        fault_id = self.add()
        self.opened().faults.move(fault_id, FaultState.CLEARING)
        self.assertRaises(InvalidTransition, self.store.faults.move,
                          fault_id, FaultState.HANDLED)
        self.assertEqual(FaultState.CLEARING, self.state(fault_id))

    def test_a_move_of_a_fault_that_is_not_there(self):
        self.assertRaises(InvalidTransition, self.store.faults.move,
                          'nothing', FaultState.CLEARING)

    def test_release(self):
        held = self.add(FaultState.HELD)
        other = self.add(host='h1')
        self.assertEqual([held], self.store.faults.release(
            [held, other, 'unknown'], 'confirmed'))
        self.assertEqual(FaultState.HANDLING, self.state(held))

    def test_fallen(self):
        for host, boot_id, at in (('down', 'now', 1.0), ('back', 'now', 20.0),
                                  ('former', 'before', 30.0),
                                  ('gone', 'before', 30.0)):
            fault_id = self.add(host=host)
            self.store.falls.add(fault_id, boot_id, at)
            if host in ('back', 'gone'):
                self.store.faults.move(fault_id, FaultState.CLEARING)
            if host == 'former':
                self.store.evidence.add(fault_id, *(
                    Evidence(EvidenceKind.OPERATOR, who, 1.0)
                    for who in ('alice', 'bob')), Evidence(
                        EvidenceKind.BMC_OFF, 'redfish', 1.0))
        self.add(FaultState.IGNORED, host='ignored')
        self.assertEqual(
            [('down', 1.0, set()), ('former', None, {'operator', 'bmc-off'})],
            [(one.hostname, one.at, one.kinds)
             for one in self.store.falls.down('now')])

    def test_evidence(self):
        """What a source says again replaces what it said."""
        first, second, again = (
            Evidence(EvidenceKind.PROBES, 'sample', 1.0, 'one'),
            Evidence(EvidenceKind.BMC_OFF, 'redfish', 2.0),
            Evidence(EvidenceKind.PROBES, 'sample', 3.0, 'two'))
        self.store.evidence.add('f', first, second)
        self.store.evidence.add('other', first)
        self.store.evidence.add('f', again)
        self.store.evidence.add('f')
        self.assertEqual([second, again], self.store.evidence.of('f'))

    def test_holders(self):
        fault_id = self.add()
        self.store.faults.hold(fault_id, 'nagios', 'r2')
        self.store.faults.let_go(fault_id, 'sample', 'r3')
        self.assertEqual({'nagios'}, self.store.faults.holders(fault_id))

    def test_said(self):
        self.assertIsNone(self.store.faults.said('h0', 's', 'm'))
        said = store.Said(FaultStatus.UP, 5.0, 'e', 7, began=3.0)
        self.store.faults.say('h0', 's', 'm', store.Said(FaultStatus.DOWN))
        self.store.faults.say('h0', 's', 'm', said)
        self.assertEqual(said, self.store.faults.said('h0', 's', 'm'))

    def test_file_of_a_release_before_gets_what_it_lacks(self):
        path = self.useFixture(fixtures.TempDir()).join('old.sqlite')
        store.Store(path).close()
        with sqlite3.connect(path) as connection:
            connection.execute('ALTER TABLE said DROP COLUMN began')
        said = store.Said(FaultStatus.UP, 5.0, began=3.0)
        state = store.Store(path)
        self.addCleanup(state.close)
        state.faults.say('h0', 's', 'm', said)
        self.assertEqual(said, state.faults.said('h0', 's', 'm'))

    def test_what_was_said_longest_ago_is_forgotten(self):
        """A row for each sender that ever spoke was kept for ever."""
        for name, count in (('_SAID_REMEMBERED', 10),
                            ('_FORGOTTEN_AT_ONCE', 5)):
            self.useFixture(fixtures.MockPatchObject(
                faults_of_store, name, count))
        self.add(FaultState.HANDLED, host='open')
        self.add(FaultState.IGNORED, host='over')
        said = store.Said(FaultStatus.UP)
        for host in ('open', 'over', 'again'):
            self.store.faults.say(host, 's', 'm', said)
        for number in range(100):
            self.store.faults.say(f'h{number}', 's', 'm', said)
            self.store.faults.say('again', 's', 'm', said)
        known = {host for host in ('open', 'over', 'again',
                                   *(f'h{number}' for number in range(100)))
                 if self.store.faults.said(host, 's', 'm')}
        self.assertLessEqual({'open', 'again', 'h99', 'h98', 'h95'}, known)
        self.assertNotIn('over', known)
        self.assertLess(len(known), 10 + 5 + 2)

    def test_recall(self):
        self.store.faults.remember('r1', 'f1', 'raises')
        self.store.faults.remember('r1', 'f2', 'raises')
        self.store.faults.remember('r2', '', 'ignored')
        self.assertEqual(('f1', '', None), tuple(
            self.store.faults.recall(one) for one in ('r1', 'r2', 'r3')))


class CorrectionsTest(StoreTestCase):

    def setUp(self):
        super().setUp()
        self.fault_id = self.add()
        self.kept = self.store.corrections
        self.kept.owe(self.fault_id, [FORCE, RESET])

    def states(self, fault_id=None):
        return {one.correction.target_id: str(one.state) for one
                in self.kept.of(fault_id or self.fault_id)}

    def make(self, *corrections, error=''):
        self.kept.move(self.fault_id, CorrectionState.ASKED, corrections)
        self.kept.settle(self.fault_id, CorrectionState.DONE, [
            StateChange(one, 5.0, error) for one in corrections])

    def test_made(self):
        self.make(FORCE)
        self.assertEqual({'c0': 'done', 's0': 'owed'}, self.states())

    def test_what_failed_for_good_is_given_up_or_left(self):
        self.make(RESET)
        self.kept.move(self.fault_id, CorrectionState.ASKED, [FORCE])
        self.kept.settle(self.fault_id, CorrectionState.DONE, [
            StateChange(FORCE, 5.0, 'no', is_final=True)])
        self.kept.owe_undo(self.fault_id)
        self.kept.settle(self.fault_id, CorrectionState.UNDONE, [
            StateChange(RESET.back(), 6.0, 'never', is_final=True)],
            final=CorrectionState.LEFT, prefix='why: ')
        self.assertEqual(
            {('c0', 'undo-owed', ''), ('s0', 'left', 'why: never')},
            {(one.correction.target_id, one.state, one.reason)
             for one in self.kept.of(self.fault_id)})

    def test_what_failed_stays_owed_with_the_reason(self):
        self.make(FORCE, error='no')
        record, = self.kept.of(self.fault_id, CorrectionState.ASKED)
        self.assertEqual(('c0', 'no'),
                         (record.correction.target_id, record.reason))

    def test_what_nobody_was_asked_for_is_not_undone(self):
        self.make(FORCE)
        self.kept.owe_undo(self.fault_id)
        self.assertEqual({'c0': 'undo-owed', 's0': 'waived'}, self.states())

    def test_an_answer_that_was_lost_is_undone(self):
        self.make(RESET, error='time-out')
        self.kept.owe_undo(self.fault_id)
        self.assertEqual('undo-owed', self.states()['s0'])

    def test_an_outcome_that_comes_too_late_changes_nothing(self):
        self.kept.move(self.fault_id, CorrectionState.ASKED, [FORCE])
        self.kept.owe_undo(self.fault_id)
        self.kept.settle(self.fault_id, CorrectionState.DONE,
                         [StateChange(FORCE, 5.0)])
        self.assertEqual('undo-owed', self.states()['c0'])

    def test_a_later_fault_takes_over_with_the_first_values(self):
        self.make(FORCE)
        later = self.add(host='h0b')
        self.kept.pass_on(self.fault_id, later)
        self.assertEqual({'c0': 'passed-on', 's0': 'passed-on'},
                         self.states())
        self.assertEqual({'c0': 'asked', 's0': 'owed'}, self.states(later))
        self.assertEqual({FORCE, RESET}, {
            one.correction for one in self.kept.of(later)})

    def test_known_ones_are_left(self):
        self.make(FORCE)
        self.kept.owe(self.fault_id, [FORCE])
        self.assertEqual('done', self.states()['c0'])

    def test_tally(self):
        self.make(FORCE)
        self.assertEqual(
            {('force-down', 'done', 1), ('reset-state', 'owed', 1)},
            {(str(one.action), str(one.state), one.count)
             for one in self.kept.tally([self.fault_id, 'other'])})


class TellingsTest(StoreTestCase):

    def test_states_and_counts(self):
        fault_id = self.add()
        kept = self.store.tellings
        kept.owe(fault_id, [TELLING])
        self.assertEqual([TELLING], kept.owed(fault_id))
        self.assertEqual(1, kept.move(fault_id, TellingState.GIVEN_UP,
                                      [TELLING], at=1.0, reason='away'))
        self.assertEqual(0, kept.move(fault_id, TellingState.TOLD, [TELLING],
                                      at=2.0))
        self.assertEqual({(News.LOST, TellingState.GIVEN_UP): 1},
                         kept.counts([fault_id])[fault_id])
        record, = kept.of(fault_id)
        self.assertEqual(('away', 1.0), (record.reason, record.at))
        self.assertEqual([TELLING.server], kept.servers(fault_id))


class FileTest(StoreTestCase):

    def test_others_read_nothing_of_it(self):
        """Owners' URLs may hold passwords."""
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        for was in None, 0o644, 0o664:
            path = self.useFixture(fixtures.TempDir()).join('file')
            if was:
                Path(path).touch()
                os.chmod(path, was)
            opened = store.Store(path)
            opened.arrivals.next()
            self.assertEqual(
                {0}, {os.stat(one).st_mode & 0o007
                      for one in Path(path).parent.iterdir()}, was)
            opened.close()

    def test_all_or_nothing(self):
        class Error(Exception):
            pass

        def half():
            with self.store.together():
                self.add()
                raise Error
        self.assertRaises(Error, half)
        self.assertIsNone(self.store.faults.open_of('h0'))

    def test_the_rehearsal_leaves_nothing_behind(self):
        with sqlite3.connect(self.path) as connection:
            tables = [row[0] for row in connection.execute(
                'SELECT name FROM sqlite_master WHERE type = "table"')]
            self.assertEqual([], [
                name for name in tables
                if not name.startswith('sqlite_') and connection.execute(
                    f'SELECT count(*) FROM {name}').fetchone()[0]])

    def test_file_of_another_release(self):
        path = self.useFixture(fixtures.TempDir()).join('old.sqlite')
        with sqlite3.connect(path) as connection:
            connection.execute('CREATE TABLE faults (id TEXT)')
        error = self.assertRaises(ConfigError, store.Store, path)
        self.assertIn('another release', str(error))
        for word in ('in form 0', 'doctor faults list', 'alarms',
                     '"To upgrade"'):
            self.assertIn(word, str(error))
        self.assertNotIn('move', str(error))
        self.assertNotIn('\n', str(error))

    def test_damaged_file(self):
        """To start with an empty one was advised, which loses all alarms."""
        self.store.alarms.save({'a': {'text': 'x' * 50_000}})
        self.store.close()
        with open(self.path, 'rb') as file:
            whole = file.read()
        path = self.useFixture(fixtures.TempDir()).join('damaged.sqlite')
        for damaged in (b'?' * 40_000, whole[:len(whole) // 2], whole[:50]):
            with open(path, 'wb') as file:
                file.write(damaged)
            error = self.assertRaises(ConfigError, store.Store, path)
            self.assertIn('The file is damaged: keep it', str(error))
            self.assertNotIn('state_path', str(error))

    def test_file_that_another_program_writes(self):
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.store.database._WAIT_S', 0))
        other = sqlite3.connect(self.path)
        self.addCleanup(other.close)
        other.execute('BEGIN EXCLUSIVE')
        error = self.assertRaises(ConfigError, store.Store, self.path)
        self.assertIn('Another program writes into the file', str(error))

    def test_file_that_cannot_be_written(self):
        error = self.assertRaises(ConfigError, store.Store,
                                  os.path.join(self.path, 'below', 'a'))
        self.assertIn('state_path', str(error))

    def test_alarms(self):
        self.store.alarms.save({'a': {'name': 'x'}})
        self.store.alarms.save({'a': {'name': 'y'}, 'b': {}})
        self.store.alarms.delete('b')
        self.assertEqual([{'name': 'y'}], self.opened().alarms.all())
