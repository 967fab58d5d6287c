import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.installers.preparing.secrets import masked


class MaskedTest(testtools.TestCase):

    def test_values_of_secret_options(self):
        for line, expected in (
                ('password = hunter2\n', 'password = ***\n'),
                ('admin_password=hunter2', 'admin_password=***'),
                ('#memcache_secret_key = x\r\n',
                 '#memcache_secret_key = ***\r\n'),
                ('transport_url = rabbit://u:p@h/\n',
                 'transport_url = ***\n'),
                ('connection=mysql://u:p@h/nova', 'connection=***'),
                ('  - password: hunter2', '  - password: ***'),
                ('"api_key": "x"', '"api_key": ***')):
            self.assertEqual(expected, masked(line))

    def test_lines_that_go_on(self):
        self.assertEqual('hmac_keys = ***\n  ***\n\n  c\nname = d\n',
                         masked('hmac_keys = a\n  b\n\n  c\nname = d\n'))

    def test_users_of_urls_anywhere(self):
        self.assertEqual('# see http://***@h/x and amqp://***@i',
                         masked('# see http://u:p@h/x and amqp://u:p@i'))

    def test_the_rest_stays(self):
        text = ('[DEFAULT]\n# a comment\n\nname = value\n  more\n'
                'keystone_notifications = 1\nmonkey = 3\n')
        self.assertEqual(text, masked(text))

    @given(st.text(alphabet=st.characters(codec='utf-8')))
    def test_as_many_lines_as_before(self, text):
        self.assertEqual(len(text.splitlines()),
                         len(masked(text).splitlines()))
