"""Alarm webhooks over HTTP."""

import contextlib
import email.utils
import ssl
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import SplitResult

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import BusyError, HttpError, NotifyError
from doctor_core.model import Notice
from doctor_core.notifiers import redirects
from doctor_core.notifiers.base import Notifier, place
from doctor_core.notifiers.peers import Peer, Peers
from doctor_core.plugins import Options
from doctor_core.web.client import Client, Reply, tls_context
from doctor_core.web.trust import Trust

#: Refusals that say nothing against the same request a little later.
_PASSING = frozenset({408, 425, 429})
#: Redirects that keep method and body; of the others nobody would hear.
_REDIRECTING = frozenset({307, 308})
_REDIRECTS = 5


class HttpNotifier(Notifier):
    """Posts a notice as JSON to an http:// URL, as Aodh does."""

    def __init__(self, options: Options, timeout_s: float) -> None:
        super().__init__(options, timeout_s)
        self._client = Client(timeout_s=timeout_s,
                              # Attempts are bounded by project, at peers.
                              per_host=0,
                              tls=self._trust(), heads_only=True)
        self._peers = Peers(options.connections)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.IntOpt(
                'connections', default=20, min=1,
                help='Notices of a project that are posted to one host and '
                     'port at the same time. Its further ones there wait for '
                     'one of them; those of others do not. All projects '
                     'together have five times as many there, or one for '
                     'each.'),
            cfg.StrOpt(
                'redirects', default='any',
                choices=[('none', 'a redirect is a refusal'),
                         ('same-host', 'to another port or path of the same '
                                       'host'),
                         ('any', 'to any host, but from elsewhere not to '
                                 'this machine and its link')],
                help='Where a consumer may send a notice on to with 307 or '
                     '308. Never from https to http, and five times at the '
                     'most.')]

    @classmethod
    def complaint(cls, action: SplitResult) -> str:
        return redirects.complaint(action)

    def _trust(self) -> Trust | None:
        return None

    def peer(self, action: SplitResult) -> Peer:
        return self._peers.of(action.scheme,
                              action.netloc.rpartition('@')[2].lower())

    async def notify(self, action: SplitResult, notice: Notice) -> str:
        why = self.complaint(action)
        if why:
            raise NotifyError(f'{place(action)}: the URL {why}')
        request_id = f'req-{notice.id}'
        at: Sequence[str] = ()
        asked = action
        # An attempt is admitted at its peer before it begins.
        admitted = self.peer(action)
        for _ in range(_REDIRECTS + 1):
            peer = self.peer(action)
            async with contextlib.nullcontext() if peer is admitted \
                    else peer.lane(notice.project_id).slot():
                reply = await self._post(action, notice, request_id, at)
            if reply.status not in _REDIRECTING:
                self._judge(action, reply, request_id)
                where = '' if action is asked else f' of {place(action)}'
                return f'HTTP {reply.status}{where}, request {request_id}'
            source, action = action, redirects.followed(
                action, reply.headers.get('Location', ''),
                self.options.redirects)
            with _telling():
                at = await self._client.addresses(
                    action.hostname or '', notice.project_id)
            # It is sent there and nowhere else: a name may mean one address
            # when it is looked at, and this machine's when it is used.
            redirects.check(source, reply.peer, at)
        raise NotifyError(f'{place(action)}: more than {_REDIRECTS} '
                          'redirects')

    async def _post(self, action: SplitResult, notice: Notice,
                    request_id: str, at: Sequence[str]) -> Reply:
        with _telling():
            return await self._client.request(
                'POST', action.geturl(), body=dict(notice.body),
                headers={'x-openstack-request-id': request_id},
                who=notice.project_id, at=at)

    @staticmethod
    def _judge(action: SplitResult, reply: Reply, request_id: str) -> None:
        if 200 <= reply.status < 300:
            return
        text = f'{place(action)} answered {reply.status} to request ' \
               f'{request_id}'
        # No status at all, or one of a talk that nobody has begun, is a
        # fault of whatever stands there just now.
        passing = not 200 <= reply.status < 500 \
            or reply.status in _PASSING
        wait_s = _retry_after_s(reply.headers) if passing else 0.0
        if wait_s > 0:
            raise BusyError(text, wait_s)
        raise NotifyError(text, recoverable=passing)

    async def close(self) -> None:
        await self._client.close()


class HttpsNotifier(HttpNotifier):
    """Posts a notice as JSON to an https:// URL.

    The consumer's certificate is always verified; nothing in a URL or in the
    configuration turns that off.
    """

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            *super().get_opts(),
            cfg.StrOpt(
                'ca_file', default='',
                help='The authorities that consumers\' certificates are '
                     'verified by; empty for those of the system.'),
            cfg.StrOpt(
                'cert_file', default='',
                help='The certificate to show to consumers that ask for '
                     'one.'),
            cfg.StrOpt(
                'key_file', default='',
                help='The key of cert_file, when it is in a file of its '
                     'own.'),
        ]

    def _trust(self) -> Trust:
        files = (self.options.ca_file, self.options.cert_file,
                 self.options.key_file)
        trust = Trust('[notifier_https]', self._tls, list(filter(None, files)))
        trust.read()
        return trust

    def _tls(self) -> ssl.SSLContext:
        return tls_context(cafile=self.options.ca_file,
                           certfile=self.options.cert_file,
                           keyfile=self.options.key_file)


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """What goes wrong with a request is what went wrong with a notice."""
    try:
        yield
    except HttpError as error:
        raise NotifyError(str(error), recoverable=error.recoverable) from None


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """What Retry-After says, in seconds or as a date; 0 without it."""
    text = headers.get('Retry-After', '')
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(
            text).timestamp() - clock.now()
    except (ValueError, OverflowError):
        return 0.0
