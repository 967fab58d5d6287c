"""The monitor that has collectd watch, on the compute hosts themselves."""

import concurrent.futures
import dataclasses
import logging
import threading
import urllib.parse
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.model import Fault, Host
from doctor_core.monitors.base import Monitor
from doctor_core.monitors.collectd_agent import Agent
from doctor_core.monitors.collectd_conf import Watch
from doctor_core.runner import LocalRunner, Runner, SshRunner
from doctor_core.web.server import is_loopback

LOG = logging.getLogger(__name__)

_AT_A_TIME = 32


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


class CollectdMonitor(Monitor):
    """Has a collectd on every compute host watch links and neighbours.

    Each tells the inspector's intake for events itself, over HTTP, so
    nothing is reported through ``report``. No credentials of the cloud
    get onto a compute host.

    :param reach: the way to a host's machine; as the configuration says
        when None.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 report: Callable[[Fault], None],
                 reach: Callable[[Host], Runner] | None = None) -> None:
        super().__init__(conf, report)
        self._reach = reach or self._runner
        self._options = conf.monitor_collectd
        self._url = self._options.inspector_url \
            or f'http://127.0.0.1:{conf.inspector.port}/events'
        self._check()
        self._hosts: dict[str, Host] = {}
        self._posts: dict[str, _Post] = {}
        self._tending = threading.Lock()
        self._stopping = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up,
                                        name='collectd-upkeep', daemon=True)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.StrOpt(
                'mode', default='ssh',
                choices=[('ssh', 'reach every compute host by SSH'),
                         ('local', 'watch the one host that this runs on')],
                help='How the compute hosts are reached.'),
            cfg.StrOpt('user', default='',
                       help='Whom to log in as. Empty for who runs this.'),
            cfg.PortOpt('ssh_port', default=22, help='The port of SSH.'),
            cfg.StrOpt('key_file', default='',
                       help='The private key to log in with. Empty for '
                            'those of the SSH agent and of ~/.ssh.'),
            cfg.StrOpt('known_hosts', default='',
                       help='The file with the host keys to trust. Empty for '
                            '~/.ssh/known_hosts. A host that is not in it is '
                            'refused.'),
            cfg.BoolOpt('sudo', default=False,
                        help='Whether collectd is started and ended with '
                             '"sudo -n". To ping, it has to be root or have '
                             'CAP_NET_RAW.'),
            cfg.StrOpt('collectd', default='/usr/sbin/collectd',
                       help='The collectd program on the compute hosts.'),
            cfg.StrOpt('base_dir', default='/var/lib/doctor-collectd',
                       help='The folder on the compute hosts for all that '
                            'this collectd needs. The user has to be able '
                            'to make it or to write there.'),
            cfg.StrOpt('inspector_url', default='',
                       help='Where events are posted. Empty for the '
                            'inspector of this configuration.'),
            cfg.PortOpt('tunnel_port', default=12345,
                        help='With mode = ssh: the port on the loopback of '
                             'every compute host that leads to '
                             'inspector_url, through the SSH connection, '
                             'for as long as this monitor runs. 0 for none: '
                             'the compute hosts reach inspector_url '
                             'themselves.'),
            cfg.StrOpt('cafile', default='',
                       help='The file, on the compute hosts, with the '
                            'authorities to trust when inspector_url is '
                            'https.'),
            cfg.ListOpt('interfaces', default=[],
                        help='The links without which a compute host counts '
                             'as down.'),
            cfg.StrOpt(
                'link_plugin', default='connectivity',
                choices=[('connectivity', 'interfaces of the kernel'),
                         ('ovs_events', 'interfaces of Open vSwitch')],
                help='The plugin of collectd that watches the links.'),
            cfg.IntOpt('neighbours', default=1, min=0,
                       help='How many other compute hosts each one pings. '
                            'Somebody has to tell of a host that cannot tell '
                            'itself. 0 for none.'),
            cfg.FloatOpt('ping_interval_s', default=0.1, min=0.01,
                         help='Seconds between two pings of a neighbour.'),
            cfg.IntOpt('ping_misses', default=3, min=1,
                       help='How many unanswered pings in a row mean that a '
                            'neighbour is down.'),
            cfg.FloatOpt('settle_s', default=0.5, min=0.0,
                         help='Seconds for which a neighbour has to be down '
                              'before it is told. Who sees no neighbour at '
                              'all, or has lost a link, tells of none.'),
            cfg.ListOpt('plugins', default=[],
                        help='Further plugins of collectd whose FAILURE '
                             'means that the host they run on is down.'),
            cfg.ListOpt('includes', default=[],
                        help='Files on the compute hosts with their '
                             'configuration.'),
            cfg.FloatOpt('check_s', default=10.0, min=0.1,
                         help='Seconds between two looks whether every '
                              'collectd runs; one that does not is started '
                              'again.'),
        ]

    def _check(self) -> None:
        parts = urllib.parse.urlsplit(self._url)
        where = f'[monitor_collectd] inspector_url = {self._url}'
        if parts.scheme not in ('http', 'https') or not parts.hostname:
            raise ConfigError(f'{where} is not http:// or https://.')
        tunnel = self._options.mode == 'ssh' and self._options.tunnel_port
        if tunnel and parts.scheme == 'https':
            raise ConfigError(f'{where}: set tunnel_port = 0. The certificate '
                              'is not that of the other end of a tunnel, '
                              'which needs no HTTPS.')
        if self._options.mode == 'ssh' and not tunnel \
                and is_loopback(parts.hostname):
            raise ConfigError(f'{where} is the compute host itself: set '
                              'tunnel_port.')

    def start(self, hosts: Sequence[Host]) -> None:
        """Deploy and start a collectd on every host; blocks.

        A host where that fails is named in the log and tried again.

        :raises ConfigError: nothing would be watched, or not one host can
            be, for a reason that does not pass by itself.
        """
        self._hosts = {host.name: host for host in hosts}
        if self._options.mode == 'local' and len(hosts) != 1:
            raise ConfigError('[monitor_collectd] mode = local watches one '
                              f'host; [monitor] hosts has {len(hosts)}.')
        for watch in self.watches().values():
            if not (watch.interfaces or watch.neighbours or watch.plugins):
                raise ConfigError(
                    '[monitor_collectd] leaves nothing to watch on '
                    f'{watch.hostname}: set interfaces, neighbours or '
                    'plugins.')
        errors = self._tend()
        if hosts and len(errors) == len(hosts) and not any(
                error.recoverable for error in errors):
            self.stop()
            raise ConfigError(f'No host can be watched: {errors[0]}')
        self._upkeep.start()

    def update(self, hosts: Sequence[Host]) -> None:
        """Watch these from now on; blocks on their machines."""
        self._hosts = {host.name: host for host in hosts}
        self._tend()

    def stop(self) -> None:
        """End every collectd and put back what was there."""
        self._stopping.set()
        if self._upkeep.is_alive():
            self._upkeep.join()
        with self._tending:
            self._dismiss(list(self._posts))

    def troubles(self) -> dict[str, str]:
        """Why which hosts are not watched as they should be."""
        return {name: post.trouble for name, post in self._posts.items()
                if post.trouble}

    def watches(self) -> dict[str, Watch]:
        """What the collectd on each host watches.

        The hosts form a ring, and each pings those that follow it.
        """
        options = self._options
        names = sorted(self._hosts)
        return {name: Watch(
            hostname=name, folder=options.base_dir, url=self._seen_url(),
            cafile=options.cafile, interfaces=tuple(options.interfaces),
            link_plugin=options.link_plugin,
            neighbours={self._hosts[other].address: other for other in
                        (names[index + 1:] + names[:index])
                        [:options.neighbours]},
            ping_interval_s=options.ping_interval_s,
            ping_misses=options.ping_misses, settle_s=options.settle_s,
            plugins=tuple(options.plugins), includes=tuple(options.includes),
        ) for index, name in enumerate(names)}

    def _seen_url(self) -> str:
        if self._options.mode == 'local' or not self._options.tunnel_port:
            return self._url
        path = urllib.parse.urlsplit(self._url).path
        return f'http://127.0.0.1:{self._options.tunnel_port}{path}'

    def _post(self, host: Host) -> _Post:
        options = self._options
        return _Post(host, Agent(
            self._reach(host), options.base_dir, collectd=options.collectd,
            become=('sudo', '-n') if options.sudo else ()))

    def _runner(self, host: Host) -> Runner:
        options = self._options
        if options.mode == 'local':
            return LocalRunner()
        return SshRunner(
            host.address, port=options.ssh_port, user=options.user,
            key_file=options.key_file, known_hosts=options.known_hosts)

    def _keep_up(self) -> None:
        while not self._stopping.wait(self._options.check_s):
            try:
                self._tend()
            except Exception:  # the thread's outermost frame
                LOG.exception('A round of looking after collectd failed')

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
                LOG.info('%s is watched by collectd', watch.hostname)
            post.trouble = ''
        except BackendError as error:
            if str(error) != post.trouble:
                LOG.error('%s cannot be watched, or cannot tell: %s',
                          watch.hostname, error)
            post.trouble = str(error)
            return error
        return None

    def _tunnel(self, runner: Runner) -> None:
        if isinstance(runner, SshRunner) and self._options.tunnel_port:
            parts = urllib.parse.urlsplit(self._url)
            runner.forward_back(self._options.tunnel_port,
                                str(parts.hostname), parts.port or 80)

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
                      self._options.base_dir, error)
        finally:
            post.agent.runner.close()
