import json

import testtools

from doctor_core.cloud import calls, refusals
from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark
from doctor_core.web.client import Reply

FORCE_DOWN = Correction(Action.FORCE_DOWN, 'c', 'h', Mark.LOST, 'false')
UNFORCE = Correction(Action.FORCE_DOWN, 'c', 'h', Mark.BACK)
RESET = Correction(Action.RESET_STATE, 's', 'h', Mark.LOST, 'active')
START = Correction(Action.START, 's', 'h', Mark.BACK)
PORT = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', Mark.LOST)

GONE = {Action.FORCE_DOWN: {'itemNotFound': {'code': 404, 'message': 'no'}},
        Action.RESET_STATE: {'itemNotFound': {'code': 404, 'message': 'no'}},
        Action.DATA_PLANE_STATUS: {'NeutronError': {
            'type': 'PortNotFound', 'message': 'no', 'detail': ''}}}
LOGIN = b'<html><form action="/login">'


def reply(status, body=b'', **headers):
    return Reply(status, headers, body if isinstance(body, bytes)
                 else json.dumps(body).encode())


def refusal(correction, status, body=None, *, sees_all=True):
    if body is None:
        body = {'fault': {'message': 'why'}}
    return calls.refusal(correction, reply(status, body), sees_all=sees_all)


class TestCallFor(testtools.TestCase):

    def test_force_down(self):
        self.assertEqual(
            calls.Call('PUT', 'compute', '/os-services/c',
                       {'forced_down': True}), calls.call_for(FORCE_DOWN))

    def test_back_up(self):
        self.assertEqual({'forced_down': False},
                         calls.call_for(UNFORCE).body)

    def test_reset_state(self):
        self.assertEqual(
            calls.Call('POST', 'compute', '/servers/s/action',
                       {'os-resetState': {'state': 'error'}}),
            calls.call_for(RESET))

    def test_start(self):
        """Nova's start is for stopped servers only; a reboot also serves
        those that are in error, or active without a guest.
        """
        self.assertEqual(
            calls.Call('POST', 'compute', '/servers/s/action',
                       {'reboot': {'type': 'HARD'}}, is_repeatable=False),
            calls.call_for(START))

    def test_nothing_is_started_on_a_lost_host(self):
        error = self.assertRaises(CloudError, calls.call_for, Correction(
            Action.START, 's', 'h', Mark.LOST))
        self.assertFalse(error.recoverable)

    def test_data_plane_status(self):
        self.assertEqual(
            calls.Call('PUT', 'network', '/ports/p',
                       {'port': {'data_plane_status': 'DOWN'}}),
            calls.call_for(PORT))

    def test_neutron_is_never_sent_null(self):
        """Neutron answers 500 to data_plane_status null."""
        back = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', Mark.BACK)
        self.assertEqual({'port': {'data_plane_status': 'ACTIVE'}},
                         calls.call_for(back).body)

    def test_nothing_is_asked_for_without_an_id(self):
        """PUT /os-services/ was sent for a service of a cell that was down.
        """
        for action in Action:
            error = self.assertRaises(CloudError, calls.call_for, Correction(
                action, '', 'compute-1', Mark.BACK))
            self.assertIn('on compute-1: not asked for, the id', str(error))
            self.assertFalse(error.recoverable)

    def test_an_id_is_never_a_path(self):
        odd = Correction(Action.RESET_STATE, '../os-services/c?x', 'h',
                         Mark.LOST)
        self.assertEqual('/servers/..%2Fos-services%2Fc%3Fx/action',
                         calls.call_for(odd).path)

    def test_services_before_servers_before_what_follows_them(self):
        self.assertEqual([FORCE_DOWN, RESET, START, PORT],
                         sorted([START, PORT, RESET, FORCE_DOWN],
                                key=calls.rank))


