"""What the framework relies on in an installer, for whoever writes one.

Mix it with a test case; :mod:`doctor_core.fixtures` has it, too::

    class RackTest(InstallerContract, testtools.TestCase):
        plugin = RackInstaller

One whose deployment, or a double of it, can be asked by a test derives from
:class:`DeploymentContract`. Nothing is called but what
:class:`doctor_core.installers.base.Installer` names, and nothing is changed.
"""

import contextlib
from typing import ClassVar

from doctor_core import fixtures
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.base import Installer
from doctor_core.installers.layout import Layout
from doctor_core.installers.preparing.catalogue import CATALOGUE, FileEdit
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.preparing.preparation import Preparation
from doctor_core.model import Host, Need, Node
from doctor_core.runner import Runner
from doctor_core.tests.contract_plugins import PluginContract

ROLES = {'controller', 'compute'}
NOBODY = Host('no-such-host')


def known_files():
    """The names of the files that Doctor may have to change."""
    return {name for edits in CATALOGUE.values() for edit in edits
            for name in (edit.file, edit.shipped) if name}


class InstallerContract(PluginContract):
    """What holds of an installer whose deployment nobody has asked yet; to be
    mixed into a test case. Options that hold a password are secret, and
    making one asks nobody.

    :cvar plugin: the installer's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Installer
    plugin: ClassVar[type[Installer]]

    def make(self):
        """A new one, before a cloud in memory."""
        return self.plugin(
            fixtures.options(self.plugin, **self.values),
            fixtures.Cloud, fixtures.installer_settings())

    def installer(self):
        """A new one; it is closed at the end of the test."""
        made = self.make()
        self.addCleanup(made.close)
        return made

    def test_is_made_without_its_deployment(self):
        installer = self.installer()
        self.assertIsInstance(installer.own_clocks, bool)
        self.assertIsInstance(installer.here(), Runner)

    def test_closed_unused_and_twice(self):
        installer = self.installer()
        installer.close()
        installer.close()

    def test_what_nobody_needs_is_not_changed(self):
        installer = self.installer()
        self.assertEqual([], list(installer.edits([])))
        self.assertEqual([], list(installer.cloud_changes([])))

    def test_says_which_monitors_are_blind_or_nothing(self):
        """Of a monitor that it does not know it says nothing."""
        self.assertEqual('', self.installer().unseen_by(
            'no-such-monitor', fixtures.options(self.plugin, **self.values)))

    def test_edits_are_of_files(self):
        for need in Need:
            for edit in self.installer().edits([need]):
                self.assertIsInstance(edit, FileEdit)

    def test_changes_of_the_cloud_have_names(self):
        for change in self.installer().cloud_changes(
                [need for need in Need if need is not Need.SERVICE_USER]):
            self.assertIsInstance(change, Change)
            self.assertTrue(change.name)


class DeploymentContract(InstallerContract):
    """What holds of one whose deployment a test can ask.

    :cvar host: the name of a compute host, as Nova has it.
    """

    host = ''

    def test_nodes_are_told_apart(self):
        nodes = self.installer().nodes()
        for node in nodes:
            self.assertIsInstance(node, Node)
            self.assertIn(node.role, ROLES)
            self.assertTrue(node.name and node.address, node)
        self.assertEqual(len({node.name for node in nodes}), len(nodes))

    def test_layouts_have_names_that_doctor_knows(self):
        installer = self.installer()
        for node in installer.nodes():
            layout = installer.layout(node)
            self.assertIsInstance(layout, Layout)
            self.assertEqual(set(), set(layout.files) - known_files())
            for name, service in layout.services.items():
                self.assertEqual(name, service.name)
                self.assertTrue(service.restart and service.check, name)

    def test_a_node_has_one_runner(self):
        installer = self.installer()
        node = installer.nodes()[0]
        self.assertIsInstance(installer.runner(node), Runner)
        self.assertIs(installer.runner(node), installer.runner(node))

    def test_a_host_is_reached_by_either_of_its_names(self):
        installer = self.installer()
        for name in (self.host, f'{self.host}.example.org'):
            self.assertIsInstance(installer.reach(Host(name)), Runner)

    def test_a_host_that_is_none_is_named(self):
        error = self.assertRaises(ConfigError, self.installer().reach, NOBODY)
        self.assertIn(NOBODY.name, str(error))

    def test_nobody_knows_when_a_host_failed_that_did_not(self):
        self.assertRaises(BackendError, self.installer().failed_at,
                          Host(self.host))

    def test_the_bus_is_a_text(self):
        # Not every deployment tells.
        with contextlib.suppress(BackendError):
            self.assertIsInstance(self.installer().transport_url(), str)

    def test_only_the_loopback_is_led_back(self):
        installer = self.installer()
        with installer.reachable('http://127.0.0.1:1/'):
            pass
        with self.assertRaisesRegex(ConfigError, 'loopback'), \
                installer.reachable('http://192.0.2.1:1/'):
            pass

    def test_nothing_is_to_be_done_for_no_need(self):
        installer = self.installer()
        with installer.prepared([], lambda line: None):
            pass
        reports = Preparation(installer, lambda line: None).plan([])
        self.assertEqual([], [line for report in reports for line in
                              (*report.complaints, *report.diffs)])
