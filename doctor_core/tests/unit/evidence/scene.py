"""Silent hosts, and all who can say something of them."""

from doctor_core import wire
from doctor_core.corroborators.bmc import BmcCorroborator
from doctor_core.evidence.corroboration import Corroboration, Outlets
from doctor_core.exceptions import BackendError
from doctor_core.fixtures import FakeClock, options
from doctor_core.model import Fault, FaultStatus, Host
from doctor_core.model.evidence import Evidence, EvidenceKind, certainty
from doctor_core.monitors.collectd import hearing
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.silences import Silences
from doctor_core.tests.unit.rack import Rack

#: A rack; the last one of it always answers.
RACK = [Host(name, (), 'rack-1') for name in ('one', 'two', 'three', 'four')]
HOST, WELL = RACK[0], RACK[-1]


class Scene:
    """Silent hosts, of the monitors ``sample``, ``other`` and ``collectd``.

    :param silent: how many of the rack fall silent, at once.
    :ivar power: what the controllers say now; before, all were on.
    :ivar networks: those that ``sample`` probes, and whether one answers.
    """

    def __init__(self, silent=1):
        self.clock = FakeClock()
        self.reported, self.found_later, self.agreed = [], [], []
        self.heard_at, self.networks = {}, {'first': False}
        self.sides = Corroboration(('sample', 'other', 'collectd'), Outlets(
            self.reported.append,
            lambda _name, found: self.found_later.extend(found),
            lambda *agreed: self.agreed.append(agreed),
            lambda *_asked: None,
            lambda kind, _name: self.heard_at.get(kind)),
            self.clock.monotonic)
        self.power = Rack(**{host.name: True for host in RACK})
        self.bmc = BmcCorroborator(
            options(BmcCorroborator, address='{host}'), self.sides.found,
            lambda: None, self.power.way)
        self.bmc.update(RACK)
        for host in RACK:
            self.bmc.ask(host, ())
        self.silent = RACK[:silent]
        self.silences = Silences()
        for host in self.silent:
            self.silences.began(host.name, 0.0)
            self.sides.suspected('sample', host.name)

    def say(self, kind, source):
        """A witness speaks."""
        self.sides.found(HOST.name, Evidence(kind, source, 1.0))

    def ask_bmc(self, **power):
        """The controllers say this, and that of the host is asked."""
        self.power.power.update(power)
        try:
            evidence = self.bmc.ask(HOST, self.silent[1:])
        except BackendError:
            return
        if evidence is not None:
            self.sides.found(HOST.name, evidence)

    def lose(self, kind='sample'):
        """A monitor has it lost, if it hears it on no network."""
        if kind == 'sample' and Matrix(self.networks, ()).meaning(
                name for name, answers in self.networks.items()
                if not answers) is not Meaning.DOWN:
            return
        self.sides.verdict(kind, Fault(
            HOST.name, 'compute.host.down', FaultStatus.DOWN, 1.0, 1.0,
            cause='no answer', is_path_suspected=self.silences.is_path(
                HOST.name), evidence=(
                    Evidence(EvidenceKind.PROBES, kind, 1.0),)))

    def collectd(self, *events):
        """Collectds say that hosts are down, and time passes.

        :param events: whose says it, of whom, and with which evidence.
        """
        said = hearing.Hearing(hearing.Outlets(
            lambda fault: self.sides.verdict('collectd', fault),
            self.note_silence, lambda *_unused: True), 1.0, self.clock)
        for observer, name, *evidence in events:
            said.take(observer, Fault(
                name, wire.HOST_DOWN, FaultStatus.DOWN, 1.0, 1.0,
                evidence=tuple(evidence)))
        said.start()
        said.go_round()
        self.clock.advance(1.1)
        for _round in range(2):
            said.go_round()
        said.stop()

    def note_silence(self, name, is_silent):
        if is_silent:
            self.sides.suspected('collectd', name)
        else:
            self.sides.refuted('collectd', name)

    def outcome(self):
        """How sure its owners hear that the host is lost; None when they do
        not.
        """
        reports = [fault for fault in self.reported
                   if fault.hostname == HOST.name]
        if not reports:
            return None
        is_path = any(fault.is_path_suspected for fault in reports)
        kinds = [one.kind for fault in reports
                 for one in (*fault.evidence, *self.found_later)]
        if len(reports) > 1:
            # Each monitor is the other one's second witness.
            kinds.append(EvidenceKind.MONITOR)
        return certainty(kinds, is_path_suspected=is_path)
