"""The connections of a server: how many, and how long one may dawdle."""

import asyncio
import enum
import logging
import ssl
from typing import cast

from doctor_core import clock, descriptors

LOG = logging.getLogger(__name__)

#: Seconds for the head of a request, from the connection (the handshake of
#: TLS is among them) or the head's first byte on.
HEAD_S = 10.0
#: More are not kept, however many descriptors there are.
_MOST = 2000
#: Of all descriptors, one part of so many is for connections to the server;
#: the others are for webhooks, the bus, the cloud and files.
_PARTS = 2
#: Seconds for which a server counts as crowded after it was.
_CROWDED_S = 60.0


class Phase(enum.Enum):
    """What is awaited of a connection."""

    HEAD = 'head'
    BODY = 'body'
    ANSWER = 'answer'
    NEXT = 'next'


#: What is given up for a new connection: who has begun and does not go on,
#: then who may begin once more. Who waits for an answer keeps it.
_GIVEN_UP = ((Phase.HEAD, Phase.BODY), (Phase.NEXT,))


def share_of_descriptors() -> int:
    """How many connections the limit of this process leaves room for."""
    return descriptors.share(_PARTS, _MOST)


class Connections:
    """All connections to one server; called from its loop.

    :param name: of the server, for the log.
    :param most: how many there may be. When one more comes, the oldest one
        whose request is not complete is closed, or the oldest that is idle;
        where all wait for answers, the new one is.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self.most = most
        self._open: dict[asyncio.BaseTransport, Watched] = {}
        self._crowded_at: float | None = None

    @property
    def is_crowded(self) -> bool:
        """Whether one had to be closed for another, a minute ago or less;
        from any thread.
        """
        at = self._crowded_at
        return at is not None and clock.monotonic() - at < _CROWDED_S

    def watch(self, inner: asyncio.Protocol,
              tls: ssl.SSLContext | None = None) -> 'Watched':
        """What to have connected, to the plain connection, instead of a
        protocol.

        :param tls: for the protocol to be spoken through TLS.
        """
        return Watched(inner, self, tls)

    def awaits(self, transport: asyncio.BaseTransport | None,
               phase: Phase) -> None:
        """Say what is awaited of a connection now."""
        watched = self._open.get(transport) if transport else None
        if watched is not None:
            watched.enter(phase)

    def add(self, transport: asyncio.Transport, watched: 'Watched') -> bool:
        """Take a new connection in; False when there is no room for it."""
        if len(self._open) >= self.most and not self._make_room():
            return False
        self._open[transport] = watched
        return True

    def secured(self, plain: asyncio.BaseTransport,
                transport: asyncio.BaseTransport) -> None:
        """A connection is spoken to through another transport now."""
        watched = self._open.pop(plain, None)
        if watched is not None:
            self._open[transport] = watched

    def close(self) -> None:
        """Close all that there are."""
        for watched in list(self._open.values()):
            watched.drop()

    def remove(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection; one that is forgotten is fine."""
        self._open.pop(transport, None)

    def _make_room(self) -> bool:
        if not self.is_crowded:
            LOG.warning('%s: all of %d connections are taken; those whose '
                        'requests are not complete are closed for new ones',
                        self._name, self.most)
        self._crowded_at = clock.monotonic()
        for phases in _GIVEN_UP:
            chosen = min((watched for watched in self._open.values()
                          if watched.phase in phases),
                         key=lambda watched: watched.since, default=None)
            if chosen is not None:
                chosen.drop()
                return True
        return False


class Watched(asyncio.Protocol):
    """Stands between a connection and the protocol that serves it.

    It is connected to the plain connection and speaks TLS from there: one
    that is silent in the handshake is counted, and not for long, as any other.

    :ivar phase: what is awaited of it.
    :ivar since: since when, by the monotonic clock.
    """

    def __init__(self, inner: asyncio.Protocol, connections: Connections,
                 tls: ssl.SSLContext | None) -> None:
        self._inner = inner
        self._connections = connections
        self._tls = tls
        self._handshake: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_served = False
        self.phase = Phase.HEAD
        self.since = clock.monotonic()

    def enter(self, phase: Phase) -> None:
        """Something else is awaited from now on; of a head, not for long."""
        self.phase, self.since = phase, clock.monotonic()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if phase is Phase.HEAD:
            self._timer = asyncio.get_running_loop().call_later(
                HEAD_S, self.drop)

    def drop(self) -> None:
        """Close the connection at once, and count it no more."""
        if self._transport is not None:
            self._connections.remove(self._transport)
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._connections.add(self._transport, self):
            self._transport.abort()
            return
        self.enter(Phase.HEAD)
        if self._tls is None:
            self._serve(self._transport)
        else:
            self._handshake = asyncio.get_running_loop().create_task(
                self._secure(self._transport, self._tls))

    async def _secure(self, plain: asyncio.Transport, tls: ssl.SSLContext
                      ) -> None:
        if plain.is_closing():  # it had to make room already
            return
        try:
            transport = await asyncio.get_running_loop().start_tls(
                plain, self, tls, server_side=True,
                ssl_handshake_timeout=HEAD_S)
        except OSError:  # of TLS too: anybody can send what is none
            transport = None
        if transport is None or transport.is_closing():
            # The one that speaks TLS does not say that it was lost.
            self.drop()
            self.enter(Phase.NEXT)
            return
        self._connections.secured(plain, transport)
        self._transport = transport
        self._serve(transport)
        # What came with the last of the handshake is here before this is.
        early, self._early = self._early, []
        for data in early:
            self.data_received(data)

    def _serve(self, transport: asyncio.Transport) -> None:
        self._is_served = True
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._is_served:
            if self._handshake is not None:
                self._early.append(data)
            return
        if self.phase is Phase.NEXT:
            self.enter(Phase.HEAD)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._is_served else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.remove(self._transport)
        self.enter(Phase.NEXT)  # ends the timer
        if self._is_served:
            self._inner.connection_lost(exc)
