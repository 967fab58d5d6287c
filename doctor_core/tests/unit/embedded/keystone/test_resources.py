import testtools

from doctor_core.tests.unit.embedded.inprocess import URL, Client


class ResourcesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def ask(self, method, path, body=None, **options):
        return self.client.ask(method, f'/identity/v3{path}', body,
                               **options)

    def made(self, kind, **fields):
        return self.client.made(f'/identity/v3/{kind}s', kind, fields)

    def names(self, path):
        answer = self.ask('GET', path).json
        return [entity['name'] for entity
                in answer[path[1:].partition('?')[0]]]

    def test_a_project_lives(self):
        project = self.made('project', name='p', description='d')
        path = f'/projects/{project["id"]}'
        self.assertEqual(f'{URL}/identity/v3{path}',
                         project['links']['self'])
        self.assertEqual(('default', True, 'd'), (
            project['domain_id'], project['enabled'],
            project['description']))
        changed = self.ask('PATCH', path, {'project': {'enabled': False}})
        self.assertEqual(project | {'enabled': False},
                         changed.json['project'])
        self.assertEqual(204, self.ask('DELETE', path).status)
        self.assertEqual(404, self.ask('GET', path).status)
        self.assertEqual(404, self.ask('DELETE', path).status)

    def test_lists_are_filtered(self):
        self.made('project', name='off', enabled=False)
        self.assertEqual(['service', 'admin', 'demo', 'off'],
                         self.names('/projects'))
        self.assertEqual(['demo'], self.names('/projects?name=demo'))
        self.assertEqual(['off'], self.names('/projects?enabled=false'))
        self.assertEqual([], self.names('/projects?domain_id=nowhere'))

    def test_a_name_is_taken_once_in_a_domain(self):
        self.assertEqual(409, self.ask('POST', '/projects', {
            'project': {'name': 'demo'}}).status)
        domain = self.made('domain', name='d')
        project = self.made('project', name='demo', domain_id=domain['id'])
        self.assertEqual(409, self.ask(
            'PATCH', f'/projects/{project["id"]}',
            {'project': {'domain_id': 'default'}}).status)

    def test_the_same_name_again_is_no_conflict_with_itself(self):
        project = self.made('project', name='p')
        self.assertEqual(200, self.ask(
            'PATCH', f'/projects/{project["id"]}',
            {'project': {'name': 'p'}}).status)

    def test_a_password_is_never_shown_and_can_be_changed(self):
        user = self.made('user', name='u', password='one',
                         default_project_id='p')
        self.assertNotIn('password', user)
        self.ask('PATCH', f'/users/{user["id"]}',
                 {'user': {'password': 'two'}})
        body = {'auth': {'identity': {
            'methods': ['password'], 'password': {'user': {
                'id': user['id'], 'password': 'two'}}}}}
        self.assertEqual(201, self.ask('POST', '/auth/tokens', body).status)

    def test_what_is_wrong_is_refused(self):
        for path, body in (
                ('/projects', {'project': {}}),
                ('/projects', {'project': {'name': ''}}),
                ('/projects', {'project': {'name': 7}}),
                ('/projects', {'user': {'name': 'x'}}),
                ('/endpoints', {'endpoint': {
                    'interface': 'public', 'url': 'x',
                    'service_id': 'none'}})):
            self.assertEqual(400, self.ask('POST', path, body).status)

    def test_an_enabled_domain_stays(self):
        domain = self.made('domain', name='d')
        path = f'/domains/{domain["id"]}'
        self.assertEqual(403, self.ask('DELETE', path).status)
        self.ask('PATCH', path, {'domain': {'enabled': False}})
        self.assertEqual(204, self.ask('DELETE', path).status)

    def test_a_plain_user_sees_oneself_and_ones_project(self):
        token = self.client.member
        shown = self.client.ask('GET', '/identity/v3/auth/tokens', headers={
            'X-Subject-Token': token}).json['token']
        for kind in ('user', 'project'):
            self.assertEqual(200, self.ask(
                'GET', f'/{kind}s/{shown[kind]["id"]}',
                token=token).status)
            self.assertEqual(403, self.ask(
                'GET', f'/{kind}s/other', token=token).status)
            self.assertEqual(403, self.ask(
                'GET', f'/{kind}s', token=token).status)

    def test_an_endpoint_reaches_the_catalogue(self):
        service = self.made('service', type='metering', name='m')
        self.made('endpoint', interface='public', url='http://m',
                  service_id=service['id'])
        catalog = self.ask('GET', '/auth/catalog').json['catalog']
        self.assertEqual('http://m', catalog[-1]['endpoints'][0]['url'])
        self.assertEqual('RegionOne', catalog[-1]['endpoints'][0]['region'])
