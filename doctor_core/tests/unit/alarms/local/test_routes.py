import json

import testtools

from doctor_core.alarms import reach
from doctor_core.alarms.limits import Limits
from doctor_core.alarms.local.kept import KeptChanges
from doctor_core.alarms.local.routes import routes
from doctor_core.alarms.local.rules import RuleBook
from doctor_core.alarms.wire import alarm_to_json, rule_to_json
from doctor_core.exceptions import StoreError
from doctor_core.model import AlarmState
from doctor_core.tests.unit.alarms import samples
from doctor_core.web.server import Refused, Request
from doctor_core.web.turns import TurnsPool

ANN = ('tenant-a', 'ann', False)
BOB = ('tenant-b', 'bob', False)
ADMIN = ('operators', 'root', True)


class ApiTestCase(testtools.TestCase):
    """Calls the handlers as the server would."""

    def setUp(self):
        super().setUp()
        self.book = RuleBook()
        self.changes = []
        self.full = False
        self.serve()
        self.asker = ANN

    def serve(self, **options):
        self.routes = routes(self.book, lambda request: self.asker,
                             prefix='/alarming', check=reach.check,
                             changes=KeptChanges(self.book, self), **options)

    def save(self, alarm_ids):
        """As a keeper, which may be full."""
        if self.full:
            raise StoreError('the disk is full')
        self.changes += alarm_ids

    def delete(self, alarm_id):
        self.save([alarm_id])

    def ask(self, method, path='', body=None, asker=ANN, query=()):
        self.asker = asker
        [alarm_id, *rest] = path.strip('/').split('/') if path else ['']
        template = '/alarming/v2/alarms' + ('/{id}' if path else '') \
            + ('/state' if rest else '')
        return self.call(method, template, alarm_id, body, query)

    def call(self, method, template, alarm_id='', body=None, query=()):
        [route] = [route for route in self.routes
                   if (route.method, route.path) == (method, template)]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return route.handler(Request(
            method, template, {'id': alarm_id}, _Multi(query), {}, raw, 1.0))

    def add(self, **changes):
        alarm = samples.alarm(**changes)
        self.book.add(alarm)
        return alarm

    def assert_fault(self, status, text, answer):
        self.assertEqual(status, answer.status)
        self.assertEqual(['error_message'], list(answer.json))
        self.assertEqual('Client', answer.json['error_message']['faultcode'])
        self.assertIn(text, answer.json['error_message']['faultstring'])


class FullDiskTest(ApiTestCase):
    """An alarm that was refused was in force, one that could not be deleted
    was gone until the next start.
    """

    def setUp(self):
        super().setUp()
        self.alarm = self.add()
        self.full = True

    def assert_refused(self, *request):
        answer = self.ask(*request)
        self.assertEqual(
            (503, 'the disk is full'),
            (answer.status, answer.json['error_message']['faultstring']))
        self.assertEqual([self.alarm], self.book.alarms())

    def test_make(self):
        self.assert_refused('POST', '', rule_to_json(samples.rule()))

    def test_delete(self):
        self.assert_refused('DELETE', '/alarm-1')
        self.full = False
        self.assertEqual(204, self.ask('DELETE', '/alarm-1').status)

    def test_change(self):
        self.assert_refused('PUT', '/alarm-1', {
            **alarm_to_json(self.alarm), 'severity': 'critical'})
        self.assert_refused('PUT', '/alarm-1/state', 'alarm')


