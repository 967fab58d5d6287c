"""Real links are cut for a while: who is called lost, and who is marked down.
"""

import contextlib
import json
import queue

import testtools

from doctor_core import clock
from doctor_core.tests.functional import requirements
from doctor_core.tests.unit import bench as _path  # noqa: F401

# isort: split
from bench import calm
from bench.blackouts import SCOPES
from bench.far import Far
from doctor_core.monitors.probing.profiles import PROFILES

ONE, NETWORK, RACK, ALL, CABLES = SCOPES
#: A rack is less than half of them.
HOSTS = 50
WAIT_S = 60
#: A busy machine may make a blip longer than it should be.
TRIES = 5
#: Of what a profile waits for: a probe that was sent just before the cut may
#: arrive after it.
NEARLY = 0.9


class CalmTest(testtools.TestCase):
    """What is shorter than 600 ms, or is a path, harms nobody, with the
    default profile.
    """

    def setUp(self):
        super().setUp()
        requirements.need_root(self)
        requirements.need_command(self, 'ip', 'apt-get install iproute2')

    def black_out(self, scope, length_s):
        outcome = calm.black_out('datacentre', scope, length_s, HOSTS)
        self.assertEqual((0, 0), (outcome.wrong, outcome.felled_wrongly))
        return outcome

    def test_a_blip_of_one_host(self):
        outcome = self.black_out(ONE, 0.4)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))

    def test_one_host_is_lost(self):
        outcome = self.black_out(ONE, 2.5)
        self.assertEqual((1, 1), (outcome.right, outcome.felled))

    def test_one_of_two_networks(self):
        outcome = self.black_out(NETWORK, 2.5)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))

    def test_a_blip_of_a_rack(self):
        self.assertEqual(0, self.black_out(RACK, 0.4).right)

    def test_a_rack(self):
        """Its owners are told, and nothing is marked down."""
        outcome = self.black_out(RACK, 2.5)
        self.assertEqual((20, 0), (outcome.right, outcome.felled))

    def test_all_hosts(self):
        outcome = self.black_out(ALL, 5.0)
        self.assertEqual(0, outcome.felled)
        # A monitor on a busy machine doubts itself for longer.
        self.assertThat(outcome.right, testtools.matchers.GreaterThan(0))

    def test_the_cables_of_the_monitor(self):
        outcome = self.black_out(CABLES, 2.5)
        self.assertEqual((0, 0), (outcome.right, outcome.felled))


class LimitsTest(testtools.TestCase):
    """A blip that is shorter than a profile's silence is ridden through, and
    a longer silence is not. That the first is not lost is seen when another
    host is, later.
    """

    names = ('blip', 'lost', 'well', 'too')

    def setUp(self):
        super().setUp()
        requirements.need_root(self)
        requirements.need_command(self, 'ip', 'apt-get install iproute2')
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def begin(self, profile, **options):
        self.stack.close()
        self.verdicts = queue.Queue()
        self.far = self.stack.enter_context(Far(len(self.names), 2))
        self.watch = self.stack.enter_context(calm.Watch(
            self.far, profile, self.names,
            lambda payload: self.verdicts.put(json.loads(payload)['details']),
            **options))
        # From here on the monitor has heard them.
        clock.sleep(0.5)

    def cut(self, name, networks=(0, 1)):
        """Cut a host off.

        :returns: what heals it, and when it was cut.
        """
        addresses = [self.far.networks[net][self.names.index(name)]
                     for net in networks]
        at = clock.monotonic()
        self.far.cut(*addresses)
        self.far.settled()
        return lambda: self.far.heal(*addresses), at

    def blip(self, length_s, limit_s):
        """Cut the first host off for a while.

        :returns: whether it was for less than the limit.
        """
        heal, at = self.cut('blip')
        clock.sleep(length_s)
        heal()
        self.far.settled()
        return clock.monotonic() - at < limit_s

    def begin_with_blip(self, profile, length_s, limit_s, **options):
        for _ in range(TRIES):
            self.begin(profile, **options)
            if self.blip(length_s, limit_s):
                return
        self.skipTest('this machine is too busy for a blip of '
                      f'{length_s:g} s')

    def is_lost(self, name, silence_s, since):
        """The next one that is lost is this one, and not too soon."""
        said = self.verdicts.get(timeout=WAIT_S)
        self.assertEqual((name, 'down'), (said['hostname'], said['status']))
        self.assertGreater(clock.monotonic() - since, NEARLY * silence_s)
        return [one['kind'] for one in said['evidence']]

    def test_lab(self):
        """Each tenth of so short blips meets a probe."""
        timeout_s = PROFILES['lab'].timeout_ms / 1000
        self.begin('lab', verdicts=['first = down'])
        for _ in range(100):
            self.far.blink(self.far.addresses[self.names.index('blip')])
            clock.sleep(0.013)
        self.is_lost('lost', timeout_s, self.cut('lost')[1])

    def test_cautious(self):
        silence_s = PROFILES['cautious'].silence_ms / 1000
        self.begin_with_blip('cautious', silence_s / 2, silence_s)
        self.is_lost('lost', silence_s, self.cut('lost')[1])

    def test_independent_networks(self):
        """One bears the other one out after 300 ms; without it, a silence
        would be none for five minutes.
        """
        silence_s = PROFILES['datacentre'].agreed_silence_ms / 1000
        self.begin_with_blip(
            'datacentre', silence_s / 3, silence_s, silence_ms=300_000.0,
            independent_networks=['second'])
        self.cut('too', [0])
        for name, networks in (('lost', [0, 1]), ('too', [1])):
            since = self.cut(name, networks)[1]
            self.assertEqual(['probes', 'network'],
                             self.is_lost(name, silence_s, since))
