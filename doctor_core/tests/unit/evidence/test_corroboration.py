import random

import fixtures
import testtools

from doctor_core.evidence.case import LIVES_S
from doctor_core.evidence.corroboration import Corroboration, Outlets
from doctor_core.model import Fault, FaultStatus
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight


def lost(hostname='one', cause='no answer', **more):
    return Fault(hostname, 'compute.host.down', FaultStatus.DOWN, 1.0, 1.0,
                 cause=cause, **more)


def back(hostname='one'):
    return Fault(hostname, 'compute.host.up', FaultStatus.UP, 2.0, 2.0)


def sign(kind=EvidenceKind.HEARTBEAT, source='nova'):
    return Evidence(kind, source, 5.0)


class Desk(testtools.TestCase):
    """What goes out of a :class:`Corroboration` with two monitors."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.now = 100.0
        self.reported, self.witnessed = [], []
        self.agreed, self.asked = [], []
        self.heard = {}
        self.sides = Corroboration(('ping', 'agent'), Outlets(
            self.reported.append,
            lambda name, found: self.witnessed.append((name, *found)),
            lambda kind, name, one: self.agreed.append(
                (kind, name, one.kind)),
            lambda name, silent, since: self.asked.append((name, *silent)),
            lambda kind, name: self.heard.get((kind, name))),
            lambda: self.now)

    def told(self):
        """The hosts and their states, as the bus has them."""
        return [(fault.hostname, str(fault.status))
                for fault in self.reported]


class VerdictTest(Desk):

    def test_is_passed_on(self):
        self.sides.verdict('ping', lost())
        self.sides.verdict('ping', back())
        self.assertEqual([('one', 'down'), ('one', 'up')], self.told())

    def test_rests_on_what_was_found_before(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign(EvidenceKind.BMC_OFF, 'bmc'))
        self.sides.verdict('ping', lost(evidence=(
            sign(EvidenceKind.PROBES, 'ping'),)))
        self.assertEqual([EvidenceKind.PROBES, EvidenceKind.BMC_OFF],
                         [one.kind for one in self.reported[0].evidence])

    def test_is_kept_back_while_another_side_has_a_sign_of_life(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('ping', lost())
        self.assertEqual([], self.told())
        self.assertEqual({'one': 'heartbeat (nova)'}, self.sides.degraded())
        self.assertIn('Host one is degraded: ping says "no answer", and '
                      'heartbeat (nova)', self.log.output)

    def test_is_passed_on_once_the_last_sign_is_old(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        first = lost()
        self.sides.verdict('ping', first)
        self.now += LIVES_S - 1
        self.sides.step()
        self.assertEqual([], self.told())
        self.now += 1
        self.sides.step()
        self.assertEqual([('one', 'down')], self.told())
        self.assertGreater(self.reported[0].detected_at, first.detected_at)
        self.sides.step()
        self.assertEqual(1, len(self.reported))

    def test_nobody_hears_of_a_loss_that_was_kept_back_and_is_over(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('ping', lost())
        self.sides.verdict('ping', back())
        self.assertEqual([], self.told())
        self.assertEqual({}, self.sides.degraded())

    def test_an_operators_rule_goes_before_signs_of_life(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('ping', lost(is_by_rule=True))
        self.assertEqual([('one', 'down')], self.told())
        self.sides.found('one', sign())
        self.assertEqual([], self.witnessed)

    def test_a_rule_that_ends_leaves_the_word_to_signs_of_life(self):
        """What another monitor said meanwhile was told twice."""
        self.sides.verdict('ping', lost())
        self.sides.verdict('agent', lost(is_by_rule=True))
        self.sides.found('one', sign())
        self.assertEqual([], self.witnessed)
        self.assertEqual({}, self.sides.degraded())
        self.sides.verdict('agent', back())
        self.assertEqual([('one', sign())], self.witnessed)
        self.assertEqual({'one': 'heartbeat (nova)'}, self.sides.degraded())
        self.now += LIVES_S
        self.sides.step()
        self.assertEqual(['down', 'down', 'up', 'down'],
                         [state for _name, state in self.told()])

    def test_said_once_more_and_overruled_it_is_taken_back(self):
        self.sides.verdict('ping', lost())
        self.heard['agent', 'one'] = self.now + 1
        self.now += 1
        self.sides.verdict('ping', lost(cause='no answer, still'))
        self.assertEqual(EvidenceKind.HEARD, self.witnessed[0][1].kind)
        self.assertEqual([('one', 'down')], self.told())

    def test_a_return_that_nobody_knows_the_loss_of_is_passed_on(self):
        """It was reported by a process before this one."""
        self.sides.verdict('ping', back())
        self.assertEqual([('one', 'up')], self.told())


class SecondSideTest(Desk):

    def test_who_has_it_lost_bears_out_who_suspects_it(self):
        self.sides.suspected('ping', 'one')
        self.sides.verdict('agent', lost())
        self.assertEqual([('ping', 'one', EvidenceKind.MONITOR)],
                         self.agreed)

    def test_who_suspects_it_later_is_borne_out_at_once(self):
        self.sides.verdict('agent', lost())
        self.sides.suspected('ping', 'one')
        self.assertEqual([('ping', 'one', EvidenceKind.MONITOR)],
                         self.agreed)

    def test_a_monitor_that_has_proof_passes_on_the_proof(self):
        self.sides.suspected('ping', 'one')
        self.sides.verdict('agent', lost(evidence=(
            sign(EvidenceKind.BMC_OFF, 'ipmi'),)))
        self.assertEqual([('ping', 'one', EvidenceKind.BMC_OFF)],
                         self.agreed)

    def test_who_hears_it_keeps_it_alive(self):
        self.sides.suspected('ping', 'one')
        self.heard['agent', 'one'] = self.now + 0.1
        self.sides.verdict('ping', lost())
        self.assertEqual([], self.told())

    def test_who_heard_it_before_the_silence_does_not(self):
        self.sides.suspected('ping', 'one')
        self.heard['agent', 'one'] = self.now - 0.1
        self.sides.verdict('ping', lost())
        self.assertEqual([('one', 'down')], self.told())

    def test_who_is_cut_off_after_it_heard_it_keeps_it_alive_no_longer(self):
        """Its last answer counted as a new one each second, for ever."""
        self.sides.suspected('ping', 'one')
        self.heard['agent', 'one'] = self.now + 0.1
        self.now += 1
        self.sides.verdict('ping', lost())
        for _second in range(30):
            self.assertEqual([], self.told())
            self.now += 1
            self.sides.step()
        self.assertEqual([('one', 'down')], self.told())

    def test_who_has_it_lost_as_well_keeps_it_alive_no_longer(self):
        self.sides.suspected('ping', 'one')
        self.heard['agent', 'one'] = self.now + 0.1
        self.sides.verdict('ping', lost())
        del self.heard['agent', 'one']
        self.now += 2
        self.sides.verdict('agent', lost())
        self.sides.step()
        self.assertEqual([('one', 'down')] * 2, self.told())

    def test_what_is_no_evidence_of_death_bears_nobody_out(self):
        self.sides.suspected('ping', 'one')
        self.sides.verdict('agent', lost())
        self.agreed.clear()
        self.sides.found('one', sign(EvidenceKind.PROBES, 'nova'))
        self.assertEqual(([], []), (self.agreed, self.witnessed))

    def test_both_say_that_it_is_lost_and_both_that_it_is_back(self):
        for kind in ('ping', 'agent'):
            self.sides.verdict(kind, lost())
        for kind in ('ping', 'agent'):
            self.sides.verdict(kind, back())
        self.assertEqual(['down', 'down', 'up', 'up'],
                         [state for _name, state in self.told()])


class LaterTest(Desk):

    def test_proof_that_comes_later_is_told(self):
        self.sides.verdict('ping', lost())
        proof = sign(EvidenceKind.PANICKED, 'kdump')
        self.sides.found('one', proof)
        self.sides.found('one', proof)
        self.assertEqual([('one', proof)], self.witnessed)

    def test_a_sign_of_life_that_comes_later_is_told(self):
        self.sides.verdict('ping', lost())
        self.sides.found('one', sign())
        self.assertEqual([('one', sign())], self.witnessed)
        self.assertEqual({'one': 'heartbeat (nova)'}, self.sides.degraded())

    def test_a_host_that_lived_once_more_and_then_died_is_reported_anew(self):
        self.sides.verdict('ping', lost())
        self.heard['agent', 'one'] = self.now + 1
        self.now += 1
        self.sides.step()
        self.assertEqual(EvidenceKind.HEARD, self.witnessed[0][1].kind)
        self.sides.suspected('agent', 'one')
        self.now += LIVES_S
        self.sides.step()
        self.assertEqual([('one', 'down')] * 2, self.told())
        self.assertNotEqual(self.reported[0].id, self.reported[1].id)

    def test_what_is_said_of_a_host_that_is_well_is_left(self):
        """Anybody can send a datagram."""
        self.sides.found('one', sign(EvidenceKind.PANICKED, 'kdump'))
        self.sides.suspected('ping', 'one')
        self.assertEqual([], self.agreed)

    def test_what_is_said_of_a_silence_that_is_over_is_left(self):
        """A management controller took a reboot to say that it is off."""
        self.sides.suspected('ping', 'one')
        since = self.now
        self.sides.refuted('ping', 'one')
        self.now += 5
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign(EvidenceKind.BMC_OFF, 'bmc'), since)
        self.assertEqual([], self.agreed)
        self.sides.found('one', sign(EvidenceKind.BMC_OFF, 'bmc'), self.now)
        self.assertEqual([('ping', 'one', EvidenceKind.BMC_OFF)],
                         self.agreed)

    def test_what_was_found_is_forgotten_when_it_answers(self):
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign(EvidenceKind.BMC_OFF, 'bmc'))
        self.sides.refuted('ping', 'one')
        self.agreed.clear()
        self.sides.suspected('ping', 'one')
        self.assertEqual([], self.agreed)


class BeforeTest(Desk):
    """A process before this one has reported the host down."""

    def setUp(self):
        super().setUp()
        self.sides.presume_down('agent', ['one', 'gone'])

    def test_its_return_is_told_though_another_one_does_not_hear_it(self):
        self.sides.verdict('ping', lost())
        self.sides.verdict('agent', back())
        self.assertEqual(['down', 'up'],
                         [state for _name, state in self.told()])

    def test_its_return_is_told_once(self):
        self.sides.suspected('ping', 'one')
        for _time in range(2):
            self.sides.verdict('agent', back())
        self.assertEqual([('one', 'up')], self.told())

    def test_who_lives_in_spite_of_it_is_told_of(self):
        """The fault of before went on for ever."""
        self.sides.suspected('agent', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('agent', lost())
        self.assertEqual([], self.told())
        self.assertEqual([('one', sign())], self.witnessed)
        self.sides.verdict('agent', back())
        self.assertEqual([('one', 'up')], self.told())


class KeptBackBeforeTest(Desk):
    """A process before this one has kept a host back: it lives."""

    def setUp(self):
        super().setUp()
        self.sides.presume_alive({'one': sign()})

    def test_it_is_not_lost_before_a_witness_could_say_so_again(self):
        """It was told and forced down at each restart of the monitor."""
        self.now += 1.0
        self.sides.suspected('ping', 'one')
        self.sides.verdict('ping', lost())
        self.assertEqual(([], {'one': 'heartbeat (nova)'}),
                         (self.told(), self.sides.degraded()))

    def test_it_is_if_nobody_does(self):
        self.sides.verdict('ping', lost())
        self.now += LIVES_S
        self.sides.step()
        self.assertEqual([('one', 'down')], self.told())

    def test_it_is_if_it_was_well_meanwhile(self):
        for silence in range(2):
            self.assertEqual([], self.told())
            self.sides.suspected('ping', 'one')
            if not silence:
                self.sides.refuted('ping', 'one')
        self.sides.verdict('ping', lost())
        self.assertEqual([('one', 'down')], self.told())

    def test_it_is_if_it_falls_silent_much_later(self):
        self.now += 60.0
        self.sides.verdict('ping', lost())
        self.assertEqual([('one', 'down')], self.told())

    def test_a_process_after_this_one_knows_it_too(self):
        """However soon that is."""
        self.assertEqual({'one': sign()}, self.sides.kept_back())
        self.sides.verdict('ping', lost())
        self.assertEqual({'one': sign()}, self.sides.kept_back())
        self.sides.verdict('ping', back())
        self.assertEqual({}, self.sides.kept_back())

    def test_nor_of_one_that_never_fell_silent(self):
        self.now += 60.0
        self.assertEqual({}, self.sides.kept_back())


class EndTest(Desk):

    def test_a_host_that_there_is_no_more_is_left(self):
        """It was asked about, and then said to be lost."""
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('ping', lost())
        self.sides.watch(['two'])
        self.assertEqual({}, self.sides.degraded())
        self.now += LIVES_S
        self.sides.step()
        self.assertEqual([], self.told())

    def test_one_that_is_watched_still_is_not(self):
        self.sides.verdict('ping', lost())
        self.sides.watch(['one'])
        self.sides.found('one', sign())
        self.assertEqual([('one', sign())], self.witnessed)

    def test_nothing_is_said_after_it(self):
        self.sides.verdict('ping', lost())
        self.sides.close()
        self.sides.found('one', sign())
        self.sides.suspected('agent', 'two')
        self.sides.refuted('agent', 'two')
        self.sides.verdict('ping', back())
        self.sides.verdict('ping', lost('two'))
        self.sides.step()
        self.assertEqual(([('one', 'down')], []),
                         (self.told(), self.witnessed))
        self.assertEqual([('one',)], self.asked)


class AskingTest(Desk):

    def test_is_asked_once_it_is_silent_and_then_now_and_then(self):
        self.sides.suspected('ping', 'one')
        self.sides.suspected('agent', 'one')
        self.sides.step()
        self.assertEqual([('one',)], self.asked)
        self.now += 2.0
        self.sides.step()
        self.assertEqual([('one',)] * 2, self.asked)

    def pass_time(self, seconds):
        """Let so many seconds pass, with a step in each."""
        for _second in range(seconds):
            self.now += 1.0
            self.sides.step()

    def test_is_asked_less_often_after_a_minute_until_it_answers(self):
        self.sides.verdict('ping', lost())
        self.pass_time(59)
        self.assertEqual(30, len(self.asked))
        self.pass_time(60)
        self.assertEqual(36, len(self.asked))
        self.sides.verdict('ping', back())
        self.pass_time(20)
        self.assertEqual(36, len(self.asked))

    def test_who_reports_for_as_long_as_it_is_silent_is_never_lost(self):
        """It was after 90 seconds: nobody was asked any more."""
        self.sides.suspected('ping', 'one')
        self.sides.found('one', sign())
        self.sides.verdict('ping', lost())
        for _time in range(120):
            self.asked.clear()
            self.pass_time(1)
            if self.asked:
                self.sides.found('one', sign())
        self.assertEqual([], self.told())
        self.assertEqual({'one': 'heartbeat (nova)'}, self.sides.degraded())

    def test_is_told_who_fell_silent_with_it(self):
        self.sides.suspected('ping', 'one')
        self.now += 5.0
        self.sides.suspected('ping', 'two')
        self.now += 0.5
        self.sides.suspected('ping', 'three')
        self.assertEqual([('one',), ('two',), ('three', 'two')], self.asked)
        self.asked.clear()
        self.now += 2.0
        self.sides.step()
        self.assertEqual([('one',), ('two', 'three'), ('three', 'two')],
                         self.asked)

    def test_who_answered_meanwhile_did_not(self):
        for name in ('one', 'two', 'three'):
            self.sides.suspected('ping', name)
        self.sides.refuted('ping', 'two')
        self.sides.refuted('ping', 'three')
        self.now += 2.0
        self.sides.suspected('ping', 'three')
        self.asked.clear()
        self.sides.step()
        self.assertEqual([('one',)], self.asked)

    def test_of_thousands_some_are_named(self):
        """All of them for each of them took a monitor's thread seconds."""
        for number in range(300):
            self.sides.suspected('ping', str(number))
        self.asked = []
        self.now += 2.0
        self.sides.step()
        self.assertEqual({33}, {len(names) for names in self.asked})


