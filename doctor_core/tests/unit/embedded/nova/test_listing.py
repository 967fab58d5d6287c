import testtools

from doctor_core.tests.unit.embedded.inprocess import Client, host_of


class ListingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.first = self.client.boot(name='first', tags=['a', 'b'],
                                      version='2.74')
        self.second = self.client.boot(name='second')
        self.foreign = self.client.boot(self.client.admin, name='foreign',
                                        networks='none')

    def names(self, query, token=None, version='2.74'):
        answer = self.client.nova('GET', f'/servers?{query}', token=token,
                                  version=version)
        self.assertEqual(200, answer.status, answer.text)
        return [server['name'] for server in answer.json['servers']]

    def status(self, query, token=None, version='2.74'):
        return self.client.nova('GET', f'/servers?{query}', token=token,
                                version=version).status

    def test_the_newest_comes_first(self):
        self.assertEqual(['foreign', 'second', 'first'],
                         self.names('all_tenants=1'))

    def test_all_projects_only_on_request(self):
        self.assertEqual(['foreign'], self.names(''))
        self.assertEqual(3, len(self.names('all_tenants')))
        self.assertEqual(['foreign'], self.names('all_tenants=0'))
        self.assertEqual(400, self.status('all_tenants=perhaps'))

    def test_all_projects_are_for_administrators(self):
        self.assertEqual(403, self.status('all_tenants=1',
                                          self.client.member))

    def test_a_project_counts_among_all_only(self):
        project_id = self.first['tenant_id']
        for name in ('project_id', 'tenant_id'):
            self.assertEqual(['second', 'first'], self.names(
                f'all_tenants=1&{name}={project_id}'))
            self.assertEqual(['foreign'], self.names(f'{name}={project_id}'))

    def test_by_host(self):
        self.assertEqual(['first'], self.names(
            f'all_tenants=1&host={host_of(self.first)}'))
        self.assertEqual([], self.names('all_tenants=1&host=nowhere'))

    def test_a_plain_users_filter_by_host_is_ignored(self):
        for query in ('host=nowhere', 'user_id=nobody', 'project_id=none'):
            self.assertEqual(['second', 'first'],
                             self.names(query, self.client.member))

    def test_by_status(self):
        self.client.act(self.first, 'os-resetState', {'state': 'error'})
        for status, names in (('ERROR', ['first']), ('error', ['first']),
                              ('ACTIVE', ['second']), ('REBUILD', [])):
            self.assertEqual(names, self.names(f'status={status}',
                                               self.client.member))

    def test_a_status_that_is_none(self):
        self.assertEqual([], self.names('status=x', version='2.37'))
        self.assertEqual(400, self.status('status=x', version='2.38'))
        self.assertEqual(403, self.status('status=DELETED',
                                          self.client.member))

    def test_by_name_as_a_pattern(self):
        self.assertEqual(['first'], self.names('name=f.rst',
                                               self.client.member))
        self.assertEqual(400, self.status('name=(', self.client.member))

    def test_by_tags(self):
        for tags, names in (('a', ['first']), ('a,b', ['first']),
                            ('a,c', [])):
            self.assertEqual(names, self.names(f'tags={tags}',
                                               self.client.member))

    def test_what_is_deleted_is_gone(self):
        self.assertEqual([], self.names('all_tenants=1&deleted=true'))
        self.assertEqual(3, len(self.names('all_tenants=1&deleted=false')))

    def test_a_filter_that_is_not_served_is_not_ignored(self):
        self.assertEqual(501, self.status('all_tenants=1&ip=10.0.0.1'))
        self.assertEqual(501, self.status('changes-since=2026-01-01',
                                          self.client.member))

    def test_the_order_is_chosen(self):
        self.assertEqual(['first', 'foreign', 'second'], self.names(
            'all_tenants=1&sort_key=display_name&sort_dir=asc'))
        self.assertEqual(400, self.status('sort_key=colour'))

    def test_pages(self):
        page = self.client.nova(
            'GET', '/servers?all_tenants=1&limit=2').json
        self.assertEqual(2, len(page['servers']))
        link = page['servers_links'][0]
        self.assertEqual('next', link['rel'])
        self.assertEqual(['first'], self.names(
            link['href'].partition('?')[2]))
        self.assertEqual(400, self.status('marker=none'))
