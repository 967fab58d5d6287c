"""Commands and files, here and on other machines; the only place that starts
processes and speaks SSH.

SSH is asyncssh's: host keys are verified unless one asks for the opposite,
every step has a time limit that is kept, one loop serves hundreds of
machines without a thread each, and ports can be forwarded backwards.
"""

import abc
import asyncio
import contextlib
import os
import shlex
import subprocess
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from doctor_core import loop
from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    ConfigError,
)

if TYPE_CHECKING:
    import asyncssh

T = TypeVar('T')

_TIMEOUT_S = 30.0
#: How much of a command's last words an error repeats.
_TAIL = 2000
_KEEPALIVE_S = 5.0


class Runner(abc.ABC):
    """Runs commands and copies files on one machine; every method blocks.

    Any thread may use it.
    """

    @abc.abstractmethod
    def run(self, argv: Sequence[str], *, check: bool = True,
            timeout_s: float = _TIMEOUT_S) -> str:
        """Run a command to its end, without a shell reading its words.

        :param argv: the command and its arguments.
        :param check: whether a status other than 0 is an error.
        :returns: what it wrote to standard output.
        :raises CommandFailed: its status, and the end of what it wrote.
        :raises BackendError: it could not be run, or not in time.
        """

    @abc.abstractmethod
    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file; who reads it sees the old or the new one, whole.

        :raises BackendError: it cannot be written.
        """

    @abc.abstractmethod
    def get(self, path: str) -> bytes:
        """Read a file.

        :raises BackendError: it cannot be read.
        """

    def succeeds(self, argv: Sequence[str]) -> bool:
        """Whether a command ends with status 0.

        :raises BackendError: it could not be run.
        """
        try:
            self.run(argv)
        except CommandFailed:
            return False
        return True

    def close(self) -> None:  # noqa: B027
        """Disconnect; may be called again."""


class LocalRunner(Runner):
    """This machine."""

    def run(self, argv: Sequence[str], *, check: bool = True,
            timeout_s: float = _TIMEOUT_S) -> str:
        try:
            done = subprocess.run(
                argv, capture_output=True, stdin=subprocess.DEVNULL,
                text=True, errors='replace', timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise _late(argv, timeout_s, 'this machine') from None
        except OSError as error:
            raise CommandFailed(argv, 127, str(error)) from None
        if check and done.returncode:
            raise CommandFailed(argv, done.returncode,
                                (done.stdout + done.stderr)[-_TAIL:])
        return done.stdout

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        fresh = f'{path}.new'
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                              mode), 'wb') as file:
                file.write(content)
            os.chmod(fresh, mode)
            os.replace(fresh, path)
        except OSError as error:
            raise BackendError(f'{path} cannot be written: {error}') from None

    def get(self, path: str) -> bytes:
        try:
            with open(path, 'rb') as file:
                return file.read()
        except OSError as error:
            raise BackendError(f'{path} cannot be read: {error}') from None


class _Shared:
    """The one loop of all connections; there is one while somebody uses it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._thread: loop.LoopThread | None = None

    def acquire(self) -> loop.LoopThread:
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._thread = loop.LoopThread('ssh')
            return self._thread

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._thread is not None:
                self._thread.stop()
                self._thread = None


_SHARED = _Shared()


