import threading

import testtools

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.layout import Layout
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.preparation import Preparation
from doctor_core.tests.unit.installers.preparing.memory import (
    EDITS,
    EVENTS,
    LAYOUT,
    NEEDS,
    NOVA,
    Deployment,
    Machine,
    Wire,
)

THEIRS = b'[DEFAULT]\npassword = secret1\n'
OURS = THEIRS + b'doctor = yes\nmore = yes\n'


class PreparationTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.machines = {name: Machine({NOVA: THEIRS})
                         for name in ('one', 'two')}
        self.one, self.two = self.machines.values()
        self.home = Machine()
        self.before = self.states()
        self.told = []

    def states(self):
        return [machine.state() for machine in self.machines.values()]

    def preparation(self, **words):
        return Preparation(
            Deployment(self.machines, words.pop('home', self.home), **words),
            self.told.append)

    def ok(self, reports):
        self.assertEqual([], [line for report in reports
                              for line in report.complaints])
        return reports

    def apply(self, **words):
        return self.ok(self.preparation(**words).apply(NEEDS))

    def undo(self, **words):
        self.ok(self.preparation(**words).undo())
        self.assertEqual(self.before, self.states())


class ApplyTest(PreparationTestCase):

    def test_files_are_changed_and_their_readers_restarted_once(self):
        report = self.apply()[0]
        for machine in self.machines.values():
            self.assertEqual(OURS, machine.text(NOVA))
            self.assertEqual(['nova-api', 'nova-scheduler', 'ceilometer'],
                             machine.asked)
        self.assertEqual([f'one:{NOVA}', f'one:{EVENTS}'], report.changed)
        self.assertEqual(self.one.asked, report.restarted)

    def test_mode_and_owner_are_kept(self):
        self.apply()
        self.assertEqual((0o640, '0:162'), self.one.files[NOVA][1:])

    def test_once_more_does_nothing(self):
        self.apply()
        asked = list(self.one.asked)
        reports = self.apply()
        self.assertEqual([[], [], []],
                         [report.changed for report in reports])
        self.assertEqual(asked, self.one.asked)

    def test_only_readers_of_what_changed_are_restarted(self):
        self.one.write(NOVA, OURS)
        self.one.start('nova-api', 'nova-scheduler')
        self.apply()
        self.assertEqual(['ceilometer'], self.one.asked)

    def test_what_does_not_run_is_not_started(self):
        del self.one.loaded['nova-scheduler']
        self.before = self.states()
        self.apply()
        self.assertEqual(['nova-api', 'ceilometer'], self.one.asked)
        self.assertIn('one: nova-scheduler does not run, and is not '
                      'restarted', self.told)
        self.undo()

    def test_service_that_does_not_come_back(self):
        self.one.broken_by = b'doctor'
        one, two, _cloud = self.preparation().apply(NEEDS)
        self.assertIn('nova-api did not come back within 0.1 s',
                      one.problems[0])
        self.assertEqual([], two.complaints)
        self.assertEqual(self.before[0], self.one.state())
        self.assertEqual(OURS, self.two.text(NOVA))

    def test_ten_of_many_problems_are_told(self):
        self.machines = {f'm{number:02}': Machine() for number in range(30)}

        def enter():
            with self.preparation().applied(NEEDS):
                self.fail('it was not prepared')
        self.assertIn('; and 20 more', str(self.assertRaises(
            BackendError, enter)))

    def test_missing_file_is_not_made_unless_that_is_meant(self):
        del self.one.files[NOVA]
        self.before = self.states()
        one, _two, _cloud = self.preparation().apply(NEEDS)
        self.assertEqual([f'one:{NOVA}: there is no such file.'],
                         one.problems)
        self.assertEqual(self.before[0], self.one.state())

    def test_a_file_that_says_nothing_begins_as_the_shipped_one(self):
        """An empty file got one entry, and all shipped ones were gone."""
        self.one.write(EVENTS, b'---\n# ours\n')
        self.one.write('/usr/events.yaml', b'- shipped\n')
        del self.machines['two']
        self.before = self.states()
        layout = Layout({'events.yaml': EVENTS,
                         'shipped': '/usr/events.yaml'})
        edits = [FileEdit('events.yaml', EDITS[2].edit, (), '',
                          shipped='shipped')]
        self.apply(layout=layout, edits=edits)
        self.assertEqual(b'# ours\n- shipped\n- doctor\n',
                         self.one.text(EVENTS))
        self.undo(layout=layout, edits=edits)

    def test_new_file_begins_as_the_shipped_one(self):
        self.one.write('/usr/events.yaml', b'- theirs\n')
        del self.machines['two']
        self.before = self.states()
        layout = Layout({'events.yaml': EVENTS,
                         'shipped': '/usr/events.yaml'})
        edits = [FileEdit('events.yaml', EDITS[2].edit, (), '',
                          shipped='shipped')]
        self.apply(layout=layout, edits=edits)
        self.assertEqual(b'- theirs\n- doctor\n', self.one.text(EVENTS))
        self.undo(layout=layout, edits=edits)

    def test_a_file_that_another_one_stands_for_is_not_made(self):
        """A new policy.yaml made Nova forget all rules of policy.json."""
        self.one.write('/etc/nova/policy.json', b'{"a": "b"}')
        self.before = self.states()
        layout = Layout({'nova-policy.yaml': '/etc/nova/policy.yaml'})
        edits = [FileEdit('nova-policy.yaml', EDITS[2].edit, (), '',
                          creates=True,
                          rivals=('policy.yaml', 'policy.json'))]
        one, two, _cloud = self.preparation(
            layout=layout, edits=edits).apply(NEEDS)
        self.assertIn('there is /etc/nova/policy.json', one.problems[0])
        self.assertEqual(self.before[0], self.one.state())
        self.assertEqual([], two.problems)

    def test_two_names_of_one_file_are_one_change(self):
        layout = Layout({**LAYOUT.files, 'nova-compute.conf': NOVA},
                        LAYOUT.services)
        edits = [*EDITS, FileEdit('nova-compute.conf', lambda text:
                                  f'{text}x\n' if 'x' not in text else text,
                                  ('ceilometer',), '')]
        self.apply(layout=layout, edits=edits)
        self.assertEqual(OURS + b'x\n', self.one.text(NOVA))
        self.assertEqual(3, len(self.one.asked))

    def test_file_that_no_node_has_is_the_operators(self):
        edits = [*EDITS, FileEdit('aodh.conf', str, (), '')]
        error = self.assertRaises(
            ConfigError, self.preparation(edits=edits).apply, NEEDS)
        self.assertIn('notifications: no node of the deployment has the '
                      'file aodh.conf', str(error))
        self.assertEqual(self.before, self.states())

    def test_unless_it_is_optional(self):
        self.apply(edits=[*EDITS, FileEdit('aodh.conf', str, (), '',
                                           optional=True)])

    def test_text_that_cannot_be_edited(self):
        self.one.write(NOVA, b'\xff')
        one, two, _cloud = self.preparation().apply(NEEDS)
        self.assertEqual([f'one:{NOVA} is no text in UTF-8.'], one.problems)
        self.assertEqual([], two.problems)


