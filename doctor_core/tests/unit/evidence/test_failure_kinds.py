"""What each witness says of each kind of failure, and what comes of it.

A host has failed, or several of a rack, and the first network hears them no
more, or hears them badly: one test for each witness that can be asked then.
Kinds of failure that no probe sees (a hypervisor that hangs with its kernel
alive, a stalled storage) are not there: no witness is asked. Nor are witnesses
that a failure takes away: a host without power tells nothing of its links.
"""

import fixtures
import testtools

from doctor_core.exceptions import BackendError
from doctor_core.model.evidence import (
    Certainty,
    Evidence,
    EvidenceKind,
    Weight,
)
from doctor_core.tests.unit.evidence.scene import HOST, RACK, WELL, Scene
from doctor_core.tests.unit.rack import SILENT

#: What comes of it, in the words of the notice. PROVED: corrections need no
#: more. SECONDED: a second witness agrees; sooner. LOST: nothing more is
#: known. PATH: owners are told, and nothing is corrected.
PROVED, SECONDED, LOST, PATH = (
    Certainty.DEAD, Certainty.LOST, Certainty.UNREACHABLE, Certainty.PATH)
#: It lives: nobody is told, or what was told is taken back. And the monitor
#: that does not hear it on one network never has it lost.
KEPT_BACK, NEVER_LOST = None, 'never lost'


# What witnesses see

def no_witness(_scene):
    """Only the probes on one network."""


def second_network(scene):
    """It is silent on a network that shares nothing with the first."""
    scene.say(EvidenceKind.NETWORK, 'storage')


def second_network_answers(scene):
    scene.networks['storage'] = True


def other_monitor_hears(scene):
    scene.clock.advance(0.1)
    scene.heard_at['other'] = scene.clock.monotonic()


def other_monitor_silent(scene):
    scene.lose('other')


def neighbours_silent(scene):
    """The collectd of a neighbour, which pings it, does not hear it."""
    scene.collectd(*((WELL.name, host.name) for host in scene.silent))


def nova_fresh(scene):
    scene.say(EvidenceKind.HEARTBEAT, 'nova')


def nova_stale(_scene):
    """There is no report; a stale one is no evidence."""


def bmc_off(scene):
    scene.ask_bmc(one=False)


def bmc_on(scene):
    scene.ask_bmc()


def bmc_silent(scene):
    """Those of its neighbours answer, whoever of these is silent."""
    scene.ask_bmc(one=SILENT)


def bmcs_of_the_silent_are_silent(scene):
    """That of the host that is well answers."""
    scene.ask_bmc(**{host.name: SILENT for host in scene.silent})


def bmcs_of_the_rack_silent(scene):
    scene.ask_bmc(**{host.name: SILENT for host in RACK})


def bmc_talks_nonsense(scene):
    scene.ask_bmc(one=BackendError('it does not speak Redfish'))


def kdump(scene):
    scene.say(EvidenceKind.PANICKED, 'kdump')


def no_kdump(_scene):
    """There is no message; most hosts never send one."""


def link_down(scene):
    """The collectds of those that run tell it, by another way."""
    scene.collectd(*((host.name, host.name, Evidence(
        EvidenceKind.LINK_DOWN, 'collectd', 1.0)) for host in scene.silent))


def link_up(_scene):
    """There is nothing to be told of a link that is up."""


