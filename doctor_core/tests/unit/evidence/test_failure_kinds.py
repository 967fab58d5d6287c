"""What each witness says of each kind of failure, and what comes of it.

A host has failed, and the first network hears it no more, or hears it badly:
one test for each witness that can be asked then. Kinds of failure that no
probe sees (a hypervisor that hangs with its kernel alive, a stalled storage)
are not there: no witness is asked.
"""

import fixtures
import testtools

from doctor_core.corroborators.bmc import BmcCorroborator
from doctor_core.evidence.corroboration import Corroboration, Outlets
from doctor_core.exceptions import BackendError
from doctor_core.fixtures import options
from doctor_core.model import Fault, FaultStatus, Host
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.tests.unit.rack import SILENT, Rack

HOST, NEIGHBOUR = Host('one', (), 'rack-1'), Host('two', (), 'rack-1')

#: What comes of it. PROVED: owners are told, and corrections need no more.
#: SECONDED: owners are told, sooner; a second witness agrees. LOST: owners
#: are told; nothing more is known. KEPT_BACK: it lives; nobody is told.
PROVED, SECONDED, LOST, KEPT_BACK = (
    'proved', 'seconded', 'lost', 'kept back')


class Scene:
    """A silent host, of the monitors ``sample`` and ``collectd``.

    :ivar power: what the controllers of the host and of its neighbour say
        now; before, both were on.
    """

    def __init__(self):
        self.now = 100.0
        self.reported, self.found_later, self.agreed = [], [], []
        self.heard_at = {}
        self.sides = Corroboration(('sample', 'collectd'), Outlets(
            self.reported.append,
            lambda _name, found: self.found_later.extend(found),
            lambda *agreed: self.agreed.append(agreed),
            lambda *_asked: None,
            lambda kind, _name: self.heard_at.get(kind)), lambda: self.now)
        self.power = Rack(one=True, two=True)
        self.bmc = BmcCorroborator(
            options(BmcCorroborator, address='{host}'), self.sides.found,
            lambda: None, self.power.way)
        self.bmc.update([HOST, NEIGHBOUR])
        for host in (HOST, NEIGHBOUR):
            self.bmc.ask(host, ())
        self.sides.suspected('sample', HOST.name)

    def say(self, kind, source):
        """A witness speaks."""
        self.sides.found(HOST.name, Evidence(kind, source, self.now))

    def ask_bmc(self):
        try:
            evidence = self.bmc.ask(HOST, ())
        except BackendError:
            return
        if evidence is not None:
            self.sides.found(HOST.name, evidence)

    def lose(self, kind='sample', of=EvidenceKind.PROBES):
        """A monitor has it lost."""
        self.sides.verdict(kind, Fault(
            HOST.name, 'compute.host.down', FaultStatus.DOWN, self.now,
            self.now, cause='no answer',
            evidence=(Evidence(of, kind, self.now),)))

    def outcome(self):
        if not self.reported:
            return KEPT_BACK
        weight = max(one.kind.weight for fault in self.reported
                     for one in (*fault.evidence, *self.found_later))
        if weight is Weight.SILENT and len(self.reported) > 1:
            # Each monitor is the other one's second witness.
            return SECONDED
        return {Weight.PROVES: PROVED, Weight.SECOND: SECONDED,
                Weight.SILENT: LOST}[weight]


# What witnesses see

def no_witness(_scene):
    """Only the probes on one network."""


def second_network(scene):
    """It is silent on a network that shares nothing with the first."""
    scene.say(EvidenceKind.NETWORK, 'storage')


def other_monitor_hears(scene):
    scene.now += 0.1
    scene.heard_at['collectd'] = scene.now


def other_monitor_silent(scene):
    scene.lose('collectd')


def nova_fresh(scene):
    scene.say(EvidenceKind.HEARTBEAT, 'nova')


def nova_stale(_scene):
    """There is no report; a stale one is no evidence."""


def bmc_off(scene):
    scene.power.power['one'] = False
    scene.ask_bmc()


def bmc_on(scene):
    scene.ask_bmc()


def bmc_silent(scene):
    scene.power.power['one'] = SILENT
    scene.ask_bmc()


def bmcs_of_the_rack_silent(scene):
    scene.power.power.update(one=SILENT, two=SILENT)
    scene.ask_bmc()


def bmc_talks_nonsense(scene):
    scene.power.power['one'] = BackendError('it does not speak Redfish')
    scene.ask_bmc()