class TroubleTest(PreparationTestCase):

    def test_node_that_is_down_does_not_keep_the_others(self):
        one, two, _cloud = self.preparation(
            wires={'one': Wire(0)}).apply(NEEDS)
        self.assertEqual(['one: the connection is cut'], one.problems)
        self.assertEqual([], two.problems)
        self.apply()
        one, two, _cloud = self.preparation(wires={'one': Wire(0)}).undo()
        self.assertEqual(['one: the connection is cut'], one.problems)
        self.assertEqual({f'one:{NOVA}': 'unknown, was applied',
                          f'one:{EVENTS}': 'unknown, was applied'},
                         one.states)
        self.assertEqual(self.before[1], self.two.state())
        self.undo()

    def test_nobody_listens(self):
        def broken(_line):
            raise BrokenPipeError

        deployment = Deployment(self.machines, self.home)
        self.ok(Preparation(deployment, broken).apply(NEEDS))
        self.assertEqual(OURS, self.one.text(NOVA))

    def test_full_disk_of_the_node(self):
        self.one.full = True
        one, _two, _cloud = self.preparation().apply(NEEDS)
        self.assertIn('No space left on device', one.problems[0])
        self.assertEqual(self.before[0], self.one.state())
        self.assertEqual([], self.one.asked)
        self.undo()

    def test_full_disk_at_home(self):
        self.home.full = True
        reports = self.preparation().apply(NEEDS)
        self.assertIn('No space left on device', reports[0].problems[0])
        self.assertEqual(self.before, self.states())

    def test_node_that_is_no_more(self):
        self.apply()
        gone = self.machines.pop('one')
        reports = self.preparation().undo()
        self.assertIn('one was changed by Doctor, and is no node of the '
                      'deployment any more', reports[-1].problems[0])
        self.machines['one'] = gone
        self.ok(self.preparation().undo())
        self.assertEqual(self.before[0], gone.state())

    def test_cloud_that_does_not_tell_its_nodes(self):
        """What broke it may be what is to be undone."""
        class Mute(Deployment):
            def nodes(self):
                raise BackendError('Nova does not answer')

        self.assertRaises(BackendError, Preparation(
            Mute(self.machines, self.home)).undo)
        self.apply()
        self.ok(Preparation(Mute(self.machines, self.home)).undo())
        self.assertEqual(self.before, self.states())

    def test_undone_elsewhere_and_edited_since(self):
        """It is nobody's business here any more."""
        self.apply()
        self.undo(home=Machine())
        self.one.write(NOVA, b'edited')
        self.ok(self.preparation().undo())
        self.assertEqual({NOVA}, set(self.one.files))
        self.assertEqual(b'edited', self.one.text(NOVA))
        self.assertEqual({}, self.home.files)

    def test_journal_of_the_node_is_lost(self):
        """This machine has the other copy."""
        self.apply()
        for path in list(self.one.files):
            if 'install' in path:
                del self.one.files[path]
        self.undo()

    def test_journal_of_a_later_version_is_not_touched(self):
        self.apply()
        path = next(path for path in self.one.files if 'install' in path)
        self.one.write(path, b'{"version": 2}')
        one, _two, _cloud = self.preparation().undo()
        self.assertIn('version 2 is not known', one.problems[0])
        self.assertEqual(OURS, self.one.text(NOVA))


