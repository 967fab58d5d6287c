"""What the operator sees of faults, and says to them."""

import json
from types import SimpleNamespace

import fixtures
import testtools

from doctor_core import clock, store
from doctor_core.api.faults import FaultsApi
from doctor_core.model import (
    Action,
    Correction,
    Delivered,
    Fault,
    FaultStatus,
    Mark,
    News,
    Server,
    Telling,
)
from doctor_core.model.evidence import Evidence, EvidenceKind
from doctor_core.model.states import (
    CorrectionState,
    FaultState,
    TellingState,
)
from doctor_core.web.exchange import Refused, Request

CORRECTIONS = [
    Correction(Action.FORCE_DOWN, 'c0', 'h0', Mark.LOST, 'false'),
    Correction(Action.RESET_STATE, 's0', 'h0', Mark.LOST, 'active', 's0')]
TELLING = Telling(Server('s0', 'vm0', 'p', 'h0'), News.LOST, 'error')


def request(body=None, path='/faults', params=None, query=None):
    return Request('POST', path, params or {}, query or {}, {},
                   json.dumps(body).encode(), 100.0)


class FaultsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.store = store.Store()
        self.holds = False
        self.turns = {}
        self.api = FaultsApi(self.store, self.confirm, self.meant,
                             lambda: self.holds, lambda: self.turns)

    def meant(self, name):
        return 'h0' if name == 'h0.example.org' else None

    def confirm(self, fault_ids, who):
        self.confirmed_by = who
        return self.store.faults.release(fault_ids, '')

    def open(self, state=FaultState.HANDLING, reason='', host='h0', **facts):
        fault = Fault(host, 'compute.host.down', FaultStatus.DOWN, 9.0, 9.0,
                      **facts)
        self.store.faults.add(fault, host, state, reason=reason)
        self.store.corrections.owe(fault.id, CORRECTIONS)
        self.store.tellings.owe(fault.id, [TELLING])
        return fault.id

    def settle(self, fault_id, state, reason=''):
        self.store.tellings.move(fault_id, state, [TELLING], at=1.0,
                                 reason=reason)

    def refused(self, handler, *args, **kwargs):
        return self.assertRaises(Refused, handler,
                                 request(*args, **kwargs)).status


