import testtools

from doctor_core.tests.unit.embedded.inprocess import URL, Client

DOMAIN = {'id': 'default'}


class AuthenticationTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def authenticate(self, identity=None, scope=None, **user):
        identity = identity or {'methods': ['password'], 'password': {
            'user': {'name': 'demo', 'domain': DOMAIN,
                     'password': 'secret of demo', **user}}}
        auth = {'identity': identity} | ({'scope': scope} if scope else {})
        return self.client.ask('POST', '/identity/v3/auth/tokens',
                               {'auth': auth}, token='')

    def test_the_default_scope_is_the_users_project(self):
        answer = self.authenticate()
        self.assertEqual(201, answer.status)
        self.assertEqual('demo', answer.json['token']['project']['name'])

    def test_no_scope_on_request(self):
        self.assertNotIn('project', self.authenticate(
            scope='unscoped').json['token'])

    def test_a_project_by_name_by_id_and_the_system(self):
        project = self.authenticate().json['token']['project']
        for scope in ({'project': {'id': project['id']}},
                      {'project': {'name': 'demo', 'domain':
                                   {'name': 'Default'}}}):
            self.assertEqual(project, self.authenticate(
                scope=scope).json['token']['project'])
        self.assertEqual({'all': True}, self.authenticate(
            scope={'system': {'all': True}}, name='admin',
            password='secret of admin').json['token']['system'])

    def test_what_is_wrong_is_401(self):
        for answer in (
                self.authenticate(password='wrong'),
                self.authenticate(name='nobody'),
                self.authenticate(domain={'id': 'nowhere'}),
                self.authenticate(scope={'project': {'id': 'nothing'}}),
                self.authenticate(scope={'project': {
                    'name': 'admin', 'domain': DOMAIN}}),
                self.authenticate(scope={'domain': DOMAIN}),
                self.authenticate(scope={'system': {'all': True}}),
                self.authenticate({'methods': ['totp'], 'totp': {}}),
                self.authenticate({'methods': ['token'],
                                   'token': {'id': 'none'}})):
            self.assertEqual(401, answer.status, answer.text)

    def test_what_is_malformed_is_400(self):
        for answer in (
                self.authenticate({'methods': 'password'}),
                self.authenticate({'methods': ['password'],
                                   'password': {'user': 7}}),
                self.authenticate(password=7),
                self.authenticate(scope={'moon': {}})):
            self.assertEqual(400, answer.status, answer.text)

    def test_a_token_buys_another(self):
        answer = self.authenticate(
            {'methods': ['token'], 'token': {'id': self.client.member}},
            scope={'project': {'name': 'demo', 'domain': DOMAIN}})
        self.assertEqual(201, answer.status)
        self.assertEqual('demo', answer.json['token']['project']['name'])

    def test_the_catalogue_is_left_out_on_request(self):
        answer = self.client.ask(
            'GET', '/identity/v3/auth/tokens?nocatalog', headers={
                'X-Subject-Token': self.client.member})
        self.assertEqual(200, answer.status)
        self.assertNotIn('catalog', answer.json['token'])

    def subject(self, method, subject, token=None):
        return self.client.ask(method, '/identity/v3/auth/tokens',
                               token=token,
                               headers={'X-Subject-Token': subject}).status

    def test_who_may_look_at_a_token(self):
        client = self.client
        self.assertEqual([200, 200, 403, 404, 401], [
            self.subject('GET', client.member),
            self.subject('HEAD', client.member, client.member),
            self.subject('GET', client.admin, client.member),
            self.subject('GET', 'none'),
            self.subject('GET', client.member, 'none')])

    def test_a_revoked_token_is_no_more(self):
        self.assertEqual(204, self.subject('DELETE', self.client.member))
        self.assertEqual(404, self.subject('GET', self.client.member))
        self.assertEqual(401, self.client.nova(
            'GET', '/servers', token=self.client.member).status)

    def test_discovery_leads_to_v3(self):
        answer = self.client.ask('GET', '/identity/', token='')
        self.assertEqual(300, answer.status)
        version = self.client.ask('GET', '/identity/v3', token='').json
        self.assertEqual([version['version']],
                         answer.json['versions']['values'])
        self.assertEqual(f'{URL}/identity/v3/',
                         version['version']['links'][0]['href'])

    def test_ones_own_projects(self):
        token = self.client.member
        user_id = self.authenticate().json['token']['user']['id']
        for path in ('/auth/projects', f'/users/{user_id}/projects'):
            self.assertEqual(['demo'], [
                project['name'] for project in self.client.ask(
                    'GET', f'/identity/v3{path}', token=token
                ).json['projects']])
        self.assertEqual(403, self.client.ask(
            'GET', '/identity/v3/users/other/projects', token=token).status)
        self.assertEqual([], self.client.ask(
            'GET', '/identity/v3/auth/domains', token=token
        ).json['domains'])
