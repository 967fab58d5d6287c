"""What the tests of the faults stand on."""

import dataclasses
import threading
from concurrent.futures import Future

from doctor_core import clock, store
from doctor_core.cloud import calls
from doctor_core.exceptions import CloudError
from doctor_core.faults.answer import Answer
from doctor_core.faults.engine import Engine
from doctor_core.faults.handler import Kept
from doctor_core.faults.mass_failure import Limits
from doctor_core.faults.settings import Settings
from doctor_core.fixtures import FakeClock
from doctor_core.model import (
    Action,
    ComputeService,
    Fault,
    FaultStatus,
    Hypervisor,
    Mark,
    Port,
    Server,
    StateChange,
)

#: Of a notification of Nova that was sent in order.
SENT = {'timestamp': '2030-01-01 00:00:00.000000'}


class Cloud:
    """A cloud kept in memory, that corrections change; host ``h0`` has
    servers.

    :ivar beating: whether nova-compute reports between two looks.
    :ivar uptimes: of the hosts, in seconds; not known of others.
    :ivar asked: what was asked for, in order.
    """

    def __init__(self, servers=3, hosts=2):
        self.service = {
            f'h{index}': ComputeService(f'c{index}', f'h{index}', 'up',
                                        'enabled', False, updated_at='0')
            for index in range(hosts)}
        self.all_servers = {
            f's{index}': Server(f's{index}', f'vm{index}', f'p{index % 2}',
                                'h0') for index in range(servers)}
        self.all_ports = {
            f'n{index}': Port(f'n{index}', f's{index}', 'p', 'h0', 'ACTIVE')
            for index in range(servers)}
        self.types = {}
        self.uptimes = {}
        self.unseen = set()
        #: Hosts whose servers Nova cannot see, although it has the services.
        self.blind = set()
        #: Hosts whose servers no list has, although each is shown by its id.
        self.left_out = set()
        self.away = False
        self.neutron_away = False
        self.beating = True
        #: Servers and ports of which nothing is told, by their ids, and why.
        self.broken = {}
        #: Hosts whose hypervisors fail to tell for how long they run.
        self.uptimeless = set()
        self.started = []
        #: What becomes of asking for a start; empty when it is made.
        self.start_error = ''
        self.start_is_final = False
        #: What becomes of a mark that is taken back past the inspector.
        self.lift_error = ''
        self.lift_is_final = False
        self.all_aggregates = []
        self.asked = []
        self._beats = 0

    def _answer(self, values, *asked):
        self.asked.append(asked)
        if self.away:
            raise CloudError('Nova does not answer', recoverable=True)
        return list(values)

    def change(self, server_id, **changes):
        """What Nova or an owner does to a server."""
        self.all_servers[server_id] = dataclasses.replace(
            self.all_servers[server_id], **changes)

    def touch(self, host, **changes):
        """Somebody changes a compute service: its time moves, too."""
        self._beats += 1
        self.service[host] = dataclasses.replace(
            self.service[host], updated_at=str(self._beats), **changes)

    def mark(self, correction):
        """Somebody marks the service with its id, or takes that back."""
        name = next((name for name, one in self.service.items()
                     if one.id == correction.target_id), correction.host)
        self.touch(name, forced_down=correction.mark is Mark.LOST)

    def compute_services(self, host=None):
        found = self._answer(
            (service for service in self.service.values()
             if host in (None, service.host)), 'services', host)
        if self.beating:
            for service in found:
                self.touch(service.host)
        return [self._seen(service) for service in found]

    def _seen(self, service):
        if service.host in self.unseen:
            return ComputeService('', service.host, 'unknown', 'unknown',
                                  False)
        return dataclasses.replace(
            service, state='down' if service.forced_down else service.state)

    def servers(self, host=None):
        return self._answer(
            (server for server in self.all_servers.values()
             if host in (None, server.host)
             and server.state != 'soft-delete'
             and server.host not in self.left_out
             and not self._hides(server)), 'servers', host)

    def _hides(self, server):
        return server is not None and server.host in self.unseen | self.blind

    def _told(self, ids, failed):
        """Those of some ids that are not broken."""
        for one in ids:
            if one in self.broken:
                error = CloudError(self.broken[one], recoverable=True)
                if failed is None:
                    raise error
                failed(one, error)
        return [one for one in ids if one not in self.broken]

    def find_servers(self, server_ids, failed=None):
        self._answer((), 'find', *server_ids)
        found = {one: self.all_servers.get(one)
                 for one in self._told(server_ids, failed)}
        return {name: dataclasses.replace(
                    one, host='', state='unknown', is_partial=True)
                if self._hides(one) else one for name, one in found.items()}

    def _ask_neutron(self):
        if self.neutron_away:
            raise CloudError('Neutron does not answer', recoverable=True)

    def ports(self, host=None):
        self._ask_neutron()
        return self._answer((port for port in self.all_ports.values()
                             if host in (None, port.host)), 'ports', host)

    def ports_of(self, server_ids):
        self._ask_neutron()
        return self._answer((port for port in self.all_ports.values()
                             if port.server_id in server_ids), 'ports of')

    def find_ports(self, port_ids, failed=None):
        self._ask_neutron()
        self._answer((), 'find ports', *port_ids)
        return {one: self.all_ports.get(one)
                for one in self._told(port_ids, failed)}

    def hypervisors(self):
        return self._answer(
            (Hypervisor(f'y-{host}', host, f'{host}.hv', '',
                        self.types.get(host, 'QEMU'))
             for host in self.service), 'hypervisors')

    def aggregates(self):
        if self.away or self.all_aggregates is None:
            raise CloudError('Nova does not answer', recoverable=True)
        return list(self.all_aggregates)

    def uptime_s(self, host):
        self._answer((), 'uptime', host)
        if host in self.uptimeless:
            raise CloudError('no uptime', recoverable=True)
        return self.uptimes.get(host)

    def correct(self, corrections, done):
        """Asked past the inspector: starts, and marks of no known fault."""
        changes = []
        for one in corrections:
            if one.action is Action.START and self.start_error:
                changes.append(StateChange(one, 5.0, self.start_error,
                                           is_final=self.start_is_final,
                                           is_refused=self.start_is_final))
                done(changes[-1])
                continue
            if one.action is Action.FORCE_DOWN and self.lift_error:
                changes.append(StateChange(one, 5.0, self.lift_error,
                                           is_final=self.lift_is_final))
                continue
            if one.action is Action.START:
                self.started.append(one.target_id)
                self.change(one.target_id, state='active',
                            power_state='running')
            elif one.action is Action.FORCE_DOWN:
                self.mark(one)
            changes.append(StateChange(one, 5.0))
            done(changes[-1])
        return changes