class AnyOrderTest(Desk):
    """Whatever happens in whichever order."""

    STEPS = 400

    def test_never_lost_with_a_sign_of_life_and_always_without(self):
        for seed in range(40):
            chance = random.Random(seed)
            self.setUp_once(chance)

    def setUp_once(self, chance):
        self.reported.clear()
        self.witnessed.clear()
        self.heard.clear()
        self.sides = Corroboration(('ping', 'agent'), Outlets(
            self.reported.append,
            lambda name, found: self.witnessed.append((name, *found)),
            lambda *_: None, lambda *_: None,
            lambda kind, name: self.heard.get((kind, name))),
            lambda: self.now)
        held = {'ping': '', 'agent': ''}
        living_until = 0.0
        for _step in range(self.STEPS):
            kind = chance.choice(('ping', 'agent'))
            what = chance.randrange(6)
            if what == 0 and not held[kind]:
                held[kind] = 'suspect'
                self.sides.suspected(kind, 'one')
            elif what == 1 and held[kind] == 'suspect':
                held[kind] = ''
                self.sides.refuted(kind, 'one')
            elif what == 2 and held[kind] != 'lost':
                held[kind] = 'lost'
                before = len(self.reported)
                self.sides.verdict(kind, lost())
                if self.now < living_until:
                    self.assertEqual(before, len(self.reported))
            elif what == 3 and held[kind] == 'lost':
                held[kind] = ''
                self.sides.verdict(kind, back())
            elif what == 4 and any(held.values()):
                living_until = self.now + LIVES_S
                self.sides.found('one', sign())
            if not any(held.values()):
                living_until = 0.0
            self.now += chance.choice((0.01, 1.0, 40.0))
            self.sides.step()
            self.check(held, living_until)

    def check(self, held, living_until):
        downs = sum(fault.status is FaultStatus.DOWN
                    for fault in self.reported)
        ended = sum(one.kind.weight is Weight.LIVES
                    for _name, one in self.witnessed)
        if 'lost' in held.values() and self.now >= living_until:
            self.assertEqual({}, self.sides.degraded())
            self.assertGreater(downs, 0)
        if 'lost' not in held.values():
            self.assertEqual({}, self.sides.degraded())
        self.assertLessEqual(ended, downs)