class ConflictTest(PreparationTestCase):

    def setUp(self):
        super().setUp()
        self.apply()
        self.edited = OURS + b'# by an operator\n'
        self.one.write(NOVA, self.edited)

    def conflict(self):
        one, _two, _cloud = self.preparation().undo()
        self.assertEqual(
            [f'one:{NOVA} was edited since Doctor changed it: it is left as '
             f'it is; what was there before Doctor is in '
             f'{NOVA}.doctor-original'], one.conflicts)
        self.assertEqual(self.edited, self.one.text(NOVA))
        self.assertEqual(THEIRS, self.one.text(f'{NOVA}.doctor-original'))
        self.assertIsNone(self.one.text(EVENTS))
        self.assertEqual(self.before[1], self.two.state())

    def test_both_versions_are_kept(self):
        self.conflict()
        self.conflict()

    def test_operator_puts_the_original_there(self):
        self.conflict()
        self.one.files[NOVA] = self.one.files.pop(f'{NOVA}.doctor-original')
        self.one.start('nova-api', 'nova-scheduler')
        self.undo()

    def test_operator_puts_our_version_there(self):
        self.conflict()
        self.one.write(NOVA, OURS)
        self.undo()

    def test_edited_files_may_be_left(self):
        self.ok(self.preparation().undo(leave_edited=True))
        self.assertEqual(self.edited, self.one.text(NOVA))
        self.assertEqual({NOVA, f'{NOVA}.doctor-original'},
                         set(self.one.files))
        self.ok(self.preparation().undo())

    def test_status_says_so(self):
        one, two, _cloud = self.preparation().status(NEEDS)
        self.assertEqual({f'one:{NOVA}': 'edited since',
                          f'one:{EVENTS}': 'applied'}, one.states)
        self.assertEqual({f'two:{NOVA}': 'applied',
                          f'two:{EVENTS}': 'applied'}, two.states)

    def test_changed_on_top_of_an_edit(self):
        """The edit comes back, and then it is in the way."""
        self.one.write(NOVA, b'all new\n')
        self.apply()
        self.assertEqual(b'all new\ndoctor = yes\nmore = yes\n',
                         self.one.text(NOVA))
        one, _two, _cloud = self.preparation().undo()
        self.assertEqual(b'all new\n', self.one.text(NOVA))
        self.assertEqual(1, len(one.conflicts))
        self.assertEqual(THEIRS, self.one.text(f'{NOVA}.doctor-original'))


class PlanTest(PreparationTestCase):

    def test_diff_without_secrets(self):
        one, _two, _cloud = self.preparation().plan(NEEDS)
        self.assertEqual(
            f'--- one:{NOVA}\n+++ one:{NOVA}\n@@ -1,2 +1,4 @@\n [DEFAULT]\n'
            ' password = ***\n+doctor = yes\n+more = yes\n',
            one.diffs[f'one:{NOVA}'])
        self.assertEqual(['nova-api', 'nova-scheduler', 'ceilometer'],
                         one.restarted)
        self.assertEqual(self.before, self.states())

    def test_nothing_to_do(self):
        self.apply()
        self.assertEqual([{}, {}, {}], [
            report.diffs for report in self.preparation().plan(NEEDS)])

    def test_status_before(self):
        self.two.write(NOVA, OURS)
        _one, two, _cloud = self.preparation().status(NEEDS)
        self.assertEqual({f'two:{NOVA}': 'as needed',
                          f'two:{EVENTS}': 'to be changed'}, two.states)

    def test_status_when_more_is_needed(self):
        self.apply(edits=EDITS[:1])
        one, _two, _cloud = self.preparation().status(NEEDS)
        self.assertEqual({f'one:{NOVA}': 'applied in part',
                          f'one:{EVENTS}': 'to be changed'}, one.states)
        self.apply()
        self.undo()