class _Multi(dict):
    """A query that may name a parameter more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self._pairs = list(pairs)

    def items(self):
        return self._pairs


def _filter(*pairs):
    return [item for field, value in pairs
            for item in (('q.field', field), ('q.op', 'eq'),
                         ('q.value', value))]


class TestCreate(ApiTestCase):

    def test_it_is_the_askers_and_evaluated(self):
        answer = self.ask('POST', body={
            'name': 'n', 'type': 'event', 'event_rule': {'query': []}})
        [alarm] = self.book.alarms()
        self.assertEqual(201, answer.status)
        self.assertEqual(alarm_to_json(alarm), answer.json)
        self.assertEqual(f'/alarming/v2/alarms/{alarm.id}',
                         answer.headers['Location'])
        self.assertEqual(('tenant-a', 'ann'),
                         (alarm.rule.project_id, alarm.rule.user_id))
        self.assertEqual(AlarmState.INSUFFICIENT_DATA, alarm.state)
        self.assertEqual([alarm.id], self.changes)
        self.assertEqual(1, len(self.book.evaluate(samples.event(), 1)))

    def test_whoever_is_of_no_project_sees_nothing(self):
        """A project that was None saw the alarms of all."""
        alarm = self.add()
        for project_id in (None, ''):
            asker = project_id, 'eve', False
            self.assertEqual([], self.ask('GET', asker=asker).json)
            self.asker = asker
            self.assertEqual([], self.call(
                'POST', '/alarming/v2/query/alarms', body={}).json)
            self.assert_fault(404, 'not found', self.ask(
                'GET', alarm.id, asker=asker))

    def test_nobody_makes_one_of_any_size(self):
        """An alarm had 100,000 actions, another a URL of 2 MB."""
        body = rule_to_json(samples.rule())
        urls = [f'http://owner.example:9/{number}' for number in range(51)]
        self.assert_fault(
            400, 'Invalid input for field/attribute alarm_actions. count 51 '
            'exceeds maximum value 50',
            self.ask('POST', body={**body, 'alarm_actions': urls}))
        self.assert_fault(
            400, 'Invalid input for field/attribute alarm_actions[0]. is '
            'longer than 2048 characters', self.ask('POST', body={
                **body, 'alarm_actions': ['http://a/' + 'x' * 2040]}))
        self.assertEqual([], self.book.alarms())

    def test_nor_makes_one_so_large(self):
        alarm = self.add()
        self.assert_fault(400, 'attribute name. is longer than 255',
                          self.ask('PUT', alarm.id, {
                              **alarm_to_json(alarm), 'name': 'n' * 256}))
        self.assertEqual([alarm], self.book.alarms())

    def test_names_need_not_be_unique(self):
        ids = {self.ask('POST', body=rule_to_json(samples.rule()))
               .json['alarm_id'] for _ in range(2)}
        self.assertEqual(2, len(ids))

    def test_only_an_administrator_makes_alarms_for_others(self):
        body = rule_to_json(samples.rule())
        self.assert_fault(401, 'Not Authorized to access project tenant-a',
                          self.ask('POST', body=body, asker=BOB))
        self.assertEqual([], self.book.alarms())
        answer = self.ask('POST', body=body, asker=ADMIN)
        self.assertEqual((201, 'tenant-a', 'root'), (
            answer.status, answer.json['project_id'],
            answer.json['user_id']))

    def test_without_a_project_nothing_is_made(self):
        body = {'name': 'n', 'type': 'event', 'event_rule': {}}
        self.assert_fault(400, 'project_id', self.ask(
            'POST', body=body, asker=('', 'ann', False)))

    def test_bodies_that_are_no_alarm(self):
        for body, text in ((b'{', 'JSON'), ([], 'body'),
                           ({'name': 'n'}, 'type'),
                           ({'name': 'n', 'type': 'event'}, 'event_rule')):
            self.assert_fault(400, text, self.ask('POST', body=body))
        self.assertEqual([], self.changes)

    def test_what_writes_into_the_service_is_for_administrators(self):
        body = rule_to_json(samples.rule(actions=('log://',)))
        self.assert_fault(400, 'Unsupported action of the scheme log',
                          self.ask('POST', body=body))
        self.assertEqual(
            201, self.ask('POST', body=body, asker=ADMIN).status)


    def test_a_trait_that_no_event_of_ours_has(self):
        """An alarm that could never go off was made without a word."""
        body = rule_to_json(samples.rule(
            samples.Condition('traits.instance_uuid', 'x')))
        self.assert_fault(400, 'Did you mean traits.instance_id?',
                          self.ask('POST', body=body))

    def test_rules_of_other_types_that_clients_send_along_empty(self):
        body = {'name': 'n', 'type': 'event', 'event_rule': {},
                'threshold_rule': {}, 'composite_rule': None}
        self.assertEqual(201, self.ask('POST', body=body).status)
        self.assert_fault(400, 'threshold_rule', self.ask('POST', body={
            **body, 'threshold_rule': {'threshold': 1}}))

    def test_urls_that_nobody_can_be_told_at(self):
        """They were found out when the alarm went off."""
        for url in ('http://', 'http://host:0/', 'https://a..b/',
                    'zaqar://queue', 'http://host/#here', 'http://h/a b'):
            body = rule_to_json(samples.rule(actions=(url,)))
            self.assert_fault(400, 'alarm_actions[0]',
                              self.ask('POST', body=body))


class QuotaTest(ApiTestCase):

    def setUp(self):
        super().setUp()
        self.serve(limits=Limits(alarms=2))
        self.first, _ = (self.add(alarm_id=one) for one in 'ab')

    def create(self, asker=ANN):
        return self.ask('POST', body=rule_to_json(samples.rule(
            project_id=asker[0])) | {'user_id': asker[1]}, asker=asker)

    def test_one_more_than_a_project_may_have(self):
        answer = self.create()
        self.assertEqual(403, answer.status)
        self.assertIn('it has 2, and may have 2', str(answer.json))
        self.assertEqual(2, self.book.count_of(ANN[0]))

    def test_one_that_is_gone_makes_room(self):
        self.ask('DELETE', self.first.id)
        self.assertEqual(201, self.create().status)

    def test_others_have_theirs(self):
        self.assertEqual(201, self.create(BOB).status)

    def test_what_there_is_may_be_changed(self):
        self.assertEqual(200, self.ask('PUT', self.first.id, rule_to_json(
            samples.rule(name='other'))).status)


class TestSearch(ApiTestCase):

    def search(self, body, asker=ANN):
        self.asker = asker
        return self.call('POST', '/alarming/v2/query/alarms', body=body)

    def test_by_name_as_aodhclient_looks_it_up(self):
        """aodhclient's --name was answered with 404."""
        found = self.add(name='vm1')
        self.add(alarm_id='alarm-2', name='vm2')
        answer = self.search({'filter': '{"=": {"name": "vm1"}}'})
        self.assertEqual([alarm_to_json(found)], answer.json)

    def test_a_tenant_sees_his_own(self):
        self.add()
        for asker, seen in ((ANN, 1), (BOB, 0), (ADMIN, 1)):
            self.assertEqual(seen, len(self.search({}, asker).json))

    def test_what_is_no_query(self):
        for body in ([], {'filter': '{'}, {'filter': 5}, {'nonsense': 1}):
            self.asker = ANN
            self.assertEqual(400, self.search(body).status)


