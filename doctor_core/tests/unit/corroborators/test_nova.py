import threading

import fixtures
import testtools

from doctor_core.corroborators.nova import NovaCorroborator
from doctor_core.exceptions import CloudError, ConfigError
from doctor_core.fixtures import EvidenceContract, FakeClock, options
from doctor_core.model import ComputeService, Host
from doctor_core.model.evidence import EvidenceKind

ONE, TWO = Host('one'), Host('two')


class Nova:
    """A cloud whose compute services report when a test has them do so."""

    def __init__(self):
        self.minutes = {'one': 0, 'two': 0}
        self.looks = 0
        self.error = None
        self.state = 'up'

    def compute_services(self, host=None):
        self.looks += 1
        if self.error:
            raise self.error
        return [ComputeService(
            name, name, self.state, 'enabled', False,
            updated_at=f'2026-01-01T00:{minute:02}:00.000000')
            for name, minute in self.minutes.items()]

    def reports(self, name='one'):
        self.minutes[name] += 1


class NovaTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.useFixture(fixtures.MonkeyPatch('doctor_core.clock.SYSTEM',
                                             self.clock))
        self.cloud = Nova()
        self.nova = NovaCorroborator(options(NovaCorroborator), None,
                                     lambda: self.cloud)

    def ask(self, host=ONE, after_s=2.0):
        self.clock.advance(after_s)
        evidence = self.nova.ask(host, ())
        return evidence and (evidence.kind, evidence.source)

    def test_a_report_between_two_looks_is_a_sign_of_life(self):
        self.assertIsNone(self.ask())
        self.assertIsNone(self.ask())
        self.cloud.reports()
        self.assertEqual((EvidenceKind.HEARTBEAT, 'nova'), self.ask())

    def test_each_report_is_one_sign(self):
        self.ask()
        self.cloud.reports()
        self.ask()
        self.assertIsNone(self.ask())
        self.cloud.reports()
        self.assertIsNotNone(self.ask())

    def test_a_report_before_the_next_silence_is_none_of_it(self):
        """It kept a host alive that died soon after a short silence."""
        self.ask()
        self.cloud.reports()
        self.nova.forget(ONE)
        self.assertIsNone(self.ask())

    def test_a_look_before_the_silence_is_not_the_first_one(self):
        """What one host was asked about for another had reported since, and
        then died.
        """
        self.ask(ONE)
        self.cloud.reports('two')
        self.assertIsNone(self.ask(TWO, after_s=0.5))
        self.assertIsNone(self.ask(TWO))
        self.cloud.reports('two')
        self.assertIsNotNone(self.ask(TWO))

    def test_a_rack_is_one_question(self):
        for host in (ONE, TWO):
            self.ask(host, after_s=0.0)
        self.assertEqual(1, self.cloud.looks)

    def test_a_nova_that_is_away_is_not_asked_for_each_host(self):
        self.cloud.error = CloudError('Nova is away', recoverable=True)
        for host in (ONE, TWO):
            error = self.assertRaises(CloudError, self.ask, host, 0.0)
            self.assertIn('Nova is away', str(error))
        self.assertEqual(1, self.cloud.looks)
        self.cloud.error = None
        self.assertIsNone(self.ask())

    def test_without_a_cloud_it_does_not_start(self):
        """It was said when the first host fell silent."""
        def no_cloud():
            raise ConfigError('[cloud] auth_url is missing')
        self.nova.cloud = no_cloud
        self.assertRaises(ConfigError, self.nova.start, [ONE])

    def test_a_cloud_that_is_away_may_come(self):
        def away():
            raise CloudError('clouds.yaml refers to a host that is away',
                             recoverable=True)
        self.nova.cloud = away
        self.nova.start([ONE])
        self.assertRaises(CloudError, self.ask)

    def test_of_a_host_that_nova_does_not_know_it_says_nothing(self):
        for _time in range(2):
            self.assertIsNone(self.ask(Host('other')))
            self.cloud.reports()

    def test_of_a_service_whose_state_is_unknown_it_says_nothing(self):
        self.ask()
        self.cloud.reports()
        self.cloud.state = 'unknown'
        self.assertIsNone(self.ask())

    def test_of_two_services_of_one_name_either_will_do(self):
        """One of them is left over, or of another cell."""
        services = self.cloud.compute_services
        self.cloud.compute_services = lambda: [*services(), ComputeService(
            'left', 'one', 'down', 'enabled', False)]
        self.ask()
        self.cloud.reports()
        self.assertIsNotNone(self.ask())

    def test_several_hosts_are_asked_of_at_once(self):
        """Of each by a thread of its own; all of one look."""
        names = [Host(f'host-{number}') for number in range(8)]
        self.cloud.minutes = dict.fromkeys(
            (host.name for host in names), 0)
        found = []

        def ask_all():
            self.clock.advance(2.0)
            threads = [threading.Thread(
                target=lambda host=host: found.append(
                    self.nova.ask(host, ()))) for host in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        ask_all()
        for host in names:
            self.cloud.reports(host.name)
        found.clear()
        ask_all()
        self.assertEqual(8, sum(one is not None for one in found))
        self.assertEqual(2, self.cloud.looks)


class NovaContractTest(EvidenceContract, testtools.TestCase):
    plugin = NovaCorroborator
    hosts = (ONE, TWO)
    kinds = (EvidenceKind.HEARTBEAT,)

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'doctor_core.corroborators.nova._FRESH_S', 0.0))
        self.nova = Nova()

    def cloud(self):
        return self.nova

    def show(self, host):
        self.nova.reports(host.name)
