"""A host is lost, its servers' owners are told, the host comes back."""

from collections.abc import Sequence
from contextlib import ExitStack

from oslo_config import cfg

from doctor_core import clock, messaging, plugins
from doctor_core.api import serving
from doctor_core.cloud import Cloud
from doctor_core.cloud.tenancy import Mould, Tenancy
from doctor_core.exceptions import (
    ConfigError,
    DeadlineExceeded,
    DoctorError,
)
from doctor_core.model import (
    Checkpoint,
    Fault,
    FaultStatus,
    Host,
    Need,
    Outcome,
    Server,
    Stage,
    Verdict,
    evidence,
)
from doctor_core.profiler.report import ReportFacts
from doctor_core.profiler.timeline import Timeline
from doctor_core.profiler.times import Clocks, FaultTimes
from doctor_core.scenarios.base import Progress, Scenario
from doctor_core.scenarios.judging import (
    Evidence,
    Tally,
    judge,
    otherwise,
    told_at,
)
from doctor_core.scenarios.reported_faults import ReportedFaults
from doctor_core.scenarios.subscriptions import Subscriptions
from doctor_core.services import chosen
from doctor_core.services.inspector import InspectorService
from doctor_core.wording import counted, few

_THEIR_CLOCKS = {Stage.NOVA_NOTIFIED: 'Nova'}
_SERVER = 'doctor_vm'
#: A monitor may take so many seconds to report a host that is back already.
_REPORTED_S = 1.0


