"""The plugin that tells Doctor what collectd noticed.

Not imported by the rest of Doctor: this file alone is copied to a compute
host, where collectd's Python runs it. It needs the standard library of
Python 3.7 or later, no password and no token.

A notification is judged by the first ``Match`` of the configuration that it
fits, which also says which host it is about. FAILURE says that the host is
down, OKAY takes that back; WARNING counts as FAILURE where the match has
``Warning "down"``, and is ignored elsewhere. A host is down while anything
says so.

What is told is the state, not each change: what is new while the intake
cannot be reached replaces what was not yet told, so nothing queues up. What
was told and what has failed is kept in ``StateFile``, for a collectd that is
started again, and for the monitor, with why the intake cannot be told. To
another ``URL`` than before all of it is told anew.
``ReadyFile`` gets the number of the process once all is set up.
"""

from __future__ import annotations

import datetime
import fnmatch
import http.client
import json
import os
import ssl
import threading
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    #: Time, cause and severity.
    News = tuple[float, str, str]
    #: ``hosts``: what has failed, and whether it was told, by host;
    #: ``epoch`` and ``number``: how many events there were; ``url``: who was
    #: told.
    Dump = dict[str, Any]

HOST_DOWN = 'compute.host.down'
HOST_UP = 'compute.host.up'

#: How far the count goes on after a start: what was counted last may not
#: have reached the disk of a host that crashed.
LEAP = 1000

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 30.0

#: How often the intake is greeted when there is nothing to tell, and when it
#: did not answer, in seconds: who cannot tell is known before there is a need.
GREET_S = 60.0
GREET_AGAIN_S = 2.0

#: The plugins of collectd that watch links.
LINK_PLUGINS = ('connectivity', 'ovs_events')

#: What a match may look at, as the configuration and collectd call it.
FIELDS = {'Plugin': 'plugin', 'PluginInstance': 'plugin_instance',
          'Type': 'type', 'TypeInstance': 'type_instance'}


class Match:
    """Which notifications count, and whose host they are about.

    :param host: the host's name, as Nova has it.
    :param patterns: shell patterns by attribute of the notification.
    :param warning_is_down: whether WARNING says as much as FAILURE does.
    :param observed: whether the host is another one, seen from here.
    """

    def __init__(self, host: str, patterns: dict[str, str],
                 warning_is_down: bool = False,
                 observed: bool = False) -> None:
        self.host = host
        self.patterns = patterns
        self.warning_is_down = warning_is_down
        self.observed = observed

    def fits(self, notification: Any) -> bool:
        """Whether a notification is of this kind."""
        return all(fnmatch.fnmatchcase(
            getattr(notification, name, '') or '', pattern)
            for name, pattern in self.patterns.items())


class Notice:
    """A notification of our own, with the attributes of collectd's."""

    def __init__(self, interface: str, severity: str) -> None:
        self.plugin = 'connectivity'
        self.plugin_instance = interface
        self.type = 'gauge'
        self.type_instance = 'interface_status'
        self.severity = severity
        self.time = 0.0


def links(matches: Iterable[Match], folder: str = '/sys/class/net'
          ) -> Iterator[Notice]:
    """How the links are that ``connectivity`` watches.

    It tells of changes only: not of a link that is down when collectd
    starts, nor of one that came back while there was none.

    :param folder: where the kernel shows its interfaces.
    """
    for match in matches:
        interface = match.patterns.get('plugin_instance', '')
        if match.patterns.get('plugin') != 'connectivity' or not interface:
            continue
        try:
            with open(os.path.join(folder, interface, 'operstate'),
                      encoding='ascii') as file:
                state = file.read().strip()
        except OSError:
            continue
        # Drivers that do not know say "unknown".
        yield Notice(interface, 'OKAY' if state in ('up', 'unknown')
                     else 'FAILURE')


