import testtools
from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.runner.ssh_options import SshAccess, ssh_opts


def options(**values):
    conf = cfg.ConfigOpts()
    conf.register_opts(ssh_opts('heat-admin'), group='x')
    conf([], default_config_files=[])
    for name, value in values.items():
        conf.set_override(name, value, group='x')
    return conf.x


class SshOptionsTest(testtools.TestCase):

    def test_host_keys_are_verified_by_default(self):
        self.assertFalse(options().ssh_ignore_host_keys)
        self.assertFalse(options().ssh_jump_ignore_host_keys)

    def test_one_way_to_trust(self):
        for name in ('ssh', 'ssh_jump'):
            given = options(ssh_jump_host='between', **{
                f'{name}_host_key': 'ssh-ed25519 AAAA',
                f'{name}_ignore_host_keys': True})
            error = self.assertRaises(ConfigError, SshAccess, given)
            self.assertIn(f'{name}_host_key and {name}_ignore_host_keys',
                          str(error))

    def test_file_that_cannot_be_read(self):
        access = SshAccess(options(ssh_known_hosts='/no/such/file'))
        error = self.assertRaises(ConfigError, access.runner, 'host')
        self.assertIn('/no/such/file', str(error))

    def test_reached_directly_unless_told_otherwise(self):
        self.assertIsNone(SshAccess(options()).jump)
        access = SshAccess(options(ssh_jump_host='between',
                                   ssh_jump_port=2222))
        self.assertEqual('between port 2222', str(access.jump))
        access.close()
        access.close()

    def test_with_sudo(self):
        access = SshAccess(options())
        self.assertTrue(access.runner('host', sudo=True).sudo)
        self.assertEqual('host port 22', str(access.runner('host')))
