"""What Doctor relies on in a cloud, as tests that run against any.

The parts are in ``contract_cloud_identity``, ``_compute``, ``_image``,
``_network`` and ``_notifications``. A test class mixes one in and says where
the cloud is: an administrator's entry of a clouds.yaml, by ``OS_CLOUD`` in
the environment (and ``OS_CLIENT_CONFIG_FILE``), as the OpenStack client takes
it. Everything else the suite makes itself, and takes down again.

What no API offers is left to the mixing class, and skipped without it:
:attr:`fail_host` and :attr:`heal_host`, and :attr:`transport_url`.
"""

import contextlib
import os
import uuid

import openstack

from doctor_core import clock

#: Seconds for a cloud that is busy.
PATIENCE_S = 120
#: The oldest microversion with all that Doctor and its scenarios use.
COMPUTE = '2.74'


def eventually(look, what):
    """What is seen once it is there."""
    return clock.wait_for(look, clock.Deadline(PATIENCE_S), what=what,
                          interval_s=0.2)


class Tenant:
    """Requests of one user, whatever is answered."""

    def __init__(self, connection):
        self.connection = connection
        self.project_id = connection.current_project_id

    def compute(self, method, path, body=None, version=COMPUTE):
        return self.connection.compute.request(
            path, method, json=body, raise_exc=False, microversion=version)

    def network(self, method, path, body=None):
        return self.connection.network.request(
            path, method, json=body, raise_exc=False)

    def identity(self, method, path, body=None, **headers):
        return self.connection.identity.request(
            path, method, json=body, raise_exc=False, headers=headers)

    def image(self, method, path, **sent):
        return self.connection.image.request(path, method, raise_exc=False,
                                             **sent)

    def alarm(self, method, path, body=None):
        """Aodh, under either name that catalogues have for it."""
        session = self.connection.session
        for service_type in ('alarming', 'alarm'):
            url = session.get_endpoint(
                service_type=service_type,
                interface=self.connection.config.interface,
                region_name=self.connection.config.region_name)
            if url:
                return session.request(f'{url.rstrip("/")}/v2{path}', method,
                                       json=body, raise_exc=False)
        raise AssertionError('the cloud has no Aodh')