class TestMissing(ApiTestCase):

    def test_what_is_not_there_says_so_in_aodhs_form(self):
        """aodhclient printed a page that was not Aodh's."""
        for method, path in (('GET', '/v2/alarms/{id}/history'),
                             ('GET', '/v2/quotas'), ('GET', '/v2/metrics'),
                             ('POST', '/v2/query/alarms/history')):
            answer = self.call(method, f'/alarming{path}')
            self.assertEqual(501, answer.status)
            self.assertIn('here',
                          answer.json['error_message']['faultstring'])


class TestOne(ApiTestCase):

    def test_show(self):
        alarm = self.add()
        for asker in (ANN, ADMIN):
            answer = self.ask('GET', '/alarm-1', asker=asker)
            self.assertEqual((200, alarm_to_json(alarm)),
                             (answer.status, answer.json))

    def test_others_alarms_do_not_exist(self):
        self.add()
        body = rule_to_json(samples.rule(project_id='tenant-b'))
        for method, path, sent in (
                ('GET', '/alarm-1', None), ('DELETE', '/alarm-1', None),
                ('PUT', '/alarm-1', body), ('GET', '/alarm-1/state', None),
                ('PUT', '/alarm-1/state', 'ok')):
            theirs = self.ask(method, path, sent, BOB)
            self.assert_fault(404, 'not found in project tenant-b', theirs)
            self.assert_fault(404, 'not found',
                              self.ask(method, path, sent, ('', '', False)))
            absent = self.ask(method, path.replace('-1', '-9'), sent, ANN)
            self.assert_fault(404, 'Alarm alarm-9 not found', absent)
        self.assertEqual([samples.alarm()], self.book.alarms())

    def test_update_replaces_the_rule_and_keeps_the_owner(self):
        alarm = self.add(state=AlarmState.ALARM)
        answer = self.ask('PUT', '/alarm-1', asker=ADMIN, body={
            **alarm_to_json(alarm), 'severity': 'critical',
            'alarm_actions': ['https://new.example/']})
        changed = self.book.get('alarm-1')
        self.assertEqual(alarm_to_json(changed), answer.json)
        self.assertEqual(
            ('critical', ('https://new.example/',), 'tenant-a', 'ann'),
            (changed.rule.severity, changed.rule.actions,
             changed.rule.project_id, changed.rule.user_id))
        self.assertEqual((AlarmState.ALARM, 0.0),
                         (changed.state, changed.state_at))
        self.assertEqual(['alarm-1'], self.changes)

    def test_update_to_ok_makes_it_ready_again(self):
        alarm = self.add(state=AlarmState.ALARM)
        self.ask('PUT', '/alarm-1',
                 body={**alarm_to_json(alarm), 'state': 'ok'})
        self.assertEqual(1, len(self.book.evaluate(samples.event(), 1)))

    def test_a_wrong_update_changes_nothing(self):
        alarm = self.add()
        self.assert_fault(400, 'name', self.ask('PUT', '/alarm-1', body={
            'type': 'event', 'event_rule': {}}))
        self.assertEqual(([alarm], []), (self.book.alarms(), self.changes))

    def test_delete(self):
        self.add()
        self.assertEqual(204, self.ask('DELETE', '/alarm-1').status)
        self.assertEqual(([], ['alarm-1']),
                         (self.book.alarms(), self.changes))

    def test_state(self):
        self.add(state=AlarmState.ALARM)
        self.assertEqual('alarm', self.ask('GET', '/alarm-1/state').json)
        self.assertEqual('ok',
                         self.ask('PUT', '/alarm-1/state', 'ok').json)
        self.assertEqual(['alarm-1'], self.changes)
        self.assertEqual(AlarmState.OK, self.book.get('alarm-1').state)

    def test_states_that_there_are_not(self):
        self.add()
        for state in ('fine', None, {}, ['ok'], 1):
            self.assert_fault(400, 'state', self.ask(
                'PUT', '/alarm-1/state', state))


