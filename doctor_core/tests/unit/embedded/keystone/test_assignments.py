import testtools

from doctor_core.tests.unit.embedded.inprocess import Client


class AssignmentsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.user = self.found('users', 'demo')
        self.project = self.found('projects', 'admin')
        self.role = self.found('roles', 'reader')
        self.path = (f'/projects/{self.project}/users/{self.user}/roles/'
                     f'{self.role}')

    def ask(self, method, path, **options):
        return self.client.ask(method, f'/identity/v3{path}', **options)

    def found(self, kind, name):
        return self.ask('GET', f'/{kind}?name={name}').json[kind][0]['id']

    def test_a_role_is_given_and_taken(self):
        self.assertEqual([404, 204, 204, 204, 204, 404], [
            self.ask(method, self.path).status for method in
            ('HEAD', 'PUT', 'GET', 'HEAD', 'DELETE', 'DELETE')])

    def test_given_roles_are_listed(self):
        self.ask('PUT', self.path)
        roles = self.ask('GET', self.path.rpartition('/')[0]).json['roles']
        self.assertEqual(['reader'], [role['name'] for role in roles])

    def test_a_role_on_a_domain_and_on_the_system(self):
        for target in ('/domains/default', '/system'):
            path = f'{target}/users/{self.user}/roles/{self.role}'
            self.assertEqual([204, 204], [
                self.ask(method, path).status for method in ('PUT', 'HEAD')])

    def test_what_is_unknown_is_not_found(self):
        for path in (self.path.replace(self.role, 'x'),
                     self.path.replace(self.user, 'x'),
                     self.path.replace(self.project, 'x'),
                     f'/domains/x/users/{self.user}/roles/{self.role}'):
            self.assertEqual(404, self.ask('PUT', path).status)

    def test_it_is_for_administrators(self):
        self.assertEqual(403, self.ask('PUT', self.path,
                                       token=self.client.member).status)

    def listed(self, query):
        return self.ask('GET', f'/role_assignments?{query}'
                        ).json['role_assignments']

    def test_all_are_listed_and_filtered(self):
        self.assertEqual(3, len(self.listed('')))
        mine = self.listed(f'user.id={self.user}')
        self.assertEqual([self.user], [each['user']['id'] for each in mine])
        self.assertEqual(1, len(self.listed(
            f'scope.project.id={self.project}')))
        self.assertEqual([{'system': {'all': True}}], [
            each['scope'] for each in self.listed('scope.system=all')])
        self.assertEqual([], self.listed(f'role.id={self.role}'))

    def test_names_on_request(self):
        each = self.listed(f'user.id={self.user}&include_names')[0]
        domain = {'id': 'default', 'name': 'Default'}
        self.assertEqual(('demo', domain, 'member', 'demo'), (
            each['user']['name'], each['user']['domain'],
            each['role']['name'], each['scope']['project']['name']))
