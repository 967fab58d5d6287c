"""What Doctor relies on in Glance; see contract_cloud_api."""

import uuid

from doctor_core.tests.contract_cloud_api import CloudApiContract


class ImagesContract(CloudApiContract):
    """Glance: an image of a project."""

    def make_image(self, tenant):
        image = self.check(201, tenant.image('POST', '/images', json={
            'name': 'doctor-contract', 'disk_format': 'raw',
            'container_format': 'bare', 'visibility': 'private'}))
        self.addCleanup(tenant.image, 'DELETE', f'/images/{image["id"]}')
        return image

    def test_an_image_is_active_with_its_content(self):
        image = self.make_image(self.member)
        self.assertEqual(('queued', self.member.project_id),
                         (image['status'], image['owner']))
        path = f'/images/{image["id"]}'
        self.check(204, self.member.image(
            'PUT', f'{path}/file', data=bytes(1024),
            headers={'Content-Type': 'application/octet-stream'}))
        shown = self.check(200, self.member.image('GET', path))
        self.assertEqual(('active', 1024), (shown['status'], shown['size']))

    def test_an_image_is_found_by_name_and_owner(self):
        image = self.make_image(self.member)
        query = f'/images?name={image["name"]}&owner='
        for owner, found in ((self.member, [image['id']]),
                             (self.stranger, [])):
            self.assertEqual(found, [each['id'] for each in self.check(
                200, self.admin.image('GET', query + owner.project_id)
            )['images']])

    def test_a_private_image_of_others_is_not_found(self):
        image = self.make_image(self.member)
        path = f'/images/{image["id"]}'
        self.check(404, self.stranger.image('GET', path))
        self.check(404, self.stranger.image('DELETE', path))

    def test_an_error_is_a_page_unless_json_is_asked_for(self):
        path = f'/images/{uuid.uuid4()}'
        page = self.admin.image('GET', path)
        self.assertEqual('<html>', page.text[:6])
        self.assertIn('text/html', page.headers['Content-Type'])
        error = self.admin.image('GET', path,
                                 headers={'Accept': 'application/json'})
        self.assertEqual('404 Not Found', error.json()['code'])

    def test_a_deleted_image_is_gone(self):
        path = f'/images/{self.make_image(self.member)["id"]}'
        self.check(204, self.member.image('DELETE', path))
        self.check(404, self.member.image('GET', path))