class Inspector:
    """Makes corrections in the cloud of the test; some may fail."""

    hands_over = False
    changes_nothing = False

    def __init__(self, cloud):
        self.cloud = cloud
        self.failing = set()
        #: What fails for good.
        self.refusing = set()
        #: What is refused, and may be granted later.
        self.forbidding = set()
        self.made = []
        self.asked = []
        self.gate = None
        #: Set when the first server was reset; marking the host waits then.
        self.reset = None
        self.released = []
        self.unreleasable = False
        self.crash = None

    def correct(self, corrections, done):
        self.asked.append([one.action for one in corrections])
        if self.gate is not None:
            self.gate.wait(10)
        changes = []
        for correction in corrections:
            error = ''
            if self.crash is not None:
                self.crash(correction)
            is_final = correction.target_id in self.refusing
            is_refused = is_final or correction.target_id in self.forbidding
            if is_final:
                error = 'Nova has no such request'
            elif is_refused:
                error = 'policy'
            elif correction.target_id in self.failing:
                error = 'Nova said no'
            else:
                self.made.append((correction.action, correction.target_id,
                                  calls.value_of(correction)))
                self._apply(correction)
            change = StateChange(correction, 5.0, error,
                                 is_final=is_final, is_refused=is_refused)
            done(change)
            changes.append(change)
        return changes

    def release(self, host):
        self.released.append(host)
        if self.unreleasable:
            raise CloudError('nobody answers', recoverable=True)

    def _apply(self, correction):
        target = correction.target_id
        if correction.action is Action.RESET_STATE:
            if target in self.cloud.all_servers:
                self.cloud.change(target, state=calls.value_of(correction))
        elif correction.action is Action.DATA_PLANE_STATUS:
            self.cloud.all_ports[target] = dataclasses.replace(
                self.cloud.all_ports[target],
                data_plane_status=calls.value_of(correction))
        else:
            self.cloud.mark(correction)


class Alarms:
    """Remembers who was told what, and in which order with corrections."""

    keeps_order = False

    def __init__(self, inspector, hears_nova=False):
        self.hears_nova = hears_nova
        self.inspector = inspector
        self.told = []
        self.traits = {}
        self.corrections_before = []
        self.head_starts = []
        self.failures = []
        self.failing = set()
        self.hold = None

    def missed(self, updates):
        return []

    def tell(self, events, *, host, fault_id):
        return [self._tell(event) for event in events]

    def _tell(self, event):
        server_id = event.trait('instance_id')
        self.told.append((server_id, event.trait('state')))
        self.traits[server_id] = {trait.name: trait.value
                                  for trait in event.traits}
        self.corrections_before.append([
            made for made in self.inspector.made
            if made[0] is Action.RESET_STATE])
        future = Future()
        failures = list(self.failures)
        if server_id in self.failing:
            failures.append(f'the owner of {server_id} is away')
        if self.hold is not None:
            threading.Thread(target=self._later,
                             args=(self.hold, future, failures),
                             daemon=True).start()
        else:
            future.set_result(failures)
        return future

    def head_start_s(self, count):
        self.head_starts.append((count, [
            made for made in self.inspector.made
            if made[0] is Action.RESET_STATE]))
        return 0.0

    def _later(self, hold, future, failures):
        hold.wait(10)
        future.set_result(failures)


