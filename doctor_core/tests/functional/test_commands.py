import json
import socket
import subprocess
import sys
from pathlib import Path

import fixtures
import testtools
from testtools import matchers

from doctor_core import plugins
from doctor_core.tests.functional.daemons import Process, run

PYPROJECT = '''
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-doctor-pager"
version = "1.0"

[project.entry-points."doctor_core.monitors"]
pager = "acme_pager:PagerMonitor"

[tool.setuptools]
py-modules = ["acme_pager"]
'''
MODULE = '''
import logging

from oslo_config import cfg

from doctor_core.monitors.base import Monitor


class PagerMonitor(Monitor):
    """Asks the pagers."""

    @classmethod
    def get_opts(cls):
        return [cfg.StrOpt('place', default='none', help='Which.')]

    def start(self, hosts):
        logging.getLogger(__name__).warning(
            'pager asks %s for %s', self.options.place,
            [host.name for host in hosts])

    def stop(self):
        pass
'''


class HelpTest(testtools.TestCase):
    def test_help_lists_the_commands(self):
        out = run('doctor', '--help', status=0).stdout
        for command in ('demo', 'run', 'plugins', 'embedded-cloud',
                        'complete'):
            self.assertIn(f'  {command}', out)

    def test_without_arguments_it_explains_itself(self):
        self.assertIn('doctor demo', run('doctor', status=0).stdout)

    def test_each_command_has_help_of_its_own(self):
        for command in ('demo', 'run', 'plugins', 'embedded-cloud'):
            out = run('doctor', command, '--help', status=0).stdout
            self.assertIn(f'usage: doctor {command}', out)

    def test_help_imports_nothing_heavy(self):
        """The help took a second, for libraries that it does not use."""
        code = ('import sys\n'
                'from doctor_core.cli.main import main\n'
                'try:\n'
                '    main(["--help"])\n'
                'except SystemExit:\n'
                '    pass\n'
                'heavy = {"openstack", "oslo_messaging", "aiohttp", '
                '"sqlalchemy", "jinja2", "keystoneauth1", "oslo_config"}\n'
                'print("HEAVY", sorted(heavy & set(sys.modules)))\n')
        out = subprocess.run([sys.executable, '-c', code],
                             capture_output=True, text=True, check=True)
        self.assertIn('HEAVY []', out.stdout)

    def test_reading_the_options_imports_no_servers(self):
        """The modules that declare them may be those of a server."""
        code = ('import sys\n'
                'import doctor_core.conf\n'
                'heavy = {"openstack", "aiohttp", "sqlalchemy", "asyncssh", '
                '"keystoneauth1"}\n'
                'print("HEAVY", sorted(heavy & set(sys.modules)))\n')
        out = subprocess.run([sys.executable, '-c', code],
                             capture_output=True, text=True, check=True)
        self.assertIn('HEAVY []', out.stdout)

    def test_version(self):
        out = run('doctor', '--version', status=0).stdout
        self.assertThat(out, matchers.MatchesRegex(r'doctor \d+\.\d+'))

    def test_completion(self):
        out = run('doctor', 'complete', status=0).stdout
        self.assertIn('complete -F _doctor doctor', out)
        subprocess.run(['bash', '-n'], input=out, text=True, check=True)

    def test_unknown_command(self):
        done = run('doctor', 'dmeo', status=2)
        self.assertIn('demo', done.stdout)

    def test_wrong_option(self):
        done = run('doctor', 'demo', '--servers', 'many', status=2)
        self.assertNotIn('Traceback', done.stderr)

    def test_wrong_number(self):
        done = run('doctor', 'demo', '--servers', '0', status=2)
        self.assertIn('argument --servers: 0 is no whole number',
                      done.stderr.strip().splitlines()[-1])

    def test_nobody_listens(self):
        """aiohttp's words were shown, which name a host and "ssl:default"."""
        with socket.socket() as unused:
            unused.bind(('127.0.0.1', 0))
            url = f'http://127.0.0.1:{unused.getsockname()[1]}'
            for command, program in ((['faults', 'list'], 'doctor-inspector'),
                                     (['hosts'], 'doctor-monitor')):
                done = run('doctor', *command, '--url', url, status=1)
                self.assertEqual(
                    f'doctor: Nothing listens at {url}: does {program} run, '
                    'and there? Say where it is with --url or '
                    '--config-file.\n', done.stderr)

    def test_configuration_error_of_a_daemon_is_said_once(self):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        for text, words in (
                ('[monitor]\ntype = sampel\n', "Did you mean 'sample'?"),
                ('[notifier]\ndeadline_s = nan\n', 'line 2')):
            Path(path).write_text(text)
            done = run('doctor-monitor', '--config-file', path, status=2)
            line, = done.stderr.strip().splitlines()
            self.assertIn(words, line)

    def test_folder_that_is_not_there(self):
        done = run('doctor', 'demo', '--json', '/nonexistent/x.json',
                   status=2)
        self.assertIn('/nonexistent', done.stderr)

    def test_run_without_a_cloud(self):
        folder = self.useFixture(fixtures.TempDir())
        path = folder.join('doctor.conf')
        # Not the usual port: somebody may run an inspector here.
        Path(path).write_text('[cloud]\nname = nosuch\n'
                              '[inspector]\nport = 0\n')
        done = run('doctor', 'run', '--config-file', path, status=2,
                   environment={'HOME': folder.path})
        self.assertIn('nosuch', done.stderr)
        self.assertNotIn('Traceback', done.stderr)


class PluginsTest(testtools.TestCase):
    def listed(self, *arguments, **environment):
        out = run('doctor', 'plugins', '-f', 'json', *arguments, status=0,
                  environment=environment).stdout
        return {(row['Kind'], row['Name']): row for row in json.loads(out)}

    def test_every_plugin_of_every_kind(self):
        rows = self.listed()
        self.assertEqual(set(plugins.KINDS), {kind for kind, _ in rows})
        self.assertEqual({'ok'}, {row['State'] for row in rows.values()})
        self.assertEqual(
            {(kind, name) for kind in plugins.KINDS
             for name in plugins.names(kind)}, set(rows))

    def test_one_kind(self):
        self.assertEqual({'alarms'}, {
            kind for kind, _ in self.listed('--kind', 'alarms')})

    def test_kind_that_does_not_exist(self):
        done = run('doctor', 'plugins', '--kind', 'x', status=2)
        self.assertIn('monitors', done.stderr)

    def test_package_of_somebody_else(self):
        """Installed from a folder, found, selected; no line of ours."""
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        source, target = folder / 'source', folder / 'target'
        source.mkdir()
        (source / 'pyproject.toml').write_text(PYPROJECT)
        (source / 'acme_pager.py').write_text(MODULE)
        subprocess.run(
            [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps',
             '--no-build-isolation', '--no-index', '--target', str(target),
             str(source)], check=True, capture_output=True)
        environment = {'PYTHONPATH': str(target)}
        row = self.listed(**environment)['monitors', 'pager']
        self.assertEqual(('ok', 'acme-doctor-pager',
                          'Asks the pagers.'),
                         (row['State'], row['Distribution'], row['Summary']))
        conf = folder / 'doctor.conf'
        conf.write_text('[monitor]\ntype = pager\nhosts = h1=192.0.2.1\n'
                        '[monitor_pager]\nplace = pager7\n'
                        '[bus]\ntransport_url = kombu+memory://\n')
        monitor = self.useFixture(Process(
            'doctor-monitor', '--config-file', conf,
            ready=r"pager asks pager7 for \['h1'\]", environment=environment))
        self.assertEqual(0, monitor.end())
