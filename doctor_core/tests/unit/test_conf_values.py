"""Odd values of every option of etc/doctor.conf.sample."""

import itertools
import pathlib
import re

import fixtures
import testtools

import doctor_core
from doctor_core import conf, conf_values, opts, plugins
from doctor_core.exceptions import ConfigError
from doctor_core.messaging import settings as buses

SAMPLE = pathlib.Path(doctor_core.__file__).parent.parent \
    / 'etc' / 'doctor.conf.sample'
LONG = 'x' * 100_000
ODD = ('$x', '$', '$$', 'S3C$RET', 'a\x1b[31mb', LONG)
#: What a message may hold at the most, beside the name of the file.
MOST = 500
#: What oslo.log has, and nothing of ours reads.
UNUSED = (('DEFAULT', 'fatal_deprecations'),)
SECRETS = (('cloud', 'password'), ('bus', 'transport_url'),
           ('DEFAULT', 'transport_url'),
           ('oslo_messaging_notifications', 'transport_url'),
           ('cloud', 'notifications_transport_url'))


def sample():
    """Each option of the sample: its section and its name."""
    found, section = [], 'DEFAULT'
    for line in SAMPLE.read_text().splitlines():
        if match := re.fullmatch(r'\[(\w+)\]', line):
            section = match[1]
        elif match := re.match(r'#(\w+) =', line):
            found.append((section, match[1]))
    return list(dict.fromkeys(found))


class FileTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.path = self.useFixture(fixtures.TempDir()).join('doctor.conf')

    def write(self, options):
        """A file of some options; the lines that they are on."""
        lines, places = [], {}
        by_section = itertools.groupby(sorted(options), lambda one: one[0])
        for section, group in by_section:
            lines.append(f'[{section}]')
            for section, name, value in group:
                lines.append(f'{name} = {value}')
                places[section, name] = len(lines)
        with open(self.path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
        return places

    def assert_fit(self, text):
        """One short line without anything that steers a terminal."""
        self.assertTrue(text.isprintable(), text[:2000])
        self.assertTrue(len(text) - len(self.path) <= MOST, text[:2000])

    def refusal(self, *options, **settings):
        self.write(options)
        error = self.assertRaises(ConfigError, conf.prepare, [self.path],
                                  **settings)
        self.assert_fit(str(error))
        return str(error)


class EveryOptionTest(FileTestCase):

    def complaints(self, value):
        """By option, what is wrong when all have one value."""
        options = [one for one in sample() if one not in UNUSED]
        places = self.write([(*one, value) for one in options])
        made = conf.Options()
        opts.register(made)
        conf._register_logging(made)
        conf._read(made, [], default_config_files=[self.path],
                   default_config_dirs=[])
        for kind in plugins.KINDS:
            plugins.register_all(made, kind)
        made.register_opts(opts.credential_opts(''), group='cloud')
        found = {}
        for text in [*conf_values.complaints(made),
                     *conf_values.complaints(buses.library_conf(made))]:
            self.assert_fit(text)
            match = re.match(r'.*doctor.conf, line (\d+): \[(\w+)\] (\w+): ',
                             text)
            self.assertIsNotNone(match, text)
            self.assertEqual(places[match[2], match[3]], int(match[1]), text)
            found[match[2], match[3]] = text[match.end():]
        return set(options), found

    def test_dollar_with_a_name_behind_it(self):
        """Of some it was a traceback, of others half a password."""
        for value in ('$x', 'S3C$RET', '${x}', '${DEFAULT.nope}', '$bus'):
            options, found = self.complaints(value)
            self.assertEqual(set(), options - set(found), value)
            for text in found.values():
                self.assertIn('a $ is written $$', text)
                self.assertNotIn('RET', text)

    def test_dollar_alone(self):
        for value in ('$', '$$', '$5', 'a$'):
            _, found = self.complaints(value)
            self.assertNotIn('a $ is written $$', ''.join(found.values()))
            for one in SECRETS:
                self.assertNotIn(one, found)

    def test_of_itself(self):
        options = [one for one in sample() if one[1] == 'type']
        for section, name in [('DEFAULT', 'state_path'),
                              ('inspector', 'host'), *options]:
            self.assertIn('a $ is written $$', self.refusal(
                (section, name, f'${name}')))

    def test_what_steers_a_terminal_and_what_is_long(self):
        for value in ('a\x1b[31mb', LONG, 'a\u202eb', 'a\x00b', 'a\x85b'):
            _, found = self.complaints(value)
            self.assertIn(('inspector', 'port'), found)


class ReadTest(FileTestCase):
    """What is used while the file is still being read."""

    def test_what_is_used_first(self):
        for section, name in [
                ('DEFAULT', 'foreign_sections'),
                ('cloud', 'auth_type'), ('cloud', 'auth_section'),
                *((plugins.KINDS[kind], 'type') for kind in opts.DEFAULTS)]:
            for value in ('$x', 'a$b'):
                text = self.refusal((section, name, value))
                self.assertIn('doctor.conf, line 2: ', text)
                self.assertIn(f'[{section}] {name}: ', text)
                self.assertIn('a $ is written $$', text)
            for value in ODD:
                self.write([(section, name, value)])
                try:
                    conf.prepare([self.path])
                except ConfigError as error:
                    self.assert_fit(str(error))

    def test_password(self):
        for section, name in SECRETS:
            text = self.refusal((section, name, 'S3C$RET'))
            self.assertIn(f'doctor.conf, line 2: [{section}] {name}: ', text)
            self.assertNotIn('RET', text)
            self.assertNotIn('S3C', text)
            self.write([(section, name, 'S3C$$RET')])
            conf.prepare([self.path])

    def test_password_in_a_section_of_its_own(self):
        text = self.refusal(('cloud', 'auth_section', 'keystone'),
                            ('keystone', 'password', 'S3C$RET'))
        self.assertIn('doctor.conf, line 4: [keystone] password: ', text)
        self.assertNotIn('RET', text)

    def test_former_name_of_an_option_of_credentials(self):
        self.assertIn('line 2: [cloud] username: ', self.refusal(
            ('cloud', 'user_name', 'a$b')))

    def test_no_such_auth_type(self):
        text = self.refusal(('cloud', 'auth_type', 'a\x1b[31m'),
                            ('cloud', 'username', 'u'))
        self.assertIn('auth_type', text)

    def test_two_of_each_other(self):
        self.assertIn('a $ is written $$', self.refusal(
            ('inspector', 'host', '${monitor.type}'),
            ('monitor', 'type', '${inspector.host}')))

    def test_one_that_is_there_is_put_in(self):
        self.write([('DEFAULT', 'log_dir', '$state_path/log')])
        self.assertEqual('/var/lib/doctor/log',
                         conf.prepare([self.path]).log_dir)

    def test_a_line_that_is_no_option_is_not_repeated(self):
        """It may be the second line of a password."""
        for line in ('S3CRET', 'S3CRET\x1b[31m', LONG, '[S3CRET', '= S3CRET',
                     '[]'):
            with open(self.path, 'w', encoding='utf-8') as file:
                file.write(f'[cloud]\nname = x\n{line}\n')
            error = self.assertRaises(ConfigError, conf.prepare, [self.path])
            self.assert_fit(str(error))
            self.assertIn('doctor.conf, line 3: ', str(error))
            self.assertNotIn('S3CRET', str(error))

    def test_names_that_nobody_has(self):
        for odd in ('a\x1b[31m', LONG):
            self.refusal((odd, 'name', 'x'))
            self.refusal(('cloud', odd, 'x'))
            self.refusal(('inspector', odd, 'x'))