class State:
    """What is known of one host.

    :ivar failing: what says that it is down.
    :ivar told: whether the intake was told that it is down; None when another
        one was.
    :ivar news: time, cause and severity of the latest change.
    """

    def __init__(self, failing: Iterable[str] = (),
                 told: bool | None = False) -> None:
        self.failing = set(failing)
        self.told = told
        self.news: News = (0.0, '', '')


class Board:
    """What is known of every host; any thread may use it, nothing blocks.

    :param matches: the first that fits decides.
    :param saved: what :meth:`dump` gave before.
    :param url: who is told.
    """

    def __init__(self, matches: Iterable[Match],
                 saved: Dump | None = None, url: str = '') -> None:
        self._matches = list(matches)
        self._observed = {match.host for match in self._matches
                          if match.observed}
        self._own = {match.host for match in self._matches
                     if not match.observed}
        known = self._observed | self._own
        self._states = {host: State() for host in sorted(known)}
        saved = saved or {}
        self._url = url
        is_other = saved.get('url', '') != url
        self._epoch = str(saved.get('epoch') or uuid.uuid4())
        self._number = int(saved.get('number', 0)) + LEAP
        for host, (failing, told) in saved.get('hosts', {}).items():
            # Of a host that is no longer watched, nothing will be heard.
            if host in known:
                self._states[host] = State(
                    failing, None if told and is_other else told)
        self.changed = threading.Condition()
        self._unsaved = False
        #: Why the intake cannot be told; empty when it can.
        self._trouble = ''

    def note(self, notification: Any, severity: str) -> None:
        """Take a notification in.

        :param severity: ``FAILURE``, ``WARNING`` or ``OKAY``.
        """
        match = next((match for match in self._matches
                      if match.fits(notification)), None)
        if match is None or (severity == 'WARNING'
                             and not match.warning_is_down):
            return
        cause = '/'.join(filter(None, (
            getattr(notification, name, '') for name in FIELDS.values())))
        with self.changed:
            state = self._states[match.host]
            if (cause in state.failing) == (severity != 'OKAY'):
                return
            was_down = bool(state.failing)
            if severity == 'OKAY':
                state.failing.discard(cause)
            else:
                state.failing.add(cause)
            if bool(state.failing) != was_down:
                state.news = (notification.time, cause, severity)
            self._unsaved = True
            self.changed.notify_all()

    def due(self) -> dict[str, tuple[bool, News]]:
        """What the intake does not know yet.

        :returns: by host, whether it is down, and the news. Those that can
            be told at once come first.
        """
        with self.changed:
            blind = self._is_blind()
            return {host: (bool(state.failing), state.news)
                    for host, state in sorted(
                        self._states.items(),
                        key=lambda item: item[0] in self._observed)
                    if bool(state.failing) != state.told
                    and not (blind and state.failing
                             and host in self._observed)}

    def is_observed(self, host: str) -> bool:
        """Whether a host is another one, seen from here."""
        return host in self._observed

    def told(self, host: str, is_down: bool) -> None:
        """The intake has taken it."""
        with self.changed:
            self._states[host].told = is_down
            self._unsaved = True

    def note_trouble(self, trouble: str) -> None:
        """Whether the intake answers: why not; empty when it does."""
        with self.changed:
            self._unsaved |= trouble != self._trouble
            self._trouble = trouble

    def is_link(self, host: str, cause: str) -> bool:
        """Whether a cause is a link of this host, not seen from elsewhere."""
        return host not in self._observed \
            and cause.split('/', 1)[0] in LINK_PLUGINS

    @property
    def unsaved(self) -> bool:
        """Whether something changed since the last :meth:`dump`."""
        return self._unsaved

    def dump(self) -> Dump:
        """All that has to outlive the process."""
        with self.changed:
            self._unsaved = False
            return {'epoch': self._epoch, 'number': self._number,
                    'trouble': self._trouble, 'url': self._url,
                    'hosts': {host: (sorted(state.failing), state.told)
                              for host, state in self._states.items()}}

    def next_number(self) -> dict[str, Any]:
        """Where one more event stands among all of this host's."""
        with self.changed:
            self._number += 1
            self._unsaved = True
            return {'epoch': self._epoch, 'number': self._number}

    def _is_blind(self) -> bool:
        """Whether it is rather this host than all the others.

        Who has lost a link of their own, or sees nobody at all, does not
        judge others. One single other host has to be believed.
        """
        if any(self._states[host].failing for host in self._own):
            return True
        return len(self._observed) > 1 and all(
            self._states[host].failing for host in self._observed)


