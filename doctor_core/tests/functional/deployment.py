"""Nodes with services, reached by a genuine SSH, as a deployment."""

import os

import fixtures
import testtools

from doctor_core.fixtures import installer_settings
from doctor_core.installers.base import Installer
from doctor_core.installers.preparing.preparation import Preparation
from doctor_core.model import Node
from doctor_core.runner import SshRunner
from doctor_core.tests.functional.machines import Machine
from doctor_core.tests.unit.installers.preparing.memory import (
    EDITS,
    EVENTS,
    LAYOUT,
    NEEDS,
    NOVA,
)

THEIRS = '[DEFAULT]\n# theirs\npassword = secret1\n'
OURS = f'{THEIRS}doctor = yes\nmore = yes\n'
#: A service reads its configuration when it is restarted, and does not run
#: if it finds the word "broken".
_SERVICE = '''
conf=/etc/nova/nova.conf
[ "$2" != ceilometer ] || conf=/etc/ceilometer/events.yaml
case $1 in
check) [ ! -e "/opt/dead-$2" ];;
restart)
    if [ -e "$conf" ]; then cat "$conf"; fi > "/opt/loaded-$2"
    if grep -q broken "$conf" 2> /dev/null; then touch "/opt/dead-$2"
    else rm -f "/opt/dead-$2"; fi;;
esac
'''


class Deployment(Installer):
    """Machines of a test.

    :param connects: for each node's name what makes a runner for it.
    """

    def __init__(self, connects, state_path, edits=EDITS, **settings):
        super().__init__(None, None, installer_settings(
            state_path=state_path, **{
                'steady_s': 0.0, 'restart_timeout_s': 20.0, **settings}))
        self._connects = connects
        self._edits = edits

    def nodes(self):
        return [Node(name, 'controller', name) for name in self._connects]

    def layout(self, node):
        return LAYOUT

    def connect(self, node):
        return self._connects[node.name]()

    def edits(self, needs):
        return list(self._edits)

    def cloud_changes(self, needs):
        return []


class InstallTestCase(testtools.TestCase):
    """A test with a node, and a home of its own."""

    def setUp(self):
        super().setUp()
        self.home = self.useFixture(fixtures.TempDir()).path
        self.machine = self.make_machine()
        self.before = self.machine.tree()

    def make_machine(self):
        """A node with files, and with services that have read them."""
        made = self.useFixture(Machine(self))
        made.stub('service', _SERVICE)
        made.write(NOVA, THEIRS, 0o640)
        os.chown(made.path(NOVA), 0, 162)
        os.makedirs(made.path(os.path.dirname(EVENTS)))
        return made

    def runner(self, made=None):
        """A runner of a machine."""
        made = made or self.machine
        return SshRunner(made.address, port=made.port, user=made.user,
                         key_file=made.key_file,
                         known_hosts=made.known_hosts, connect_s=5.0)

    def preparation(self, *, home='', connects=None, **words):
        """Of the one node, seen from some home."""
        made = Deployment(connects or {'one': self.runner},
                          os.path.join(self.home, home), **words)
        self.addCleanup(made.close)
        return Preparation(made)

    def ok(self, reports):
        self.assertEqual([], [line for report in reports
                              for line in report.complaints])
        return reports

    def apply(self, **words):
        self.ok(self.preparation(**words).apply(NEEDS))

    def undo(self, **words):
        self.ok(self.preparation(**words).undo())
        self.check_as_before()

    def check_as_before(self):
        self.assertEqual(self.before, self.machine.tree())

    def restarted(self):
        """The services that were restarted, in order."""
        return [call[2] for call in self.machine.asked('service')
                if call[1] == 'restart']
