import testtools

from doctor_core.embedded.keystone.directory import Target, bootstrapped


class DirectoryTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.directory = bootstrapped('a', 'b')
        self.user = self.directory.add_user('u', 'secret')
        self.target = Target('project', self.directory.add_project('p')['id'])
        self.role = self.directory.add_role('operator')

    def test_only_the_right_password_is_one(self):
        user_id = self.user['id']
        self.assertEqual([True, False, False], [
            self.directory.is_password(*pair) for pair in
            ((user_id, 'secret'), (user_id, ''), ('nobody', 'secret'))])

    def test_a_role_of_ones_own_implies_none(self):
        self.directory.grant(self.user['id'], self.target, self.role['id'])
        self.assertEqual([self.role], self.directory.effective(
            self.user['id'], self.target))

    def test_what_is_forgotten_leaves_no_grants(self):
        for entity_id in (self.user['id'], self.target.id, self.role['id']):
            self.directory.grant(self.user['id'], self.target,
                                 self.role['id'])
            self.directory.forget(entity_id)
            self.assertEqual([], self.directory.granted(
                self.user['id'], self.target))
            self.assertNotIn(self.user['id'], [
                user_id for user_id, _, _ in self.directory.grants()])

    def test_a_forgotten_service_takes_its_endpoints_along(self):
        self.directory.add_service('compute', 'nova', 'http://cloud')
        service_id = next(iter(self.directory.services))
        self.assertEqual(3, len(self.directory.endpoints))
        self.directory.forget(service_id)
        self.assertEqual({}, self.directory.endpoints)

    def test_what_is_disabled_is_not_in_the_catalogue(self):
        self.directory.add_service('compute', 'nova', 'http://cloud')
        endpoint = next(iter(self.directory.endpoints.values()))
        endpoint['enabled'] = False
        self.assertEqual(2, len(self.directory.catalog()[0]['endpoints']))
        next(iter(self.directory.services.values()))['enabled'] = False
        self.assertEqual([], self.directory.catalog())
