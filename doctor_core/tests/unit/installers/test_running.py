import fixtures
import testtools

from doctor_core.exceptions import BackendError
from doctor_core.installers import running
from doctor_core.installers.layout import Service
from doctor_core.model import Node
from doctor_core.runner.base import Done
from doctor_core.tests.unit.installers.machines import (
    UNITS,
    FakeMachine,
    units,
)

#: As systemctl 252 writes them: with a mark before what has failed.
LISTED = '''\
  devstack@n-api.service      loaded active running Devstack devstack@n-api
  user@1000.service           loaded active running Beside session.service
\N{BLACK CIRCLE} devstack@n-sch.service  loaded failed failed Devstack
'''
URL = 'rabbit://u:p@ctl:5672/'
CONF = f'[DEFAULT]\ntransport_url = {URL}\n'


class UnitsTest(testtools.TestCase):

    def test_names(self):
        machine = FakeMachine(commands={UNITS: LISTED})
        self.assertEqual({'devstack@n-api', 'user@1000', 'devstack@n-sch'},
                         running.units(machine))

    def test_a_machine_without_systemd(self):
        self.assertRaises(BackendError, running.units, FakeMachine())

    def test_the_first_name_that_runs(self):
        self.assertEqual(
            [Service('a', ('systemctl', 'restart', 'a2'),
                     ('systemctl', 'is-active', '--quiet', 'a2'))],
            running.by_units({'a': ('a1', 'a2', 'a3'), 'b': ('b1',)},
                             frozenset({'a3', 'a2', 'c'})))


class ContainersTest(testtools.TestCase):

    NAMES = {'nova-api': 'nova_api', 'aodh-api': 'aodh_api', 'x': 'x'}

    def test_restarted_by_the_engine(self):
        self.assertEqual(
            [Service('nova-api', ('docker', 'restart', 'nova_api'),
                     ('docker', 'top', 'nova_api'))],
            running.by_containers(self.NAMES, 'docker',
                                  frozenset({'nova_api'}), frozenset()))

    def test_restarted_by_systemd_where_it_keeps_them(self):
        unit = 'tripleo_nova_api'
        self.assertEqual(
            [Service('nova-api', ('systemctl', 'restart', unit),
                     ('systemctl', 'is-active', '--quiet', unit)),
             Service('x', ('podman', 'restart', 'x'), ('podman', 'top', 'x'))],
            running.by_containers(
                self.NAMES, 'podman', frozenset({'nova_api', 'x'}),
                frozenset({unit, 'tripleo_aodh_api'})))

    def test_the_engine_that_runs_any(self):
        machine = FakeMachine(commands={
            'podman --version': 'podman version 4',
            "podman ps --all --format '{{.Names}}'": '',
            'docker --version': 'Docker version 20',
            "docker ps --all --format '{{.Names}}'":
                'nova_api\nnova_compute\n'})
        self.assertEqual(
            ('docker', {'nova_api', 'nova_compute'}),
            running.containers(machine, ('podman', 'docker')))

    def test_no_engine(self):
        self.assertEqual(('docker', frozenset()), running.containers(
            FakeMachine(), ('podman', 'docker')))

    def test_an_engine_that_does_not_answer_is_no_engine_without_any(self):
        machine = FakeMachine(commands={
            'docker --version': 'Docker version 20',
            "docker ps --all --format '{{.Names}}'":
                Done(1, errors=b'is the daemon running?')})
        self.assertRaises(BackendError, running.containers, machine,
                          ('podman', 'docker'))


class LayoutTest(testtools.TestCase):

    PATHS = {name: f'/etc/{name}' for name in running.READERS}

    def made(self, *names):
        return running.layout(
            self.PATHS, [Service(name, (), ()) for name in names], sudo=True)

    def test_only_the_files_of_what_runs(self):
        layout = self.made('nova-compute')
        self.assertEqual({'nova-compute.conf': '/etc/nova-compute.conf'},
                         layout.files)
        self.assertEqual(['nova-compute'], list(layout.services))
        self.assertTrue(layout.sudo)

    def test_nothing_runs(self):
        layout = self.made()
        self.assertEqual(({}, {}), (layout.files, layout.services))

    def test_every_file_of_the_catalogue_has_a_reader(self):
        """A file that no deployment can place fails at its first use."""
        from doctor_core.installers.preparing import catalogue
        from doctor_core.model import Need
        edits = catalogue.edits_for(list(Need))
        named = {name for edit in edits
                 for name in (edit.file, edit.shipped) if name}
        self.assertEqual(set(), named - set(running.READERS))
        for edit in edits:
            self.assertNotEqual(
                set(), set(edit.services) & set(running.READERS[edit.file]),
                edit.file)


class PresentTest(testtools.TestCase):

    PATHS = {'nova-policy.yaml': '/n/policy.yaml', 'other': '/other'}

    def policy(self, *files):
        paths = running.present(FakeMachine(dict.fromkeys(files, '')),
                                self.PATHS)
        self.assertEqual('/other', paths['other'])
        return paths['nova-policy.yaml']

    def test_the_policy_file_that_is_read(self):
        self.assertEqual('/n/policy.yaml', self.policy())
        self.assertEqual('/n/policy.yaml', self.policy('/n/policy.yaml'))
        self.assertEqual('/n/policy.json', self.policy('/n/policy.json'))
        self.assertEqual('/n/policy.yaml', self.policy(
            '/n/policy.json', '/n/policy.yaml'))


class TransportUrlTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def url(self, *machines):
        nodes = [Node(f'ctl-{number}', 'controller', '')
                 for number in range(len(machines))]
        return running.transport_url(
            nodes, dict(zip(nodes, machines, strict=True)).__getitem__,
            lambda _machine: '/nova.conf')

    def test_of_the_first_that_tells(self):
        told = FakeMachine({'/nova.conf': CONF}, {
            'getent ahosts ctl': '192.0.2.1  STREAM ctl\n192.0.2.1  DGRAM\n'})
        self.assertEqual('rabbit://u:p@192.0.2.1:5672/', self.url(
            FakeMachine(), FakeMachine({'/nova.conf': '[DEFAULT]\n'}), told))
        self.assertIn('Controller ctl-0', self.log.output)
        self.assertIn('Controller ctl-1', self.log.output)
        self.assertNotIn(URL, self.log.output)

    def test_a_name_that_the_node_does_not_know_stays(self):
        self.assertEqual(URL, self.url(FakeMachine({'/nova.conf': CONF})))

    def test_nobody_tells(self):
        error = self.assertRaises(
            BackendError, self.url, FakeMachine({'/nova.conf': ''}))
        self.assertIn('names no transport_url', str(error))
        self.assertIn('No controller', str(self.assertRaises(
            BackendError, self.url)))


class ListedTest(testtools.TestCase):

    def test_the_double_writes_as_systemctl_does(self):
        machine = FakeMachine(commands={UNITS: units('a@b', 'c')})
        self.assertEqual({'a@b', 'c'}, running.units(machine))
