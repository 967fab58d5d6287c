"""What a runner is."""

import abc
import dataclasses
import posixpath
import stat
from collections.abc import Sequence

from doctor_core.exceptions import BackendError, CommandFailed, spoken

TIMEOUT_S = 30.0
#: What gives a command the rights of root; without a password, or not.
SUDO = ('sudo', '-n', '--')
#: How much of a command's last words an error repeats.
_TAIL = 2000
_IN_ENGLISH = ('env', 'LC_ALL=C')
#: Writes its input to a file: the path, the size of the input, the mode and
#: the owner or nothing for them. In one go, as each command by SSH takes its
#: time. The file keeps its access list and its security context too; input
#: that was cut short by the loss of a connection is none.
_PUT = '''
set -e
target=$(realpath -- "$1")
fresh=$target.doctor-new
trap 'rm -f -- "$fresh"' EXIT
mode=$3
if [ -e "$target" ]; then
    cp --attributes-only --preserve=all --remove-destination -- \\
        "$target" "$fresh"
else
    install -m 0600 -- /dev/null "$fresh"
    mode=${mode:-0644}
fi
[ -z "$4" ] || chown -- "$4" "$fresh"
[ -z "$mode" ] || chmod -- "$mode" "$fresh"
dd of="$fresh" bs=64k conv=fsync status=none
if [ "$(stat -c %s -- "$fresh")" != "$2" ]; then
    echo "only a part of $1 has arrived" >&2
    exit 1
fi
mv -fT -- "$fresh" "$target"
trap - EXIT
sync -- "$(dirname -- "$target")"
'''


@dataclasses.dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    output: bytes = b''
    errors: bytes = b''


@dataclasses.dataclass(frozen=True)
class FileState:
    """What a file is, beside its content.

    :ivar mode: its permissions, e.g. 0o640.
    :ivar uid: the number of its owner.
    :ivar gid: the number of its group.
    :ivar size: in bytes.
    """

    mode: int
    uid: int
    gid: int
    size: int
    is_folder: bool = False


class Runner(abc.ABC):
    """Runs commands and keeps files on one machine; every method blocks.

    Any thread may use it. All that it needs there are the commands of GNU
    coreutils, so that files are the same here, by SSH, and with sudo.

    :ivar sudo: whether commands and files need ``sudo -n`` there.
    """

    sudo: bool = False

    @abc.abstractmethod
    def execute(self, argv: Sequence[str], *, input: bytes | None = None,
                timeout_s: float = TIMEOUT_S) -> Done:
        """Run a command to its end, as who is logged in, without a shell
        reading its words.

        :param argv: the command and its arguments; no secrets, as others
            on that machine can see them.
        :param input: what it reads from its standard input.
        :returns: how it ended, whatever its status is; 127 if there is no
            such command.
        :raises BackendError: it could not be run, or not in time.
        """

    def run(self, argv: Sequence[str], *, check: bool = True,
            timeout_s: float = TIMEOUT_S,
            input: bytes | None = None) -> str:
        """Run a command to its end, with sudo where that is needed.

        :param check: whether a status other than 0 is an error.
        :param input: what it reads from its standard input.
        :returns: what it wrote to standard output.
        :raises CommandFailed: its status, and the end of what it wrote.
        :raises BackendError: it could not be run, or not in time.
        """
        done = self._do(argv, timeout_s, input)
        if check and done.status:
            raise _failed(argv, done, done.output + done.errors)
        return done.output.decode(errors='replace')

    def _do(self, argv: Sequence[str], timeout_s: float = TIMEOUT_S,
            input: bytes | None = None) -> Done:
        return self.execute([*SUDO, *argv] if self.sudo else list(argv),
                            input=input, timeout_s=timeout_s)

    def succeeds(self, argv: Sequence[str]) -> bool:
        """Whether a command ends with status 0.

        :raises BackendError: it could not be run.
        """
        try:
            self.run(argv)
        except CommandFailed:
            return False
        return True

    def get(self, path: str) -> bytes:
        """Read a file.

        :raises BackendError: it cannot be read.
        """
        argv = [*_IN_ENGLISH, 'cat', '--', path]
        done = self._do(argv)
        if done.status:
            # The output may be the half of a secret.
            raise _failed(argv, done, done.errors)
        return done.output

    def get_optional(self, path: str) -> bytes | None:
        """Read a file; None when there is none.

        :raises BackendError: there is one, and it cannot be read.
        """
        try:
            return self.get(path)
        except CommandFailed as error:
            if _is_absence(error):
                return None
            raise

    def stat(self, path: str) -> FileState | None:
        """What a file is; None when there is none. Follows links.

        :raises BackendError: nobody can tell.
        """
        try:
            said = self.run([*_IN_ENGLISH, 'stat', '-L',
                             '-c', '%f %u %g %s', '--', path])
        except CommandFailed as error:
            if _is_absence(error):
                return None
            raise
        mode, *numbers = said.split()
        uid, gid, size = map(int, numbers)
        return FileState(stat.S_IMODE(int(mode, 16)), uid, gid, size,
                         stat.S_ISDIR(int(mode, 16)))

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder.

        :raises BackendError: nobody can tell.
        """
        return self.stat(path) is not None

    def put(self, path: str, content: bytes, mode: int | None = None,
            owner: tuple[int, int] | None = None) -> None:
        """Write a file, through links; who reads it sees the old or the new
        one, whole, also after a crash of the machine.

        :param mode: its permissions; None to keep those of the file that is
            there, or for 0o644.
        :param owner: the numbers of its owner and group; None to keep those
            of the file that is there, or for who writes it.
        :raises BackendError: it cannot be written; the old one is there.
        """
        try:
            self.run(['sh', '-c', _PUT, 'put', path, str(len(content)),
                      '' if mode is None else f'{mode:04o}',
                      '' if owner is None else '{}:{}'.format(*owner)],
                     input=content)
        except CommandFailed as error:
            raise BackendError(f'{path} cannot be written: '
                               f'{error.tail.strip()}') from None

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is fine.

        :raises BackendError: it is still there.
        """
        self.run(['rm', '-f', '--', path])
        # The folder may not be there either.
        self.run(['sync', '--', posixpath.dirname(path) or '.'], check=False)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        """Make a folder, and those above it; one that is there is fine.

        :param mode: the permissions of a new one.
        :raises BackendError: it cannot be made.
        """
        self.run(['mkdir', '-p', '-m', f'{mode:04o}', '--', path])

    def as_root(self) -> 'Runner':
        """The same machine by the same connection, with sudo."""
        return self if self.sudo else _AsRoot(self)

    def close(self) -> None:  # noqa: B027
        """Disconnect; may be called again. What is used afterwards connects
        anew.
        """


class _AsRoot(Runner):
    """What another runner reaches, with sudo."""

    sudo = True

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def execute(self, argv: Sequence[str], *, input: bytes | None = None,
                timeout_s: float = TIMEOUT_S) -> Done:
        return self._runner.execute(argv, input=input, timeout_s=timeout_s)

    def close(self) -> None:
        self._runner.close()


def _failed(argv: Sequence[str], done: Done, said: bytes) -> CommandFailed:
    return CommandFailed(argv, done.status,
                         said.decode(errors='replace')[-_TAIL:])


def _is_absence(error: CommandFailed) -> bool:
    return error.tail.rstrip().endswith((': No such file or directory',
                                         ': Not a directory'))


def late(argv: Sequence[str], timeout_s: float, where: str) -> BackendError:
    """The error of a command that did not end in time."""
    return BackendError(f'{where}: {spoken(argv)} took more than '
                        f'{timeout_s:g} s', recoverable=True)