class Intake:
    """Doctor's intake for events, over a connection that is kept.

    :param url: where events are posted.
    :param timeout_s: seconds to connect, and to wait for an answer.
    :param cafile: whom to trust, for HTTPS; the system's when empty.
    """

    def __init__(self, url: str, timeout_s: float = 5.0,
                 cafile: str = '') -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ('http', 'https') or not parts.hostname:
            raise ValueError(f'URL {url!r} is not http:// or https://')
        self._path = parts.path or '/events'
        self._timeout_s = timeout_s
        self._address = (parts.hostname, parts.port)
        self._tls = ssl.create_default_context(cafile=cafile or None) \
            if parts.scheme == 'https' else None
        self._connection: http.client.HTTPConnection | None = None

    def post(self, event: dict[str, Any]) -> int:
        """Post an event; blocks for as long as the timeout.

        :raises OSError: there was no answer.
        :raises http.client.HTTPException: nor a sensible one.
        :returns: the status of the answer.
        """
        return self._ask('POST', self._path,
                         json.dumps([event]).encode('utf-8'))

    def greet(self) -> int:
        """See whether it answers; as :meth:`post`."""
        return self._ask('GET', urllib.parse.urljoin(
            self._path, 'healthcheck'))

    def _ask(self, method: str, path: str, body: bytes | None = None
             ) -> int:
        kept = self._connection is not None
        try:
            return self._send(method, path, body)
        except (OSError, http.client.HTTPException):
            self.close()
            if not kept:
                raise
        # A kept connection may have been closed by the peer meanwhile.
        try:
            return self._send(method, path, body)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def _send(self, method: str, path: str, body: bytes | None) -> int:
        if self._connection is None:
            host, port = self._address
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout_s, context=self._tls) \
                if self._tls else http.client.HTTPConnection(
                    host, port, timeout=self._timeout_s)
        self._connection.request(
            method, path, body, {'Content-Type': 'application/json',
                                 'Accept': 'application/json'})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        """Hang up; may be called again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Teller:
    """Tells the intake what it does not know, from a thread of its own.

    :param board: what there is to tell.
    :param post: posts an event and returns the HTTP status; raises OSError
        or HTTPException.
    :param save: keeps a dump of the board.
    :param log: takes a line for collectd's log.
    :param monitor_id: who says it, for the events.
    :param settle_s: seconds for which what is seen of other hosts has to
        last before it is told.
    :param greet: sees whether the intake answers, and raises as ``post``
        does.
    """

    def __init__(self, board: Board, post: Callable[[dict[str, Any]], int],
                 save: Callable[[Dump], None], log: Callable[[str], None],
                 monitor_id: str = 'collectd', settle_s: float = 1.0,
                 greet: Callable[[], Any] = lambda: None) -> None:
        self._board = board
        self._post = post
        self._save = save
        self._log = log
        self._monitor_id = monitor_id
        self._settle_s = settle_s
        self._greet = greet
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._main, daemon=True,
                                        name='doctor')

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End, after what is under way."""
        self._closing.set()
        with self._board.changed:
            self._board.changed.notify_all()
        self._thread.join(timeout_s)

    def _main(self) -> None:
        pause_s = 0.0
        greet_s = self.greet()
        while not self._closing.is_set():
            if self.tell():
                pause_s = 0.0
                if not self._wake(greet_s):
                    greet_s = self.greet()
            else:
                pause_s = min(LAST_PAUSE_S, max(FIRST_PAUSE_S, 2 * pause_s))
                self._closing.wait(pause_s)

    def _wake(self, seconds: float) -> bool:
        """Wait until there is something to tell.

        :param seconds: for so long at the most.
        :returns: whether there is, or it is to end.
        """
        with self._board.changed:
            return bool(self._board.changed.wait_for(
                lambda: self._closing.is_set() or self._board.unsaved
                or self._board.due(), seconds))

    def greet(self) -> float:
        """See whether the intake answers; blocks.

        :returns: the seconds until it is to be greeted again, if nothing is
            told meanwhile.
        """
        trouble = ''
        try:
            self._greet()
        except (OSError, http.client.HTTPException) as error:
            trouble = 'the intake does not answer: ' \
                f'{error or type(error).__name__}'
        self._board.note_trouble(trouble)
        return GREET_AGAIN_S if trouble else GREET_S

    def tell(self) -> bool:
        """Tell all that is due; blocks.

        :returns: whether the intake took it.
        """
        if self._board.unsaved:
            self._save(self._board.dump())
        before = self._board.due()
        observed = [host for host in before
                    if self._board.is_observed(host)]
        taken = self._tell({host: news for host, news in before.items()
                            if host not in observed})
        if observed:
            self._closing.wait(self._settle_s)
            after = self._board.due()
            taken = self._tell({host: after[host] for host in observed
                                if after.get(host) == before[host]}) and taken
        if self._board.unsaved:
            self._save(self._board.dump())
        return taken

    def _tell(self, due: dict[str, tuple[bool, News]]) -> bool:
        # One by one: an event that is refused must not keep back others.
        taken = True
        for host, (is_down, news) in due.items():
            event = self._event(host, is_down, news)
            # Its number is kept before it is given away.
            self._save(self._board.dump())
            try:
                status = self._post(event)
            except (OSError, http.client.HTTPException) as error:
                why = f'{error or type(error).__name__}'
                self._log('doctor: the intake did not take what is new of '
                          f'{host}: {why}')
                self._board.note_trouble(
                    f'the intake does not answer: {why}')
                return False
            if status < 300:
                self._board.told(host, is_down)
                self._board.note_trouble('')
            else:
                self._board.note_trouble(f'the intake answered {status}')
                taken = False
                self._log(f'doctor: the intake answered {status} to what is '
                          f'new of {host}')
        return taken

    def _event(self, host: str, is_down: bool, news: News
               ) -> dict[str, Any]:
        at, cause, severity = news
        event: dict[str, Any] = {
            'type': HOST_DOWN if is_down else HOST_UP,
            'sequence': self._board.next_number(),
            'details': {
                'hostname': host,
                'status': 'down' if is_down else 'up',
                'monitor': 'collectd',
                'monitor_event_id': str(uuid.uuid4()),
                'cause': cause,
                'severity': 'critical' if is_down
                else severity.lower() or 'okay',
                # Whichever host's collectd says it: one kind of monitor.
                'source': 'collectd',
                'monitor_id': self._monitor_id,
            }}
        if is_down and self._board.is_link(host, cause):
            event['details']['evidence'] = [{
                'kind': 'link-down', 'source': 'collectd', 'text': cause,
                **({'at': at} if at else {})}]
        if at:
            event['time'] = datetime.datetime.fromtimestamp(
                at, datetime.timezone(datetime.timedelta(0))).isoformat()
        return event


