import hashlib

import testtools

from doctor_core.tests.unit.embedded.inprocess import Client

NEW = {'name': 'i1', 'disk_format': 'raw', 'container_format': 'bare'}


class GlanceTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def ask(self, method, path='', body=None, token=None):
        return self.client.ask(method, f'/image/v2/images{path}', body,
                               token=token)

    def names(self, query='', token=None):
        return [image['name'] for image
                in self.ask('GET', query, token=token).json['images']]

    def created(self, token=None, **fields):
        answer = self.ask('POST', '', NEW | fields, token)
        self.assertEqual(201, answer.status, answer.text)
        return answer.json

    def test_an_image_is_active_when_its_data_have_come(self):
        image = self.created()
        path = f'/{image["id"]}'
        self.assertEqual('queued', image['status'])
        self.assertEqual(204, self.ask('PUT', f'{path}/file',
                                       b'data').status)
        image = self.ask('GET', path).json
        self.assertEqual(
            ('active', 4, hashlib.md5(b'data').hexdigest()),
            (image['status'], image['size'], image['checksum']))
        self.assertEqual(409, self.ask('PUT', f'{path}/file', b'x').status)
        self.assertEqual(204, self.ask('DELETE', path).status)
        self.assertEqual(404, self.ask('GET', path).status)

    def test_data_without_a_format_are_refused(self):
        image = self.ask('POST', '', {'name': 'x'}).json
        self.assertEqual(400, self.ask('PUT', f'/{image["id"]}/file',
                                       b'x').status)

    def test_an_image_of_others_is_not_found(self):
        image = self.created(self.client.member)
        path = f'/{image["id"]}'
        self.assertEqual(404, self.ask(
            'GET', path, token=self.client.outsider()).status)
        self.assertEqual(200, self.ask('GET', path).status)

    def test_a_public_image_is_seen_but_not_written(self):
        token = self.client.member
        self.assertEqual(['cirros'], self.names(token=token))
        path = '/' + self.client.one('/image/v2/images')['id']
        self.assertEqual(403, self.ask('DELETE', path, token=token).status)
        self.assertEqual(403, self.ask(
            'POST', '', NEW | {'visibility': 'public'}, token).status)

    def test_lists_are_filtered(self):
        self.created()
        self.created(name='hidden', os_hidden=True)
        self.assertEqual(['cirros', 'i1'], self.names())
        self.assertEqual(['i1'], self.names('?name=i1'))
        self.assertEqual(['cirros'], self.names('?status=active'))
        self.assertEqual(['hidden'], self.names('?os_hidden=true'))
        self.assertEqual(['cirros'], self.names('?limit=1'))

    def test_a_patch_changes_what_may_be_written(self):
        path = '/' + self.created()['id']
        changed = self.ask('PATCH', path, [
            {'op': 'replace', 'path': '/name', 'value': 'new'},
            {'op': 'add', 'path': '/hw_arch', 'value': 'arm'}]).json
        self.assertEqual(('new', 'arm'),
                         (changed['name'], changed['hw_arch']))
        for operation, status in (
                ({'op': 'replace', 'path': '/status', 'value': 'x'}, 403),
                ({'op': 'remove', 'path': '/size'}, 403),
                ({'op': 'remove', 'path': '/name'}, 400),
                ({'op': 'add', 'path': '/x', 'value': 7}, 400),
                ('remove', 400)):
            self.assertEqual(status, self.ask('PATCH', path, [operation]
                                              ).status)
        self.assertEqual('new', self.ask('GET', path).json['name'])
        self.ask('PATCH', path, [{'op': 'remove', 'path': '/hw_arch'}])
        self.assertNotIn('hw_arch', self.ask('GET', path).json)

    def test_nobody_says_what_only_glance_knows(self):
        self.assertEqual(403, self.ask('POST', '', NEW | {
            'status': 'active'}).status)
        self.assertEqual(400, self.ask('POST', '', NEW | {
            'colour': 7}).status)

    def test_an_image_in_somebody_elses_name(self):
        self.assertEqual([201, 403], [
            self.ask('POST', '', NEW | {'owner': 'p'}, token).status
            for token in (self.client.admin, self.client.member)])

    def test_a_protected_image_stays(self):
        path = '/' + self.created(protected=True)['id']
        self.assertEqual(403, self.ask('DELETE', path).status)

    def test_an_id_is_taken_once(self):
        image = self.created()
        self.assertEqual(409, self.ask('POST', '', NEW | {
            'id': image['id']}).status)