class FaultManagement(Scenario):
    """A compute host is lost: are all owners told in time?

    The servers are made for it on a host that has no others; the host is
    made to fail, and brought back at the end.
    """

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.IntOpt('servers', default=1, min=1,
                       help='How many servers are on the host that fails.'),
            cfg.FloatOpt('limit_s', default=1.0, min=0.001,
                         help='Within how many seconds after the detection '
                              'every owner has to be told.'),
            cfg.StrOpt('host', default='',
                       help='The host that is made to fail, whatever else '
                            'runs on it. Empty for one without servers.'),
            cfg.FloatOpt('wait_s', default=60.0, min=1.0,
                         help='Seconds to wait for any one step before the '
                              'run counts as failed.'),
            cfg.StrOpt('project', default='doctor',
                       help='The project of the servers; made if missing.'),
            cfg.StrOpt('user', default='doctor',
                       help='Their owner; made if missing.'),
            cfg.StrOpt('role', default='member',
                       help='The role of the owner in the project.'),
            cfg.StrOpt('image', default='cirros',
                       help='The image of the servers; a tiny one is '
                            'uploaded if the project has none of that '
                            'name.'),
            cfg.StrOpt('flavor', default='m1.tiny',
                       help='The flavor of the servers; made if missing.'),
            cfg.StrOpt('network', default='doctor_net',
                       help='The network of the servers; made if missing.'),
            cfg.StrOpt('cidr', default='192.168.160.0/20',
                       help='The addresses of that network; there have to be '
                            'enough for all servers.'),
        ]

    def __init__(self, options: plugins.Options, conf: cfg.ConfigOpts,
                 progress: Progress) -> None:
        super().__init__(options, conf, progress)
        self._timeline = Timeline()
        self._faults = ReportedFaults()
        self._host = Host('')
        self._servers: list[Server] = []
        self._fault_id = ''
        self._tenancy: Tenancy | None = None
        #: What the inspector could not take away again.
        self._left: list[str] = []

    @classmethod
    def needs(cls, conf: cfg.ConfigOpts) -> frozenset[Need]:
        needs: set[Need] = set()
        for kind in ('alarms', 'inspectors'):
            needs |= plugins.chosen(conf, kind).needs
        if conf.cloud.notifications_transport_url:
            needs.add(Need.NOTIFICATIONS)
        if conf.inspector.update_port_data_plane_status:
            needs.add(Need.DATA_PLANE_STATUS)
        return frozenset(needs)

    # Making what the run needs.

    def setup(self, stack: ExitStack) -> None:
        # Before anything is made in the cloud.
        serving.check_free(self.conf.inspector)
        self._cloud = Cloud.from_conf(self.conf)
        stack.callback(self._cloud.close)
        self._cloud.check()
        self._installer = chosen.installer(self.conf)
        stack.callback(self._installer.close)
        self._check_monitor()
        self._host = self._pick_host()
        self.progress(f'{self._host.name} will fail; to be made on it: '
                      f'{counted(self.options.servers, "server")}')
        project_id = self._boot(stack)
        consumer = plugins.make(self.conf, 'consumers')
        url = consumer.start()
        stack.callback(consumer.stop)
        self._consumer = consumer
        if self.conf.installer.reverse_tunnels:
            stack.enter_context(self._installer.reachable(url))
        self._start_inspector(stack)
        if self._installer.own_clocks:
            self._timeline.clocks = self._whose_clocks()
        self._subscribe(stack, project_id, url)
        self._inspector.alarms.watch()
        self._start_monitor(stack)

    def _check_monitor(self) -> None:
        """A monitor that cannot see the fault is not waited for in vain."""
        names = plugins.chosen_names(self.conf, 'monitors')
        reasons = [self._installer.unseen_by(
            name, plugins.options_of(self.conf, 'monitors', name))
            for name in names]
        if all(reasons):
            raise ConfigError(f'[monitor] type = {", ".join(names)} would '
                              f'never see the host fail: {reasons[0]}.')

    def _pick_host(self) -> Host:
        """The host to fail; never one that has other people's servers,
        unless the operator names it.
        """
        hosts = {host.name: host for host in self._cloud.hosts()}
        wanted = self.options.host
        if wanted:
            if wanted not in hosts:
                raise ConfigError(
                    f'[scenario_fault_management] host: there is no compute '
                    f'host {wanted!r}; there are {few(sorted(hosts))}.')
            return hosts[wanted]
        used = {server.host for server in self._cloud.servers()}
        usable = {service.host for service in self._cloud.compute_services()
                  if service.state == 'up' and service.status == 'enabled'}
        empty = sorted((usable & set(hosts)) - used)
        if not empty:
            raise ConfigError(
                'No compute host is up, enabled and without servers. Name '
                'the host that may fail in [scenario_fault_management] host.')
        return hosts[empty[0]]

    def _boot(self, stack: ExitStack) -> str:
        """Make the servers and their owner; the owner's project."""
        options = self.options
        tenancy = self._tenancy = Tenancy(self._cloud, stack,
                                          timeout_s=options.wait_s,
                                          so_far=self.progress.so_far)
        project_id = tenancy.project(options.project)
        tenancy.member(options.user, project_id, role=options.role)
        mould = Mould(
            project_id=project_id, flavor_id=tenancy.flavor(options.flavor),
            image_id=tenancy.image(options.image, project_id),
            network_id=tenancy.network(options.network, project_id,
                                       cidr=options.cidr,
                                       room=options.servers))
        self._servers = tenancy.boot(
            [f'{_SERVER}{index}' for index in range(options.servers)],
            self._host.name, mould)
        return project_id

    def _start_inspector(self, stack: ExitStack) -> None:
        bus = messaging.Bus(messaging.memory_conf(), messaging.IN_MEMORY)
        stack.callback(bus.close)
        self._inspector = InspectorService(
            self.conf, cloud=self._cloud, bus=bus,
            checkpoint=self._timeline.add, state_file='')
        stack.callback(self._inspector.stop)
        stack.callback(lambda: self._left.extend(self._inspector.undo()))
        self._inspector.start()

    def _whose_clocks(self) -> Clocks:
        others = {**_THEIR_CLOCKS, **self._inspector.alarms.clocks}
        if self.conf.inspector.notification == 'shortcut':
            others.pop(Stage.EVENT_TRANSFORMED, None)  # by Doctor
        return Clocks(others)

    def _subscribe(self, stack: ExitStack, project_id: str,
                   url: str) -> None:
        """One alarm a server, as its owner would make it."""
        self.progress(f'{counted(len(self._servers), "alarm")} to be made '
                      f'({self.conf.alarm.type})')
        self._subscriptions = Subscriptions(self._inspector.alarms,
                                            self.progress)
        stack.callback(self._unsubscribe)
        self._subscriptions.make(self._servers, project_id, url)

    def _unsubscribe(self) -> None:
        self._subscriptions.delete()
        self._left += self._subscriptions.leftovers

    def _start_monitor(self, stack: ExitStack) -> None:
        publisher = messaging.FaultPublisher(self._inspector.publish)
        stack.callback(publisher.close, 1.0)

        def report(fault: Fault) -> None:
            publisher.put(fault)
            self._faults.put(fault)

        hosts = self._cloud.hosts()
        def witnessed(hostname: str, found: Sequence[evidence.Evidence]
                      ) -> None:
            for one in found:
                publisher.put(evidence.Finding(hostname, one))

        panel = chosen.panel(self.conf, report, witnessed,
                             lambda: self._cloud)
        stack.callback(panel.stop)
        panel.start(hosts)
        self.progress(f'Watching {counted(len(hosts), "host")}: '
                      f'{chosen.monitors_in_words(self.conf)}')

    # The run.

    def run(self) -> Outcome:
        self.progress(f'{self._host.name} fails now')
        try:
            self._installer.fail(self._host)
            lost = self._see_lost()
        except BaseException:
            self._take_back()
            raise
        self._bring_back()
        self._stamp_failure()
        reasons = judge(lost, self.options.limit_s)
        if self._is_reported():
            reasons += self._see_back()
        return Outcome(Verdict.FAILED if reasons else Verdict.PASSED,
                       tuple(reasons))

    def _bring_back(self) -> None:
        self.progress(f'{self._host.name} is brought back')
        self._installer.heal(self._host)

    def _is_reported(self, within_s: float = 0.0) -> bool:
        """Whether the monitor has said that the host failed."""
        return self._faults.wait(self._host.name, FaultStatus.DOWN,
                                 within_s) is not None

    def _take_back(self) -> None:
        """The run ends early: leave neither the host failed nor what Doctor
        has changed because of that.
        """
        try:
            self._bring_back()
            # It may be on its way to say so.
            if self._is_reported(_REPORTED_S):
                self.progress('what was changed is reversed')
                self._left += self._see_back()
        except DoctorError as error:
            self._left.append(f'the failure of {self._host.name}: {error}')

    def _stamp_failure(self) -> None:
        """Ask when the host failed: without its link it could not tell."""
        failed = self._installer.failed_at(self._host)
        self._timeline.add(Checkpoint(
            Stage.LINK_DOWN, failed.at, self._host.name,
            fault_id=self._fault_id))
        others = dict(self._timeline.clocks.others)
        if failed.clock:
            others[Stage.LINK_DOWN] = failed.clock
        doubt = {Stage.LINK_DOWN: 1000 * failed.uncertainty_s} \
            if failed.uncertainty_s else {}
        self._timeline.clocks = Clocks(others, doubt)

    def _see_lost(self) -> Evidence:
        """Wait for all that a lost host has to lead to."""
        fault = self._await_fault(FaultStatus.DOWN, 'the monitor to detect '
                                  f'that {self._host.name} failed')
        if fault is None:
            return Evidence(self._servers, None, self._consumer.received())
        deadline = clock.Deadline(self.options.wait_s)
        tally = Tally(server.id for server in self._servers)
        try:
            clock.wait_for(lambda: self._are_told(tally), deadline,
                           what='all owners to be told')
        except DeadlineExceeded as error:
            self.progress(str(error))
        report = self._inspector.wait(fault.id, self.options.wait_s)
        notices = self._consumer.received()
        for server_id, at in told_at(notices).items():
            self._timeline.add(Checkpoint(Stage.OWNER_TOLD, at,
                                         self._host.name, server_id,
                                         fault.id))
        self._fault_id = fault.id
        self._ask_evaluator(fault.id)
        return Evidence(
            self._servers, fault.detected_at, notices,
            report.changes if report else (),
            report.note if report else 'the inspector did not finish',
            self._wrong(forced_down=True, state='error', port='DOWN'))

    def _are_told(self, tally: Tally) -> bool:
        left = tally.left(self._consumer.received())
        self.progress.so_far('owners are told', len(self._servers) - left,
                             len(self._servers))
        return not left

    def _ask_evaluator(self, fault_id: str) -> None:
        """Stamp what an evaluator that is not ours has found."""
        for server_id, at in self._subscriptions.evaluated():
            self._timeline.add(Checkpoint(
                Stage.ALARM_EVALUATED, at, self._host.name, server_id,
                fault_id))

    def _see_back(self) -> list[str]:
        """Wait for the host's return to be seen, and all to be reversed."""
        fault = self._await_fault(FaultStatus.UP, 'the monitor to see that '
                                  f'{self._host.name} is back')
        if fault is None:
            return ['the monitor did not see that the host came back']
        report = self._inspector.wait(fault.id, self.options.wait_s)
        if report is None:
            return ['the inspector did not finish with the host\'s return']
        note = [f'after the return: {report.note}'] if report.note else []
        return note + self._wrong(forced_down=False, state='active',
                                  port='ACTIVE')

    def _await_fault(self, status: FaultStatus, what: str) -> Fault | None:
        fault = self._faults.wait(self._host.name, status,
                                  self.options.wait_s)
        if fault is None:
            self.progress(f'Waited {self.options.wait_s:g} s in vain for '
                          f'{what}')
        return fault

    def _wrong(self, *, forced_down: bool, state: str,
               port: str) -> list[str]:
        """What Nova and Neutron show that should be otherwise by now."""
        name = self._host.name
        ours = {server.id: server.name for server in self._servers}
        wrong = [
            f'Nova shows host {name} as forced down = {service.forced_down}'
            for service in self._cloud.compute_services(name)
            if service.forced_down is not forced_down]
        wrong += otherwise('Nova', 'servers', (
            (server.name, server.state) for server
            in self._cloud.servers(name) if server.id in ours), state)
        if self.conf.inspector.update_port_data_plane_status:
            wrong += otherwise('Neutron', 'ports of servers', (
                (ours[one.server_id], one.data_plane_status or '')
                for one in self._cloud.ports(name)
                if one.server_id in ours), port)
        return wrong

    # What it leaves for the report.

    def report(self, outcome: Outcome) -> tuple[FaultTimes, ReportFacts]:
        conf = self.conf
        times = self._timeline.fault(
            self._fault_id, self._host.name,
            [server.id for server in self._servers])
        return times, ReportFacts(
            outcome=outcome, host=self._host.name,
            limit_ms=1000 * self.options.limit_s,
            servers=tuple(self._servers),
            notification=conf.inspector.notification,
            setup={'monitor': chosen.monitors_in_words(conf),
                   'inspector': conf.inspector.type,
                   'alarms': conf.alarm.type,
                   'consumer': conf.consumer.type,
                   'installer': conf.installer.type},
            created_at=clock.now())

    def leftovers(self) -> list[str]:
        made = self._tenancy.leftovers if self._tenancy else []
        return [*self._left, *made]
