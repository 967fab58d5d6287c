"""Many datagrams by one system call: ``sendmmsg`` and ``recvmmsg`` (Linux).

At tens of thousands of probes a second a call for each is what costs, most
of it in giving up and taking back the interpreter's lock.
"""

import ctypes
import errno
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any

#: Received by one call.
_ROOM = 256
#: Calls in one go, so that a flood of datagrams does not stop the clock.
_CALLS = 400
#: This machine's own congestion; any other error is the way to the host.
_CONGESTED = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM,
                        errno.EINTR})
_RECEIVE_BUFFER = 8 << 20
#: Absent from the ``socket`` module: asm-generic/socket.h.
_SO_RCVBUFFORCE = 33


class _Iovec(ctypes.Structure):
    _fields_ = (('base', ctypes.c_void_p), ('length', ctypes.c_size_t))


class _Message(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (('name', ctypes.c_void_p), ('name_length', ctypes.c_uint32),
                ('parts', ctypes.POINTER(_Iovec)),
                ('part_count', ctypes.c_size_t),
                ('control', ctypes.c_void_p),
                ('control_length', ctypes.c_size_t),
                ('flags', ctypes.c_int))


class _Entry(ctypes.Structure):
    """``struct mmsghdr``."""

    _fields_ = (('message', _Message), ('length', ctypes.c_uint))


_LENGTH = struct.Struct(
    f'={_Entry.length.offset}xI'
    f'{ctypes.sizeof(_Entry) - _Entry.length.offset - 4}x')
_libc = ctypes.CDLL(None, use_errno=True)


class Salvo:
    """Where to send the same datagram to, again and again.

    :param addresses: what the addresses are called elsewhere.
    :param names: the same as the kernel's socket addresses.
    :param size: the datagram's.
    """

    def __init__(self, addresses: Sequence[bytes], names: Sequence[bytes],
                 size: int) -> None:
        self.addresses = addresses
        self.packet = ctypes.create_string_buffer(size)
        self._iovec = _Iovec(ctypes.addressof(self.packet), size)
        length = len(names[0]) if names else 0
        self._names = ctypes.create_string_buffer(b''.join(names))
        self.entries = (_Entry * len(names))()
        for index, entry in enumerate(self.entries):
            entry.message.name = ctypes.addressof(self._names) \
                + index * length
            entry.message.name_length = length
            entry.message.parts = ctypes.pointer(self._iovec)
            entry.message.part_count = 1


class Datagrams:
    """A non-blocking socket that sends and receives by the hundred.

    :param name: the layout of a socket address; its single field is what
        answers are told apart by.
    :param data: the layout of what is wanted of a datagram; the rest of a
        longer one is cut off.
    :param shortest: how long a datagram has to be.
    :param longest: how long it may be.
    """

    def __init__(self, opened: socket.socket, name: struct.Struct,
                 data: struct.Struct, shortest: int, longest: int) -> None:
        self._socket = opened
        self._file = opened.fileno()
        self._name = name
        self._data = data
        self._shortest = shortest
        self._longest = longest
        self._names = ctypes.create_string_buffer(_ROOM * name.size)
        self._buffer = ctypes.create_string_buffer(_ROOM * data.size)
        self._iovecs = (_Iovec * _ROOM)()
        self._entries = (_Entry * _ROOM)()
        for index, entry in enumerate(self._entries):
            self._iovecs[index] = _Iovec(
                ctypes.addressof(self._buffer) + index * data.size,
                data.size)
            entry.message.name = ctypes.addressof(self._names) \
                + index * name.size
            entry.message.name_length = name.size
            entry.message.parts = ctypes.pointer(self._iovecs[index])
            entry.message.part_count = 1
        self._give_room()

    def _give_room(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE,
                                    _RECEIVE_BUFFER)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                    _RECEIVE_BUFFER)

    def send(self, salvo: Salvo, packet: bytes) -> list[bytes]:
        """Send a datagram to each address of a salvo.

        :returns: the addresses to which there was no room to send.
        """
        ctypes.memmove(salvo.packet, packet, len(packet))
        unsent = []
        count = len(salvo.entries)
        done = 0
        while done < count:
            sent = _libc.sendmmsg(
                self._file, ctypes.byref(salvo.entries,
                                         done * ctypes.sizeof(_Entry)),
                count - done, socket.MSG_DONTWAIT)
            if sent > 0:
                done += sent
                continue
            # The first of the rest is the one that could not be sent.
            if ctypes.get_errno() in _CONGESTED:
                unsent.append(salvo.addresses[done])
            done += 1
        return unsent

    def receive(self) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
        """All that has come: from where, and the fields wanted.

        Must be read to its end before it is called again.
        """
        shortest, longest = self._shortest, self._longest
        names, buffer = memoryview(self._names), memoryview(self._buffer)
        entries = memoryview(self._entries).cast('B')
        for _ in range(_CALLS):
            count = _libc.recvmmsg(self._file, self._entries, _ROOM,
                                   socket.MSG_DONTWAIT, None)
            if count < 0 and ctypes.get_errno() not in (
                    errno.EAGAIN, errno.EBADF):
                # An error that came back for a probe: no answer.
                continue
            if count <= 0:
                return
            for (name,), fields, (length,) in zip(
                    self._name.iter_unpack(names[:count * self._name.size]),
                    self._data.iter_unpack(buffer[:count * self._data.size]),
                    _LENGTH.iter_unpack(entries[:count * _LENGTH.size]),
                    strict=True):
                # What is shorter leaves old bytes behind it.
                if shortest <= length <= longest:
                    yield name, fields
            if count < _ROOM:
                return

    def close(self) -> None:
        """Close the socket; may be called again."""
        self._socket.close()

