import testtools
from keystoneauth1 import fixture

from doctor_core.embedded.keystone.directory import (
    SYSTEM,
    Target,
    bootstrapped,
)
from doctor_core.embedded.keystone.tokens import Tokens


def shape(value):
    """A document's members and types, without its values."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value)


class TokensTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.directory = bootstrapped('a', 'b')
        self.directory.add_service('compute', 'nova', 'http://cloud/compute')
        self.tokens = Tokens(self.directory, 3600.0)
        self.admin = self.user('admin')
        self.target = Target('project', self.project('admin')['id'])

    def user(self, name):
        return self.directory.find(self.directory.users, {'name': name})

    def project(self, name):
        return self.directory.find(self.directory.projects, {'name': name})

    def issue(self, target=None, user=None):
        return self.tokens.issue((user or self.admin)['id'], target,
                                 'password')

    def test_the_document_is_that_of_keystone(self):
        document = self.tokens.document(self.issue(self.target))
        expected = fixture.V3Token(user_id='x', project_id='x')
        expected.add_role()
        expected.add_service('compute', 'nova').add_endpoint(
            'public', 'http://cloud', region='x')
        token = document['token']
        # Of what Keystone adds since, the fixture knows nothing.
        self.assertIsNone(token['user'].pop('password_expires_at'))
        self.assertIs(False, token.pop('is_domain'))
        self.assertEqual(shape(expected), shape(document))

    def test_roles_bring_others_with_them(self):
        caller = self.tokens.caller(self.issue(self.target).id)
        self.assertEqual({'admin', 'manager', 'member', 'reader'},
                         caller.roles)
        self.assertTrue(caller.is_admin)
        self.assertEqual('admin', caller.project_name)

    def test_a_scope_of_the_system(self):
        token = self.issue(SYSTEM)
        self.assertTrue(self.tokens.caller(token.id).is_admin)
        self.assertEqual({'all': True}, self.tokens.document(
            token)['token']['system'])

    def test_a_scope_of_a_domain(self):
        domain = Target('domain', 'default')
        role = self.directory.find(self.directory.roles, {'name': 'admin'})
        self.assertFalse(self.tokens.may_scope(self.admin['id'], domain))
        self.directory.grant(self.admin['id'], domain, role['id'])
        self.assertEqual(
            {'id': 'default', 'name': 'Default'},
            self.tokens.document(self.issue(domain))['token']['domain'])

    def test_without_a_scope_there_are_no_roles(self):
        token = self.issue()
        self.assertEqual(frozenset(), self.tokens.caller(token.id).roles)
        self.assertNotIn('catalog', self.tokens.document(token)['token'])

    def test_a_token_ends_with_its_time(self):
        tokens = Tokens(self.directory, 0.0)
        token = tokens.issue(self.admin['id'], self.target, 'password')
        self.assertIsNone(tokens.caller(token.id))

    def test_a_token_of_a_token_ends_with_it(self):
        old = self.issue()
        new = self.tokens.issue(self.admin['id'], self.target, 'token', old)
        self.assertEqual(old.expires_at, new.expires_at)
        self.assertEqual(('token', 'password'), new.methods)
        self.assertEqual(old.audit_ids, new.audit_ids[1:])

    def test_a_token_ends_with_what_it_stands_on(self):
        for end in (
                lambda token: self.tokens.revoke(token.id),
                lambda token: self.admin.update(enabled=False),
                lambda token: self.project('admin').update(enabled=False),
                lambda token: self.directory.projects.clear(),
                lambda token: self.directory.users.clear()):
            self.directory = bootstrapped('a', 'b')
            self.tokens = Tokens(self.directory, 3600.0)
            self.admin = self.user('admin')
            self.target = Target('project', self.project('admin')['id'])
            token = self.issue(self.target)
            self.assertIsNotNone(self.tokens.caller(token.id))
            end(token)
            self.assertIsNone(self.tokens.caller(token.id))
