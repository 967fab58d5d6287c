"""The monitor that has collectd watch, on the compute hosts themselves."""

import concurrent.futures
import dataclasses
import logging
import threading
import urllib.parse
from collections.abc import Callable, Collection, Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Fault, Host
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.monitors.base import HostStatus, Monitor
from doctor_core.monitors.collectd.agent import Agent
from doctor_core.monitors.collectd.conf import Watch, ring
from doctor_core.monitors.collectd.hearing import SOURCE, Hearing, Outlets
from doctor_core.monitors.collectd.intake import Intake
from doctor_core.monitors.collectd.settings import collectd_opts
from doctor_core.monitors.silences import WITHIN_S
from doctor_core.periodic import Periodic
from doctor_core.plugins import Options
from doctor_core.runner import LocalRunner, Runner, SshRunner
from doctor_core.web.addresses import is_loopback
from doctor_core.wording import few

LOG = logging.getLogger(__name__)

_AT_A_TIME = 32
#: A collectd that was started has greeted the intake by then.
_FIRST_LOOK_S = 1.0
#: For so long a machine may take to read a file; and where a verdict waits.
_READ_S, _ASK_S = 10.0, 3.0


@dataclasses.dataclass
class _Post:
    """A host, and its collectd.

    :ivar host: what it was when this was made.
    :ivar current: what it watches now; None while nothing does.
    :ivar trouble: why it is not as it should be; empty when it is.
    """

    host: Host
    agent: Agent
    current: Watch | None = None
    trouble: str = ''

    @property
    def reports(self) -> bool:
        """Whether something watches, and can tell."""
        return self.current is not None and not self.trouble


