import io

import fixtures
import testtools

from doctor_core.cli import daemons


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
