"""systemd's end of a notification socket, for tests."""

import socket

import fixtures

WAIT_S = 60


class Listener(fixtures.Fixture):
    """A socket that daemons tell how they are.

    :param name: in no folder, instead of a path.
    :ivar address: what ``NOTIFY_SOCKET`` has to say.
    """

    def __init__(self, name=''):
        self._name = name

    def _setUp(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self._socket.close)
        self._socket.settimeout(WAIT_S)
        if self._name:
            self.address = f'@{self._name}'
            self._socket.bind(f'\0{self._name}')
        else:
            self.address = self.useFixture(fixtures.TempDir()).join('notify')
            self._socket.bind(self.address)

    def heard(self):
        """The lines of the next datagram."""
        return self._socket.recv(4096).decode().split('\n')

    def is_silent(self):
        """Whether nothing has arrived."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(WAIT_S)
