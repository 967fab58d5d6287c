"""What tools/openstack-bed does with processes."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import fixtures
import testtools

from doctor_core.tests.unit import bed as _path  # noqa: F401

# isort: split
from openstack_bed import probes, processes, settings, sockets, software
from openstack_bed.processes import Process
from openstack_bed.settings import Bed, BedError

_TOOL = settings.TOOL / 'bed'
#: Says that it is there, and ignores what asks it to go.
_STUBBORN = ('import signal, sys; signal.signal(signal.SIGTERM, '
             'signal.SIG_IGN); print("here", flush=True); signal.pause()')


class BedToolCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.bed = Bed(self.folder / 'home', self.folder)

    def start(self, name, code):
        process = Process(name, (sys.executable, '-c', code))
        self.addCleanup(processes.kill, self.bed, name)
        self.assertTrue(processes.start(self.bed, process))
        return process


class ProcessesTest(BedToolCase):

    def test_what_runs_is_not_started_again(self):
        process = self.start('a', 'import signal; signal.pause()')
        number = processes.pid(self.bed, 'a')
        self.assertFalse(processes.start(self.bed, process))
        self.assertEqual(number, processes.pid(self.bed, 'a'))

    def test_what_was_asked_to_end_is_gone(self):
        self.start('a', 'import signal; signal.pause()')
        processes.stop(self.bed, ['a', 'never-started'], 30)
        self.assertIsNone(processes.pid(self.bed, 'a'))
        self.assertEqual([], processes.names(self.bed))

    def test_what_does_not_listen_is_killed(self):
        self.start('a', _STUBBORN)
        processes.wait(lambda: 'here' in self.bed.log('a').read_text(), 30,
                       'it to be there')
        processes.stop(self.bed, ['a'], 0.1)
        self.assertIsNone(processes.pid(self.bed, 'a'))

    def test_what_a_process_has_left_behind_goes_too(self):
        self.start('a', (
            'import os, signal\n'
            'if os.fork():\n'
            '    signal.pause()\n'
            f'exec({_STUBBORN!r})\n'))
        processes.wait(lambda: 'here' in self.bed.log('a').read_text(), 30,
                       'it to be there')
        group = processes.pid(self.bed, 'a')
        self.assertEqual(2, len(processes.members(group)))
        processes.stop(self.bed, ['a'], 30)
        self.assertEqual([], processes.members(group))

    def test_an_id_that_is_somebody_elses_by_now_is_not_ours(self):
        self.bed.pid_file('a').parent.mkdir()
        self.bed.pid_file('a').write_text(f'{os.getpid()} 1')
        self.assertIsNone(processes.pid(self.bed, 'a'))
        self.assertFalse(processes.kill(self.bed, 'a'))

    def test_a_command_that_fails_is_told_with_its_last_words(self):
        error = self.assertRaises(
            BedError, processes.run, self.bed, 'install', [
                sys.executable, '-c', 'print("disk full"); exit(3)'])
        self.assertIn('status 3', str(error))
        self.assertIn('disk full', str(error))
        self.assertIn(str(self.bed.log('install')), str(error))

    def test_a_command_that_is_not_there_is_told(self):
        error = self.assertRaises(BedError, processes.run, self.bed, 'x',
                                  [str(self.folder / 'no-such')])
        self.assertIn('no-such', str(error))

    def test_a_command_reads_what_it_is_given(self):
        processes.run(self.bed, 'x', [
            sys.executable, '-c', 'assert input() == "select"'],
            text='select')
        self.assertEqual('', self.bed.log('x').read_text())

    def test_a_command_does_not_run_for_ever(self):
        error = self.assertRaises(
            BedError, processes.run, self.bed, 'x', [
                sys.executable, '-c', 'import signal; signal.pause()'],
            timeout_s=0.0, look_s=0.1)
        self.assertIn('has not ended', str(error))

    def test_a_command_that_takes_long_is_told_of(self):
        told = []

        def progress(text):
            told.append(text)
            processes.end_commands()

        self.assertRaises(BedError, processes.run, self.bed, 'x', [
            sys.executable, '-c', 'import signal; signal.pause()'],
            look_s=0.1, progress=progress)
        self.assertIn('x still runs', told[0])


class SocketsTest(BedToolCase):

    def test_a_port_is_free_or_not(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            self.assertFalse(sockets.is_free(port))
        self.assertTrue(sockets.is_free(port))

    def test_a_process_is_connected_to_a_port_or_not(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            process = self.start(
                'a', f'import socket, signal; s = socket.create_connection('
                f'("127.0.0.1", {port})); signal.pause()')
            number = processes.pid(self.bed, process.name)
            processes.wait(lambda: sockets.connected(number, port), 30,
                           'the connection')
            self.assertFalse(sockets.connected(os.getpgrp(), port))
            self.assertFalse(sockets.connected(number, port + 1))
            self.assertTrue(probes.answers(self.bed, Process(
                'a', (), port=port, probe='bus')))


class SoftwareTest(BedToolCase):

    def make(self, code):
        """A wheelless environment whose one package cannot be had."""
        frozen = self.folder / 'constraints-x.txt'
        frozen.write_text(code)
        return software._Environment('x', folder=self.folder)

    def test_an_environment_that_cannot_be_made_is_told(self):
        wanted = self.make('./no-such-file.whl\n')
        error = self.assertRaises(BedError, software._environment, self.bed,
                                  wanted, lambda text: None)
        self.assertIn('no-such-file', str(error))
        self.assertFalse((self.bed.home / 'x' / 'complete').exists())

    def test_one_that_was_interrupted_is_made_anew(self):
        left = self.bed.home / 'x' / 'left-behind'
        left.parent.mkdir(parents=True)
        left.touch()
        told = []
        wanted = self.make('')
        for _ in range(2):
            software._environment(self.bed, wanted, told.append)
        self.assertFalse(left.exists())
        self.assertEqual(1, len(told))

    def test_another_python_is_not_taken_for_the_one_of_congress(self):
        error = self.assertRaises(BedError, software._python38,
                                  sys.executable)
        self.assertIn(sys.executable, str(error))


class CommandTest(BedToolCase):

    def run_bed(self, *words):
        return subprocess.run(
            [sys.executable, str(_TOOL), '--folder', str(self.folder),
             *words], capture_output=True, text=True, timeout=60,
            check=False)

    def test_a_bed_that_is_not_up_is_shown_so(self):
        done = self.run_bed('status')
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn('nova-compute-1', done.stdout)
        self.assertNotIn('answers', done.stdout)

    def test_a_service_that_is_none_is_told(self):
        done = self.run_bed('restart', 'cinder')
        self.assertEqual(1, done.returncode)
        self.assertIn("no service 'cinder'", done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_a_service_that_does_not_run_is_not_well(self):
        self.assertEqual(1, self.run_bed('check', 'keystone').returncode)

    def test_a_plain_bed_needs_a_new_folder(self):
        (self.folder / 'clouds.yaml').touch()
        done = self.run_bed('up', '--plain')
        self.assertEqual(1, done.returncode)
        self.assertIn('bed wipe', done.stderr)

    def test_a_host_of_a_bed_that_is_down_is_not_failed(self):
        done = self.run_bed('fail', 'compute-1')
        self.assertIn('is not up', done.stderr)

    def test_down_stops_what_runs(self):
        self.start('a', 'import signal; signal.pause()')
        number = processes.pid(self.bed, 'a')
        done = self.run_bed('down')
        self.assertEqual(0, done.returncode, done.stderr)
        # It was ours: who was killed waits to be collected.
        self.assertEqual((number, signal.SIGTERM), (
            (ended := os.waitpid(number, 0))[0], os.WTERMSIG(ended[1])))
