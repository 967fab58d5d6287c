"""Commands and files of machines that are reached by SSH.

SSH is asyncssh's: host keys are verified unless one asks for the opposite,
every step has a time limit that is kept, one loop serves hundreds of
machines without a thread each, and ports can be forwarded backwards.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from doctor_core import loop
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.runner.base import TIMEOUT_S, Done, Runner, late

if TYPE_CHECKING:
    import asyncssh

T = TypeVar('T')
LOG = logging.getLogger(__name__)

_KEEPALIVE_S = 5.0


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
    :param host_key: the one host key to trust, as ``known_hosts`` has it
        behind the name: ``ssh-ed25519 AAAA...``; instead of a file.
    :param ignore_host_keys: trust whoever answers; each connection is
        warned of.
    :param jump: the machine from which this one is reached. It stays the
        caller's to close, after this one.
    :param connect_s: seconds to connect and log in.
    """

    def __init__(self, address: str, *, port: int = 22, user: str = '',
                 key_file: str = '', known_hosts: str = '',
                 host_key: str = '', ignore_host_keys: bool = False,
                 sudo: bool = False, jump: 'SshRunner | None' = None,
                 connect_s: float = 10.0) -> None:
        self.sudo = sudo
        self._name = f'{address} port {port}'
        self._jump = jump
        self._host_key = host_key
        self._ignore_host_keys = ignore_host_keys
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
        self._forwarded: dict[int, asyncssh.SSHListener] = {}
        self._connection: asyncssh.SSHClientConnection | None = None
        self._using = threading.Lock()
        self._loop: loop.LoopThread | None = None
        self._connecting: asyncio.Lock

    def __str__(self) -> str:
        return self._name

    def execute(self, argv: Sequence[str], *, input: bytes | None = None,
                timeout_s: float = TIMEOUT_S) -> Done:
        return self._await(self._execute(argv, input), argv, timeout_s)

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

    def end_forward(self, port: int) -> None:
        """Have a port lead nowhere again; fine if it does not lead here.

        :raises BackendError: the machine does not answer; the port is gone
            when it sees that the connection is.
        """
        self._await(self._end_forward(port), ['forward', str(port)])

    def close(self) -> None:
        with self._using:
            thread, self._loop = self._loop, None
        if thread is not None:
            thread.run(self._disconnect())
            _SHARED.release()

    def _hold(self) -> loop.LoopThread:
        """Have the loop run, for the machine in between too."""
        if self._jump is not None:
            self._jump._hold()
        with self._using:
            if self._loop is None:
                self._loop = _SHARED.acquire()
                self._connecting = asyncio.Lock()
            return self._loop

    def _await(self, coroutine: Coroutine[Any, Any, T], what: Sequence[str],
               timeout_s: float = TIMEOUT_S) -> T:
        """Run a coroutine on the loop, and translate what goes wrong."""
        import asyncssh
        try:
            return self._hold().run(_within(coroutine, timeout_s))
        except asyncssh.HostKeyNotVerifiable as error:
            raise BackendError(
                f'{self._name}: {self._distrust()}: {error}') from None
        except asyncssh.PermissionDenied as error:
            raise BackendError(f'{self._name}: {error}') from None
        except TimeoutError:
            raise late(what, timeout_s, self._name) from None
        except (asyncssh.Error, asyncssh.ChannelListenError,
                OSError) as error:
            raise BackendError(f'{self._name}: {what[0]}: {error}',
                               recoverable=True) from None

    def _distrust(self) -> str:
        return ('the host key is not the one that is pinned' if self._host_key
                else 'the host key is not among the known hosts')

    async def _connected(self) -> 'asyncssh.SSHClientConnection':
        async with self._connecting:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
                self._forwarded.clear()
            return self._connection

    async def _connect(self) -> 'asyncssh.SSHClientConnection':
        import asyncssh
        # It tells each step of each command otherwise.
        asyncssh.set_log_level('WARNING')
        try:
            if self._host_key:
                key = asyncssh.import_public_key(self._host_key)
                self._options['known_hosts'] = ([key], [], [])
            elif self._ignore_host_keys:
                LOG.warning('%s: whoever answers is trusted, as host keys '
                            'are ignored', self._name)
                self._options['known_hosts'] = None
            tunnel = (await self._jump._connected_as_jump(self._name)
                      if self._jump is not None else ())
            return await asyncssh.connect(tunnel=tunnel, **self._options)
        except (asyncssh.KeyImportError, ValueError) as error:
            raise ConfigError(f'{self._name}: the key cannot be used: '
                              f'{error}') from None

    async def _connected_as_jump(self, target: str
                                 ) -> 'asyncssh.SSHClientConnection':
        """Connected, and what goes wrong said of this machine."""
        import asyncssh
        try:
            return await self._connected()
        except asyncssh.HostKeyNotVerifiable as error:
            raise BackendError(f'{self._name}, on the way to {target}: '
                               f'{self._distrust()}: {error}') from None
        except asyncssh.PermissionDenied as error:
            raise BackendError(f'{self._name}, on the way to {target}: '
                               f'{error}') from None
        except (asyncssh.Error, OSError) as error:
            raise BackendError(f'{self._name}, on the way to {target}: '
                               f'{error}', recoverable=True) from None

    async def _execute(self, argv: Sequence[str],
                       input: bytes | None) -> Done:
        import asyncssh
        connection = await self._connected()
        # SSH knows no argument vector: the login shell reads one line.
        process = await connection.create_process(
            shlex.join(argv), encoding=None,
            # Empty input would not be ended.
            stdin=asyncssh.PIPE if input else asyncssh.DEVNULL)
        try:
            output, errors = await process.communicate(input or None)
        finally:
            # Not to be waited for: a dead connection would not answer.
            process.close()
        status = process.exit_status
        return Done(-1 if status is None else status, output or b'',
                    errors or b'')

    async def _forward(self, port: int, host: str, host_port: int) -> None:
        connection = await self._connected()
        if port not in self._forwarded:
            self._forwarded[port] = await connection.forward_remote_port(
                '127.0.0.1', port, host, host_port)

    async def _end_forward(self, port: int) -> None:
        listener = self._forwarded.pop(port, None)
        if listener is not None:
            listener.close()
            await listener.wait_closed()

    async def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connection.wait_closed(), 2.0)
            self._connection = None


async def _within(coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
    return await asyncio.wait_for(coroutine, timeout_s)


def _readable(path: str) -> str:
    path = os.path.expanduser(path)
    if not os.access(path, os.R_OK):
        raise ConfigError(f'{path} cannot be read.')
    return path
