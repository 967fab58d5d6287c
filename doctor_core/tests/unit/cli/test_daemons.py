import io
import logging

import fixtures
import testtools

from doctor_core import conf
from doctor_core.cli import daemons
from doctor_core.exceptions import ConfigError


class HelpTest(testtools.TestCase):
    """It said nothing of what they do, and that no file is read."""

    def help_of(self, name):
        out = io.StringIO()
        self.useFixture(fixtures.MonkeyPatch('sys.argv', [name, '--help']))
        self.useFixture(fixtures.MonkeyPatch('sys.stdout', out))
        self.useFixture(fixtures.EnvironmentVariable('COLUMNS', '80'))
        end = self.assertRaises(
            SystemExit, getattr(daemons, name.removeprefix('doctor-')))
        self.assertEqual(0, end.code)
        return ' '.join(out.getvalue().split())

    def test_of_both(self):
        for name, does in (('doctor-inspector', 'tells the owners'),
                           ('doctor-monitor', 'Watches the compute hosts')):
            text = self.help_of(name)
            for words in (does, 'SIGHUP', 'Exit code: 0 ended as asked',
                          'Defaults to /etc/doctor/doctor.conf.'):
                self.assertIn(words, text)


class ReloadTest(testtools.TestCase):

    def reload(self, before, after):
        """What the log says of a file that has changed."""
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        log = self.useFixture(fixtures.FakeLogger())
        made = []
        for text in (before, after):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            made.append(conf.prepare([path], kinds=()))
        daemons._reload('doctor-x', made[0], lambda: made[1])
        return log.output

    def test_what_has_to_wait_is_named(self):
        """Only oslo.config's "Ignoring change" said anything of it."""
        said = self.reload(
            '[inspector]\nhold = false\n[bus]\ntransport_url = a://S3CRET\n',
            '[inspector]\nhold = true\nport = 7\n'
            '[bus]\ntransport_url = b://S3CRET\n')
        self.assertIn('[inspector] hold = true; only at the next start: '
                      '[bus] transport_url, [inspector] port\n', said)
        self.assertNotIn('S3CRET', said)

    def test_nothing_has_to(self):
        self.assertIn('nothing changed that may change\n',
                      self.reload('[inspector]\nport = 7\n', '[inspector]\n'
                                  'port = 7\n[monitor]\n'))


class RefusalTest(testtools.TestCase):
    """On a terminal, and in the journal, it was there twice."""

    def logged(self, streams):
        """What a log of one stream has of an error, given both."""
        out, err = streams
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', err))
        handler = logging.StreamHandler(out)
        self.useFixture(fixtures.MonkeyPatch('logging.root.handlers',
                                             [handler]))
        self.assertEqual(2, daemons._fail('doctor-x', ConfigError('No.')))
        err.flush()
        out.seek(0)
        return out.read().count('No.')

    def files(self, *names):
        folder = self.useFixture(fixtures.TempDir())
        for name in names:
            file = open(  # noqa: SIM115
                folder.join(name), 'a+', encoding='utf-8')
            self.addCleanup(file.close)
            yield file

    def test_one_terminal(self):
        self.assertEqual(1, self.logged(self.files('a', 'a')))

    def test_two_files(self):
        self.assertEqual(1, self.logged(self.files('a', 'b')))
