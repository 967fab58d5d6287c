"""A genuine OpenSSH server for one test."""

import getpass
import os
import signal
import socket
import subprocess

import asyncssh
import fixtures

from doctor_core import clock
from doctor_core.tests.functional import requirements

WAIT_S = 30


class Sshd(fixtures.Fixture):
    """An sshd on loopback, with a host key and a user's key of its own.

    :ivar address: where it listens.
    :ivar port: the port there.
    :ivar user: who may log in: who runs the test.
    :ivar key_file: with this key.
    :ivar known_hosts: the file that has its host key.
    """

    def __init__(self, test):
        super().__init__()
        self._test = test
        self._sshd = requirements.need_command(
            test, 'sshd', 'apt-get install openssh-server')
        self.user = getpass.getuser()
        self.address, self.port = '127.0.0.1', 0

    def _setUp(self):
        self._folder = self.useFixture(fixtures.TempDir())
        if os.geteuid() == 0:
            # Where it locks up the half that speaks to strangers.
            os.makedirs('/run/sshd', 0o755, exist_ok=True)
        self._write_key('host_key')
        self.key_file = self._choose_key()
        if not self.port:
            with socket.create_server((self.address, 0)) as unused:
                self.port = unused.getsockname()[1]
        self.known_hosts = self.write_known_hosts('host_key')
        self._settings = self._write(
            'sshd_config', '\n'.join((*self._config(), '')))
        self.start()
        self.addCleanup(self.stop)

    def _choose_key(self):
        return self._write_key('user_key')

    def _place(self, path, _name):
        """Where the server finds a file of its own."""
        return path

    def _config(self):
        return [
            f'ListenAddress {self.address}:{self.port}',
            f'HostKey {self._place(self._folder.join("host_key"), "key")}',
            'AuthorizedKeysFile '
            f'{self._place(f"{self.key_file}.pub", "authorized_keys")}',
            'PidFile none',
            'PasswordAuthentication no', 'UsePAM no', 'StrictModes no',
            'PermitRootLogin yes', 'Subsystem sftp internal-sftp']

    def _command(self, config):
        return [self._sshd, '-D', '-e', '-f', config]

    def start(self):
        """Listen."""
        with open(self._folder.join('log'), 'ab') as log:
            self._process = subprocess.Popen(
                self._command(self._settings),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        clock.wait_for(self._listens, clock.Deadline(WAIT_S),
                       what='sshd to listen')

    def stop(self):
        """Hang up on everybody, and end.

        Halted first, or who calls again at once gets a session that
        outlives it.
        """
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)
        for pid in self._sessions():
            subprocess.run(['kill', pid], check=False, capture_output=True)
        if self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)
        self._process.wait(WAIT_S)

    def _sessions(self):
        """Its children, each with a connection, and theirs."""
        found, look = [], [str(self._process.pid)]
        while look:
            try:
                path = f'/proc/{look[0]}/task/{look[0]}/children'
                with open(path, encoding='ascii') as file:
                    children = file.read().split()
            except OSError:
                children = []
            look = look[1:] + children
            found += children
        return found

    def _listens(self):
        if self._process.poll() is not None:
            raise AssertionError(f'sshd has ended: {self.log()}')
        with socket.socket() as probe:
            return probe.connect_ex((self.address, self.port)) == 0

    def write_known_hosts(self, name):
        """A file of known hosts with the named key for this server; the key
        is made if there is none.
        """
        if not os.path.exists(self._folder.join(name)):
            self._write_key(name)
        with open(self._folder.join(f'{name}.pub'), encoding='ascii') as key:
            return self._write(f'known_{name}',
                               f'[{self.address}]:{self.port} {key.read()}')

    def log(self):
        """What it has said so far."""
        with open(self._folder.join('log'), encoding='utf-8') as log:
            return log.read()

    def host_key(self):
        """The line by which its host key can be pinned."""
        with open(self._folder.join('host_key.pub'),
                  encoding='ascii') as key:
            return key.read().strip()

    def _write_key(self, name):
        key = asyncssh.generate_private_key('ssh-ed25519')
        self._write(f'{name}.pub', key.export_public_key().decode())
        return self._write(name, key.export_private_key().decode())

    def _write(self, name, text):
        path = self._folder.join(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 'w',
                  encoding='utf-8') as file:
            file.write(text)
        return path
