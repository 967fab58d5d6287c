import argparse

import fixtures
import testtools

from doctor_core.cli import config_files


class ReadTest(testtools.TestCase):
    def test_files_and_folders(self):
        """Commands did not know --config-dir."""
        folder = self.useFixture(fixtures.TempDir())
        for name, port in (('doctor.conf', 7), ('a.conf', 8)):
            with open(folder.join(name), 'w', encoding='utf-8') as file:
                file.write(f'[inspector]\nport = {port}\n')
        parser = argparse.ArgumentParser()
        config_files.add_arguments(parser)
        given = parser.parse_args(['--config-file',
                                   folder.join('doctor.conf')])
        self.assertEqual(7, config_files.read(given).inspector.port)
        given = parser.parse_args(
            ['--config-file', folder.join('doctor.conf'), '--config-dir',
             self.useFixture(fixtures.TempDir()).path])
        self.assertEqual(7, config_files.read(given).inspector.port)
        given = parser.parse_args(['--config-dir', folder.path])
        self.assertEqual(7, config_files.read(given).inspector.port)