class CloudApiContract:
    """The contract; to be mixed into a ``testtools.TestCase``."""

    #: ``fail_host(name)`` makes a compute host dead; None where that cannot
    #: be done.
    fail_host = None
    #: ``heal_host(name)`` brings it back, with a new nova-compute.
    heal_host = None
    #: The bus on which Nova sends its notifications; empty for none.
    transport_url = ''

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with contextlib.ExitStack() as stack:
            cls.admin = Tenant(stack.enter_context(contextlib.closing(
                openstack.connect(cloud=os.environ['OS_CLOUD']))))
            cls.stack = stack
            cls.member, cls.stranger = (cls.make_tenant(name)
                                        for name in ('owner', 'stranger'))
            cls.flavor_id = cls.make_flavor()
            cls.network_id = cls.make_network()
            cls.image_id = cls.find_image()
            cls.stack = stack.pop_all()

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()
        super().tearDownClass()

    @classmethod
    def made(cls, service, path, member, body):
        """Something that goes away at the end."""
        ask = getattr(cls.admin, service)
        answer = ask('POST', path, {member: body})
        if answer.status_code not in (200, 201):
            raise AssertionError(f'POST {path}: {answer.text}')
        entity = answer.json()[member]
        cls.stack.callback(ask, 'DELETE', f'{path}/{entity["id"]}')
        return entity

    @classmethod
    def make_tenant(cls, name):
        name = f'doctor-{name}-{uuid.uuid4().hex[:8]}'
        domain = cls.admin.identity('GET', '/projects/'
                                    + cls.admin.project_id
                                    ).json()['project']['domain_id']
        project = cls.made('identity', '/projects', 'project',
                           {'name': name, 'domain_id': domain})
        user = cls.made('identity', '/users', 'user', {
            'name': name, 'domain_id': domain, 'password': name})
        answer = cls.admin.identity(
            'PUT', f'/projects/{project["id"]}/users/{user["id"]}/roles/'
            + cls.role('member'))
        assert answer.status_code == 204, answer.text
        config = cls.admin.connection.config
        connection = openstack.connect(
            auth={'auth_url': config.auth['auth_url'],
                  'user_id': user['id'], 'password': name,
                  'project_id': project['id']},
            region_name=config.region_name, interface=config.interface,
            identity_api_version='3')
        cls.stack.callback(connection.close)
        return Tenant(connection)

    @classmethod
    def role(cls, name):
        roles = cls.admin.identity('GET', f'/roles?name={name}').json()
        return roles['roles'][0]['id']

    @classmethod
    def make_flavor(cls):
        return cls.made('compute', '/flavors', 'flavor', {
            'name': f'doctor-{uuid.uuid4().hex[:8]}', 'ram': 64, 'vcpus': 1,
            'disk': 1})['id']

    @classmethod
    def make_network(cls):
        network = cls.made('network', '/networks', 'network', {
            'name': 'doctor-contract', 'project_id': cls.member.project_id})
        cls.made('network', '/subnets', 'subnet', {
            'network_id': network['id'], 'ip_version': 4,
            'cidr': '192.168.168.0/24',
            'project_id': cls.member.project_id})
        return network['id']

    @classmethod
    def find_image(cls):
        images = cls.admin.image(
            'GET', '/images?status=active&visibility=public').json()
        return images['images'][0]['id']

    # Words of the tests

    def check(self, status, answer):
        """The decoded answer, which has to have this status.

        Only what the services do not refuse is JSON always.
        """
        self.assertEqual(status, answer.status_code, answer.text)
        return answer.json() if answer.ok and answer.content else None

    def hosts(self):
        """The compute hosts that can be used."""
        services = self.check(200, self.admin.compute(
            'GET', '/os-services?binary=nova-compute'))['services']
        return [service for service in services
                if service['state'] == 'up' and service['status'] == 'enabled'
                and not service['forced_down']]

    def boot(self, name='doctor-contract'):
        """An active server of the member; gone after the test."""
        answer = self.check(202, self.member.compute('POST', '/servers', {
            'server': {'name': name, 'flavorRef': self.flavor_id,
                       'imageRef': self.image_id,
                       'networks': [{'uuid': self.network_id}]}}))
        server_id = answer['server']['id']
        self.addCleanup(self.delete, server_id)
        return self.wait_for_status(server_id, 'ACTIVE')

    def delete(self, server_id):
        self.member.compute('DELETE', f'/servers/{server_id}')
        eventually(lambda: self.member.compute(
            'GET', f'/servers/{server_id}').status_code == 404,
            'the server to be gone')

    def show(self, server_id, tenant=None, version=COMPUTE):
        return self.check(200, (tenant or self.admin).compute(
            'GET', f'/servers/{server_id}', version=version))['server']

    def wait_for_status(self, server_id, status):
        """The server, as an administrator sees it, in this status."""
        return eventually(
            lambda: (server := self.show(server_id))['status'] == status
            and server, f'server {server_id} to become {status}')

    def act(self, server, action, arguments, tenant=None):
        return (tenant or self.admin).compute(
            'POST', f'/servers/{server["id"]}/action', {action: arguments})

    def service(self, host):
        return self.check(200, self.admin.compute(
            'GET', f'/os-services?binary=nova-compute&host={host}')
        )['services'][0]

    def put_service(self, host, **fields):
        return self.admin.compute(
            'PUT', f'/os-services/{self.service(host)["id"]}', fields)

    def force_down(self, host):
        """Have a host forced down, and back up after the test."""
        self.addCleanup(self.put_service, host, forced_down=False)
        return self.check(200, self.put_service(host, forced_down=True))

    def port_of(self, server, tenant=None):
        return self.check(200, (tenant or self.admin).network(
            'GET', f'/ports?device_id={server["id"]}'))['ports'][0]


def host_of(server):
    return server['OS-EXT-SRV-ATTR:host']
