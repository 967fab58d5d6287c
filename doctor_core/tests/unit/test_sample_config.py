"""The committed etc/doctor.conf.sample is what the options say."""

import io
import pathlib
import re

import testtools
from oslo_config import cfg, generator

import doctor_core
from doctor_core import opts

ETC = pathlib.Path(doctor_core.__file__).parent.parent / 'etc'


def sections(text: str) -> dict[str, str]:
    """The text of a file by group."""
    parts = re.split(r'^\[(\w+)\]$', text, flags=re.M)
    return {name: body.strip()
            for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def generated() -> dict[str, str]:
    """Our own groups, as oslo-config-generator writes them."""
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf(['--namespace', 'doctor_core', '--wrap-width', '79'],
         project='doctor', default_config_files=[], default_config_dirs=[])
    output = io.StringIO()
    generator.generate(conf, output_file=output)
    return sections(output.getvalue())


class SampleConfigTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.committed = sections((ETC / 'doctor.conf.sample').read_text())

    def test_our_groups_are_current(self):
        # [DEFAULT] also holds what the libraries write, version by version.
        ours = {name: body for name, body in generated().items()
                if name != 'DEFAULT'}
        stale = [name for name, body in ours.items()
                 if self.committed.get(name) != body]
        self.assertEqual([], stale, 'run "tox -e genconfig"')

    def test_default_group_has_ours_and_the_libraries_options(self):
        names = [option.name for option in opts.DEFAULT_OPTS]
        for name in (*names, 'debug', 'log_file', 'transport_url'):
            self.assertRegex(self.committed['DEFAULT'], f'(?m)^#{name} =')

    def test_the_bus_can_be_tuned(self):
        self.assertIn('oslo_messaging_rabbit', self.committed)

    def test_nothing_of_a_group_that_has_gone(self):
        known = {*dict(opts.list_opts()), 'oslo_messaging_kafka',
                 'oslo_messaging_rabbit', 'oslo_messaging_notifications'}
        self.assertEqual(set(), set(self.committed) - known,
                         'run "tox -e genconfig"')