class TestConfirmed(testtools.TestCase):

    def test_as_nova_and_neutron_confirm(self):
        for correction, status, body in (
                (FORCE_DOWN, 200, {'service': {'id': 'c', 'state': 'down',
                                               'forced_down': True}}),
                (UNFORCE, 200, {'service': {'id': 'c',
                                            'forced_down': False}}),
                (RESET, 202, b''), (START, 202, b''),
                (PORT, 200, {'port': {'id': 'p',
                                      'data_plane_status': 'DOWN'}})):
            self.assertIsNone(refusal(correction, status, body))

    def not_confirmed(self, correction, status, body):
        error = refusal(correction, status, body)
        self.assertIn('something between answered instead of', str(error))
        self.assertTrue(error.recoverable)

    def test_a_proxys_page_confirms_nothing(self):
        """A cloud stayed uncorrected for good behind a login page."""
        for correction in (FORCE_DOWN, UNFORCE, RESET, START, PORT):
            for status in (200, 201, 202, 204):
                for body in (LOGIN, {}, [], {'ok': True}):
                    self.not_confirmed(correction, status, body)

    def test_the_opposite_confirms_nothing(self):
        self.not_confirmed(FORCE_DOWN, 200,
                           {'service': {'id': 'c', 'forced_down': False}})
        self.not_confirmed(UNFORCE, 200,
                           {'service': {'id': 'c', 'forced_down': True}})
        self.not_confirmed(PORT, 200, {'port': {
            'id': 'p', 'data_plane_status': None}})

    def test_of_another_one_confirms_nothing(self):
        self.not_confirmed(FORCE_DOWN, 200,
                           {'service': {'id': 'x', 'forced_down': True}})
        self.not_confirmed(PORT, 200, {'port': {
            'id': 'x', 'data_plane_status': 'DOWN'}})

    def test_almost_confirms_nothing(self):
        self.not_confirmed(RESET, 200, b'')
        self.not_confirmed(FORCE_DOWN, 202,
                           {'service': {'id': 'c', 'forced_down': True}})
        self.not_confirmed(FORCE_DOWN, 200, {'service': 'c'})

    def test_the_name_of_who_should_have_answered(self):
        self.assertEqual(
            'POST compute /servers/s/action: 200: something between answered '
            'instead of Nova: the answer does not confirm it',
            str(refusal(RESET, 200, b'')))
        self.assertIn('instead of Neutron', str(refusal(PORT, 200, b'')))

    def test_a_redirect_leads_nowhere(self):
        for status in (301, 302, 303, 307, 308):
            error = calls.refusal(RESET, reply(
                status, LOGIN, Location='https://u:pw@sso.example/login'
                '?token=secret#x'), sees_all=True)
            self.assertIn('it leads to https://sso.example/login',
                          str(error))
            self.assertNotIn('secret', str(error))
            self.assertNotIn('pw', str(error))
            self.assertEqual((status, True),
                             (error.status, error.recoverable))
        self.assertIn('leads to nowhere', str(refusal(RESET, 304, b'')))


