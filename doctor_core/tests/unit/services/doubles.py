"""What the tests of the services stand on."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace

from doctor_core import store
from doctor_core.exceptions import CloudError
from doctor_core.inspectors.affected import AffectedMap
from doctor_core.model import (
    Action,
    ComputeService,
    Fault,
    FaultStatus,
    Port,
    Server,
    StateChange,
)
from doctor_core.services.handler import FaultHandler
from doctor_core.services.response import Means


class Cloud:
    """A cloud kept in memory, that corrections change; host ``h0`` has
    servers.
    """

    def __init__(self, servers=3, hosts=2):
        self.service = {
            f'h{index}': ComputeService(f'c{index}', f'h{index}', 'up',
                                        'enabled', False)
            for index in range(hosts)}
        self.all_servers = {
            f's{index}': Server(f's{index}', f'vm{index}', f'p{index % 2}',
                                'h0') for index in range(servers)}
        self.all_ports = {
            f'n{index}': Port(f'n{index}', f's{index}', 'p', 'h0', 'ACTIVE')
            for index in range(servers)}
        self.away = False

    def _answer(self, values):
        if self.away:
            raise CloudError('Nova does not answer', recoverable=True)
        return list(values)

    def compute_services(self, host=None):
        return self._answer(service for service in self.service.values()
                            if host in (None, service.host))

    def servers(self, host=None):
        return self._answer(server for server in self.all_servers.values()
                            if host in (None, server.host))

    def ports(self, host=None):
        return self._answer(port for port in self.all_ports.values()
                            if host in (None, port.host))


class Inspector:
    """Makes corrections in the cloud of the test; some may fail."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.failing = set()
        self.made = []
        self.asked = []
        self.gate = None
        #: Set when the first server was reset; marking the host waits then.
        self.reset = None
        self.released = []
        self.unreleasable = False

    def urgent(self, corrections):
        return [correction for correction in corrections
                if correction.action is Action.FORCE_DOWN]

    def correct(self, corrections, done):
        self.asked.append([one.action for one in corrections])
        if self.gate is not None:
            self.gate.wait(10)
        if self.reset is not None and self.urgent(corrections):
            self.reset.wait(10)
        changes = []
        for correction in corrections:
            error = ''
            if correction.target_id in self.failing:
                error = 'Nova said no'
            else:
                self.made.append((correction.action, correction.target_id,
                                  correction.new))
                self._apply(correction)
                if self.reset is not None \
                        and correction.action is Action.RESET_STATE:
                    self.reset.set()
            change = StateChange(correction, 5.0, error)
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
            self._replace(self.cloud.all_servers, target,
                          state=correction.new)
        elif correction.action is Action.DATA_PLANE_STATUS:
            self._replace(self.cloud.all_ports, target,
                          data_plane_status=correction.new)
        else:
            self._replace(self.cloud.service, correction.host,
                          forced_down=correction.new == 'true')

    @staticmethod
    def _replace(values, key, **changes):
        import dataclasses
        values[key] = dataclasses.replace(values[key], **changes)


class Alarms:
    """Remembers who was told what, and in which order with corrections."""

    hears_nova = False

    def __init__(self, inspector):
        self.inspector = inspector
        self.told = []
        self.corrections_before = []
        self.head_starts = []
        self.failures = []
        self.hold = None

    def missed(self, updates):
        return []

    def tell(self, events, *, host, fault_id):
        future = Future()
        for event in events:
            self.told.append((event.trait('instance_id'),
                              event.trait('state')))
            self.corrections_before.append([
                made for made in self.inspector.made
                if made[0] is Action.RESET_STATE])
        if self.hold is not None:
            threading.Thread(target=self._later, args=(future,),
                             daemon=True).start()
        else:
            future.set_result(list(self.failures))
        return future

    def head_start_s(self, count):
        self.head_starts.append((count, [
            made for made in self.inspector.made
            if made[0] is Action.RESET_STATE]))
        return 0.0

    def _later(self, future):
        self.hold.wait(10)
        future.set_result(list(self.failures))


class Desk:
    """A fault handler with everything around it in memory."""

    def __init__(self, servers=3, notification='shortcut', ports=True,
                 kept=None, cloud=None):
        self.cloud = cloud or Cloud(servers)
        self.inspector = Inspector(self.cloud)
        self.alarms = Alarms(self.inspector)
        self.store = kept or store.Store()
        self.stopping = threading.Event()
        self.stamps = []
        self.settings = SimpleNamespace(
            notification=notification, update_port_data_plane_status=ports,
            mass_failure_share=0.3, mass_failure_hosts=3,
            mass_failure_window_s=60.0, mass_failure_cool_down_s=0.0)
        affected = AffectedMap(self.cloud, with_ports=ports)
        affected.refresh()
        self.affected = affected
        self.handler = FaultHandler(Means(
            settings=self.settings,
            affected=affected, inspector=self.inspector, alarms=self.alarms,
            kept=self.store, checkpoint=self.stamps.append,
            stopping=self.stopping))

    def down(self, host='h0', at=10.0, **changes):
        return self.handler.handle(fault(host, FaultStatus.DOWN, at,
                                         **changes))

    def up(self, host='h0', at=20.0):
        return self.handler.handle(fault(host, FaultStatus.UP, at,
                                         type='compute.host.up'))

    def release(self):
        """Do what was held and is not any more."""
        return self.handler.resume(self.handler.holding.released())

    def forced_down(self):
        return {host for host, service in self.cloud.service.items()
                if service.forced_down}

    def states(self):
        return {server.id: server.state
                for server in self.cloud.all_servers.values()}


def fault(host, status, at, **changes):
    values = {'type': 'compute.host.down', 'detected_at': at,
              'received_at': at}
    values.update(changes)
    return Fault(hostname=host, status=status, **values)