def kdump(scene):
    scene.say(EvidenceKind.PANICKED, 'kdump')


def no_kdump(_scene):
    """There is no message; most hosts never send one."""


def link_down(scene):
    scene.lose('collectd', EvidenceKind.LINK_DOWN)


def link_up(_scene):
    """There is nothing to be told of a link that is up."""


KINDS = {
    'power loss of the host': {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, nova_stale: LOST, bmc_off: PROVED,
        bmc_talks_nonsense: LOST, no_kdump: LOST, link_down: SECONDED},
    'power loss of the host and its controller': {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, nova_stale: LOST,
        bmc_silent: PROVED, no_kdump: LOST, link_down: SECONDED},
    'power loss of a rack': {
        no_witness: LOST, second_network: SECONDED,
        # It may be the switch of the controllers as well.
        bmcs_of_the_rack_silent: LOST, link_down: SECONDED},
    'kernel panic': {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, nova_stale: LOST,
        # Both mislead, and so keep nothing back.
        bmc_on: LOST, link_up: LOST,
        kdump: PROVED},
    'network card, or one of two networks': {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK,
        # With power it may be dead nevertheless.
        bmc_on: LOST, no_kdump: LOST,
        # Proves it of that port only.
        link_down: SECONDED},
    'one of two switches of a rack': {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, bmc_on: LOST,
        bmcs_of_the_rack_silent: LOST, link_down: SECONDED},
    'the only switch of a rack': {
        # Each looks dead, so nothing may count as proof.
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, nova_stale: LOST,
        bmcs_of_the_rack_silent: LOST, link_down: SECONDED},
    'overload of the host or of the monitor': {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, nova_stale: LOST, bmc_on: LOST,
        no_kdump: LOST, link_up: LOST},
    'loss of some packets': {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, bmc_on: LOST, no_kdump: LOST, link_up: LOST},
    'monitor cut off': {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, bmc_on: LOST,
        # Those that it cannot reach either.
        bmcs_of_the_rack_silent: LOST, no_kdump: LOST, link_up: LOST},
    'planned reboot': {
        no_witness: LOST, second_network: SECONDED, nova_stale: LOST,
        bmc_on: LOST, no_kdump: LOST, link_down: SECONDED},
}


class Case(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())


class FailureKindsTest(Case):

    def check(self, witness, expected):
        """Whether the witness speaks before the verdict, or after it."""
        before = Scene()
        witness(before)
        before.lose()
        self.assertEqual(expected, before.outcome())
        after = Scene()
        after.lose()
        witness(after)
        after.sides.step()
        if expected is KEPT_BACK:
            # What was told is taken back.
            self.assertEqual([Weight.LIVES], [
                one.kind.weight for one in after.found_later])
        else:
            self.assertEqual(expected, after.outcome())


def _named(failure, witness):
    return f'test_{failure} and {witness.__name__}'.replace(
        ',', '').replace(' ', '_')


def _test(witness, expected):
    return lambda self: self.check(witness, expected)


for _failure, _cells in KINDS.items():
    for _witness, _expected in _cells.items():
        setattr(FailureKindsTest, _named(_failure, _witness),
                _test(_witness, _expected))


class SeveralWitnessesTest(Case):

    def test_a_dead_port_of_a_host_that_reports_is_no_dead_host(self):
        scene = Scene()
        link_down(scene)
        nova_fresh(scene)
        scene.lose()
        self.assertEqual([EvidenceKind.HEARTBEAT],
                         [one.kind for one in scene.found_later])

    def test_proof_makes_the_verdict_of_the_other_sooner(self):
        for witness in (bmc_off, bmc_silent, kdump):
            scene = Scene()
            witness(scene)
            (kind, name, evidence), = scene.agreed
            self.assertEqual(('sample', 'one', Weight.PROVES), (
                kind, name, evidence.kind.weight))

    def test_what_proves_nothing_makes_nothing_sooner(self):
        for witness in (bmc_on, bmcs_of_the_rack_silent, bmc_talks_nonsense):
            scene = Scene()
            witness(scene)
            self.assertEqual([], scene.agreed)

    def test_of_a_host_that_answers_nobody_hears(self):
        """A hypervisor that hangs while its kernel answers, say: no probe
        sees it, and a stray message counts for nothing.
        """
        scene = Scene()
        scene.sides.refuted('sample', 'one')
        bmc_off(scene)
        kdump(scene)
        scene.sides.step()
        self.assertEqual(([], []), (scene.reported, scene.found_later))
