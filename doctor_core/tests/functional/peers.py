"""HTTP peers that behave as real ones do on a bad day."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from doctor_core import clock

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'


def answer(status: int, *headers: str) -> bytes:
    """A whole answer without a body."""
    lines = [f'HTTP/1.1 {status} x', 'Content-Length: 0', *headers, '', '']
    return '\r\n'.join(lines).encode()


class Peer:
    """A server whose every answer the test decides.

    :param behaviours: what is done with each request in turn; the last one
        with all further ones. Bytes are sent, None hangs, a function is
        given the connection.
    :param address: where it listens.
    :ivar requests: the head and body of each request, in order.
    :ivar arrivals: when each had arrived, on the monotonic clock.
    """

    def __init__(self, *behaviours: 'bytes | None | Callable',
                 address: str = '127.0.0.1') -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.arrivals: list[float] = []
        self._behaviours = behaviours or (OK,)
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server((address, 0), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._listener.getsockname()[1]}/failure'

    def close(self) -> None:
        """Stop listening and hang up."""
        for open_socket in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()

    def connections(self) -> int:
        """How many connections there were in all."""
        return len(self._connections)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,),
                                 daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for request in _requests(connection):
                with self._lock:
                    behaviour = self._behaviours[
                        min(len(self.requests), len(self._behaviours) - 1)]
                    self.requests.append(request)
                    self.arrivals.append(clock.monotonic())
                if callable(behaviour):
                    behaviour(connection)
                elif behaviour is not None:
                    connection.sendall(behaviour)


class Gateway(Peer):
    """Answers what is for the path /b, and nothing else."""

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for head, _body in _requests(connection):
                if head.startswith(b'POST /b '):
                    connection.sendall(OK)


def _requests(connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    data = b''
    while True:
        while b'\r\n\r\n' not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return
            data += chunk
        head, _, data = data.partition(b'\r\n\r\n')
        length = next((int(line.split(b':')[1]) for line in head.split(b'\n')
                       if line.lower().startswith(b'content-length:')), 0)
        while len(data) < length:
            data += connection.recv(65536)
        yield head, data[:length]
        data = data[length:]


def reset(connection: socket.socket) -> None:
    """Break the connection without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack('ii', 1, 0))
    connection.close()


def half_an_answer(connection: socket.socket) -> None:
    """Hang up in the middle of the body."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhal')
    connection.close()


def half_a_head(connection: socket.socket) -> None:
    """Hang up before anything is said."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Le')
    connection.close()


def slowly(connection: socket.socket) -> None:
    """Answer, but not at once."""
    clock.sleep(0.3)
    connection.sendall(OK)


def refused_url() -> str:
    """A URL where nobody listens."""
    with socket.create_server(('127.0.0.1', 0)) as unused:
        return f'http://127.0.0.1:{unused.getsockname()[1]}/failure'