class SshRunner(Runner):
    """A machine that is reached by SSH; connects when it is first used, and
    again after the connection was lost.

    :param address: the machine's name or address.
    :param user: whom to log in as; who runs this when empty.
    :param key_file: the private key; those of the agent and of ``~/.ssh``
        when empty.
    :param known_hosts: the file of host keys to trust; that of ``~/.ssh``
        when empty. A machine that is not in it is refused.
    :param connect_s: seconds to connect and log in.
    """

    def __init__(self, address: str, *, port: int = 22, user: str = '',
                 key_file: str = '', known_hosts: str = '',
                 connect_s: float = 10.0) -> None:
        self._name = f'{address} port {port}'
        self._options: dict[str, Any] = {
            'host': address, 'port': port, 'config': [],
            'connect_timeout': connect_s, 'login_timeout': connect_s,
            'keepalive_interval': _KEEPALIVE_S,
            'known_hosts': _readable(known_hosts) if known_hosts else ()}
        if user:
            self._options['username'] = user
        if key_file:
            self._options.update(client_keys=[_readable(key_file)],
                                 agent_path=None)
        self._forwarded: set[int] = set()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._using = threading.Lock()
        self._loop: loop.LoopThread | None = None
        self._connecting: asyncio.Lock

    def run(self, argv: Sequence[str], *, check: bool = True,
            timeout_s: float = _TIMEOUT_S) -> str:
        return self._await(self._run(argv, check), argv, timeout_s)

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self._await(self._put(path, content, mode), ['put', path])

    def get(self, path: str) -> bytes:
        return self._await(self._get(path), ['get', path])

    def forward_back(self, port: int, host: str, host_port: int) -> None:
        """Have a port on the machine's loopback lead to an address that is
        reached from here, for as long as this is connected.

        To be called again now and then: it does nothing while the port still
        leads there, and repairs it after the connection was lost.

        :param port: the port over there.
        :raises BackendError: the machine refuses.
        """
        self._await(self._forward(port, host, host_port),
                    ['forward', str(port)])

    def close(self) -> None:
        with self._using:
            thread, self._loop = self._loop, None
        if thread is not None:
            thread.run(self._disconnect())
            _SHARED.release()

    def _await(self, coroutine: Coroutine[Any, Any, T], what: Sequence[str],
               timeout_s: float = _TIMEOUT_S) -> T:
        """Run a coroutine on the loop, and translate what goes wrong."""
        import asyncssh
        with self._using:
            if self._loop is None:
                self._loop = _SHARED.acquire()
                self._connecting = asyncio.Lock()
            thread = self._loop
        try:
            return thread.run(_within(coroutine, timeout_s))
        except asyncssh.HostKeyNotVerifiable as error:
            raise BackendError(
                f'{self._name}: the host key is not among the known hosts: '
                f'{error}') from None
        except asyncssh.PermissionDenied as error:
            raise BackendError(f'{self._name}: {error}') from None
        except TimeoutError:
            raise _late(what, timeout_s, self._name) from None
        except (asyncssh.Error, asyncssh.ChannelListenError,
                OSError) as error:
            raise BackendError(f'{self._name}: {what[0]}: {error}',
                               recoverable=True) from None

    async def _connected(self) -> 'asyncssh.SSHClientConnection':
        import asyncssh
        async with self._connecting:
            if self._connection is None or self._connection.is_closed():
                # It tells each step of each command otherwise.
                asyncssh.set_log_level('WARNING')
                try:
                    self._connection = await asyncssh.connect(
                        **self._options)
                except (asyncssh.KeyImportError, ValueError) as error:
                    raise ConfigError(f'{self._name}: the key cannot be '
                                      f'used: {error}') from None
                self._forwarded.clear()
            return self._connection

    async def _run(self, argv: Sequence[str], check: bool) -> str:
        connection = await self._connected()
        # SSH knows no argument vector: the login shell reads one line.
        done = await connection.run(shlex.join(argv), check=False,
                                    stdin=subprocess.DEVNULL,
                                    errors='replace')
        output, errors = str(done.stdout or ''), str(done.stderr or '')
        status = done.exit_status if done.exit_status is not None else -1
        if check and status:
            raise CommandFailed(argv, status, (output + errors)[-_TAIL:])
        return output

    async def _put(self, path: str, content: bytes, mode: int) -> None:
        connection = await self._connected()
        async with connection.start_sftp_client() as sftp:
            fresh = f'{path}.new'
            async with sftp.open(fresh, 'wb') as file:
                await file.write(content)
            await sftp.chmod(fresh, mode)
            await sftp.posix_rename(fresh, path)

    async def _get(self, path: str) -> bytes:
        connection = await self._connected()
        async with connection.start_sftp_client() as sftp, \
                sftp.open(path, 'rb') as file:
            content: Any = await file.read()
            return bytes(content)

    async def _forward(self, port: int, host: str, host_port: int) -> None:
        connection = await self._connected()
        if port not in self._forwarded:
            await connection.forward_remote_port('127.0.0.1', port,
                                                 host, host_port)
            self._forwarded.add(port)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connection.wait_closed(), 2.0)
            self._connection = None


class SavedFile:
    """A file on a machine that is replaced for a while.

    What was there is kept beside it, also when whoever replaced it dies
    before putting it back: the next one puts back the same.

    :param path: the file; who runs commands there may write in its folder.
    """

    def __init__(self, runner: Runner, path: str) -> None:
        self._runner = runner
        self.path = path
        self._saved = f'{path}.doctor-saved'
        self._absent = f'{path}.doctor-absent'

    def replace(self, content: bytes, mode: int = 0o644) -> None:
        """Keep what is there, and put this into its place.

        :raises BackendError: nothing has changed.
        """
        if not (self._exists(self._saved) or self._exists(self._absent)):
            if self._exists(self.path):
                self._runner.run(['cp', '-p', self.path,
                                  f'{self._saved}.new'])
                self._runner.run(['mv', '-f', f'{self._saved}.new',
                                  self._saved])
            else:
                self._runner.put(self._absent, b'')
        self._runner.put(self.path, content, mode)

    def restore(self) -> None:
        """Put back what was there; nothing when nothing was replaced.

        :raises BackendError: it could not be done, and may be tried again.
        """
        if self._exists(self._saved):
            self._runner.run(['mv', '-f', self._saved, self.path])
        elif self._exists(self._absent):
            self._runner.run(['rm', '-f', self.path, self._absent])

    def _exists(self, path: str) -> bool:
        return self._runner.succeeds(['test', '-e', path])


async def _within(coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
    return await asyncio.wait_for(coroutine, timeout_s)


def _late(argv: Sequence[str], timeout_s: float, where: str) -> BackendError:
    return BackendError(f'{where}: {shlex.join(argv)} took more than '
                        f'{timeout_s:g} s', recoverable=True)


def _readable(path: str) -> str:
    path = os.path.expanduser(path)
    if not os.access(path, os.R_OK):
        raise ConfigError(f'{path} cannot be read.')
    return path
