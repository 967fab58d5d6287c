"""What Doctor relies on in Keystone; see contract_cloud_api."""

import uuid

from doctor_core.tests.contract_cloud_api import CloudApiContract


class IdentityContract(CloudApiContract):
    """Keystone: who somebody is, and who may not."""

    def test_a_token_is_known_by_its_subject(self):
        token = self.member.connection.auth_token
        shown = self.check(200, self.admin.identity(
            'GET', '/auth/tokens', **{'X-Subject-Token': token}))['token']
        self.assertEqual(self.member.project_id, shown['project']['id'])
        self.assertIn('member', [role['name'] for role in shown['roles']])
        self.assertIn('compute', [service['type']
                                  for service in shown['catalog']])

    def test_a_token_is_shown_without_the_catalogue(self):
        shown = self.check(200, self.admin.identity(
            'GET', '/auth/tokens?nocatalog', **{
                'X-Subject-Token': self.member.connection.auth_token}))
        self.assertEqual(self.member.project_id,
                         shown['token']['project']['id'])
        self.assertNotIn('catalog', shown['token'])

    def test_a_token_that_is_none_is_not_found(self):
        self.check(404, self.admin.identity(
            'GET', '/auth/tokens', **{'X-Subject-Token': uuid.uuid4().hex}))

    def test_a_wrong_password_is_refused(self):
        user = {'id': self.member.connection.current_user_id,
                'password': 'wrong'}
        self.check(401, self.admin.connection.session.request(
            self.admin.connection.config.auth['auth_url'].removesuffix('/v3')
            + '/v3/auth/tokens', 'POST', authenticated=False,
            raise_exc=False, json={'auth': {'identity': {
                'methods': ['password'], 'password': {'user': user}}}}))

    def test_a_plain_user_sees_no_projects(self):
        self.check(403, self.member.identity('GET', '/projects'))

    def test_a_name_is_taken_once(self):
        project = self.check(200, self.admin.identity(
            'GET', f'/projects/{self.member.project_id}'))['project']
        self.check(409, self.admin.identity('POST', '/projects', {
            'project': {'name': project['name'],
                        'domain_id': project['domain_id']}}))

    def test_what_is_not_there_is_not_found(self):
        self.check(404, self.admin.identity(
            'GET', f'/users/{uuid.uuid4().hex}'))

    def test_a_role_is_given_and_taken(self):
        user_id = self.stranger.connection.current_user_id
        path = f'/projects/{self.member.project_id}/users/{user_id}/roles/' \
            + self.role('member')
        self.check(204, self.admin.identity('PUT', path))
        self.check(204, self.admin.identity('HEAD', path))
        self.check(204, self.admin.identity('DELETE', path))
        self.check(404, self.admin.identity('HEAD', path))

    def test_the_endpoints_of_a_service_are_its_own(self):
        """What "doctor install" asks for of the need service-user."""
        kind = f'doctor-test-{uuid.uuid4().hex}'
        service = self.check(201, self.admin.identity(
            'POST', '/services', {'service': {
                'type': kind, 'name': 'test', 'description': 'mark'}})
            )['service']
        self.addCleanup(self.admin.identity, 'DELETE',
                        f'/services/{service["id"]}')
        region = self.check(200, self.admin.identity(
            'GET', '/regions'))['regions'][0]['id']
        made = self.check(201, self.admin.identity(
            'POST', '/endpoints', {'endpoint': {
                'service_id': service['id'], 'interface': 'internal',
                'url': 'http://192.0.2.7', 'region_id': region}})
            )['endpoint']
        self.check(200, self.admin.identity(
            'PATCH', f'/endpoints/{made["id"]}',
            {'endpoint': {'url': 'http://192.0.2.8'}}))
        self.assertEqual('mark', self.service(kind)['description'])
        self.assertEqual(
            [('http://192.0.2.8', region)],
            [(one['url'], one['region_id'])
             for one in self.endpoints(service, 'internal')])
        self.assertEqual([], self.endpoints(service, 'public'))
        self.check(204, self.admin.identity(
            'DELETE', f'/services/{service["id"]}'))
        self.check(404, self.admin.identity(
            'GET', f'/endpoints/{made["id"]}'))

    def service(self, kind):
        found, = self.check(200, self.admin.identity(
            'GET', f'/services?type={kind}'))['services']
        return found

    def endpoints(self, service, interface):
        return self.check(200, self.admin.identity(
            'GET', f'/endpoints?service_id={service["id"]}'
            f'&interface={interface}'))['endpoints']
