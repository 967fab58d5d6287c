"""Commands and files, here and on other machines; the only part that starts
processes and speaks SSH.
"""

from doctor_core.runner.base import Done, FileState, Runner
from doctor_core.runner.local import LocalRunner
from doctor_core.runner.saved_file import SavedFile
from doctor_core.runner.ssh import SshRunner

__all__ = ['Done', 'FileState', 'LocalRunner', 'Runner', 'SavedFile',
           'SshRunner']
