import asyncio
import threading

import fixtures
import testtools

from doctor_core import wire
from doctor_core.exceptions import CloudError
from doctor_core.faults.answer import Answer
from doctor_core.faults.mass_failure import Limits
from doctor_core.model import (
    ComputeService,
    FaultStatus,
    SequenceNumber,
    Server,
)
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.model.states import FaultState
from doctor_core.services.reception import Reception, turn_of
from doctor_core.tests.unit.faults import doubles

TOPIC = 'doctor.faults'


class Pool:
    """Does what it gets at once, or when it is let go."""

    def __init__(self):
        self.held = None

    def submit(self, do, *args):
        if self.held is None:
            do(*args)
        else:
            self.held.append((do, args))

    def let_go(self):
        held, self.held = self.held, None
        for do, args in held:
            do(*args)


class Bus:
    """Hands what is published to who listens, in the caller's thread."""

    def __init__(self):
        self.handlers = {}

    def listen(self, topic, handler, in_order=False, turn_of=None):
        assert in_order and turn_of, topic
        self.handlers[topic] = handler
        self.turn_of = turn_of

    def publish(self, topic, event_type, payload):
        self.handlers[topic](event_type, payload, {})


class ReceptionTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.desk = doubles.Desk()
        self.pool = Pool()
        self.reception = Reception(TOPIC, self.desk.engine, self.desk.store,
                                   self.pool)
        self.bus = Bus()
        self.reception.listen(self.bus)

    def report(self, status=FaultStatus.DOWN, at=10.0, **changes):
        report = doubles.fault(changes.pop('hostname', 'h0'), status, at,
                               **changes)
        self.bus.publish(TOPIC, report.type, wire.fault_to_payload(report))
        return report

    def back(self, at=20.0, **changes):
        return self.report(FaultStatus.UP, at, type=wire.HOST_UP, **changes)

    def answer(self, report):
        """What has become of it by now."""
        return self.reception.wait(report.id, 0)

    def test_hosts_that_a_monitor_hears(self):
        report = self.report(source='nagios', sender='n1')
        self.bus.publish(TOPIC, wire.HEARD,
                         wire.heard_to_payload('sample', ['h0']))
        self.assertEqual('monitor', self.desk.fault(report.id).witness)

    def test_since_when_no_monitor_was_heard(self):
        """Nobody noticed that the monitor was gone."""
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.clock.monotonic', self.desk.clock.monotonic))
        self.assertIsNone(self.reception.monitor_silent_s)
        self.bus.publish(TOPIC, wire.HEARD,
                         wire.heard_to_payload('sample', ['h0']))
        self.desk.clock.advance(70.0)
        self.report()
        self.assertEqual(70.0, self.reception.monitor_silent_s)

    def test_more_evidence_on_a_lost_host(self):
        lost = self.report()
        found = Evidence(EvidenceKind.BMC_OFF, 'redfish', 1.7e9, 'off')
        self.bus.publish(TOPIC, wire.WITNESSED,
                         wire.witnessed_to_payload('h0', [found]))
        for payload in (None, {}, {'hostname': 5}, {'hostname': 'h0'}):
            self.bus.publish(TOPIC, wire.WITNESSED, payload)
        self.assertEqual([found], self.desk.store.evidence.of(lost.id))

    def test_a_report_is_handled_and_its_outcome_kept(self):
        report = self.report()
        self.assertEqual({'error'}, set(self.desk.states().values()))
        self.assertEqual((report.id, 'handled'), (
            self.answer(report).fault_id, self.answer(report).state))

    def test_a_ping_is_no_report(self):
        """The way was opened by one before this."""
        self.assertEqual('', self.log.output)

    def test_what_is_no_fault_is_dropped(self):
        self.bus.publish(TOPIC, 'x', {'status': 'down'})
        self.assertIn(f'A message on {TOPIC} is no fault', self.log.output)
        self.assertEqual([], self.desk.inspector.made)

    def test_what_nobody_has_reported_is_waited_for_in_vain(self):
        self.assertIsNone(self.reception.wait('nosuch', 0))

    def test_what_cannot_be_gone_on_with_is_left_for_later(self):
        def pursue(_decided):
            raise CloudError('Nova does not answer', recoverable=True)
        self.desk.handler.begin = pursue
        report = self.report()
        self.assertIn('is left for the next retry', self.log.output)
        self.assertEqual('handling', self.desk.fault(report.id).state)

    def test_owners_are_told_before_a_thread_has_time(self):
        """As many hosts as there were threads waited for a Nova that hung,
        and the owners of further ones were not told.
        """
        self.pool.held = []
        self.report()
        self.assertEqual({('s0', 'error'), ('s1', 'error'), ('s2', 'error')},
                         set(self.desk.alarms.told))
        self.assertEqual([], self.desk.inspector.made)
        self.pool.let_go()
        self.assertEqual(3, len(self.desk.alarms.told))
        # They had their head start all the same.
        self.assertEqual([3], [count for count, _
                               in self.desk.alarms.head_starts])
        self.assertEqual({'h0'}, self.desk.forced_down())

    def test_held_ones_are_too(self):
        self.desk.set(mass_failure=Limits(0.1, 1))
        self.pool.held = []
        report = self.report()
        self.assertEqual('held', self.desk.fault(report.id).state)
        self.assertEqual(3, len(self.desk.alarms.told))

    def test_conservatively_only_when_nova_shows_it(self):
        self.desk.set(tells_first=False)
        self.pool.held = []
        self.report()
        self.assertEqual([], self.desk.alarms.told)
        self.pool.let_go()
        self.assertEqual(3, len(self.desk.alarms.told))

    def test_the_next_report_is_decided_while_one_is_pursued(self):
        """Loss and return that came together were taken in any order."""
        for changes in ({'said_at': None, 'source': 'nagios'},
                        {'sequence': True}):
            self.pool.held = []
            at = len(self.desk.alarms.told)
            reports = [self.crossed(number, changes) for number in (1, 2)]
            self.assertEqual('clearing',
                             self.desk.fault(reports[0].id).state)
            # Whichever is pursued first.
            self.pool.held.reverse()
            self.pool.let_go()
            for _ in range(4):
                self.desk.resume()
            self.assertEqual('cleared', self.desk.fault(reports[0].id).state)
            self.assertEqual(set(), self.desk.forced_down())
            self.assertEqual(3, sum(state == 'error' for _, state
                                    in self.desk.alarms.told[at:]))

    def test_no_host_is_corrected_while_the_loss_of_another_waits(self):
        """When 120 hosts were lost, the last owner was told after 10 s."""
        self.pool.held = []
        first, second = (wire.fault_to_payload(doubles.fault(
            host, FaultStatus.DOWN, 10.0)) for host in ('h0', 'h1'))
        for payload in (first, second):
            self.bus.turn_of(wire.HOST_DOWN, payload)
        self.bus.publish(TOPIC, wire.HOST_DOWN, first)
        correcting = threading.Thread(target=self.pool.let_go, daemon=True)
        correcting.start()
        correcting.join(0.05)
        self.assertEqual(set(), self.desk.forced_down())
        self.assertEqual(3, len(self.desk.alarms.told))
        self.pool.held = []
        self.bus.publish(TOPIC, wire.HOST_DOWN, second)
        self.desk.clock.advance(1.0)
        self.pool.let_go()
        correcting.join(20)
        self.assertEqual({'h0', 'h1'}, self.desk.forced_down())

    def crossed(self, number, changes):
        if 'sequence' in changes:
            changes = {'sequence': SequenceNumber('e', number)}
        if number == 1:
            return self.report(at=10.0, **changes)
        return self.back(at=20.0, **changes)

    def test_host_that_is_new_while_nova_is_away(self):
        """Its loss was ignored for good."""
        self.new_host()
        self.desk.cloud.away = True
        reports = [self.report(hostname='h9'),
                   self.back(at=20.0, hostname='h9')]
        self.assertEqual([None, None], [self.answer(one) for one in reports])
        self.desk.cloud.away = False
        self.desk.place()
        for _ in range(4):
            self.desk.resume()
        self.assertEqual({('s9', 'error'), ('s9', 'active')},
                         set(self.desk.alarms.told))
        self.assertEqual('cleared', self.desk.fault(reports[0].id).state)

    def new_host(self):
        self.desk.cloud.service['h9'] = ComputeService(
            'c9', 'h9', 'up', 'enabled', False, updated_at='0')
        self.desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p', 'h9')

    def test_who_waits_for_a_return_hears_when_it_has_ended(self):
        self.desk.cloud.beating = False
        self.report()
        back = self.back()
        self.assertIsNone(self.answer(back))
        self.desk.cloud.beating = True
        for _ in range(4):
            for answer in self.desk.resume():
                self.reception.answer_waiting(answer)
        self.assertEqual('cleared', self.answer(back).state)

    def early(self, report):
        """What is answered over HTTP."""
        return asyncio.run(self.reception.outcomes.wait(report.id, 0))

    def test_who_asks_for_a_return_hears_what_it_waits_for(self):
        """The answer came after five minutes, and said nothing."""
        self.desk.cloud.beating = False
        self.report(source='tour')
        back = self.back(source='tour')
        self.assertIn('waiting for nova-compute', self.early(back).note)
        self.assertEqual('clearing', self.early(back).state)
        self.assertIsNone(self.answer(back))
        self.desk.cloud.beating = True
        for _ in range(4):
            for answer in self.desk.resume():
                self.reception.answer_waiting(answer)
        self.assertEqual('cleared', self.early(back).state)

    def test_a_witness_of_the_host_that_says_nothing_of_its_servers(self):
        """It is Doctor's own monitor, and nova-compute does not come back.
        """
        self.desk.cloud.beating = False
        self.report()
        self.assertEqual('clearing', self.early(self.back()).state)

    def test_what_is_waited_for_in_the_end_is_a_witness(self):
        self.desk.cloud.beating = False
        self.report(source='tour')
        self.back(source='tour')
        self.reception.settle('r', Answer(
            self.desk.store.faults.latest()[0].id, 'h0', 'clearing',
            waits=True))
        for answer in self.desk.resume():
            self.reception.answer_waiting(answer)
        self.assertEqual('clearing', asyncio.run(
            self.reception.outcomes.wait('r', 0)).state)

    def test_all_reports_of_a_return_have_its_outcome(self):
        self.desk.cloud.beating = False
        self.report()
        waiting = [self.back(), self.back(at=21.0)]
        self.assertEqual([None, None], [self.answer(one) for one in waiting])
        self.desk.cloud.beating = True
        for _ in range(4):
            self.desk.resume()
        # Another report is enough to see it.
        self.report(at=22.0, type='compute.cpu.failure')
        self.assertEqual(['cleared', 'cleared'],
                         [self.answer(one).state for one in waiting])

    def test_who_waits_for_a_return_hears_when_something_failed(self):
        self.desk.cloud.beating = False
        self.report()
        back = self.back()
        self.desk.cloud.away = True
        for answer in self.desk.resume():
            self.reception.answer_waiting(answer)
        self.assertEqual('clearing', self.answer(back).state)
        self.assertIn('Nova does not answer', self.answer(back).note)

    def test_who_waits_hears_that_the_host_was_lost_again(self):
        self.desk.cloud.beating = False
        self.report()
        back = self.back()
        self.report(at=30.0)
        self.assertEqual('replaced', self.answer(back).state)

    def test_an_answer_costs_no_look_at_other_hosts_that_return(self):
        """A rack that was back kept the store busy for minutes."""
        found = []
        faults = self.desk.store.faults
        for index in range(5):
            faults.add(doubles.fault(f'x{index}', FaultStatus.DOWN, 1.0,
                                     id=f'f{index}'),
                       f'x{index}', FaultState.HANDLED)
            faults.move(f'f{index}', FaultState.CLEARING)
            self.reception.settle(f'r{index}', Answer(
                f'f{index}', f'x{index}', 'clearing', waits=True))
        find = faults.find

        def watched(fault_id):
            found.append(fault_id)
            return find(fault_id)
        faults.find = watched
        self.reception.answer_waiting(Answer(
            'f3', 'x3', 'clearing', waits=True))
        self.assertEqual(['f3'], found)

    def test_what_became_of_others_is_no_news(self):
        self.desk.cloud.beating = False
        lost = self.report()
        back = self.back()
        self.reception.answer_waiting(
            Answer('another', 'h1', 'handled'))
        self.assertIsNone(self.answer(back))
        self.assertEqual('handled', self.answer(lost).state)

    def test_many_that_wait_for_a_return(self):
        """Each was kept until the end, and the memory grew."""
        self.desk.cloud.beating = False
        self.report()
        backs = [self.back()]
        asked = len(self.desk.cloud.asked)
        backs += [self.back(at=21.0 + number) for number in range(149)]
        # The first of them begins it, and no other asks the cloud.
        self.assertEqual(asked, len(self.desk.cloud.asked))
        self.assertEqual(100, sum(
            self.answer(one) is None for one in backs))
        self.assertEqual('clearing', self.answer(backs[0]).state)
        self.desk.cloud.beating = True
        for _ in range(4):
            for answer in self.desk.resume():
                self.reception.answer_waiting(answer)
        self.assertEqual({'cleared'}, {
            self.answer(one).state for one in backs[50:]})
        self.assertEqual({}, self.reception._waiting)

    def test_many_of_a_lost_host_are_pursued_once(self):
        """As many threads as there are waited for each other, and other
        hosts for them.
        """
        self.desk.cloud.away = True
        self.report()
        self.pool.held = []
        for _ in range(200):
            self.desk.clock.advance(2.0)
            self.report(at=11.0)
        self.report(at=12.0, hostname='h1')
        self.assertEqual(2, len(self.pool.held))

    def test_each_of_them_has_an_answer(self):
        self.desk.cloud.away = True
        first = self.report()
        self.pool.held = []
        reports = []
        for number in range(110):
            self.desk.clock.advance(2.0)
            reports.append(self.report(at=11.0 + number))
        self.desk.cloud.away = False
        self.pool.let_go()
        self.assertEqual({'handling', 'handled'}, {
            self.answer(one).state for one in reports})
        self.assertEqual('handled', self.desk.fault(first.id).state)

    def test_turns(self):
        def turn(payload, event_type='x'):
            return turn_of(event_type, payload)

        def of(status, host='h0', **changes):
            return turn(wire.fault_to_payload(doubles.fault(
                host, status, 10.0, **changes)))
        lost, back = of(FaultStatus.DOWN), of(FaultStatus.UP)
        self.assertEqual((True, False), (lost.is_urgent, back.is_urgent))
        self.assertEqual('h0', lost.of)
        self.assertEqual(lost.of, of(FaultStatus.UP, ' H0. ').of)
        self.assertNotEqual(lost.says, back.says)
        self.assertEqual(back.says, of(FaultStatus.UP).says)
        self.assertNotEqual(back.says, of(FaultStatus.UP, sender='m2').says)
        self.assertFalse(of(FaultStatus.DOWN, type='compute.cpu').is_urgent)
        self.assertEqual((None, True), turn({}, wire.HEARD)[:2])
        for payload in (None, [], {}, {'event': 5}, {'details': 7},
                        {'details': {'hostname': 7}}):
            self.assertEqual((None, False), turn(payload)[:2])

    def test_turns_of_what_witnesses_say(self):
        """At the end all of it was one, and what lay between was left out.
        """
        def of(kind, source='w', text=''):
            return turn_of(wire.WITNESSED, wire.witnessed_to_payload(
                'h0', [Evidence(kind, source, 1.0, text)]))
        off = of(EvidenceKind.BMC_OFF)
        self.assertEqual(('h0', False), off[:2])
        self.assertEqual(off.says, of(EvidenceKind.BMC_OFF, text='x').says)
        for other in (of(EvidenceKind.HEARTBEAT),
                      of(EvidenceKind.BMC_OFF, 'v')):
            self.assertNotEqual(off.says, other.says)
        self.assertEqual((None, False), turn_of(wire.WITNESSED, [])[:2])

    def test_the_end_of_waiting(self):
        self.reception.close_outcomes()
        self.assertIsNone(asyncio.run(
            self.reception.outcomes.wait('nosuch', 20)))