class LookTest(FaultsTestCase):

    def test_that_new_faults_are_held(self):
        """An option that was forgotten showed nowhere."""
        for self.holds in (False, True):
            answer = self.api.list_faults(request()).json
            self.assertEqual({'hold': self.holds, 'faults': []}, answer)

    def test_fault_that_does_not_exist(self):
        self.assertEqual(404, self.refused(self.api.show_fault,
                                           params={'id': 'x'}))

    def test_list_says_what_is_owed_and_told(self):
        fault_id = self.open()
        self.assertEqual([(1, 0, 2)], self.listed())
        self.store.tellings.move(fault_id, TellingState.TOLD, [TELLING],
                                 at=1.0)
        self.store.corrections.move(fault_id, CorrectionState.ASKED,
                                    CORRECTIONS[:1])
        self.store.corrections.move(fault_id, CorrectionState.DONE,
                                    CORRECTIONS[:1])
        self.assertEqual([(1, 1, 1)], self.listed())

    def note(self, fault_id):
        """As it is shown, and as it is listed."""
        shown = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']['note']
        [listed] = {one['note'] for one in self.api.list_faults(
            request()).json['faults'] if one['id'] == fault_id}
        self.assertEqual(shown, listed)
        return shown

    def test_when_a_held_host_goes_through_by_itself(self):
        """Whoever looked did not know whether to hurry."""
        fault_id = self.open(FaultState.HELD, 'held: 3 of 4 hosts of rack r0')
        self.settle(fault_id, TellingState.TOLD)
        self.assertEqual('held for an operator: 3 of 4 hosts of rack r0',
                         self.note(fault_id))
        self.useFixture(fixtures.MockPatchObject(
            clock, 'now', return_value=1700000000.0))
        for at, words in ((1700000060.0, '22:14:20'),
                          (1700086400.0, '2023-11-15 22:13:20')):
            self.turns = {fault_id: at}
            self.assertEqual(f'held until {words} UTC: 3 of 4 hosts of rack '
                             'r0', self.note(fault_id))
            self.assertEqual([at], [
                one['goes_through_at'] for one in
                self.api.list_faults(request()).json['faults']])

    def test_what_waits_for_something_else_than_its_turn(self):
        fault_id = self.open(FaultState.HELD, 'held until it can be said')
        self.settle(fault_id, TellingState.TOLD)
        self.assertEqual('held until it can be said', self.note(fault_id))

    def test_what_is_not_held_does_not_ask_for_that(self):
        self.turns = None
        fault_id = self.open()
        self.settle(fault_id, TellingState.TOLD)
        self.assertEqual('', self.note(fault_id))

    def test_who_says_that_the_host_is_back_and_who_does_not(self):
        """A return that a wrong source reported was seen nowhere."""
        fault_id = self.open(source='tour')
        self.settle(fault_id, TellingState.TOLD)
        faults = self.store.faults
        self.assertEqual('', self.note(fault_id))
        faults.says_back(fault_id, 'other', 'r1')
        self.assertEqual('other says that the host is back; tour has not',
                         self.note(fault_id))
        faults.hold(fault_id, 'sample', 'r2')
        faults.says_back(fault_id, '', 'r3')
        self.assertEqual('(no source), other say that the host is back; '
                         'sample, tour have not', self.note(fault_id))
        for source in ('', 'other'):
            faults.hold(fault_id, source, 'r4')
        self.assertEqual('', self.note(fault_id))

    def test_nobody_holds_a_fault_that_has_ended(self):
        """An operator had cleared it."""
        fault_id = self.open(source='tour')
        self.settle(fault_id, TellingState.TOLD)
        self.store.faults.says_back(fault_id, 'other', 'r1')
        self.store.faults.move(fault_id, FaultState.CLEARING)
        fault = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']
        self.assertEqual(([], ''), (fault['sources'], fault['note']))

    def test_who_was_not_told_stays_in_the_note(self):
        """A confirmation, or the return, had it forgotten; the table cut it
        before the name.
        """
        fault_id = self.open()
        self.settle(fault_id, TellingState.GIVEN_UP, '550 nobody')
        untold = 'not told: vm0 (lost): 550 nobody'
        self.assertEqual(untold, self.note(fault_id))
        self.store.faults.describe(fault_id, reason='confirmed by eve')
        self.assertEqual(f'{untold}; confirmed by eve', self.note(fault_id))
        for state in (FaultState.CLEARING, FaultState.CLEARED):
            self.store.faults.move(fault_id, state, note='', reason='')
            self.assertEqual(untold, self.note(fault_id))

    def test_who_was_told_in_part(self):
        fault_id = self.open()
        self.settle(fault_id, TellingState.IN_PART, 'a: 404')
        self.assertEqual('told in part: vm0 (lost): a: 404',
                         self.note(fault_id))

    def test_many_who_were_not_told(self):
        fault_id = self.open()
        those = [Telling(Server(f's{number}', f'vm{number}', 'p', 'h0'),
                         News.LOST, 'error') for number in range(9)]
        self.store.tellings.owe(fault_id, those)
        self.store.tellings.move(fault_id, TellingState.GIVEN_UP, those,
                                 at=1.0, reason='no')
        self.assertEqual('not told: vm0 (lost), vm1 (lost), vm2 (lost) and '
                         '6 more: no', self.note(fault_id))

    def test_what_is_waited_for_while_somebody_is_told(self):
        """The fault was handling, nothing was owed, and no word said why."""
        fault_id = self.open()
        self.assertEqual('yet to be told: vm0 (lost)', self.note(fault_id))
        self.store.tellings.explain(fault_id, [(TELLING, 'no answer')])
        self.assertEqual('yet to be told: vm0 (lost): no answer',
                         self.note(fault_id))

    def test_who_has_no_alarm_was_not_told(self):
        """They counted as told."""
        fault_id = self.open()
        self.store.tellings.move(fault_id, TellingState.NOBODY, [TELLING],
                                 at=1.0)
        fault = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']
        self.assertEqual((1, 0, 1, 0), tuple(fault[name] for name in (
            'servers', 'told_servers', 'without_alarm', 'unreached')))
        self.assertEqual(['nobody-to-tell'], [
            one['state'] for one in fault['tellings']])

    def test_told_in_part_is_not_unreached(self):
        """One dead URL hid that the others had been told."""
        fault_id = self.open()
        self.store.tellings.move(fault_id, TellingState.IN_PART, [TELLING],
                                 at=1.0)
        fault = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']
        self.assertEqual((1, 0, 1, 0), tuple(fault[name] for name in (
            'servers', 'told_servers', 'told_in_part', 'unreached')))

    def test_what_was_taken(self):
        fault_id = self.open()
        taken = Delivered('a1', 'n', 'http://a/', 12.5, 2, 'HTTP 204')
        self.store.tellings.prove(fault_id, [(TELLING, [taken])])
        [telling] = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']['tellings']
        self.assertEqual([{
            'alarm_id': 'a1', 'alarm': 'n', 'url': 'http://a/', 'at': 12.5,
            'attempt': 2, 'answer': 'HTTP 204'}], telling['deliveries'])
        self.assertEqual('p', telling['project_id'])

    def listed(self):
        return [tuple(fault[name] for name in (
            'servers', 'told_servers', 'owed')) for fault in
            self.api.list_faults(request()).json['faults']]

    def test_how_sure_doctor_was_of_what_it_said(self):
        """A return that was told unverified looked as sure as any."""
        fault_id = self.open()
        self.store.tellings.owe(fault_id, [
            Telling(Server(name, name, 'p', 'h0'), News.BACK, 'active', traits)
            for name, traits in (('s1', {'verified': 'true'}),
                                 ('s2', {'verified': 'false'}), ('s3', {}))])
        tellings = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']['tellings']
        self.assertEqual(
            {'s0': None, 's1': True, 's2': False, 's3': None},
            {one['server_id']: one['verified'] for one in tellings})

    def test_what_it_rests_on(self):
        fault_id = self.open(is_path_suspected=True)
        self.open(host='h1')
        self.store.evidence.add(fault_id, Evidence(
            EvidenceKind.PROBES, 'sample', 8.0, '9 probes'))
        shown = self.api.show_fault(request(params={'id': fault_id})).json
        self.assertEqual(
            ('unreachable, path suspected', [
                {'kind': 'probes', 'source': 'sample', 'at': 8.0,
                 'text': '9 probes'}]),
            (shown['fault']['certainty'], shown['fault']['evidence']))
        self.store.evidence.add(fault_id, Evidence(
            EvidenceKind.BMC_OFF, 'redfish', 9.0))
        self.assertEqual(['', 'dead'], [
            one['certainty'] for one in
            self.api.list_faults(request()).json['faults']])

    def test_list_of_one_state(self):
        """Those of a state were looked for among the latest 100 only."""
        held = self.open(FaultState.HELD)
        for state in [FaultState.HANDLING, *[FaultState.IGNORED] * 110]:
            self.open(state)
        for query, ids in (({'state': 'held'}, [held]),
                           ({'state': 'cleared'}, [])):
            answer = self.api.list_faults(request(query=query))
            self.assertEqual(ids, [one['id']
                                   for one in answer.json['faults']])
        every = self.api.list_faults(request()).json['faults']
        self.assertEqual((102, held), (len(every), every[-1]['id']))

    def test_list_is_made_in_threads_of_its_own(self):
        pools = {route.rule: route.pool for route in self.api.routes()}
        listing = pools.pop('doctor:faults:list')
        self.assertNotIn(listing, {None, *pools.values()})

    def test_state_that_there_is_not(self):
        refused = self.assertRaises(Refused, self.api.list_faults,
                                    request(query={'state': 'nonsense'}))
        self.assertEqual((400, 'state'),
                         (refused.status, refused.facts['field']))
        self.assertIn('held', refused.message)

    def test_one_has_each_correction_and_each_telling(self):
        fault_id = self.open(reason='held')
        fault = self.api.show_fault(request(
            params={'id': fault_id})).json['fault']
        self.assertEqual(('h0', 'held; yet to be told: vm0 (lost)', ['']), (
            fault['hostname'], fault['note'], fault['sources']))
        self.assertEqual({('c0', 'false', False), ('s0', 'active', False)}, {
            (one['target_id'], one['before'], one['done'])
            for one in fault['corrections']})
        self.assertEqual([('vm0', 'lost', 'error', 'owed')], [
            (one['name'], one['news'], one['shown'], one['state'])
            for one in fault['tellings']])

    def test_answers_are_json(self):
        fault_id = self.open()
        for answer in (self.api.list_faults(request()),
                       self.api.show_fault(request(
                           params={'id': fault_id}))):
            self.assertIn(fault_id, json.dumps(answer.json))


