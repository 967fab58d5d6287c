"""A machine that answers from a table."""

import shlex

from doctor_core.runner.base import SUDO, Done, Runner

FOLDER = Done(0, b'41ed 0 0 4096\n')


class FakeMachine(Runner):
    """Answers what it is asked, and keeps it.

    :param files: the files and folders that there are: path to text.
    :param commands: what other commands write, by their command line; a
        ``Done`` where they fail.
    """

    def __init__(self, files=None, commands=None, sudo=False):
        self.sudo = sudo
        self.files = files or {}
        self.commands = commands or {}
        self.asked = []
        self.closed = 0

    def execute(self, argv, *, input=None, timeout_s=30.0):
        self.asked.append(list(argv))
        if tuple(argv[:3]) == SUDO:
            argv = argv[3:]
        if argv[:2] == ['env', 'LC_ALL=C']:
            argv = argv[2:]
        if argv[0] == 'cat':
            return self._cat(argv[-1])
        if argv[0] == 'stat':
            return FOLDER if argv[-1] in self.files else self._none(argv[-1])
        answer = self.commands.get(shlex.join(argv),
                                   Done(127, errors=b'no such command'))
        return answer if isinstance(answer, Done) \
            else Done(0, answer.encode())

    def _cat(self, path):
        return Done(0, self.files[path].encode()) if path in self.files \
            else self._none(path)

    @staticmethod
    def _none(path):
        return Done(1, errors=f'{path}: No such file or directory\n'.encode())

    def close(self):
        self.closed += 1


def units(*names):
    """What systemctl writes of the services that run."""
    return ''.join(f'  {name}.service loaded active running Words for {name}\n'
                   for name in names)


UNITS = ('systemctl list-units --type=service '
         '--state=running,failed,auto-restart --no-legend --no-pager --full')