class DumpingTest(Desk):
    """A crash kernel answers pings, too: a host that was dead was said to be
    up, and lost a second time when it went on to reboot.
    """

    def setUp(self):
        super().setUp()
        self.sides.verdict('ping', lost())
        self.panicked()
        self.now += 5
        self.sides.verdict('ping', back())

    def panicked(self):
        self.sides.found('one', sign(EvidenceKind.PANICKED, 'kdump'))

    def after(self, seconds):
        """What was told by then."""
        self.now += seconds
        self.sides.step()
        return [state for _name, state in self.told()]

    def test_it_is_not_up_while_it_dumps(self):
        for _time in range(30):
            self.panicked()
            self.assertEqual(['down'], self.after(10))
        self.assertEqual(1, self.log.output.count('as its crash kernel does'))

    def test_it_is_up_when_that_is_over(self):
        self.assertEqual(['down'], self.after(24))
        self.assertEqual(['down', 'up'], self.after(2))
        self.assertEqual(['down', 'up'], self.after(2))

    def test_it_is_up_when_nova_compute_reports(self):
        self.now += 1
        self.sides.found('one', sign())
        self.assertEqual(['down', 'up'], self.after(1))

    def test_it_reboots_then(self):
        """Owners heard a second time that it is lost."""
        self.sides.verdict('ping', lost())
        self.assertEqual(['down'], self.after(60))
        self.sides.verdict('ping', back())
        self.assertEqual(['down', 'up'], self.after(1))

    def test_that_others_hear_it_is_no_sign_of_life(self):
        self.heard['agent', 'one'] = self.now + 3
        self.after(5)
        self.assertEqual({}, self.sides.degraded())

    def test_a_suspicion_that_is_over_is_over(self):
        self.sides.suspected('ping', 'two')
        self.sides.found('two', sign(EvidenceKind.PANICKED, 'kdump'))
        self.sides.refuted('ping', 'two')
        self.sides.verdict('ping', back(hostname='two'))
        self.assertIn(('two', 'up'), self.told())
