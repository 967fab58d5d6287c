import testtools
import yaml

from doctor_core.embedded import clouds_yaml


class TextTest(testtools.TestCase):

    def test_any_password_survives_yaml(self):
        passwords = {'admin': 'a: "b" #c\\ \u00e9', 'demo': "'x"}
        clouds = yaml.safe_load(clouds_yaml.text(
            'http://h/v3', passwords))['clouds']
        self.assertEqual(
            [('admin', passwords['admin']), ('demo', passwords['demo'])],
            [(cloud['auth']['username'], cloud['auth']['password'])
             for cloud in clouds.values()])
        self.assertEqual({'http://h/v3'}, {
            cloud['auth']['auth_url'] for cloud in clouds.values()})