class ContextTest(PreparationTestCase):

    def context(self, **words):
        return Deployment(self.machines, self.home, **words).prepared(NEEDS)

    def test_every_way_out_puts_all_back(self):
        for error in (ValueError, KeyboardInterrupt, SystemExit):
            with testtools.ExpectedException(error), self.context():
                self.assertEqual(OURS, self.one.text(NOVA))
                raise error
            self.assertEqual(self.before, self.states())
        with self.context():
            pass
        self.assertEqual(self.before, self.states())

    def test_what_was_applied_before_stays(self):
        self.apply(edits=EDITS[:1])
        applied = self.one.text(NOVA)
        with self.context():
            self.assertEqual(OURS, self.one.text(NOVA))
        self.assertEqual(applied, self.one.text(NOVA))
        self.undo()

    def test_all_or_nothing(self):
        self.one.broken_by = b'doctor'
        with testtools.ExpectedException(BackendError, '.*nova-api'), \
                self.context():
            self.fail('it ran')
        self.assertEqual(self.before, self.states())

    def test_what_cannot_be_put_back_is_said(self):
        wire = Wire()
        with testtools.ExpectedException(
                BackendError, 'The deployment is not as it was: .*"doctor '
                'install undo"'), self.context(wires={'one': wire}):
            wire.left = 0
        self.assertEqual(self.before[1], self.two.state())
        self.undo()

    def test_one_within_the_other_changes_nothing(self):
        with self.context():
            asked = len(self.one.asked)
            with self.context():
                pass
            self.assertEqual(OURS, self.one.text(NOVA))
            self.assertEqual(asked, len(self.one.asked))

    def test_interrupted_while_it_is_prepared(self):
        def interrupt(line):
            if 'is changed' in line:
                raise KeyboardInterrupt

        machines = self.machines
        for name in machines:
            deployment = Deployment({name: machines[name]}, self.home)
            with testtools.ExpectedException(KeyboardInterrupt), \
                    deployment.prepared(NEEDS, interrupt):
                self.fail('it ran')
        self.assertEqual(self.before, self.states())


class CutTest(PreparationTestCase):
    """The wire is cut later and later, until all ends well."""

    def cuts(self, do):
        for answered in (True, False):
            for steps in range(1000):
                wires = {'one': Wire(steps, answered)}
                report = do(wires)[0]
                self.assertIn(self.one.text(NOVA), (THEIRS, OURS))
                if not report.complaints:
                    break
                yield steps
            self.assertLess(10, steps)

    def partly_applied(self, wires):
        return self.preparation(wires=wires).apply(NEEDS)

    def partly_undone(self, wires):
        self.apply()
        return self.preparation(wires=wires).undo()

    def check_applied(self):
        for machine in self.machines.values():
            self.assertEqual({OURS, b'- doctor\n'},
                             set(machine.loaded.values()))

    def test_undone_from_elsewhere(self):
        for do in self.partly_applied, self.partly_undone:
            for _steps in self.cuts(do):
                self.undo(home=Machine())

    def test_undone_from_here(self):
        for do in self.partly_applied, self.partly_undone:
            for _steps in self.cuts(do):
                self.undo()
                self.assertEqual({}, self.home.files)

    def test_applied_from_elsewhere(self):
        for do in self.partly_applied, self.partly_undone:
            for _steps in self.cuts(do):
                self.apply(home=Machine())
                self.check_applied()
                self.undo()


class ManyTest(testtools.TestCase):

    def test_slow_node_does_not_delay_the_others(self):
        machines = {str(name): Machine({NOVA: THEIRS}) for name in range(9)}
        done = threading.Semaphore(0)

        class Slow(Deployment):
            def layout(self, node):
                if node.name == '0':
                    for _other in range(8):
                        if not done.acquire(timeout=30):
                            raise BackendError('it waited for the others')
                else:
                    done.release()
                return super().layout(node)

        reports = Preparation(Slow(machines)).apply(NEEDS)
        self.assertEqual([], [report.complaints for report in reports
                              if report.complaints])