class ChangedTest(FaultsTestCase):

    def changed(self):
        answer = self.api.list_corrections(request()).json
        self.assertTrue(json.dumps(answer))
        return [(one['fault'], one['host'], one['action'], one['target_id'],
                 one['server'], one['before'], one['state'])
                for one in answer['corrections']]

    def test_what_is_not_set_back(self):
        """No command told; "owed" is 0 for what was done."""
        fault_id, corrections = self.open(), self.store.corrections
        port = Correction(Action.DATA_PLANE_STATUS, 'p0', 'h0', Mark.LOST,
                          '', 's0')
        corrections.owe(fault_id, [port])
        self.assertEqual([], self.changed())
        corrections.move(fault_id, CorrectionState.ASKED,
                         [*CORRECTIONS, port])
        corrections.move(fault_id, CorrectionState.DONE, CORRECTIONS)
        mark, server = ((fault_id, 'h0', 'force-down', 'c0', '', 'false'),
                        (fault_id, 'h0', 'reset-state', 's0', 'vm0',
                         'active'))
        self.assertEqual(
            [(fault_id, 'h0', 'data-plane-status', 'p0', 'vm0', '', 'asked'),
             (*mark, 'done'), (*server, 'done')], self.changed())
        corrections.owe_undo(fault_id)
        corrections.move(fault_id, CorrectionState.UNDONE, CORRECTIONS[:1])
        corrections.move(fault_id, CorrectionState.LEFT, [port])
        self.assertEqual([(*server, 'undo-owed')], self.changed())

    def test_what_goes_one_way_only(self):
        fault_id, corrections = self.open(), self.store.corrections
        start = Correction(Action.START, 's0', 'h0', Mark.BACK)
        corrections.owe(fault_id, [start])
        corrections.move(fault_id, CorrectionState.ASKED, [start])
        self.assertEqual([], self.changed())

    def test_a_later_fault_that_has_taken_it_over(self):
        former, later = self.open(), self.open()
        for state in (CorrectionState.ASKED, CorrectionState.DONE):
            self.store.corrections.move(former, state, CORRECTIONS)
        self.store.corrections.pass_on(former, later)
        self.assertEqual({(later, 'asked')}, {
            (one[0], one[-1]) for one in self.changed()})


