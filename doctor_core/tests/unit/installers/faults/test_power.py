import testtools

from doctor_core.bmc import Bmc
from doctor_core.exceptions import BackendError, ConfigError
from doctor_core.installers.faults.power import PowerInjector, PowerSettings
from doctor_core.model import Host
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1')


class FakeBmc(Bmc):
    """Switches some looks after it was asked.

    :ivar asked: what it was asked for.
    :ivar errors: what the next looks run into; None for nothing.
    :ivar late: whether it does not say that it was switched off.
    """

    def __init__(self, clock, on=True, looks=2):
        self.on = on
        self.asked = []
        self.closed = 0
        self.errors = []
        self.late = False
        self._clock = clock
        self._looks = looks

    def is_on(self, timeout_s):
        self._clock.passed_s += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        if self.asked and self.asked[-1] != self.on:
            self._looks -= 1
            if not self._looks:
                self.on = self.asked[-1]
        return self.on

    def switch(self, on, timeout_s):
        self.asked.append(on)
        if not on and self.late:
            raise BackendError('late', recoverable=True)
        self._looks = self._looks or 2

    def close(self):
        self.closed += 1


class PowerTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = doubles.FakeClock()
        self.machine = doubles.Machine(self.clock, away=3)
        self.addresses = []

    def made(self, bmc, **values):
        def make(*address):
            self.addresses.append(address)
            return bmc

        return PowerInjector(
            doubles.settings(PowerSettings, **{
                'fault_bmcs': ['compute-1=https://b/x'],
                'fault_bmc_user': 'admin',
                'fault_bmc_password': 'xyzzy', **values}),
            lambda _host: self.machine, self.clock, make)

    def test_off_when_the_bmc_says_so(self):
        bmc = FakeBmc(self.clock)
        injector = self.made(bmc)
        at = injector.fail(HOST)
        self.assertEqual(self.clock.now(), at)
        stamp = injector.failed_at(HOST)
        self.assertEqual(('the BMC', at), (stamp.clock, stamp.at))
        # It was on when it was asked the last time but one.
        self.assertAlmostEqual(2.2, stamp.uncertainty_s)
        self.assertEqual([('https://b/x', 'admin', 'xyzzy')], self.addresses)

    def test_healed_when_it_can_be_logged_in_to(self):
        bmc = FakeBmc(self.clock, on=False)
        injector = self.made(bmc)
        injector.heal(HOST)
        self.assertEqual([True], bmc.asked)
        self.assertEqual([['true']], self.machine.ran)
        injector.heal(HOST)
        self.assertEqual([True], bmc.asked)

    def test_off_already(self):
        bmc = FakeBmc(self.clock, on=False)
        self.assertRaises(BackendError, self.made(bmc).fail, HOST)
        self.assertEqual([], bmc.asked)

    def test_bmc_that_does_not_do_it(self):
        bmc = FakeBmc(self.clock, looks=10 ** 6)
        injector = self.made(bmc)
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIn('Waited 60 s in vain for compute-1 to be off',
                      str(error))
        # It might be off a moment later, for ever.
        self.assertEqual([False, True], bmc.asked)

    def test_bmc_that_does_not_say_that_it_did_it(self):
        """The host was off for ever when the answer came too late."""
        bmc = FakeBmc(self.clock)
        bmc.late = True
        self.assertRaises(BackendError, self.made(bmc).fail, HOST)
        self.assertEqual([False, True], bmc.asked)

    def test_bmc_that_is_busy_for_a_while(self):
        """One look that failed ended all."""
        bmc = FakeBmc(self.clock, on=False)
        bmc.errors = [None, BackendError('busy', recoverable=True)]
        self.made(bmc).heal(HOST)
        self.assertEqual([], bmc.errors)
        bmc = FakeBmc(self.clock, on=False)
        bmc.errors = [None, BackendError('no')]
        self.assertRaises(BackendError, self.made(bmc).heal, HOST)

    def test_logged_out_at_the_end(self):
        bmc = FakeBmc(self.clock)
        injector = self.made(bmc)
        injector.fail(HOST)
        injector.close()
        injector.close()
        self.assertEqual(1, bmc.closed)

    def test_host_without_a_bmc(self):
        error = self.assertRaises(
            ConfigError, self.made(None).fail, Host('compute-2'))
        self.assertIn('compute-2', str(error))

    def test_what_is_no_bmc(self):
        for entry in ('compute-1', '=b', 'compute-1=', 'https://u:xyzzy@b',
                      'compute-1=https://u:xyzzy@b'):
            injector = self.made(None, fault_bmcs=[entry])
            error = self.assertRaises(ConfigError, injector.fail, HOST)
            self.assertIn('fault_bmcs: ', str(error))
            self.assertNotIn('xyzzy', str(error))

    def test_redfish_has_urls(self):
        injector = PowerInjector(
            doubles.settings(PowerSettings, fault_bmcs=['compute-1=10.0.0.1']),
            lambda _host: self.machine, self.clock)
        error = self.assertRaises(ConfigError, injector.fail, HOST)
        self.assertIn('10.0.0.1 is not http', str(error))