#: By failure, how many are silent, and what each witness brings about.
KINDS = {
    'power loss of the host': (1, {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, neighbours_silent: SECONDED,
        nova_stale: LOST, bmc_off: PROVED, bmc_talks_nonsense: LOST,
        no_kdump: LOST}),
    'power loss of the host and its controller': (1, {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, neighbours_silent: SECONDED,
        nova_stale: LOST, bmc_silent: PROVED, no_kdump: LOST}),
    'power loss of a rack': (3, {
        no_witness: PATH, second_network: PATH, other_monitor_silent: PATH,
        neighbours_silent: PATH, nova_stale: PATH,
        # It may be the switch of the controllers as well.
        bmcs_of_the_rack_silent: PATH,
        # Those are of another circuit, or behind another switch.
        bmcs_of_the_silent_are_silent: PATH,
        # The controllers have a circuit of their own.
        bmc_off: PROVED, no_kdump: PATH}),
    'kernel panic': (1, {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, neighbours_silent: SECONDED,
        nova_stale: LOST,
        # Both mislead, and so keep nothing back.
        bmc_on: LOST, link_up: LOST,
        # It hung before: what is taken for a loss of power is a death, too.
        bmc_silent: PROVED, kdump: PROVED}),
    'network card, or one of two networks': (1, {
        no_witness: LOST, second_network_answers: NEVER_LOST,
        other_monitor_hears: KEPT_BACK, nova_fresh: KEPT_BACK,
        neighbours_silent: SECONDED,
        # With power it may be dead nevertheless.
        bmc_on: LOST, no_kdump: LOST,
        # Proves it of that port only.
        link_down: SECONDED}),
    'one of two switches of a rack': (3, {
        no_witness: PATH, second_network_answers: NEVER_LOST,
        other_monitor_hears: KEPT_BACK, nova_fresh: KEPT_BACK,
        neighbours_silent: PATH, bmc_on: PATH,
        bmcs_of_the_rack_silent: PATH,
        # They stand behind the same switch.
        bmcs_of_the_silent_are_silent: PATH, link_down: PATH}),
    'the only switch of a rack': (3, {
        # Each looks dead, so nothing may count as proof.
        no_witness: PATH, second_network: PATH, other_monitor_silent: PATH,
        other_monitor_hears: KEPT_BACK, neighbours_silent: PATH,
        nova_stale: PATH, bmc_on: PATH, bmcs_of_the_rack_silent: PATH,
        bmcs_of_the_silent_are_silent: PATH, link_down: PATH}),
    'overload of the host or of the monitor': (1, {
        no_witness: LOST, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, nova_stale: LOST, bmc_on: LOST,
        no_kdump: LOST, link_up: LOST}),
    'loss of some packets': (1, {
        no_witness: LOST, second_network_answers: NEVER_LOST,
        other_monitor_hears: KEPT_BACK, nova_fresh: KEPT_BACK, bmc_on: LOST,
        no_kdump: LOST, link_up: LOST}),
    'monitor cut off': (3, {
        no_witness: PATH, other_monitor_hears: KEPT_BACK,
        nova_fresh: KEPT_BACK, bmc_on: PATH,
        # Those that it cannot reach either.
        bmcs_of_the_rack_silent: PATH, no_kdump: PATH, link_up: PATH}),
    'planned reboot': (1, {
        no_witness: LOST, second_network: SECONDED,
        other_monitor_silent: SECONDED, neighbours_silent: SECONDED,
        nova_stale: LOST, bmc_on: LOST, no_kdump: LOST,
        # Its collectd tells it before it ends.
        link_down: SECONDED}),
}


class Case(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())


class FailureKindsTest(Case):

    def check(self, silent, witness, expected):
        """Whether the witness speaks before the verdict, or after it."""
        before = Scene(silent)
        witness(before)
        before.lose()
        if expected is NEVER_LOST:
            self.assertEqual([], before.reported)
            return
        self.assertEqual(expected, before.outcome())
        after = Scene(silent)
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


def _test(*cell):
    return lambda self: self.check(*cell)


for _failure, (_silent, _cells) in KINDS.items():
    for _witness, _expected in _cells.items():
        setattr(FailureKindsTest, _named(_failure, _witness),
                _test(_silent, _witness, _expected))


class SeveralWitnessesTest(Case):

    def test_a_dead_port_of_a_host_that_reports_is_no_dead_host(self):
        scene = Scene()
        link_down(scene)
        nova_fresh(scene)
        scene.lose()
        self.assertEqual([EvidenceKind.HEARTBEAT],
                         [one.kind for one in scene.found_later])

    def test_a_dead_port_of_a_host_that_sample_hears_is_no_dead_host(self):
        """It was told and corrected at once, past all that others knew."""
        for witness in (link_down, neighbours_silent):
            scene = Scene()
            scene.sides.refuted('sample', HOST.name)
            scene.heard_at['sample'] = scene.clock.monotonic() + 0.5
            witness(scene)
            self.assertEqual([], scene.reported)
            self.assertIn(HOST.name, scene.sides.degraded())

    def test_a_controller_that_fell_silent_alone_of_those_proves_it(self):
        scene = Scene(3)
        bmc_silent(scene)
        scene.lose()
        self.assertEqual(PROVED, scene.outcome())

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
