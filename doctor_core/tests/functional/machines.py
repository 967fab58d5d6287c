"""Machines that are reached by a genuine SSH, each with its own files."""

import hashlib
import itertools
import os
import socket
import stat
import subprocess

import fixtures

from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.sshd import Sshd

_COUNTER = itertools.count()
#: In a mount namespace of its own: $1 is the root folder, the rest is run.
_ENTER = '''
set -e
root=$1; shift
for part in usr dev proc etc/alternatives; do
    mount --rbind "/$part" "$root/$part"
done
exec chroot "$root" "$@"
'''
#: Files that the libraries and tools of /usr look for.
_BORROWED = ('ld.so.cache', 'nsswitch.conf', 'localtime')
_STUB = '''#!/bin/sh
line=$(printf '%s\\037' {name} "$@")
printf '%s\\036' "$line" >>/opt/asked
{script}
'''
#: Runs what it is given, as sudo would; everybody is root there.
_SUDO = '''
while [ $# -gt 0 ]; do
    case $1 in
    --) shift; break;;
    -*) shift;;
    *) break;;
    esac
done
exec "$@"
'''


def address():
    """A loopback address that no other machine of this process has."""
    number = next(_COUNTER)
    return f'127.{64 + os.getpid() % 64}.{number // 250 % 250}.' \
           f'{number % 250 + 2}'


class Machine(Sshd):
    """A machine of a deployment: sshd, a root folder of its own, and
    commands that keep what they were asked.

    Everything below ``/usr`` is this machine's; the rest is below ``root``.
    The users are all root there. ``sudo`` runs what it is given; any other
    command that a deployment has is made by :meth:`stub`.

    :param users: who may log in, beside root.
    :param address: where it listens.
    :param port: a free one when 0.
    :param key: the file of the key that opens it, with ``.pub`` beside it;
        one of its own when empty.
    :ivar root: its root folder, as seen from here.
    """

    def __init__(self, test, users=('stack', 'heat-admin'), *,
                 address='127.0.0.1', port=0, key=''):
        super().__init__(test)
        requirements.need_root(test)
        requirements.require(
            test, subprocess.run(['unshare', '--mount', 'true'], check=False,
                                 capture_output=True).returncode == 0,
            'mount namespaces', 'a kernel with them, and CAP_SYS_ADMIN')
        self.user = users[0]
        self._users = users
        self._key = key
        self.address, self.port = address, port

    def _setUp(self):
        self.root = self.useFixture(fixtures.TempDir()).path
        self._furnish()
        self.stub('sudo', _SUDO)
        super()._setUp()

    def _furnish(self):
        for folder in ('usr', 'dev', 'proc', 'tmp', 'run/sshd', 'etc/ssh',
                       'etc/alternatives', 'var/lib', 'var/log', 'opt/stubs',
                       'root'):
            os.makedirs(self.path(folder), exist_ok=True)
        for link in ('bin', 'sbin', 'lib', 'lib64'):
            if os.path.islink(f'/{link}'):
                os.symlink(f'usr/{link}', self.path(link))
        for name in _BORROWED:
            if os.path.exists(f'/etc/{name}'):
                with open(f'/etc/{name}', 'rb') as file:
                    self.write(f'/etc/{name}', file.read())
        self.write('/etc/passwd', ''.join(
            f'{user}:*:0:0::{home}:/bin/sh\n' for user, home in (
                ('root', '/root'),
                *((user, f'/home/{user}') for user in self._users)))
            + 'sshd:*:100:65534::/run/sshd:/usr/sbin/nologin\n')
        self.write('/etc/group', 'root:x:0:\nnogroup:x:65534:\n')
        for user in self._users:
            os.makedirs(self.path(f'/home/{user}'))

    # What is different from an sshd that is no machine.

    def _choose_key(self):
        return self._key or super()._choose_key()

    def _config(self):
        return [*super()._config(),
                'SetEnv PATH=/opt/stubs:/usr/sbin:/usr/bin']

    def _place(self, path, name):
        with open(path, 'rb') as file:
            self.write(f'/etc/ssh/{name}', file.read(), 0o600)
        return f'/etc/ssh/{name}'

    def _command(self, config):
        return ['unshare', '--mount', '--propagation', 'private',
                'sh', '-c', _ENTER, 'machine', self.root,
                *super()._command(self._place(config, 'sshd_config'))]

    # What tests do with it.

    def path(self, path):
        """Where a path of the machine is found from here."""
        return os.path.join(self.root, path.lstrip('/'))

    def write(self, path, content, mode=0o644):
        """Have a file there; text or bytes."""
        where = self.path(path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, 'wb') as file:
            file.write(content if isinstance(content, bytes)
                       else content.encode())
        os.chmod(where, mode)

    def read(self, path):
        """The text of a file there."""
        with open(self.path(path), encoding='utf-8') as file:
            return file.read()

    def stub(self, name, script='exit 0'):
        """Have a command there that keeps what it is asked.

        :param script: what it does then, for ``/bin/sh``.
        """
        self.write(f'/opt/stubs/{name}',
                   _STUB.format(name=name, script=script), 0o755)

    def asked(self, *names):
        """What commands were asked so far, as argument vectors.

        :param names: only these commands; all but sudo when none is named.
        """
        try:
            records = self.read('/opt/asked').split('\036')[:-1]
        except FileNotFoundError:
            return []
        calls = [record.split('\037')[:-1] for record in records]
        return [call for call in calls if (
            call[0] in names if names else call[0] != 'sudo')]

    def tree(self, *tops):
        """Every file below, with its mode, owner and content: for a
        comparison of before and after.

        :param tops: ``/etc``, ``/var`` and ``/home`` when none is named.
        """
        found = {}
        for top in tops or ('/etc', '/var', '/home'):
            for folder, _folders, names in os.walk(self.path(top)):
                for name in ('', *names):
                    path = os.path.join(folder, name)
                    known = os.lstat(path)
                    found[os.path.relpath(path, self.root)] = (
                        known.st_mode, known.st_uid, known.st_gid,
                        _content(path, known.st_mode))
        return found


def _content(path, mode):
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    if not stat.S_ISREG(mode):
        return ''
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def free_port(*addresses):
    """A port that is free on each of these addresses."""
    for _attempt in range(50):
        with socket.create_server((addresses[0], 0)) as probe:
            port = probe.getsockname()[1]
            try:
                for other in addresses[1:]:
                    socket.create_server((other, port)).close()
            except OSError:
                continue
            return port
    raise AssertionError(f'No port is free on all of {addresses}')