class TestRefusal(testtools.TestCase):

    def test_what_may_pass(self):
        for status in (409, 429, 500, 502, 503, 504):
            self.assertTrue(refusal(RESET, status).recoverable)

    def test_what_cannot_pass(self):
        for status in (400, 401, 403, 405):
            self.assertFalse(refusal(RESET, status).recoverable)

    def test_novas_words(self):
        error = refusal(RESET, 403)
        self.assertEqual('POST compute /servers/s/action: 403: why',
                         str(error))
        self.assertEqual(403, error.status)

    def test_gone_is_done(self):
        for correction in (RESET, PORT):
            self.assertIsNone(refusal(correction, 404,
                                      GONE[correction.action]))

    def test_a_proxys_404_is_not_gone(self):
        """A 404 of a load balancer counted as a correction made."""
        for correction in (FORCE_DOWN, RESET, PORT):
            for body in (LOGIN, b'', b'not found', {'detail': 'Not Found'},
                         {'error': {'code': 404, 'message': 'no'}}, []):
                error = refusal(correction, 404, body)
                self.assertIn('something between', str(error))
                self.assertEqual((404, True),
                                 (error.status, error.recoverable))

    def test_each_has_a_404_of_its_own(self):
        self.assertIsNotNone(refusal(PORT, 404, GONE[Action.RESET_STATE]))
        self.assertIsNotNone(refusal(RESET, 404,
                                     GONE[Action.DATA_PLANE_STATUS]))

    def test_a_compute_service_that_is_gone_is_a_failure(self):
        """It may have been registered anew, with another id."""
        error = refusal(FORCE_DOWN, 404, GONE[Action.FORCE_DOWN])
        self.assertIsInstance(error, refusals.Gone)
        self.assertEqual((404, False), (error.status, error.recoverable))

    def test_hidden_is_not_done(self):
        """Nova answers 404 for others' servers to who is not admin."""
        error = refusal(RESET, 404, GONE[Action.RESET_STATE], sees_all=False)
        self.assertEqual((404, False), (error.status, error.recoverable))

    def test_unforcing_may_pass(self):
        """400 after an evacuation, until nova-compute was restarted."""
        self.assertTrue(refusal(UNFORCE, 400).recoverable)
        self.assertFalse(refusal(FORCE_DOWN, 400).recoverable)

    def test_what_is_refused_for_good(self):
        """It was asked for for ever."""
        for correction, name in ((FORCE_DOWN, ''), (RESET, ''), (START, ''),
                                 (PORT, 'NeutronError')):
            for status, (member, why) in refusals.FINAL.items():
                error = refusal(correction, status, {
                    name or member: {'code': status, 'message': 'no such'}})
                self.assertIsInstance(error, refusals.Final)
                self.assertFalse(error.recoverable)
                self.assertTrue(str(error).endswith(
                    f': {status}: no such ({why}; given up)'), str(error))

    def test_what_is_not_in_their_own_form_is_not_for_good(self):
        for correction in (FORCE_DOWN, RESET, PORT):
            for status in refusals.FINAL:
                for body in (LOGIN, b'', {}, [], {'error': {'message': 'x'}},
                             {'detail': 'no'}):
                    self.assertNotIsInstance(
                        refusal(correction, status, body), refusals.Final)
        self.assertNotIsInstance(refusal(
            PORT, 400, {'badRequest': {'message': 'x'}}), refusals.Final)

    def test_what_somebody_can_mend_is_not_for_good(self):
        """A server's task ends; a role is given; a policy is changed."""
        for status, member in ((401, 'unauthorized'), (403, 'forbidden'),
                               (404, 'itemNotFound'), (406, 'computeFault'),
                               (409, 'conflictingRequest'),
                               (429, 'overLimit'), (500, 'computeFault'),
                               (503, 'serviceUnavailable')):
            for correction in (FORCE_DOWN, RESET, START, PORT):
                if correction is PORT:
                    member = 'NeutronError'
                self.assertNotIsInstance(refusal(
                    correction, status, {member: {'message': 'while it is in '
                                                  'task_state deleting'}},
                    sees_all=False), refusals.Final)

    def test_unforcing_is_not_refused_for_good(self):
        self.assertNotIsInstance(refusal(UNFORCE, 400, {
            'badRequest': {'message': 'restart it'}}), refusals.Final)
        self.assertIsInstance(refusal(UNFORCE, 501, {
            'notImplemented': {'message': 'no'}}), refusals.Final)


class TestPortFound(testtools.TestCase):

    def found(self, status, body):
        return calls.port_found(calls.port_call('p'), reply(status, body))

    def test_a_port(self):
        """Also one that belongs to no server any more."""
        port = self.found(200, {'port': {'id': 'p', 'device_owner': '',
                                         'data_plane_status': 'DOWN'}})
        self.assertEqual(('p', 'DOWN'), (port.id, port.data_plane_status))

    def test_none(self):
        self.assertIsNone(self.found(404, GONE[Action.DATA_PLANE_STATUS]))

    def test_what_says_nothing_of_it(self):
        for status, body in ((404, LOGIN), (200, LOGIN), (302, b''),
                             (200, b''), (200, {}), (200, {'port': []}),
                             (503, b'')):
            self.assertRaises(CloudError, self.found, status, body)


class TestServerFound(testtools.TestCase):

    def found(self, status, body):
        return calls.server_found(calls.server_call('s'), reply(status, body))

    def test_a_server(self):
        self.assertEqual('s', self.found(200, {'server': {'id': 's'}}).id)

    def test_none(self):
        self.assertIsNone(self.found(404, GONE[Action.RESET_STATE]))

    def test_what_says_nothing_of_it(self):
        for status, body in ((404, LOGIN), (200, LOGIN), (302, b''),
                             (200, b''), (200, {}), (200, {'server': []}),
                             (503, b''), (403, {'forbidden': {'code': 403}})):
            self.assertRaises(CloudError, self.found, status, body)