class NameTest(FaultsTestCase):
    """How a fault may be named."""

    def shown(self, name):
        return self.api.show_fault(request(params={'id': name})).json[
            'fault']['id']

    def test_beginning_of_an_id(self):
        """Only the full id was taken, which no list could be copied from."""
        first = self.open(id='aaaaaaaa-1', host='h1')
        second = self.open(id='aaaaaaaa-2', host='h2')
        self.assertEqual([first, second], [self.shown(first),
                                           self.shown(second)])
        refused = self.assertRaises(Refused, self.shown, 'aaaaaaaa')
        self.assertEqual(409, refused.status)
        self.assertIn(f'{second} (host h2, handling), {first} (host h1, ',
                      refused.message)
        for too_little in ('aaaaaaa', '________', '%%%%%%%%'):
            self.assertEqual(404, self.refused(
                self.api.show_fault, params={'id': too_little}))
        # "There is no fault aaaa", where there was one.
        self.assertIn('name 8 characters', self.assertRaises(
            Refused, self.shown, 'aaaa').message)
        fault_id = self.open(id='bbbbbbbb-1')
        self.assertEqual(fault_id, self.shown('bbbbbbbb'))

    def test_host_means_its_latest_fault(self):
        self.open(FaultState.CLEARED)
        latest = self.open()
        self.open(FaultState.IGNORED)
        self.assertEqual([latest, latest], [self.shown('h0'),
                                            self.shown('h0.example.org')])

    def test_host_that_has_ignored_ones_only(self):
        """There was no fault of it, and the list had one."""
        self.open(FaultState.IGNORED)
        latest = self.open(FaultState.IGNORED, reason='Nova has no such host')
        self.assertEqual([latest, latest], [self.shown('h0'),
                                            self.shown('h0.example.org')])
        self.assertEqual(409, self.refused(
            self.api.confirm, {'faults': ['h0']}))

    def test_what_was_ignored_after_it(self):
        """Who asked for the host saw a fault of last week."""
        for state in (FaultState.IGNORED, FaultState.CLEARED):
            fault_id = self.open(state, reason='why')
        for later, host in ((None, 'h1'), ('why not', 'h0')):
            ignored = self.open(FaultState.IGNORED, 'why not', host=host)
            fault = self.api.show_fault(request(
                params={'id': 'h0'})).json['fault']
            self.assertEqual(fault_id, fault['id'])
            self.assertEqual(
                later and {'id': ignored, 'reason': later},
                fault['ignored_later'])

    def test_event_means_the_fault_that_it_is_about(self):
        """The answer to good news named an id that could not be asked for.
        """
        fault_id = self.open()
        self.store.faults.remember('event-1', fault_id, 'releases')
        self.assertEqual(fault_id, self.shown('event-1'))

    def test_confirmed_by_any_name(self):
        held = [self.open(FaultState.HELD, id=f'{letter * 8}-1', host=letter)
                for letter in 'cde']
        answer = self.api.confirm(request(
            {'faults': ['c' * 8, held[0], 'd', held[2]]}))
        self.assertEqual(held, [one['id'] for one in answer.json['faults']])


