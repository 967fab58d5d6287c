import string

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.exceptions import BackendError
from doctor_core.installers import bus_url

URL = 'rabbit://stackrabbit:p%40ss=w=d@192.0.2.1:5672/'
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
WORDS = st.text(string.ascii_letters + string.digits + '%=-_.', max_size=8)


def nothing(_name):
    raise AssertionError('asked for an address')


class InNovaConfTest(testtools.TestCase):

    def check(self, url, *lines):
        self.assertEqual(url, bus_url.in_nova_conf('\n'.join(lines)))

    def test_a_value_with_equals_signs(self):
        """It was cut out of a line by its first " = "."""
        self.check(URL, '[DEFAULT]', f'transport_url = {URL}')
        self.check(URL, '[DEFAULT]', f'transport_url={URL}')

    def test_that_of_the_notifications_comes_first(self):
        self.check(URL, '[DEFAULT]', 'transport_url = rabbit://rpc/',
                   '[oslo_messaging_notifications]', f'transport_url = {URL}')

    def test_one_that_is_empty_does_not_count(self):
        self.check(URL, '[oslo_messaging_notifications]', 'transport_url =',
                   '[DEFAULT]', f'transport_url = {URL}')

    def test_the_last_counts(self):
        self.check(URL, '[DEFAULT]', 'transport_url = rabbit://old/',
                   '[other]', 'transport_url = rabbit://other/',
                   '[DEFAULT]', f'transport_url = {URL}')

    def test_a_comment_is_none(self):
        self.check('', '[DEFAULT]', f'#transport_url = {URL}')

    def test_quotes_and_references(self):
        self.check('rabbit://u:a$b@192.0.2.7:5672/', '[DEFAULT]',
                   'my_ip = 192.0.2.7',
                   'transport_url = "rabbit://u:a$$b@${my_ip}:5672/"')

    def test_a_reference_to_nothing_stays(self):
        self.check('rabbit://u:a$b@h/', '[DEFAULT]',
                   'transport_url = rabbit://u:a$b@h/')

    def test_the_old_name_of_that_of_the_notifications(self):
        """The bus of the calls was taken, where nobody sends them."""
        self.check(URL, '[DEFAULT]', 'transport_url = rabbit://rpc/',
                   f'notification_transport_url = {URL}')

    def test_a_section_in_capitals(self):
        self.check(URL, '[Oslo_Messaging_Notifications]',
                   f'transport_url = {URL}')

    def test_a_broker_without_a_url(self):
        """A nova.conf of rabbit_host and its kin named no bus."""
        self.check('rabbit://nova:p%40ss@192.0.2.1:5673//v', '[DEFAULT]',
                   'my_ip = 192.0.2.1', 'rabbit_host = $my_ip',
                   'rabbit_port = 5673', 'rabbit_userid = nova',
                   'rabbit_password = p@ss', 'rabbit_virtual_host = /v')

    def test_several_brokers_without_a_url(self):
        self.check('rabbit://guest:guest@a:5672,guest:guest@b:5672/?ssl=1',
                   '[DEFAULT]', 'transport_url = rabbit://',
                   '[oslo_messaging_rabbit]', 'rabbit_use_ssl = true',
                   'rabbit_hosts = a:5672, b:5672')

    def test_a_broker_of_ipv6(self):
        self.check('rabbit://guest:guest@[2001:db8::1]:5672/',
                   '[DEFAULT]', 'rabbit_host = 2001:db8::1')

    def test_what_is_no_such_file_is_not_repeated(self):
        error = self.assertRaises(BackendError, bus_url.in_nova_conf,
                                  '[DEFAULT]\nsecret\n')
        self.assertIn('line 2', str(error))
        self.assertNotIn('secret', str(error))


class ReachedTest(testtools.TestCase):

    def test_every_broker_by_its_address(self):
        self.assertEqual(
            'rabbit://u:p@192.0.2.1:5672,u:p@[2001:db8::2]:5673/v?ssl=0',
            bus_url.reached(
                'rabbit://u:p@ctl-0.internalapi:5672,u:p@ctl-1:5673/v?ssl=0',
                {'ctl-0.internalapi': '192.0.2.1',
                 'ctl-1': '2001:db8::2'}.__getitem__))

    def test_without_user_or_port(self):
        self.assertEqual('rabbit://192.0.2.1', bus_url.reached(
            'rabbit://ctl', {'ctl': '192.0.2.1'}.__getitem__))

    def test_names_stay_where_there_are_certificates(self):
        url = 'rabbit://u:p@ctl:5671/?heartbeat=5&ssl=1'
        self.assertEqual(url, bus_url.reached(url, nothing))

    def test_without_a_host_there_is_nothing_to_ask_for(self):
        for url in ('kombu+memory://', 'fake:///', '', 'rubbish',
                    'rabbit://u:p@[2001:db8::1]:5672/'):
            self.assertEqual(url, bus_url.reached(url, nothing))

    @given(st.lists(st.tuples(WORDS, NAMES, st.integers(1, 65535)),
                    min_size=1, max_size=3), WORDS)
    def test_nothing_else_changes(self, brokers, path):
        def url(change):
            return 'rabbit://' + ','.join(
                f'user:{word}@{change(name)}:{port}'
                for word, name, port in brokers) + f'/{path}'

        self.assertEqual(url(lambda name: f'10.0.0.{len(name)}'),
                         bus_url.reached(url(str),
                                         lambda name: f'10.0.0.{len(name)}'))
