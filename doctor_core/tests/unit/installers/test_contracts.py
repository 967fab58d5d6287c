"""The contract of installers, held by every one that is installed."""

import unittest

import testtools

from doctor_core import plugins
from doctor_core.fixtures import DeploymentContract, InstallerContract
from doctor_core.installers.base import Installer
from doctor_core.model import Node
from doctor_core.tests.unit.entry_points import InstalledDistribution
from doctor_core.tests.unit.installers import (
    test_apex,
    test_devstack,
    test_embedded,
)
from doctor_core.tests.unit.installers.machines import (
    UNITS,
    FakeMachine,
    units,
)

RACK = '''
from doctor_core.installers.base import Installer
from doctor_core.model import Node


class RackInstaller(Installer):
    """All that a base class demands."""

    def nodes(self):
        return [Node('c1', 'compute', '192.0.2.1')]
'''


def failures(name):
    """What an installed plugin does not hold of the contract."""
    class Held(InstallerContract, testtools.TestCase):
        plugin = plugins.load('installers', name)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Held).run(result)
    assert result.testsRun, name
    return [f'{name}: {text}' for _test, text
            in [*result.failures, *result.errors]]


class InstalledTest(testtools.TestCase):

    def test_every_installed_one(self):
        names = plugins.names('installers')
        self.assertIn('local', names)
        self.assertEqual([], [text for name in names
                              for text in failures(name)])

    def test_one_of_a_third_party(self):
        self.useFixture(InstalledDistribution(
            'doctor_rack', RACK,
            {'doctor_core.installers': ['rack = doctor_rack:RackInstaller']}))
        self.assertEqual([], failures('rack'))

    def test_who_does_not_hold_it_is_told(self):
        self.useFixture(InstalledDistribution(
            'doctor_rack', RACK.replace('demands.', 'demands'),
            {'doctor_core.installers': ['rack = doctor_rack:RackInstaller']}))
        self.assertIn('All that a base class demands', failures('rack')[0])


class Minimal(Installer):
    """All that the base class demands."""

    def nodes(self):
        return [Node('c1', 'compute', '192.0.2.1')]


class MinimalTest(DeploymentContract, testtools.TestCase):

    plugin = Minimal
    host = 'c1'


class LocalTest(DeploymentContract, testtools.TestCase):

    values = {'nodes': ['c1=192.0.2.1 both'],
              'files': {'nova.conf': '/no/such'},
              'compute_services': {'nova-compute': 'n-cpu'}}
    host = 'c1'

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('installers', 'local')


class DevStackTest(DeploymentContract, testtools.TestCase):

    plugin = test_devstack.OnMachines
    host = 'cpu-1'

    def make(self):
        made = test_devstack.made({'cpu-1': '192.0.2.2'},
                                  kind=self.plugin)
        made.machines = {
            name: FakeMachine(commands={UNITS: units('devstack@n-cpu')},
                              sudo=True) for name in ('ctl', 'cpu-1')}
        return made


class ApexTest(DeploymentContract, testtools.TestCase):

    plugin = test_apex.OnMachines
    host = 'overcloud-novacompute-0'

    def make(self):
        return test_apex.made({
            'undercloud': test_apex.undercloud(test_apex.SERVERS),
            **{node.name: FakeMachine(commands={UNITS: units(
                'openstack-nova-compute')}, sudo=True)
               for node in (test_apex.CONTROLLER, test_apex.COMPUTE)}})


class EmbeddedTest(DeploymentContract, testtools.TestCase):

    plugin = test_embedded.Asked
    host = 'h1'

    def make(self):
        return test_embedded.Asked({
            '/hosts': {'hosts': [{'name': 'h1', 'address': '127.77.0.1'}]},
            '/bus': {'transport_url': ''}})
