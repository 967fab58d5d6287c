import logging
import os
import sys

import fixtures
import testtools
from oslo_log import formatters

from doctor_core import conf, opts
from doctor_core.exceptions import ConfigError, PluginNotFound
from doctor_core.faults import settings


class PrepareTest(testtools.TestCase):
    def prepare(self, text, overrides=None):
        path = self.useFixture(fixtures.TempDir()).join('doctor.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return conf.prepare([path], overrides)

    def refused(self, text, overrides=None):
        error = self.assertRaises(ConfigError, self.prepare, text, overrides)
        self.assertNotIn('\n', str(error))
        return str(error)

    def test_defaults(self):
        made = conf.prepare([])
        self.assertEqual((['sample'], 'sample', '127.0.0.1', 12345,
                          'shortcut'),
                         (made.monitor.type, made.inspector.type,
                          made.inspector.host, made.inspector.port,
                          made.inspector.notification))

    def test_options_of_opnfv_doctor_are_understood(self):
        made = self.prepare('[inspector]\ntype = fake\nip = 127.0.0.2\n'
                            'port = 1234\n'
                            'update_neutron_port_dp_status = false\n')
        self.assertEqual(
            ('fake', '127.0.0.2', 1234, False),
            (made.inspector.type, made.inspector.host, made.inspector.port,
             made.inspector.update_port_data_plane_status))

    def test_option_that_moved_to_another_section_is_understood(self):
        made = self.prepare('[consumer]\nip = 127.0.0.3\nport = 7\n')
        self.assertEqual(('127.0.0.3', 7), (made.consumer_sample.host,
                                            made.consumer_sample.port))

    def test_options_that_are_gone_are_taken_and_named_in_one_line(self):
        self.assertEqual('', settings.ignored(self.prepare('')))
        made = self.prepare('[inspector]\nmass_failure_window_s = 60\n'
                            'mass_failure_cool_down_s = whatever\n')
        said = settings.ignored(made)
        self.assertIn('[inspector] mass_failure_window_s and '
                      'mass_failure_cool_down_s: ignored', said)
        self.assertNotIn('\n', said)
        listed = dict(opts.list_opts())['inspector']
        self.assertNotIn('mass_failure_window_s',
                         [option.name for option in listed])

    def test_overrides_win(self):
        made = self.prepare('[inspector]\nport = 1\n',
                            {('inspector', 'port'): 2,
                             ('scenario_fault_management', 'servers'): 9})
        self.assertEqual((2, 9), (made.inspector.port,
                                  made.scenario_fault_management.servers))

    def test_override_of_no_option(self):
        self.assertIn('nonsense', self.refused(
            '', {('inspector', 'nonsense'): 1}))

    def test_override_of_wrong_value(self):
        self.assertIn('servers', self.refused(
            '', {('scenario_fault_management', 'servers'): 0}))

    def test_wrong_value_names_the_option(self):
        self.assertIn('port', self.refused('[inspector]\nport = many\n'))

    def test_wrong_choice(self):
        self.assertIn('notification', self.refused(
            '[inspector]\nnotification = never\n'))

    def test_wrong_value_of_a_plugin(self):
        self.assertIn('servers', self.refused(
            '[scenario_fault_management]\nservers = -1\n'))

    def test_wrong_value_names_file_line_and_what_is_wrong(self):
        """It was told in oslo.config's words, and without the line."""
        text = self.refused('# a comment\n[inspector]\nport = many\n')
        self.assertIn("doctor.conf, line 3: [inspector] port: must be a "
                      "whole number, not 'many'", text)
        self.assertNotIn('LocationInfo', text)
        self.assertIn('line 2: [DEFAULT] max_logfile_count: must be a whole',
                      self.refused('[DEFAULT]\nmax_logfile_count = x\n'))
        self.assertIn('line 2: [inspector] host:', self.refused(
            '[inspector]\nip = a b\n'))
        self.assertIn('line 2: [consumer_sample] port:', self.refused(
            '[consumer]\nport = x\n'))

    def test_wrong_value_of_what_the_command_line_has_too(self):
        """oslo.config ended the process, and named neither file nor line."""
        for option in ('debug', 'use_journal', 'use_syslog', 'use_json'):
            self.assertIn(
                f'doctor.conf, line 2: [DEFAULT] {option}: Unexpected',
                self.refused(f'[DEFAULT]\n{option} = treu\n'))

    def test_command_line_that_is_wrong_or_asks_for_help(self):
        for argv, status in (['--nonsense'], 2), (['--help'], 0):
            with fixtures.StringStream('out') as out, \
                    fixtures.MonkeyPatch('sys.stderr', out.stream), \
                    fixtures.MonkeyPatch('sys.stdout', out.stream):
                end = self.assertRaises(SystemExit, conf.prepare, [],
                                        argv=argv)
            self.assertEqual(status, end.code)

    def test_numbers_that_are_none(self):
        """With deadline_s = nan no owner was told, without a word."""
        for section, option in (('notifier', 'deadline_s'),
                                ('cloud', 'retry_for_s'),
                                ('inspector', 'silent_source_s'),
                                ('monitor_sample', 'interval_ms')):
            for value in ('nan', 'inf', '-inf', '1e400', '', '1e300'):
                text = self.refused(f'[{section}]\n{option} = {value}\n')
                self.assertIn(f'line 2: [{section}] {option}: ', text)
        for value in ('', '99999999999999999999'):
            self.assertIn('line 2: [bus] retry: ', self.refused(
                f'[bus]\nretry = {value}\n'))

    def test_numbers_of_the_command_line_that_are_none(self):
        self.assertIn('limit_s', self.refused(
            '', {('scenario_fault_management', 'limit_s'): float('inf')}))

    def test_empty_texts_and_lists_are_meant(self):
        made = self.prepare('[inspector]\nauth_roles =\ntls_cert =\n')
        self.assertEqual([], made.inspector.auth_roles)

    def test_values_with_which_nothing_works(self):
        """They were taken without a word."""
        for roles in ('', ','):
            self.assertIn('line 3: [inspector] auth_roles: is empty',
                          self.refused('[inspector]\nauth_strategy = keystone'
                                       f'\nauth_roles = {roles}\n'))
        self.assertIn('line 2: [inspector] alert_host_labels: is empty',
                      self.refused('[inspector]\nalert_host_labels =\n'))
        for option, value in ('retry_min_s', '20'), ('retry_max_s', '0.05'):
            self.assertIn(f'line 2: [notifier] {option}: the shortest',
                          self.refused(f'[notifier]\n{option} = {value}\n'))
        self.prepare('[notifier]\nretry_min_s = 20\nretry_max_s = 20\n')

    def test_alarms_in_aodh_that_nobody_could_be_told_of(self):
        """It was ready without a word, and told no owner ever."""
        aodh = '[alarm]\ntype = aodh\n'
        text = self.refused(aodh)
        self.assertIn('doctor.conf, line 2: [alarm] type: with aodh and '
                      '[inspector] notification = shortcut', text)
        self.assertIn('[cloud] notifications_transport_url', text)
        self.refused('[cloud]\nnotifications_transport_url =\n' + aodh)
        for more in ('[inspector]\nnotification = conservative\n',
                     '[cloud]\nnotifications_transport_url = '
                     'kombu+memory://\n'):
            self.assertEqual('aodh', self.prepare(aodh + more).alarm.type)

    def test_alarms_in_aodh_are_none_of_the_monitors_business(self):
        made = conf.prepare(
            [], {('alarm', 'type'): 'aodh'}, kinds=('monitors',))
        self.assertEqual('aodh', made.alarm.type)

    def test_misspelt_option_names_line_and_neighbour(self):
        """A misspelt option was taken for its default in silence."""
        text = self.refused(
            '# a comment\n[inspector]\nnotifcation = x\nport = 1\n')
        self.assertIn('line 3', text)
        self.assertIn("Did you mean 'notification'?", text)

    def test_misspelt_section(self):
        """[inspecter] auth_strategy = keystone started an open inspector."""
        text = self.refused('\n[inspecter]\nauth_strategy = keystone\n')
        self.assertIn('line 3', text)
        self.assertIn('Did you mean [inspector]?', text)
        self.assertIn('[oslo_messaging_rabbit]', self.refused(
            '[oslo_messaging_rabit]\nssl = true\n'))
        self.assertIn('[monitor_sample]', self.refused(
            '[monitor_sampel]\ninterval_ms = 1\n'))

    def test_letter_case_of_a_section_does_not_count(self):
        """[Inspector] was read, but its options were not checked."""
        self.assertEqual(7, self.prepare('[Inspector]\nport = 7\n')
                         .inspector.port)
        self.assertIn("Did you mean 'port'?", self.refused(
            '[Inspector]\nprot = 7\n'))

    def test_sections_of_libraries_and_of_plugins_that_are_not_chosen(self):
        made = self.prepare(
            '[oslo_messaging_rabbit]\nssl = true\n'
            '[oslo_messaging_notifications]\nretry = 2\n'
            '[notifications_rabbit]\nrabbit_quorum_queue = true\n'
            '[monitor_collectd]\nssh_port = 7\n')
        self.assertEqual(['sample'], made.monitor.type)

    def test_misspelt_options_of_libraries(self):
        """They were taken for their defaults in silence."""
        for text, right in (
                ('[oslo_messaging_rabbit]\nsll = true\n', 'ssl'),
                ('[notifications_rabbit]\nsll = true\n', 'ssl'),
                ('[DEFAULT]\ndebgu = true\n', 'debug'),
                ('[DEFAULT]\ntransport_ulr = x\n', 'transport_url'),
                ('[cloud]\nuser_name = x\npasswrod = x\n', 'password'),
                ('[cloud]\nregion = x\n', 'region_name'),
                ('[cloud]\nauth-type = password\n', 'auth_type')):
            self.assertIn(f"Did you mean '{right}'?", self.refused(text))

    def test_an_option_in_a_section_that_is_not_its_own(self):
        self.assertIn('There is one in [inspector].', self.refused(
            '[DEFAULT]\nauth_strategy = keystone\n'))

    def test_options_of_the_chosen_auth_type(self):
        text = '[cloud]\nauth_type = {}\napplication_credential_id = x\n'
        self.prepare(text.format('v3applicationcredential'))
        self.assertIn('application_credential_id',
                      self.refused(text.format('password')))
        self.assertIn('nonsense', self.refused(text.format('nonsense')))

    def test_options_of_libraries_by_all_their_names(self):
        made = self.prepare(
            '[DEFAULT]\ndebug = true\nlogfile = x\n'
            'transport_url = rabbit://\ncontrol_exchange = x\n'
            '[cloud]\nauth_url = http://k\ntenant_name = x\n'
            'user-name = x\ncafile = x\n')
        self.assertEqual((True, 'x'), (made.debug, made.log_file))

    def test_the_section_that_holds_the_credentials(self):
        theirs = '[keystone_authtoken]\nmemcached_servers = x\n'
        self.assertIn('keystone_authtoken', self.refused(theirs))
        self.prepare(f'[cloud]\nauth_section = keystone_authtoken\n{theirs}')

    def test_sections_of_other_programs(self):
        text = '[admin_tool]\ntype = sample\n'
        self.assertIn('foreign_sections', self.refused(text))
        self.prepare('[DEFAULT]\nforeign_sections = admin_tool\n' + text)

    def test_section_of_a_plugin_that_is_not_installed(self):
        """Of smtp, http was said to be meant."""
        text = self.refused('[notifier_smtp]\nserver = x\n')
        self.assertIn("doctor.conf, line 2: [notifier_smtp] is of the "
                      "notifier 'smtp', which is not installed.", text)
        self.assertIn('"doctor plugins"', text)
        self.assertNotIn('Did you mean', text)
        self.assertIn('installed. Did you mean [inspector_sample]?',
                      self.refused('[inspector_smple]\nport = 7\n'))

    def test_a_folder_of_files(self):
        """A misspelt option below --config-dir was not seen."""
        folder = self.useFixture(fixtures.TempDir())
        for name, text in (('1.conf', '[inspector]\nport = 7\n'),
                           ('2.conf', '[inspector]\nport = 8\n')):
            with open(folder.join(name), 'w', encoding='utf-8') as file:
                file.write(text)
        made = conf.prepare([], folders=[folder.path])
        self.assertEqual(8, made.inspector.port)
        with open(folder.join('3.conf'), 'w', encoding='utf-8') as file:
            file.write('[inspector]\nprot = 9\n')
        error = self.assertRaises(ConfigError, conf.prepare, [],
                                  argv=['--config-dir', folder.path])
        self.assertIn('3.conf, line 2', str(error))

    def test_missing_plugin(self):
        self.assertRaises(PluginNotFound, self.prepare,
                          '[monitor]\ntype = nosuch\n')

    def test_missing_file(self):
        error = self.assertRaises(ConfigError, conf.prepare,
                                  ['/nonexistent/doctor.conf'])
        self.assertIn('/nonexistent/doctor.conf', str(error))

    def test_no_ini_file(self):
        self.assertIn('doctor.conf', self.refused('gibberish\n'))

    def test_log_that_cannot_be_written(self):
        """The daemon ended with a traceback."""
        made = self.prepare('[DEFAULT]\nlog_config_append = /nonexistent\n')
        error = self.assertRaises(ConfigError, conf.setup_logging, made)
        self.assertIn('/nonexistent', str(error))

    def test_libraries_that_say_much_are_quiet(self):
        """162 lines of debug were all of futurist's loops."""
        self.useFixture(fixtures.MonkeyPatch('oslo_log.log.setup',
                                             lambda *args: None))
        conf.setup_logging(self.prepare('[DEFAULT]\ndebug = true\n'))
        self.assertFalse(logging.getLogger('futurist.periodics')
                         .isEnabledFor(logging.DEBUG))

    def test_no_error_is_said_twice(self):
        """What was logged of an exception had it once more at its end."""
        made = self.prepare('')
        log = formatters.ContextFormatter(config=made)
        record = logging.LogRecord('doctor', logging.ERROR, __file__, 1,
                                   'no ticket: %s', ('folder gone',), None)
        try:
            raise OSError('folder gone')
        except OSError:
            twice = log.format(record)
            record.name = 'amqp'
            others = conf._SaidOnce(log).format(record)
            record.name = 'doctor_core.faults'
            once = conf._SaidOnce(log).format(record)
            record.exc_info = sys.exc_info()
            asked_for = conf._SaidOnce(log).format(record)
        self.assertEqual((2, 1), (twice.count('folder gone'),
                                  once.count('folder gone')))
        # Who knows what another library says.
        self.assertEqual(2, others.count('folder gone'))
        self.assertIn('ERROR', once)
        self.assertIn('Traceback', asked_for)
        self.assertEqual(logging.ERROR, record.levelno)


class FilesTest(testtools.TestCase):
    """A folder where a file was wanted gave a traceback, or Python's words;
    a folder that was none was passed over, and the defaults were taken.
    """

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path

    def refused(self, *args, **kwargs):
        return str(self.assertRaises(ConfigError, conf.prepare, *args,
                                     **kwargs))

    def file(self, name, text='[inspector]\nport = 7\n'):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def test_a_folder_instead_of_a_file(self):
        for said in (self.refused([self.folder]),
                     self.refused([], argv=['--config-file', self.folder])):
            self.assertEqual('Cannot read the configuration file '
                             f'{self.folder}: Is a directory.', said)

    def test_a_folder_among_the_files_of_a_folder(self):
        path = os.path.join(self.folder, 'x.conf')
        os.mkdir(path)
        for said in (self.refused([], folders=[self.folder]),
                     self.refused([], argv=['--config-dir', self.folder])):
            self.assertIn(f'{path}: Is a directory', said)

    def test_a_folder_that_is_none(self):
        absent = os.path.join(self.folder, 'absent')
        for path, why in ((absent, 'No such file or directory'),
                          (self.file('file'), 'Not a directory')):
            self.assertEqual(f'Cannot read the configuration folder {path}: '
                             f'{why}.', self.refused([], folders=[path]))
            self.assertIn(path, self.refused(
                [], argv=['--config-dir', path]))

    def test_a_folder_below_the_user_s_own(self):
        """Its files were read, and what they misspelt was not seen."""
        self.useFixture(fixtures.EnvironmentVariable('HOME', self.folder))
        self.file('a.conf', '[inspector]\nport = 8\n')
        for given in ({'folders': ['~']}, {'argv': ['--config-dir', '~']},
                      {'files': ['~/a.conf']},
                      {'argv': ['--config-file', '~/a.conf']}):
            self.assertEqual(8, conf.prepare(
                **{'files': [], **given}).inspector.port)
        self.file('b.conf', '[inspector]\nprot = 8\n')
        for given in ({'folders': ['~']}, {'argv': ['--config-dir', '~']}):
            self.assertIn('b.conf, line 2', self.refused([], **given))
