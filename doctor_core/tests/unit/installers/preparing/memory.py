"""Nodes in memory: their files and services, and the wire to them."""

import base64
import contextlib
import dataclasses
import posixpath
import threading

from doctor_core import fixtures
from doctor_core.exceptions import BackendError
from doctor_core.installers.base import Installer
from doctor_core.installers.layout import Layout, Service
from doctor_core.installers.preparing import files
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.model import Need, Node
from doctor_core.runner.base import SUDO, Done, Runner

NEEDS = frozenset({Need.NOTIFICATIONS})
NOVA = '/etc/nova/nova.conf'
EVENTS = '/etc/ceilometer/events.yaml'
#: What each service reads when it starts.
READS = {'nova-api': NOVA, 'nova-scheduler': NOVA, 'ceilometer': EVENTS}


class Machine:
    """A node.

    :ivar files: the content, mode and owner of each file, by path.
    :ivar loaded: what each service that runs has read when it started.
    :ivar asked: the restarts, in order.
    :ivar full: whether its disk is.
    """

    def __init__(self, content=None):
        self.files = {path: (text, 0o640, '0:162')
                      for path, text in (content or {}).items()}
        self.loaded = {}
        self.asked = []
        self.full = False
        self.broken_by = None
        self.lock = threading.Lock()
        self.start(*READS)

    def text(self, path):
        """The content of a file; None when there is none."""
        return self.files[path][0] if path in self.files else None

    def write(self, path, text):
        """Somebody edits a file."""
        self.files[path] = (text, 0o640, '0:162')

    def start(self, *services):
        """Have services read their files, and run unless they cannot."""
        for service in services:
            read = self.text(READS[service])
            if self.broken_by and self.broken_by in (read or b''):
                self.loaded.pop(service, None)
            else:
                self.loaded[service] = read

    def state(self):
        """All that there is, to compare."""
        return dict(self.files), dict(self.loaded)


class Wire:
    """Leads to a machine for so many steps.

    :param answered: whether the last of them is heard of.
    """

    def __init__(self, steps=10 ** 6, answered=True):
        self.left = steps
        self.answered = answered

    def cut(self):
        raise BackendError('the connection is cut', recoverable=True)


class MemoryRunner(Runner):
    """Does to a machine in memory what the scripts of ``files`` do."""

    def __init__(self, machine, wire=None, sudo=False):
        self.sudo = sudo
        self._machine = machine
        self._wire = wire or Wire()

    def execute(self, argv, *, input=None, timeout_s=30.0):
        self._wire.left -= 1
        if self._wire.left < 0:
            self._wire.cut()
        argv = list(argv)
        if tuple(argv[:3]) == SUDO:
            argv = argv[3:]
        with self._machine.lock:
            done = self._service(*argv[1:]) if argv[0] == 'service' \
                else self._file(argv[2], argv[4:], input)
        if not self._wire.left and not self._wire.answered:
            self._wire.cut()
        return done

    def _service(self, verb, name):
        if verb == 'restart':
            self._machine.asked.append(name)
            self._machine.start(name)
            return Done(0)
        return Done(0 if name in self._machine.loaded else 3)

    def _file(self, script, words, content):
        return {files.READ: self._read, files.REPLACE: self._replace,
                files.TIDY: self._tidy, files.READ_ALL: self._read_all,
                files.MAKE_FOLDER: lambda *_words: Done(0),
                files.FOLDERS: self._folders,
                files.RENAME: self._rename, files.REMOVE: self._remove
                }[script](*words, *([content] if script == files.REPLACE
                                    else []))

    def _read(self, path):
        found = self._machine.files.get(path)
        if found is None:
            return Done(0, f'{path}\n'.encode())
        content, mode, owner = found
        return Done(0, f'{path}\n{mode:o} {owner.replace(":", " ")}\n'
                    f'{base64.b64encode(content).decode()}'.encode())

    def _replace(self, path, old, new, mode, owner, content):
        there = files.digest(self._machine.text(path))
        if there not in (old, new):
            return Done(3)
        if new == files.ABSENT:
            self._machine.files.pop(path, None)
        elif self._machine.full:
            return Done(1, errors=b'No space left on device')
        else:
            assert files.digest(content) == new
            kept = self._machine.files.get(
                path, (b'', int(mode, 8), owner or '0:0'))
            self._machine.files[path] = (content, *kept[1:])
        return Done(0)

    def _tidy(self, path, digest):
        beside = f'{path}.doctor-original'
        if files.digest(self._machine.text(beside)) == digest:
            self._machine.files.pop(beside, None)
        return Done(0)

    def _read_all(self, folder):
        return Done(0, b''.join(
            f'{posixpath.basename(path)} '.encode()
            + base64.b64encode(content) + b'\n'
            for path, (content, *_rest) in self._machine.files.items()
            if posixpath.dirname(path) == folder))

    def _folders(self, folder):
        below = {path.removeprefix(f'{folder}/').split('/')[0]
                 for path in self._machine.files
                 if path.startswith(f'{folder}/')}
        return Done(0, ''.join(f'{name}\n' for name in below).encode())

    def _rename(self, folder, new, *olds):
        for old in olds:
            with contextlib.suppress(KeyError):
                self._machine.files[f'{folder}/{new}'] = \
                    self._machine.files.pop(f'{folder}/{old}')
        return Done(0)

    def _remove(self, folder, *names):
        for name in names:
            self._machine.files.pop(f'{folder}/{name}', None)
        return Done(0)


def appended(line):
    """An edit that has a line at the end of a file."""
    return lambda text: text if line in text.splitlines() \
        else f'{text}{line}\n'


EDITS = (
    FileEdit('nova.conf', appended('doctor = yes'),
             ('nova-api', 'nova-scheduler'), 'a test'),
    FileEdit('nova.conf', appended('more = yes'), ('nova-api',), 'a test'),
    FileEdit('events.yaml', appended('- doctor'), ('ceilometer',), 'a test',
             creates=True),
)
LAYOUT = Layout(
    {'nova.conf': NOVA, 'events.yaml': EVENTS},
    {name: Service(name, ('service', 'restart', name),
                   ('service', 'check', name))
     for name in READS})


#: How they are worked on.
SETTINGS = fixtures.installer_settings(
    state_path='/nowhere', steady_s=0.0, restart_timeout_s=0.1)


class Deployment(Installer):
    """Machines in memory, seen from a home in memory.

    :param machines: by the name of the node.
    :param home: this machine; it may have its own disk full.
    :param wires: how some nodes are reached.
    """

    def __init__(self, machines, home=None, *, wires=None, edits=EDITS,
                 layout=LAYOUT, **settings):
        super().__init__(None, None,
                         dataclasses.replace(SETTINGS, **settings))
        self.machines = machines
        self.home = home or Machine()
        self._wires = wires or {}
        self._edits = edits
        self._layout = layout

    def nodes(self):
        return [Node(name, 'controller', name) for name in self.machines]

    def here(self):
        return MemoryRunner(self.home)

    def layout(self, node):
        return self._layout

    def connect(self, node):
        return MemoryRunner(self.machines[node.name],
                            self._wires.get(node.name))

    def edits(self, needs):
        return list(self._edits)

    def cloud_changes(self, needs):
        return []
