"""Doctor's daemons on a bed, and what they are to bring about there."""

import json
import uuid

import fixtures
import openstack
import testtools

from doctor_core import clock
from doctor_core.consumers.sample import SampleConsumer
from doctor_core.fixtures import options as options_for
from doctor_core.tests.contract_cloud_api import (
    PATIENCE_S,
    CloudApiContract,
    Tenant,
    host_of,
)
from doctor_core.tests.e2e.bed import BedCase
from doctor_core.tests.functional.daemons import Process, run

READY = r'doctor-inspector is ready: .* (http://127\.0\.0\.1:\d+)/events'


class InspectedCase(BedCase, CloudApiContract, testtools.TestCase):
    """A host with servers of a plain member, their alarms, and an inspector.

    :cvar host: the host.
    :cvar servers: the servers, as an administrator sees them.
    """

    SERVERS = 5

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.servers = []
        cls.stack.callback(cls.delete_servers)
        try:
            cls.patron = cls.make_patron()
            cls.host = cls.up_hosts()[0]
            cls.boot_on(cls.host, cls.SERVERS)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def make_patron(cls):
        """The administrator, in the member's project: may name a host."""
        config = cls.admin.connection.config
        cls.admin.identity(
            'PUT', f'/projects/{cls.member.project_id}/users/'
            f'{cls.admin.connection.current_user_id}/roles/'
            + cls.role('admin'))
        auth = {name: value for name, value in config.auth.items()
                if not name.startswith('project_')}
        connection = openstack.connect(
            auth={**auth, 'project_id': cls.member.project_id},
            region_name=config.region_name, interface=config.interface,
            identity_api_version='3')
        cls.stack.callback(connection.close)
        return Tenant(connection)

    @classmethod
    def up_hosts(cls):
        """The hosts that can be used, once all can."""
        def ready():
            services = cls.admin.compute(
                'GET', '/os-services?binary=nova-compute').json()['services']
            return all(service['state'] == 'up' and not service['forced_down']
                       for service in services) and sorted(
                           service['host'] for service in services)
        return patiently(ready, 'all hosts to be up')

    @classmethod
    def boot_on(cls, host, count):
        """Add servers of the member on a host, active."""
        made = [cls.patron.compute('POST', '/servers', {'server': {
            'name': f'doctor-{index}', 'host': host,
            'flavorRef': cls.flavor_id, 'imageRef': cls.image_id,
            'networks': [{'uuid': cls.network_id}]}})
            for index in range(count)]
        for answer in made:
            assert answer.status_code == 202, answer.text
        cls.servers += [answer.json()['server'] for answer in made]
        patiently(lambda: {'ACTIVE'} == {
            server['status'] for server in cls.look()},
            'the servers to be active')
        cls.servers = cls.look()
        assert {host_of(server) for server in cls.servers} == {host}

    @classmethod
    def delete_servers(cls):
        for server in cls.servers:
            cls.patron.compute('DELETE', f'/servers/{server["id"]}')
        patiently(lambda: not cls.look(), 'the servers to be gone')

    @classmethod
    def look(cls):
        """The member's servers, as an administrator sees them."""
        return cls.patron.compute('GET', '/servers/detail').json()['servers']

    def setUp(self):
        super().setUp()
        self.temporary = self.useFixture(fixtures.TempDir())
        self.stopped = []
        self.addCleanup(self.restore)
        self.consumer = SampleConsumer(options_for(SampleConsumer, port=0))
        self.webhook = self.consumer.start()
        self.addCleanup(self.consumer.stop)

    def restore(self):
        """Leave services, host and servers as they were; Doctor has ended,
        but what it has asked for may still be under way.
        """
        for name in self.stopped:
            self.bed('start', name)
        patiently(self.is_restored, 'host and servers to be as before')
        self.up_hosts()

    def is_restored(self):
        forced_down, _, _ = before = self.picture()
        if forced_down:
            self.put_service(self.host, forced_down=False)
        for server in self.look():
            if server['status'] != 'ACTIVE':
                self.act(server, 'os-resetState', {'state': 'active'})
        for port in self.ports():
            if port['data_plane_status'] == 'DOWN':
                self.admin.network(
                    'PUT', f'/ports/{port["id"]}',
                    {'port': {'data_plane_status': 'ACTIVE'}})
        return before[:2] == (False, {'ACTIVE'}) and 'DOWN' not in before[2]

    # The bed's own processes

    def fail_host(self, name):
        """It is healed again afterwards."""
        self.addCleanup(self.heal_host, name)
        super().fail_host(name)

    def stop(self, *names):
        """Stop services of the bed; they are started again afterwards."""
        self.stopped += names
        for name in names:
            self.bed('stop', name)

    def start(self, *names):
        for name in names:
            self.bed('start', name)

    # Doctor's

    def configure(self, **sections):
        """A configuration to be read after the bed's own."""
        values = {
            'DEFAULT': {'state_path': self.temporary.join('state')},
            'cloud': {'retry_for_s': 5},
            # The queue of another test's faults is none of ours.
            'bus': {'topic': f'doctor.faults.{uuid.uuid4().hex}'},
            'inspector': {'port': 0, 'auth_strategy': 'keystone'},
        }
        for section, options in sections.items():
            values.setdefault(section, {}).update(options)
        self.conf = self.temporary.join('doctor.conf')
        with open(self.conf, 'w', encoding='utf-8') as file:
            for section, options in values.items():
                file.write(f'[{section}]\n')
                file.writelines(f'{name} = {value}\n'
                                for name, value in options.items())

    def daemon(self, name, ready):
        process = self.useFixture(Process(
            name, '--config-file', self.folder / 'doctor.conf',
            '--config-file', self.conf, ready=ready))
        self.addOnException(lambda _info: self.addDetail(
            name, testtools.content.text_content(process.output)))
        return process

    def inspector(self, **sections):
        """Start an inspector; configured anew if anything is given."""
        if sections or not hasattr(self, 'conf'):
            self.configure(**sections)
        process = self.daemon('doctor-inspector', READY)
        self.url = process.match.group(1)
        return process

    def ask(self, method, path, body=None, tenant=None):
        session = (tenant or self.admin).connection.session
        return session.request(self.url + path, method, json=body,
                               raise_exc=False)

    def post(self, status='down', host='', expect=202):
        """Post an event as an outside monitor does; the fault's id."""
        answer = self.check(expect, self.ask('POST', '/events', {
            'time': '2026-01-01T00:00:00', 'type': f'compute.host.{status}',
            'details': {'hostname': host or self.host, 'status': status,
                        'monitor': 'e2e', 'monitor_event_id': '1'}}))
        return answer['faults'][0]['id'] if expect == 202 else None

    def doctor_faults(self, *words):
        """What the command ``doctor faults`` writes, as JSON."""
        return run('doctor', 'faults', *words, '--format', 'json',
                   '--inspector-url', self.url, '--os-cloud', 'bed',
                   status=0, environment={
                       'OS_CLIENT_CONFIG_FILE':
                       str(self.folder / 'clouds.yaml')}).stdout

    def fault(self, fault_id):
        """What an operator is shown of a fault."""
        return json.loads(self.doctor_faults('show', fault_id))

    def wait_for_state(self, fault_id, state):
        def reached():
            # There is none before the bus has handed the event over.
            answer = self.ask('GET', f'/faults/{fault_id}')
            return answer.status_code == 200 \
                and answer.json()['fault']['state'] == state
        patiently(reached, f'the fault to be {state}')

    # The owners

    def ids(self):
        return {server['id'] for server in self.servers}

    def alarm(self, server_id, state):
        return {
            'name': f'doctor-{server_id}-{state}', 'type': 'event',
            'alarm_actions': [self.webhook], 'repeat_actions': False,
            'event_rule': {
                'event_type': 'compute.instance.update',
                'query': [
                    {'field': 'traits.instance_id', 'type': '', 'op': 'eq',
                     'value': server_id},
                    {'field': 'traits.state', 'type': '', 'op': 'eq',
                     'value': state}]}}

    def subscribe(self, *states):
        """An alarm in the inspector for each server, made by the member.

        :param states: of the servers; in error by default.
        """
        for server_id in self.ids():
            for state in states or ('error',):
                self.check(201, self.ask('POST', '/v2/alarms', self.alarm(
                    server_id, state), self.member))

    def subscribe_in_aodh(self):
        """The same in Aodh."""
        for server_id in self.ids():
            made = self.check(201, self.member.alarm(
                'POST', '/alarms', self.alarm(server_id, 'error')))
            self.addCleanup(self.member.alarm, 'DELETE',
                            f'/alarms/{made["alarm_id"]}')

    def told(self):
        """The servers whose owners were told."""
        return {notice.server_id for notice in self.consumer.received()}

    def wait_until_all_are_told(self):
        patiently(lambda: self.told() == self.ids(),
                  'all owners to be told')

    # Nova and Neutron

    def ports(self, tenant=None):
        return self.check(200, (tenant or self.patron).network(
            'GET', '/ports?device_owner=compute:nova&project_id='
            + self.member.project_id))['ports']

    def picture(self):
        """What the cloud holds of the host, its servers and their ports."""
        return (self.service(self.host)['forced_down'],
                {server['status'] for server in self.look()},
                {port['data_plane_status'] for port in self.ports()})

    def wait_for_picture(self, *picture):
        try:
            patiently(lambda: self.picture() == picture,
                      f'the cloud to hold {picture}')
        except Exception:
            self.addDetail('picture', testtools.content.text_content(
                str(self.picture())))
            raise

    def wait_until_corrected(self):
        self.wait_for_picture(True, {'ERROR'}, {'DOWN'})

    def wait_until_reversed(self):
        self.wait_for_picture(False, {'ACTIVE'}, {'ACTIVE'})

    def check_all_is_well(self, fault_id):
        self.wait_until_all_are_told()
        self.wait_until_corrected()
        self.wait_for_state(fault_id, 'handled')


def patiently(look, what):
    """What is seen once it is there; a service that is just starting does
    not answer yet.
    """
    def looked():
        try:
            return look()
        except (openstack.exceptions.SDKException, OSError):
            return None
        except Exception as error:
            if 'keystoneauth1' not in type(error).__module__:
                raise
            return None
    return clock.wait_for(looked, clock.Deadline(PATIENCE_S), what=what,
                          interval_s=0.3)
