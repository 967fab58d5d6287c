"""A machine with a collectd that is not there."""

from doctor_core.exceptions import BackendError
from doctor_core.runner import Done, Runner


class Machine(Runner):
    """Files, processes, and the commands that an agent gives.

    :ivar files: content by path.
    :ivar running: the configuration by number of process.
    :ivar commands: all that were given, without ``env``.
    :ivar environment: what ``env`` was to set and unset.
    :ivar away: whether it cannot be reached.
    :ivar deaf: whether its collectd does not end when asked to.
    :ivar dumb: whether its collectd starts without our plugin.
    :ivar refuses: whether its collectd refuses every configuration.
    """

    def __init__(self, files=None):
        self.files = dict(files or {})
        self.running = {}
        self.commands = []
        self.environment = []
        self.away = self.deaf = self.dumb = self.refuses = False
        self.closed = False
        self._pids = iter(range(100, 1000))

    def execute(self, argv, *, input=None, timeout_s=30.0):
        if self.away:
            raise BackendError('away', recoverable=True)
        privileges = list(argv)[:2 if argv[0] == 'sudo' else 0]
        argv = self._without_env(list(argv)[len(privileges):])
        self.commands.append(' '.join([*privileges, *argv]))
        status, output = getattr(self, f'_{argv[0]}')(*argv[1:])
        return Done(status, output.encode())

    def _without_env(self, argv):
        """What ``env`` runs; its assignments are kept."""
        if argv[0] != 'env':
            return argv
        rest = argv[1:]
        while rest[0] == '-u' or '=' in rest[0]:
            if rest[0] == '-u':
                rest = rest[1:]
            self.environment.append(rest[0])
            rest = rest[1:]
        return rest

    def put(self, path, content, mode=None, owner=None):
        if self.away:
            raise BackendError('away', recoverable=True)
        self.files[path] = content

    def get(self, path):
        return self.files[path]

    def close(self):
        self.closed = True

    def _mkdir(self, *_arguments):
        return 0, ''

    def _test(self, _flag, path):
        return int(path not in self.files), ''

    def _cp(self, _flag, old, new):
        self.files[new] = self.files[old]
        return 0, ''

    def _mv(self, _flag, old, new):
        self.files[new] = self.files.pop(old)
        return 0, ''

    def _rm(self, _flag, *paths):
        for path in paths:
            self.files.pop(path, None)
        return 0, ''

    def _cat(self, path):
        part = path.split('/')
        if part[1] == 'proc' and part[2] in self.running:
            return 0, f'collectd\0-C\0{self.running[part[2]]}\0'
        if path in self.files:
            return 0, self.files[path].decode()
        return 1, 'No such file'

    def _collectd(self, *arguments):
        if self.refuses:
            return 1, 'Parse error'
        if '-t' not in arguments:
            pid = str(next(self._pids))
            self.running[pid] = arguments[-1]
            folder = arguments[-1].rpartition('/')[0]
            self.files[f'{folder}/collectd.pid'] = f'{pid}\n'.encode()
            if not self.dumb:
                self.files[f'{folder}/ready'] = pid.encode()
        return 0, ''

    def _kill(self, *arguments):
        if not self.deaf or '-KILL' in arguments:
            del self.running[arguments[-1]]
        return 0, ''
