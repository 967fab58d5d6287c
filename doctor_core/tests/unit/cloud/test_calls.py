import testtools

from doctor_core.cloud import calls
from doctor_core.model import Action, Correction

FORCE_DOWN = Correction(Action.FORCE_DOWN, 'c', 'h', 'false', 'true')
UNFORCE = Correction(Action.FORCE_DOWN, 'c', 'h', 'true', 'false')
RESET = Correction(Action.RESET_STATE, 's', 'h', 'active', 'error')
PORT = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', '', 'DOWN')


def refusal(correction, status, *, sees_all=True):
    return calls.refusal(correction, status,
                         b'{"fault": {"message": "why"}}', sees_all=sees_all)


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

    def test_data_plane_status(self):
        self.assertEqual(
            calls.Call('PUT', 'network', '/ports/p',
                       {'port': {'data_plane_status': 'DOWN'}}),
            calls.call_for(PORT))

    def test_neutron_is_never_sent_null(self):
        """Neutron answers 500 to data_plane_status null."""
        back = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', 'DOWN', '')
        self.assertEqual({'port': {'data_plane_status': 'ACTIVE'}},
                         calls.call_for(back).body)

    def test_services_before_servers_before_ports(self):
        self.assertEqual([FORCE_DOWN, RESET, PORT],
                         sorted([PORT, RESET, FORCE_DOWN], key=calls.rank))


class TestRefusal(testtools.TestCase):

    def test_none(self):
        for status in (200, 202, 204):
            self.assertIsNone(refusal(RESET, status))

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
        self.assertIsNone(refusal(RESET, 404))
        self.assertIsNone(refusal(PORT, 404))

    def test_a_compute_service_that_is_gone_is_a_failure(self):
        self.assertFalse(refusal(FORCE_DOWN, 404).recoverable)

    def test_hidden_is_not_done(self):
        """Nova answers 404 for others' servers to who is not admin."""
        self.assertFalse(refusal(RESET, 404, sees_all=False).recoverable)

    def test_unforcing_may_pass(self):
        """400 after an evacuation, until nova-compute was restarted."""
        self.assertTrue(refusal(UNFORCE, 400).recoverable)
        self.assertFalse(refusal(FORCE_DOWN, 400).recoverable)