class ConfirmTest(FaultsTestCase):

    def confirm_by(self, body, **context):
        asked = request(body, '/faults/confirm')
        asked.context.update(context)
        return self.api.confirm(asked)

    def test_confirmed_by_id(self):
        fault_id = self.open(FaultState.HELD)
        answer = self.confirm_by({'faults': [fault_id, fault_id]})
        self.assertEqual((202, [{
            'id': fault_id, 'hostname': 'h0',
            'corrections': {'force-down': 1, 'reset-state': 1}}]),
            (answer.status, answer.json['faults']))
        self.assertEqual('an operator', self.confirmed_by)

    def test_all_that_are_held(self):
        held = self.open(FaultState.HELD)
        self.open()
        answer = self.confirm_by({'all': True},
                                 token=SimpleNamespace(user_name='alice'))
        self.assertEqual([held], [one['id'] for one in answer.json['faults']])
        self.assertEqual('alice', self.confirmed_by)
        self.assertEqual([], self.confirm_by({'all': True}).json['faults'])

    def test_name_that_would_forge_a_line_of_the_log(self):
        self.open(FaultState.HELD)
        self.confirm_by({'all': True}, token=SimpleNamespace(
            user_name='alice\nforged'))
        self.assertEqual(r'alice\u000aforged', self.confirmed_by)

    def test_all_or_none(self):
        held, other = self.open(FaultState.HELD), self.open()
        self.store.faults.move(other, FaultState.CLEARING)
        self.assertEqual(404, self.refused(
            self.api.confirm, {'faults': [held, 'nosuch']}))
        self.assertEqual(409, self.refused(
            self.api.confirm, {'faults': [held, other]}))
        self.assertEqual('held', self.store.faults.find(held).state)

    def test_body_that_names_nothing(self):
        for body in ({}, [], 'x', {'all': False}, {'faults': []},
                     {'faults': 'x'}, {'faults': [1]}, {'faults': None},
                     {'all': True, 'faults': ['x']}):
            self.assertEqual(400, self.refused(self.api.confirm, body), body)