class StateFile:
    """Keeps a dump of the board; trouble with it is logged, not raised."""

    def __init__(self, path: str, log: Callable[[str], None]) -> None:
        self._path = path
        self._log = log

    def read(self) -> Dump:
        """What was kept; empty when nothing was, or nothing readable."""
        try:
            with open(self._path, encoding='utf-8') as file:
                kept = json.load(file)
            # Formerly it was the hosts, and nothing else.
            hosts = kept['hosts'] if 'epoch' in kept else kept
            return {'epoch': str(kept.get('epoch') or uuid.uuid4()),
                    'number': int(kept.get('number', 0)),
                    'url': str(kept.get('url', '')),
                    'hosts': {str(host): (
                        list(failing), None if told is None else bool(told))
                        for host, (failing, told) in hosts.items()}}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError,
                KeyError) as error:
            self._log(f'doctor: {self._path} cannot be read: {error}')
            return {}

    def write(self, dump: Dump) -> None:
        """Keep a dump."""
        try:
            with open(self._path + '.new', 'w', encoding='utf-8') as file:
                json.dump(dump, file)
            os.replace(self._path + '.new', self._path)
        except OSError as error:
            self._log(f'doctor: {self._path} cannot be written: {error}')


class Plugin:
    """The three callbacks that collectd knows of.

    :param collectd: the module that collectd offers.
    """

    def __init__(self, collectd: Any) -> None:
        self._collectd = collectd
        self._severities = {collectd.NOTIF_FAILURE: 'FAILURE',
                            collectd.NOTIF_WARNING: 'WARNING',
                            collectd.NOTIF_OKAY: 'OKAY'}
        self._options: dict[str, Any] = {}
        self._matches: list[Match] = []
        self._board: Board | None = None
        self._teller: Teller | None = None

    def register(self) -> None:
        """Have collectd call this."""
        self._collectd.register_config(self.configure)
        self._collectd.register_init(self.start)
        self._collectd.register_notification(self.notify)
        self._collectd.register_shutdown(self.close)

    def configure(self, tree: Any) -> None:
        """Read the ``Module`` block; raises ValueError for collectd's log.
        """
        for node in tree.children:
            if node.key == 'Match':
                self._matches.append(_match(node))
            elif node.key in ('URL', 'CAFile', 'StateFile', 'ReadyFile',
                              'MonitorId', 'TimeoutSeconds', 'SettleSeconds'):
                self._options[node.key] = node.values[0]
            else:
                raise ValueError(f'doctor: {node.key} is not known')
        if not {'URL', 'StateFile'} <= set(self._options) \
                or not self._matches:
            raise ValueError('doctor: URL, StateFile and one Match at least '
                             'are needed')

    def start(self) -> None:
        """Begin, once collectd has read all of its configuration."""
        options = self._options
        intake = Intake(options['URL'],
                        float(options.get('TimeoutSeconds', 5)),
                        options.get('CAFile', ''))
        log = self._collectd.warning
        kept = StateFile(options['StateFile'], log)
        self._board = Board(self._matches, kept.read(), options['URL'])
        self._teller = Teller(self._board, intake.post, kept.write, log,
                              options.get('MonitorId', 'collectd'),
                              float(options.get('SettleSeconds', 1)),
                              intake.greet)
        for notice in links(self._matches):
            self._board.note(notice, notice.severity)
        if 'ReadyFile' in options:
            with open(options['ReadyFile'], 'w', encoding='ascii') as file:
                file.write(str(os.getpid()))
        self._teller.start()

    def notify(self, notification: Any, *_unused: Any) -> None:
        """Take a notification; called in collectd's dispatch, so it only
        takes a note of it.
        """
        if self._board is not None:
            severity = self._severities.get(notification.severity)
            if severity:
                self._board.note(notification, severity)

    def close(self) -> None:
        """End with collectd."""
        if self._teller is not None:
            self._teller.close()


def _match(node: Any) -> Match:
    host = ''
    patterns: dict[str, str] = {}
    flags = {'Warning': 'ignore', 'Seen': 'here'}
    for child in node.children:
        value = str(child.values[0])
        if child.key == 'Host':
            host = value
        elif child.key in FIELDS:
            patterns[FIELDS[child.key]] = value
        elif child.key in flags:
            flags[child.key] = value
        else:
            raise ValueError(f'doctor: Match: {child.key} is not known')
    if not host or not patterns:
        raise ValueError('doctor: a Match needs Host and one pattern')
    return Match(host, patterns, flags['Warning'] == 'down',
                 flags['Seen'] == 'from elsewhere')


try:
    import collectd  # type: ignore[import-not-found]
except ImportError:
    # Not within collectd: somebody reads or tests this.
    pass
else:
    Plugin(collectd).register()
