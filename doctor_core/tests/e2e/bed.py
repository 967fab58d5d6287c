"""The bed that the tests run against."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import doctor_core

_TOOL = (Path(doctor_core.__file__).parent.parent / 'tools' / 'openstack-bed'
         / 'bed')


class BedCase:
    """Mixed into a test class: a bed that is up, or the class is skipped."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(os.environ.get('DOCTOR_BED_FOLDER', ''))
        if not (cls.folder / 'doctor.conf').is_file():
            raise cls.skipException(
                'DOCTOR_BED_FOLDER names no bed; "tox -e e2e" brings one up')
        kept = dict(os.environ)
        os.environ.update(
            OS_CLOUD='bed',
            OS_CLIENT_CONFIG_FILE=str(cls.folder / 'clouds.yaml'))
        try:
            super().setUpClass()
        finally:
            os.environ.clear()
            os.environ.update(kept)

    @property
    def transport_url(self):
        """The bed's bus."""
        options = configparser.ConfigParser(interpolation=None)
        options.read(self.folder / 'doctor.conf')
        return options['cloud']['notifications_transport_url']

    def bed(self, *words):
        """Run a command of the bed; what it wrote."""
        return self.call_bed(*words)

    @classmethod
    def call_bed(cls, *words, timeout_s=300):
        """As :meth:`bed`, also before there is a test.

        :raises AssertionError: it did not end well.
        """
        done = subprocess.run(
            [sys.executable, str(_TOOL), '--folder', str(cls.folder),
             *words], capture_output=True, text=True, timeout=timeout_s,
            check=False)
        if done.returncode:
            raise AssertionError(f'{words}: {done.stdout}{done.stderr}')
        return done.stdout

    def fail_host(self, name):
        self.bed('fail', name)

    def heal_host(self, name):
        self.bed('heal', name)