class TestList(ApiTestCase):

    def test_is_made_in_threads_of_its_own(self):
        """10,000 alarms held up every event for a second."""
        lists = {route.pool for route in self.routes
                 if route.rule == 'doctor:alarms:list'}
        others = {route.pool for route in self.routes
                  if route.rule != 'doctor:alarms:list'}
        self.assertNotIn(None, lists)
        self.assertEqual(set(), lists & others)

    def setUp(self):
        super().setUp()
        for number, name in enumerate('abc'):
            self.add(alarm_id=f'a{number}', name=name)
        self.add(alarm_id='b0', name='a', project_id='tenant-b')

    def ids(self, *query, asker=ANN):
        answer = self.ask('GET', query=query, asker=asker)
        self.assertEqual(200, answer.status, answer.json)
        return [entry['alarm_id'] for entry in answer.json]

    def test_ones_own(self):
        self.assertEqual(['a0', 'a1', 'a2'], self.ids())
        self.assertEqual([], self.ids(asker=('', '', False)))
        self.assertEqual([], self.ids(asker=ADMIN))

    def test_filters(self):
        self.book.set_state('a2', AlarmState.ALARM, 1)
        for expected, *pairs in (
                (['a0'], ('name', 'a')), (['a2'], ('state', 'alarm')),
                (['a1'], ('alarm_id', 'a1')), ([], ('enabled', 'false')),
                (['a1'], ('name', 'b'), ('severity', 'moderate')),
                ([], ('name', 'b'), ('severity', 'low'))):
            self.assertEqual(expected, self.ids(*_filter(*pairs)), pairs)

    def test_what_an_administrator_lists_he_can_make_anew(self):
        """As doc/source/admin/state.rst has it, for an upgrade."""
        everybody = _filter(('all_projects', 'true'))
        saved = self.ask('GET', asker=ADMIN, query=everybody).json
        for alarm in self.book.alarms():
            self.book.remove(alarm.id)
        for document in saved:
            self.assertEqual(
                201, self.ask('POST', '', document, asker=ADMIN).status)
        made = self.ask('GET', asker=ADMIN, query=everybody).json
        for document in (*saved, *made):
            for own in ('alarm_id', 'timestamp', 'state_timestamp'):
                del document[own]
        self.assertEqual(4, len(saved))
        self.assertEqual(saved, made)

    def test_administrators_see_all_when_they_ask_to(self):
        self.assertEqual(['a0', 'a1', 'a2', 'b0'], self.ids(
            *_filter(('all_projects', 'true')), asker=ADMIN))
        self.assertEqual(['b0'], self.ids(
            *_filter(('project_id', 'tenant-b'), ('name', 'a')),
            asker=ADMIN))

    def test_others_do_not(self):
        for pair in (('all_projects', 'true'), ('project_id', 'tenant-b')):
            self.assert_fault(401, 'Not Authorized',
                              self.ask('GET', query=_filter(pair)))

    def test_pages(self):
        self.assertEqual(['a0', 'a1'], self.ids(('limit', '2')))
        self.assertEqual(['a2'], self.ids(('limit', '2'), ('marker', 'a1')))

    def test_queries_that_mean_nothing(self):
        for query in (_filter(('colour', 'red')),
                      [('q.field', 'name'), ('q.op', 'lt'),
                       ('q.value', 'a')],
                      [('q.field', 'name')], [('limit', '0')],
                      [('limit', '9' * 5000)], [('marker', 'b0')]):
            self.assertEqual(400, self.ask('GET', query=query).status, query)