class CollectdMonitor(Monitor):
    """Has a collectd on every compute host watch links and neighbours.

    Each tells this monitor over HTTP; with ``tunnel_port = 0`` the inspector,
    and nothing is reported from here. No credentials of the cloud get onto a
    compute host.

    :param reach: the way to a host's machine; as the configuration says
        when None.
    """

    def __init__(self, options: Options,
                 report: Callable[[Fault], None],
                 reach: Callable[[Host], Runner] | None = None) -> None:
        super().__init__(options, report)
        self._reach = reach or self._runner
        self._url = options.inspector_url
        #: Whether collectds tell this monitor, rather than the inspector.
        self._hears = options.mode == 'local' or options.tunnel_port != 0
        self._check()
        self._hosts: dict[str, Host] = {}
        #: Whom each host pings: names by addresses.
        self._ring: dict[str, dict[str, str]] = {}
        self._posts: dict[str, _Post] = {}
        self._tending = threading.Lock()
        # It is known so much later who is silent than it is.
        self._hearing = Hearing(
            Outlets(report, lambda *silence: self.on_silence(*silence),
                    self._counts),
            WITHIN_S + options.settle_s + options.ping_interval_s)
        self._intake = Intake(self._hearing.take, self._may_tell)
        #: Whether one was started that was not looked at since.
        self._is_fresh = True
        self._upkeep = Periodic(
            'collectd-upkeep', self._look, lambda: min(
                options.check_s, _FIRST_LOOK_S if self._is_fresh
                else options.check_s))

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return collectd_opts()

    def _check(self) -> None:
        if self._hears:
            return
        parts = urllib.parse.urlsplit(self._url)
        where = f'[{self.options.section}] inspector_url = {self._url}'
        if parts.scheme not in ('http', 'https') or not parts.hostname:
            raise ConfigError(f'{where} is not http:// or https://.')
        if is_loopback(parts.hostname):
            raise ConfigError(f'{where} is the compute host itself: set '
                              'tunnel_port.')

    def presume_down(self, hostnames: Collection[str]) -> None:
        self._hearing.presume_down(hostnames)

    def start(self, hosts: Sequence[Host]) -> None:
        """Deploy and start a collectd on every host; blocks.

        A host where that fails is named in the log and tried again.

        :raises ConfigError: nothing would be watched, or not one host can
            be, for a reason that does not pass by itself.
        """
        self._take(hosts)
        if self.options.mode == 'local' and len(hosts) != 1:
            raise ConfigError(f'[{self.options.section}] mode = local watches '
                              f'one host; [monitor] hosts has {len(hosts)}.')
        for watch in self.watches().values():
            if not (watch.interfaces or watch.neighbours or watch.plugins):
                raise ConfigError(
                    f'[{self.options.section}] leaves nothing to watch on '
                    f'{watch.hostname}: set interfaces, neighbours or '
                    'plugins.')
        self._hearing.start()
        if self._hears:
            self._intake.start()
        errors = self._tend()
        if hosts and len(errors) == len(hosts) and not any(
                error.recoverable for error in errors):
            self.stop()
            raise ConfigError(f'No host can be watched: {errors[0]}')
        self._upkeep.start()

    def update(self, hosts: Sequence[Host]) -> None:
        """Watch these from now on; blocks on their machines."""
        self._take(hosts)
        self._hearing.keep([host.name for host in hosts])
        self._tend()

    def _take(self, hosts: Sequence[Host]) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._ring = ring(self._hosts, self.options.neighbours)

    def _may_tell(self, observer: str, hostname: str) -> bool:
        """Whether the collectd of a host watches a host."""
        ring = self._ring.get(observer)
        return ring is not None and hostname in (observer, *ring.values())

    def _counts(self, observer: str, hostname: str) -> bool:
        """Whether it can tell of that one now."""
        post = self._posts.get(observer)
        return post is not None and post.reports \
            and self._may_tell(observer, hostname)

    def stop(self) -> None:
        """End every collectd and put back what was there."""
        self._upkeep.stop()
        self._intake.stop()
        self._hearing.stop()
        with self._tending:
            self._dismiss(list(self._posts))

    def prove_alive(self) -> None:
        self._hearing.go_round()

    def agree(self, hostname: str, evidence: Evidence) -> None:
        self._hearing.agree(hostname, evidence)

    def status(self) -> list[HostStatus]:
        """Whether each host is watched, if it is not silent."""
        posts = dict(self._posts)
        return [HostStatus(
            host, self._hearing.state(name) or (
                'watched' if name in posts and posts[name].reports
                else 'unwatched'),
            posts[name].trouble if name in posts else '')
            for name, host in self._hosts.items()]

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        """How the links of a host are, as its own collectd has told, else
        as it has noted.

        That is asked over the way by which it was brought there: by SSH, so
        an answer proves as well that the host lives, whatever it says.
        """
        told = self._hearing.link_down(host.name)
        post = self._posts.get(host.name)
        if told is not None or post is None or post.current is None:
            return told
        failing = post.agent.state(_ASK_S).failing.get(host.name, ())
        links = [cause for cause in failing
                 if cause.startswith(f'{self.options.link_plugin}/')]
        if links:
            return Evidence(EvidenceKind.LINK_DOWN, SOURCE, clock.now(),
                            'it says so itself: ' + few(links))
        if failing or self.options.mode == 'local':
            return None
        # Another path than its neighbours' pings.
        return Evidence(EvidenceKind.HEARD, f'{SOURCE}, by SSH', clock.now(),
                        'it answers, and has its links')

    def troubles(self) -> dict[str, str]:
        """Why which hosts are not watched as they should be."""
        return {name: post.trouble for name, post in self._posts.items()
                if post.trouble}

    def watches(self) -> dict[str, Watch]:
        """What the collectd on each host watches."""
        options = self.options
        return {name: Watch(
            hostname=name, folder=options.base_dir, url=self._seen_url(name),
            cafile=options.cafile, interfaces=tuple(options.interfaces),
            link_plugin=options.link_plugin,
            neighbours=neighbours,
            ping_interval_s=options.ping_interval_s,
            ping_misses=options.ping_misses, settle_s=options.settle_s,
            plugins=tuple(options.plugins), includes=tuple(options.includes),
        ) for name, neighbours in self._ring.items()}

    def _seen_url(self, name: str) -> str:
        if not self._hears:
            return self._url
        port = self._intake.port if self.options.mode == 'local' \
            else self.options.tunnel_port
        return f'http://127.0.0.1:{port}{self._intake.path(name)}'

    def _post(self, host: Host) -> _Post:
        options = self.options
        return _Post(host, Agent(
            self._reach(host), options.base_dir, collectd=options.collectd,
            become=('sudo', '-n') if options.sudo else ()))

    def _runner(self, host: Host) -> Runner:
        options = self.options
        if options.mode == 'local':
            return LocalRunner()
        return SshRunner(
            host.address, port=options.ssh_port, user=options.user,
            key_file=options.key_file, known_hosts=options.known_hosts)

    def _look(self) -> None:
        self._is_fresh = False
        self._tend()

    def _tend(self) -> list[BackendError]:
        """Have every host watched as it should be.

        :returns: what went wrong, for each host where it did.
        :raises ConfigError: something that only the operator can mend.
        """
        with self._tending:
            watches = self.watches()
            self._dismiss([name for name, post in self._posts.items()
                           if self._hosts.get(name) != post.host])
            for name in watches:
                if name not in self._posts:
                    self._posts[name] = self._post(self._hosts[name])
            with concurrent.futures.ThreadPoolExecutor(
                    _AT_A_TIME, 'collectd') as pool:
                errors = pool.map(self._tend_one, watches.values())
                return [error for error in errors if error]

    def _tend_one(self, watch: Watch) -> BackendError | None:
        post = self._posts[watch.hostname]
        try:
            self._tunnel(post.agent.runner)
            if post.current != watch or not post.agent.is_running():
                if post.current == watch:
                    LOG.warning('The collectd of %s has ended; it is '
                                'started again', watch.hostname)
                post.current = None
                post.agent.start(watch)
                post.current = watch
                self._is_fresh = True
                LOG.info('%s is watched by collectd', watch.hostname)
            trouble = post.agent.state(_READ_S).trouble
            if trouble and trouble != post.trouble:
                LOG.warning('%s is watched by collectd, which cannot tell: '
                            '%s', watch.hostname, trouble)
            post.trouble = trouble
        except BackendError as error:
            if str(error) != post.trouble:
                LOG.error('%s cannot be watched, or cannot tell: %s',
                          watch.hostname, error)
            post.trouble = str(error)
            return error
        return None

    def _tunnel(self, runner: Runner) -> None:
        if isinstance(runner, SshRunner) and self.options.tunnel_port:
            runner.forward_back(self.options.tunnel_port, '127.0.0.1',
                                self._intake.port)

    def _dismiss(self, names: Sequence[str]) -> None:
        with concurrent.futures.ThreadPoolExecutor(
                _AT_A_TIME, 'collectd') as pool:
            list(pool.map(self._dismiss_one, names))

    def _dismiss_one(self, name: str) -> None:
        post = self._posts.pop(name)
        try:
            post.agent.stop()
        except BackendError as error:
            LOG.error('The collectd of %s may still run, in %s: %s', name,
                      self.options.base_dir, error)
        finally:
            post.agent.runner.close()