def at_once(work, _name):
    """Work that others do in a thread."""
    return done(work())


def done(result):
    """A future that has come true."""
    future = Future()
    future.set_result(result)
    return future


def failed(error):
    """A future that has not."""
    future = Future()
    future.set_exception(error)
    return future


class Desk:
    """The engine with everything around it in memory."""

    def __init__(self, servers=3, notification='shortcut', ports=True,
                 kept=None, cloud=None, hears_nova=False, inspector=None,
                 alarms=None, steady=None, looked=True, **settings):
        self.cloud = cloud or Cloud(servers)
        self.inspector = inspector or Inspector(self.cloud)
        self.alarms = alarms or Alarms(self.inspector, hears_nova)
        self.store = kept or store.Store()
        self.clock = steady or FakeClock()
        self.arrived_at = 0.0
        self.stamps = []
        self.settings = Settings(
            tells_first=notification == 'shortcut', with_ports=ports,
            mass_failure=Limits(0.3, 3), **settings)
        self.engine = Engine(
            lambda: self.settings, self.cloud, self.store, self.inspector,
            self.alarms, {'sample', 'collectd'}, self.stamps.append,
            monotonic=self.clock.monotonic, now=self.now)
        self.affected = self.engine.affected
        self.affected.aggregates.begin = at_once
        self.handler = self.engine.handler
        if looked:
            self.affected.refresh()
        else:
            self.handler.hold()
        self.holding = self.engine.holding
        self.stopping = self.engine.stopping

    def now(self):
        """The time; most tests begin at nought, where no news waits."""
        return self.arrived_at if self.arrived_at < 1e9 else clock.now()

    def set(self, **settings):
        """An operator decides otherwise."""
        self.settings = dataclasses.replace(self.settings, **settings)

    def handle(self, report):
        """What becomes of a report, once all is done that can be done now."""
        decided = self.handler.decide(report)
        if not isinstance(decided, Kept):
            return self.handler.pursue(decided)
        answers = {placed: self.handler.pursue(so)
                   for placed, so in self.handler.place()}
        return answers.get(report.id) or Answer(
            report.id, report.hostname, 'waiting')

    def down(self, host='h0', at=10.0, waits_s=0.0, **changes):
        """The host is lost.

        :param waits_s: for how long the news waits on the bus.
        """
        self.arrived_at = at + waits_s
        return self.handle(fault(host, FaultStatus.DOWN, at, **changes))

    def up(self, host='h0', at=20.0, rounds=4, **changes):
        """The host is back, and is looked at some times."""
        answer = self.handle(fault(
            host, FaultStatus.UP, at, type='compute.host.up', **changes))
        for _ in range(rounds):
            if answer.state != 'clearing':
                break
            answer = self.resume(answer.fault_id)
        return answer

    def resume(self, fault_id=None):
        """Go on with what is owed: of one fault, or of all."""
        answers = [future.result(10) for future in self.engine.owed.resume(
            only=None if fault_id is None else [fault_id])]
        if fault_id is None:
            return [answer for answer in answers if answer is not None]
        return answers[0] if answers else self.engine.pursuit.answer(fault_id)

    def look_for_more(self):
        return [future.result(10)
                for future in self.engine.owed.look_for_more()]

    def place(self):
        """Decide what waited for a look at Nova, a second later."""
        self.handler._placing._looked_at = float('-inf')
        return [future.result(10) for future in self.engine.owed.place()]

    def release(self):
        """Do what was held and is not any more."""
        return [future.result(10) for future in self.engine.owed.released()]

    def again(self, inspector=None, looked=True):
        """The same after a restart of the process; with another inspector,
        perhaps.

        :param looked: whether the cloud was looked at since.
        """
        return Desk(kept=self.store, cloud=self.cloud,
                    inspector=inspector or self.inspector, alarms=self.alarms,
                    notification='shortcut' if self.settings.tells_first
                    else 'conservative', ports=self.settings.with_ports,
                    steady=self.clock, looked=looked)

    def go_on(self):
        """The cloud is looked at for the first time."""
        self.affected.refresh()
        self.handler.go_on()
        self.place()
        self.resume()

    def forced_down(self):
        return {host for host, service in self.cloud.service.items()
                if service.forced_down}

    def states(self):
        return {server.id: server.state
                for server in self.cloud.all_servers.values()}

    def fault(self, fault_id):
        return self.store.faults.find(fault_id)

    def correction_states(self, fault_id):
        return {(one.correction.action, one.correction.target_id): one.state
                for one in self.store.corrections.of(fault_id)}

    def telling_states(self, fault_id):
        return {(one.telling.server.id, one.telling.news): one.state
                for one in self.store.tellings.of(fault_id)}


def fault(host, status, at, **changes):
    values = {'type': 'compute.host.down', 'detected_at': at,
              'received_at': at, 'said_at': at, 'source': 'sample',
              'sender': 'monitor-1'}
    values.update(changes)
    return Fault(hostname=host, status=status, **values)