class TestRefusals(ApiTestCase):

    def test_who_may_not_ask_is_told_so_in_aodhs_words(self):
        def nobody(request):
            raise Refused(401, 'Show a token.')

        for route in routes(self.book, nobody):
            if 'capabilities' in route.path:
                continue
            answer = route.handler(Request(
                route.method, route.path, {'id': 'x'}, {}, {}, b'{}', 1.0))
            self.assert_fault(401, 'Show a token.', answer)


class PoolsTest(ApiTestCase):
    """Twenty queries of one member closed the lists for everybody."""

    def route(self, method, path):
        [found] = [route for route in self.routes if
                   (route.method, route.path) == (method, '/alarming' + path)]
        return found

    def test_lists_do_not_wait_for_queries(self):
        lists = self.route('GET', '/v2/alarms')
        queries = self.route('POST', '/v2/query/alarms')
        making = self.route('POST', '/v2/alarms')
        self.assertEqual(3, len({id(route.pool) for route
                                 in (lists, queries, making)}))

    def test_projects_take_turns(self):
        for route in (self.route('GET', '/v2/alarms'),
                      self.route('POST', '/v2/query/alarms')):
            self.assertIsInstance(route.pool, TurnsPool)
            self.assertEqual('tenant-a', route.caller(None))

    def test_one_who_may_not_ask(self):
        def who(request):
            raise Refused(401, 'no')
        for route in routes(self.book, who):
            self.assertEqual('', route.caller(None))

    def test_too_much_is_refused_with_the_reason(self):
        answer = self.call('POST', '/alarming/v2/query/alarms', body={
            'filter': json.dumps({'or': [{'=': {'name': 'a'}}] * 501})})
        self.assert_fault(400, 'more than 500 values', answer)
