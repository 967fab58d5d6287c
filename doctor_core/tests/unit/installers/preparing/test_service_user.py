"""Doctor's own user in Keystone, on the embedded cloud's Keystone."""

import copy
import os
import stat

import fixtures
import testtools
import yaml

from doctor_core import conf as doctor_conf
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.installers import settings
from doctor_core.installers.preparing import service_user
from doctor_core.installers.preparing.keystone_parts import SERVICE_TYPE, Wish
from doctor_core.runner import Runner
from doctor_core.tests.unit.embedded.inprocess import Client

URL = 'http://192.0.2.7:12345'
KINDS = ('users', 'roles', 'services', 'endpoints', 'projects', 'regions')


class Admin:
    """A cloud whose requests go straight to the embedded Keystone.

    :ivar cut: how many changes are made before the line is cut at the next
        one; None to leave it.
    :ivar arrives: whether that one is made nevertheless.
    """

    def __init__(self, client):
        self._client = client
        self.cut = None
        self.arrives = False
        self.closed = 0

    def send(self, method, service_type, path, body=None):
        cut = self.cut == 0 and method != 'GET'
        if self.cut and method != 'GET':
            self.cut -= 1
        if cut and not self.arrives:
            raise CloudError('cut', recoverable=True)
        answer = self._client.ask(method, f'/identity/v3{path}', body)
        if cut:
            raise CloudError('cut', recoverable=True)
        if answer.status >= 400:
            raise CloudError(f'{method} {path}: {answer.text}',
                             status=answer.status)
        return answer.json

    def get(self, service_type, path):
        return self.send('GET', service_type, path)

    def post(self, service_type, path, body):
        return self.send('POST', service_type, path, body)

    def put(self, service_type, path):
        return self.send('PUT', service_type, path)

    def delete(self, service_type, path):
        return self.send('DELETE', service_type, path)

    def domain_id(self):
        return 'default'

    def region_name(self):
        return ''

    def auth_url(self):
        return 'http://cloud.test/identity'

    def close(self):
        self.closed += 1


class Disk(Runner):
    """Files of this machine, without a process for each step."""

    def execute(self, argv, *, input=None, timeout_s=0.0):
        raise NotImplementedError(argv)

    def get_optional(self, path):
        try:
            with open(path, 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return None

    def put(self, path, content, mode=None, owner=None):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                          mode), 'wb') as file:
            file.write(content)

    def remove(self, path):
        if os.path.exists(path):
            os.remove(path)

    def mkdir(self, path, mode=0o755):
        os.makedirs(path, mode, exist_ok=True)


class ServiceUserTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.admin = Admin(self.client)
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.before = self.listed()

    def change(self, password='', url=URL, project='service', folder=''):
        return service_user.ServiceUser(
            Wish('doctor', project, password, url, folder or self.folder),
            lambda: self.admin, Disk())

    def cut(self, step, arrives, act):
        """Cut the line in the middle of an act."""
        self.admin.cut, self.admin.arrives = step, arrives
        self.assertRaises(CloudError, act)
        self.admin.cut = None

    def listed(self):
        """All that Keystone has, and who may do what."""
        found = {kind: self.admin.get('identity', f'/{kind}')[kind]
                 for kind in KINDS}
        found['grants'] = self.admin.get(
            'identity', '/role_assignments')['role_assignments']
        return copy.deepcopy(found)

    def token(self):
        path = os.path.join(self.folder, 'doctor-clouds.yaml')
        with open(path, encoding='utf-8') as file:
            auth = yaml.safe_load(file)['clouds']['doctor']['auth']
        return self.client.ask('POST', '/identity/v3/auth/tokens', {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': auth['username'], 'password': auth['password'],
                'domain': {'id': auth['user_domain_id']}}}},
            'scope': {'project': {
                'name': auth['project_name'],
                'domain': {'id': auth['project_domain_id']}}}}})

    def test_the_user_can_log_in_and_is_in_the_catalogue(self):
        self.assertFalse(self.change().apply())
        token = self.token().json['token']
        self.assertIn('admin', [role['name'] for role in token['roles']])
        service, = [one for one in token['catalog']
                    if one['type'] == SERVICE_TYPE]
        self.assertEqual(
            {(interface, URL, 'RegionOne') for interface
             in ('public', 'internal', 'admin')},
            {(one['interface'], one['url'], one['region_id'])
             for one in service['endpoints']})

    def test_what_holds_the_password_is_its_owners(self):
        self.change().apply()
        self.assertEqual(
            {0o600}, {stat.S_IMODE(os.stat(os.path.join(
                self.folder, name)).st_mode)
                for name in os.listdir(self.folder)})

    def test_no_password_is_said(self):
        change = self.change(password='very secret')
        plan = change.plan()
        change.apply()
        self.assertNotIn('very secret', plan + change.plan())
        self.assertNotIn('very secret', repr(change._wish))
        self.assertEqual(201, self.token().status)

    def test_the_plan_says_what_is_missing(self):
        change = self.change()
        self.assertEqual(
            ['+ user doctor',
             '+ role admin of user doctor in project service',
             '+ service doctor of type fault-management',
             f'+ public endpoint {URL}', f'+ internal endpoint {URL}',
             f'+ admin endpoint {URL}'], change.plan().splitlines())
        self.assertEqual(self.before, self.listed())
        change.apply()
        self.assertEqual('', change.plan())

    def test_twice_is_once(self):
        change = self.change()
        self.assertFalse(change.is_applied())
        change.apply()
        self.assertTrue(change.is_applied())
        once = self.listed()
        self.change().apply()
        self.assertEqual(once, self.listed())

    def test_undo_leaves_nothing(self):
        self.change().apply()
        self.change().undo()
        self.assertEqual(self.before, self.listed())
        self.assertEqual([], os.listdir(self.folder))
        self.change().undo()
        self.assertEqual(self.before, self.listed())

    def test_a_404_of_something_between_is_not_keystones(self):
        """The undo said that all was deleted, and nothing was."""
        self.change().apply()

        def delete(*_args):
            raise CloudError('between', status=404, recoverable=True)
        self.admin.delete = delete
        self.assertRaises(CloudError, self.change().undo)

    def test_undo_from_another_machine(self):
        self.change().apply()
        elsewhere = self.useFixture(fixtures.TempDir()).path
        self.change(folder=elsewhere).undo()
        self.assertEqual(self.before, self.listed())

    def test_what_was_there_is_left(self):
        self.admin.post('identity', '/users', {'user': {'name': 'doctor'}})
        service = self.admin.post('identity', '/services', {'service': {
            'type': SERVICE_TYPE}})['service']
        self.admin.post('identity', '/endpoints', {'endpoint': {
            'service_id': service['id'], 'interface': 'public',
            'url': URL}})
        before = self.listed()
        self.change().apply()
        self.assertTrue(self.change().is_applied())
        self.change().undo()
        self.assertEqual(before, self.listed())

    def test_of_what_an_earlier_one_made_nothing_is_undone(self):
        self.change().apply()
        made = self.listed()
        self.admin.delete(
            'identity', f'/endpoints/{made["endpoints"][-1]["id"]}')
        without = self.listed()
        change = self.change()
        change.apply()
        change.undo()
        self.assertEqual(without, self.listed())
        self.change().undo()
        self.assertEqual(self.before, self.listed())

    def test_an_interruption_anywhere_is_undone(self):
        """Whether Keystone had done it or not when the line was cut."""
        for arrives in (False, True):
            for step in range(6):
                change = self.change()
                self.cut(step, arrives, change.apply)
                for undoing in (change, self.change()):
                    undoing.undo()
                    self.assertEqual(self.before, self.listed())
                    self.assertEqual([], os.listdir(self.folder))

    def test_an_interrupted_undo_is_gone_on_with(self):
        for arrives in (False, True):
            for step in range(6):
                self.change().apply()
                self.cut(step, arrives, self.change().undo)
                self.change().undo()
                self.assertEqual(self.before, self.listed())
                self.assertEqual([], os.listdir(self.folder))

    def test_an_interruption_is_gone_on_from(self):
        self.cut(3, True, self.change().apply)
        self.change().apply()
        self.assertTrue(self.change().is_applied())
        self.assertEqual(201, self.token().status)
        self.change().undo()
        self.assertEqual(self.before, self.listed())

    def test_an_inspector_that_moved(self):
        self.change().apply()
        moved = self.change(url='http://192.0.2.8:12345')
        self.assertFalse(moved.is_applied())
        moved.apply()
        self.assertEqual(
            {'http://192.0.2.8:12345'},
            {one['url'] for one in self.listed()['endpoints']
             if '12345' in one['url']})

    def test_an_endpoint_of_somebody_else_is_not_moved(self):
        service = self.admin.post('identity', '/services', {'service': {
            'type': SERVICE_TYPE}})['service']
        self.admin.post('identity', '/endpoints', {'endpoint': {
            'service_id': service['id'], 'interface': 'public',
            'url': 'http://theirs'}})
        error = self.assertRaises(ConfigError, self.change().apply)
        self.assertIn('service_url', str(error))

    def test_a_project_that_is_not_there(self):
        error = self.assertRaises(ConfigError,
                                  self.change(project='services').plan)
        self.assertIn('service_project', str(error))

    def test_which_region_of_several(self):
        self.admin.post('identity', '/regions', {'region': {'id': 'two'}})
        error = self.assertRaises(ConfigError, self.change().apply)
        self.assertIn('RegionOne, two', str(error))

    def test_a_record_that_is_none(self):
        with open(os.path.join(self.folder, 'service-user.json'), 'w',
                  encoding='utf-8') as file:
            file.write('{')
        self.assertRaises(ConfigError, self.change().apply)

    def test_each_connection_is_closed(self):
        self.change().apply()
        self.change().plan()
        self.assertEqual(2, self.admin.closed)


class WishTest(testtools.TestCase):

    def wish(self, **inspector):
        return service_user.wish(settings.settings(doctor_conf.prepare(
            [], {('inspector', name): value
                 for name, value in inspector.items()})))

    def test_the_url_is_that_of_the_intake(self):
        for options, url in (
                ({'host': '192.0.2.7'}, 'http://192.0.2.7:12345'),
                ({'host': '2001:db8::7', 'tls_cert': 'x', 'port': 1},
                 'https://[2001:db8::7]:1')):
            self.assertEqual(url, self.wish(**options).url)

    def test_an_intake_that_is_everywhere_has_no_url(self):
        for host in ('0.0.0.0', '::'):
            error = self.assertRaises(ConfigError, self.wish, host=host)
            self.assertIn('service_url', str(error))
