"""Nodes reached by a genuine SSH are prepared, and left as they were."""

import os
import shutil
import subprocess

from doctor_core.exceptions import BackendError
from doctor_core.installers.preparing.files import File, Files
from doctor_core.runner import LocalRunner
from doctor_core.runner.base import Runner
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.deployment import (
    OURS,
    THEIRS,
    InstallTestCase,
)
from doctor_core.tests.unit.installers.preparing.memory import (
    EVENTS,
    NEEDS,
    NOVA,
)

JOURNAL = '/var/lib/doctor-install'


class ThereAndBackTest(InstallTestCase):

    def test_there_and_back(self):
        self.apply()
        self.assertEqual((OURS, '- doctor\n'), (
            self.machine.read(NOVA), self.machine.read(EVENTS)))
        known = os.stat(self.machine.path(NOVA))
        self.assertEqual((0o640, 0, 162), (
            known.st_mode & 0o777, known.st_uid, known.st_gid))
        self.assertEqual(['nova-api', 'nova-scheduler', 'ceilometer'],
                         self.restarted())
        self.undo()
        self.assertEqual(6, len(self.restarted()))

    def test_from_another_machine(self):
        self.apply(home='here')
        self.undo(home='elsewhere')
        self.undo(home='here')
        self.assertEqual([], os.listdir(
            os.path.join(self.home, 'here', 'install')))

    def test_journals_are_for_nobody_else_to_read(self):
        self.apply()
        for folder in (self.machine.path(JOURNAL),
                       os.path.join(self.home, 'install/one')):
            self.assertEqual(0o700, os.stat(folder).st_mode & 0o777)
            names = os.listdir(folder)
            self.assertEqual(2, len(names))
            for name in names:
                self.assertEqual(0o600, os.stat(os.path.join(
                    folder, name)).st_mode & 0o777)

    def test_link_stays_a_link(self):
        self.machine.write('/etc/real.conf', THEIRS)
        os.remove(self.machine.path(NOVA))
        os.symlink('../real.conf', self.machine.path(NOVA))
        self.before = self.machine.tree()
        self.apply()
        self.assertTrue(os.path.islink(self.machine.path(NOVA)))
        self.assertEqual(OURS, self.machine.read('/etc/real.conf'))
        self.undo()

    def test_edited_in_between(self):
        self.apply()
        self.machine.write(NOVA, f'{OURS}# mine\n', 0o640)
        one, _cloud = self.preparation().undo()
        self.assertEqual(1, len(one.conflicts))
        self.assertEqual(f'{OURS}# mine\n', self.machine.read(NOVA))
        beside = f'{NOVA}.doctor-original'
        self.assertEqual(THEIRS, self.machine.read(beside))
        self.assertEqual(self.before['etc/nova/nova.conf'],
                         self.machine.tree()[beside.lstrip('/')])
        os.replace(self.machine.path(beside), self.machine.path(NOVA))
        self.undo()

    def test_service_that_does_not_come_back(self):
        self.machine.write(EVENTS, 'broken\n')
        self.machine.write('/opt/loaded-ceilometer', '')
        self.before = self.machine.tree()
        one, _cloud = self.preparation(restart_timeout_s=1.0).apply(NEEDS)
        self.assertIn('one: ceilometer did not come back within 1 s of its '
                      'restart', one.problems)
        self.check_files_as_before()

    def check_files_as_before(self):
        self.assertEqual((THEIRS, 'broken\n'), (
            self.machine.read(NOVA), self.machine.read(EVENTS)))


class DownTest(InstallTestCase):

    def test_node_that_is_down(self):
        up, down = self.machine, self.make_machine()
        connects = {'up': lambda: self.runner(up),
                    'down': lambda: self.runner(down)}
        before = down.tree()
        down.stop()
        here, there, _cloud = self.preparation(connects=connects).apply(
            NEEDS)
        self.assertEqual(([], 1), (here.complaints, len(there.problems)))
        self.assertTrue(there.problems[0].startswith('down: '))
        down.start()
        self.apply(connects=connects)
        down.stop()
        here, there, _cloud = self.preparation(connects=connects).undo()
        self.assertEqual(([], 1), (here.complaints, len(there.problems)))
        self.assertIn(f'down:{NOVA}', there.states)
        self.check_as_before()
        down.start()
        self.ok(self.preparation(connects=connects).undo())
        self.assertEqual(before, down.tree())


class FullTest(InstallTestCase):

    def setUp(self):
        super().setUp()
        requirements.need_root(self)

    def mount(self, path, size):
        """Have a small disk there, with what was there."""
        where = self.machine.path(path)
        os.makedirs(where, exist_ok=True)
        kept = f'{where}.kept'
        shutil.copytree(where, kept)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}',
                        'tmpfs', where], check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', where], check=True)
        subprocess.run(['cp', '-a', f'{kept}/.', where], check=True)
        shutil.rmtree(kept)

    def fill(self, path):
        """Leave no room."""
        with open(self.machine.path(f'{path}/filler'), 'wb',
                  buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * 4096)
            except OSError:
                pass

    def full(self, path):
        self.machine.stop()
        self.mount(path, '64k')
        self.fill(path)
        self.machine.start()
        self.before = self.machine.tree()
        one, _cloud = self.preparation().apply(NEEDS)
        self.assertIn('No space left on device', one.problems[0])
        self.undo()
        self.assertNotIn('nova-api', self.restarted())

    def test_no_room_for_the_journal(self):
        self.full('/var/lib')

    def test_no_room_for_the_file(self):
        self.full('/etc/nova')


class FilesTest(InstallTestCase):

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.home, 'file')
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write('theirs')

    def test_content_that_is_cut_in_the_middle_changes_nothing(self):
        class Cutting(LocalRunner):
            def execute(self, argv, *, input=None, timeout_s=30.0):
                return super().execute(argv, input=(input or b'')[:-1],
                                       timeout_s=timeout_s)

        files = Files(Cutting())
        error = self.assertRaises(
            BackendError, files.replace, files.read(self.path), b'x' * 9999)
        self.assertIn('its content did not arrive whole', str(error))
        self.assertEqual(['file'], os.listdir(self.home))
        self.assertEqual(b'theirs', files.read(self.path).content)

    def test_nobodys_work_is_overwritten(self):
        files = Files(LocalRunner())
        for stale in (b'older', None):
            self.assertRaises(BackendError, files.replace,
                              File(self.path, stale), b'ours')
        self.assertEqual(b'theirs', files.read(self.path).content)
        self.assertEqual(['file'], os.listdir(self.home))

    def test_errors_repeat_no_content(self):
        class Failing(Runner):
            def execute(self, argv, *, input=None, timeout_s=30.0):
                done = LocalRunner().execute(argv, input=input)
                return type(done)(1, done.output, b'why')

        error = self.assertRaises(BackendError, Files(Failing()).read,
                                  self.path)
        self.assertEqual(f'{self.path}: why', str(error))

    def test_what_is_no_file_is_refused(self):
        self.assertIn('it is no file', str(self.assertRaises(
            BackendError, Files(LocalRunner()).read, self.home)))

    def test_folder_that_is_not_there(self):
        files = Files(LocalRunner())
        path = os.path.join(self.home, 'no', 'file')
        self.assertIsNone(files.read(path).content)
        self.assertIn('there is no folder', str(self.assertRaises(
            BackendError, files.replace, File(path), b'')))
        self.assertEqual({}, files.read_all(os.path.join(self.home, 'no')))
        self.assertEqual([], files.folders(os.path.join(self.home, 'no')))
