"""What Nova's own time stamps say of the order of its news.

Times of Nova are compared with each other only: our clock may be another
one. Where they do not tell, who knows of two answers which was asked for
last has to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from doctor_core import clock, wire
from doctor_core.faults.heard import News
from doctor_core.model import ComputeService, Server

#: Nova shows whole seconds, and its database may round them up or down.
_COARSE_S = 1.0
#: How far ahead of Nova's other times a stamp can be; one that is further
#: comes from a clock that was never set.
_AHEAD_S = 86400.0
_NEVER = float('-inf')


class _Heard(NamedTuple):
    """News that was believed: under which number, and when it was sent."""

    look: int
    sent_at: float


class NovaTimes:
    """The newest times of what is known of each server. Not safe for several
    threads.

    :param monotonic: the time, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = clock.monotonic
                 ) -> None:
        self._monotonic = monotonic
        #: A time before which the last full look began, and ours then.
        self._began: tuple[float, float] | None = None
        #: By server: news that was sent earlier cannot be the newest.
        self._newest: dict[str, float] = {}
        #: By server: when Nova had last written it down.
        self._saved: dict[str, float] = {}
        self._heard: dict[str, _Heard] = {}

    def is_newest(self, news: News) -> bool:
        """Whether nothing newer is known, as far as Nova's times tell; what
        has no time that can be is not.
        """
        at, saved = news.sent_at, news.updated_at
        if at is None or self._is_ahead(at):
            return False
        if saved is not None \
                and saved < self._saved.get(news.server_id, _NEVER):
            return False
        return at >= max(self._newest.get(news.server_id, _NEVER),
                         self._began[0] if self._began else _NEVER)

    def _is_ahead(self, at: float) -> bool:
        if self._began is None:
            return False
        began, then = self._began
        return at > began + self._monotonic() - then + _AHEAD_S

    def believe(self, look: int, news: News) -> None:
        """News that :meth:`is_newest` is believed.

        :param look: the number under which it is known.
        """
        assert news.sent_at is not None
        self._heard[news.server_id] = _Heard(look, news.sent_at)
        self._newest[news.server_id] = news.sent_at
        if news.updated_at is not None:
            self._saved[news.server_id] = news.updated_at

    def overtaken(self, look: int, found: Mapping[str, Server | None],
                  began: float | None = None
                  ) -> Iterator[tuple[int, str, bool]]:
        """News that was heard while a look was under way: its number, the
        server, and whether it was sent before what the look has found; if
        not, nobody can say.

        :param found: what the look has found.
        :param began: of a full look, a time of Nova's before it began.
        """
        for server_id, heard in [*self._heard.items()] \
                if began is not None else self._of(found):
            if heard.look <= look:
                continue
            server = found.get(server_id)
            saved = _saved(server) if server is not None else None
            newer = max(_NEVER if saved is None else saved,
                        _NEVER if began is None else began)
            if newer > heard.sent_at + _COARSE_S:
                yield heard.look, server_id, True
            elif newer > heard.sent_at - _COARSE_S and server is not None:
                yield heard.look, server_id, False

    def _of(self, found: Iterable[str]) -> list[tuple[str, _Heard]]:
        return [(name, self._heard[name]) for name in found
                if name in self._heard]

    def looked(self, found: Mapping[str, Server | None]) -> None:
        """A look has found these servers."""
        for server_id, server in found.items():
            saved = _saved(server) if server is not None else None
            if saved is None:
                continue
            self._saved[server_id] = max(
                saved, self._saved.get(server_id, _NEVER))
            # Within that second it may have been written down once more.
            self._newest[server_id] = max(
                saved + _COARSE_S, self._newest.get(server_id, _NEVER))

    def looked_at_all(self, began: float | None, known: Iterable[str]
                      ) -> None:
        """A full look has ended.

        :param began: a time of Nova's before it began; None when not known.
        :param known: the servers that there are.
        """
        if began is None:
            return
        if self._began is None or began > self._began[0]:
            self._began = (began, self._monotonic())
        kept = {*known, *(name for name, at in self._newest.items()
                          if at >= began)}
        for times in (self._newest, self._saved, self._heard):
            for name in [name for name in times if name not in kept]:
                del times[name]


def latest(services: Iterable[ComputeService]) -> float | None:
    """When nova-compute last reported anywhere, by Nova's clock: Nova was
    asked after that. None when it does not say.
    """
    return max((at for service in services
                if (at := wire.known_time(service.updated_at)) is not None),
               default=None)


def _saved(server: Server) -> float | None:
    return wire.known_time(server.updated_at)
