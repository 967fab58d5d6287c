"""Losses and returns of several hosts, in threads, while the loops run.

Nobody sleeps: a gate lets the cloud's answers out in an order that a seed
decides, so that threads overtake each other wherever they ask.
"""

import dataclasses
import random
import threading

import fixtures
import testtools

from doctor_core.model import FaultStatus, SequenceNumber
from doctor_core.model.states import OPEN, CorrectionState
from doctor_core.tests.unit.faults import doubles
from doctor_core.tests.unit.locks import LockOrder

_UNFINISHED = {CorrectionState.OWED, CorrectionState.ASKED,
               CorrectionState.UNDO_OWED}
_HOSTS = ('h0', 'h1', 'h2')
_REPORTS = 6
_ROUNDS = 3


class Gate:
    """Lets those who wait before it through, one at a time, in a random
    order: whoever comes lets one of those through who wait, and now and then
    waits until somebody else comes. Nobody waits for longer than a moment,
    since the others may all be through.
    """

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._waiting = []
        self._open = False

    def pass_through(self):
        mine = None
        with self._lock:
            if self._waiting and self._random.random() < 0.6:
                self._waiting.pop(self._random.randrange(
                    len(self._waiting))).set()
            if not self._open and self._random.random() < 0.5 \
                    and len(self._waiting) < 3:
                mine = threading.Event()
                self._waiting.append(mine)
        if mine is not None:
            mine.wait(0.005)
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)

    def open(self):
        with self._lock:
            self._open = True
            for one in self._waiting:
                one.set()
            self._waiting.clear()


class Cloud(doubles.Cloud):
    """Answers when the gate lets it; one change at a time."""

    def __init__(self, gate):
        self.gate = gate
        self.changing = threading.RLock()
        super().__init__(servers=4, hosts=len(_HOSTS))
        for number, host in ((2, 'h1'), (3, 'h2')):
            self.change(f's{number}', host=host)
            self.all_ports[f'n{number}'] = dataclasses.replace(
                self.all_ports[f'n{number}'], host=host)

    def _answer(self, values, *asked):
        self.gate.pass_through()
        with self.changing:
            found = super()._answer(values, *asked)
        self.gate.pass_through()
        return found

    def touch(self, host, **changes):
        with self.changing:
            super().touch(host, **changes)


class Inspector(doubles.Inspector):

    def _apply(self, correction):
        self.cloud.gate.pass_through()
        with self.cloud.changing:
            super()._apply(correction)
        self.cloud.gate.pass_through()


class StressTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.locks = self.useFixture(LockOrder())

    def make(self, seed):
        self.gate = Gate(seed)
        self.addCleanup(self.gate.open)
        cloud = Cloud(self.gate)
        self.desk = doubles.Desk(
            cloud=cloud, inspector=Inspector(cloud), flap_returns=0,
            hears_states=bool(seed % 2))
        self.desk.set(mass_failure=dataclasses.replace(
            self.desk.settings.mass_failure, share=0.0))
        if seed % 3 == 0:
            # Owners have a head start for as long as the gate decides.
            self.desk.alarms.head_start_s = lambda count: 60.0
            self.desk.stopping.wait = \
                lambda timeout_s: self.gate.pass_through()

    def reports(self, host, last):
        """A host's reports, each in a thread, as the bus hands them over."""
        count = _REPORTS + (last is FaultStatus.DOWN)
        threads = []
        for number in range(count):
            status = FaultStatus.UP if number % 2 else FaultStatus.DOWN
            report = doubles.fault(
                host, status, 10.0 + number, said_at=None,
                sequence=SequenceNumber('e', number + 1),
                type=f'compute.host.{status}')
            threads.append(threading.Thread(
                target=self.desk.handle, args=(report,),
                daemon=True))
            threads[-1].start()
            self.gate.pass_through()
        return threads

    def run_round(self, seed, last=FaultStatus.UP):
        self.make(seed)
        threads = []
        lock = threading.Lock()
        done = threading.Event()

        def send(host):
            started = self.reports(host, last)
            with lock:
                threads.extend(started)

        def loop():
            while not done.is_set():
                for future in [*self.desk.engine.owed.resume(),
                               *self.desk.engine.owed.look_for_more()]:
                    future.result(10)
                self.desk.affected.refresh()

        senders = [threading.Thread(target=send, args=(host,), daemon=True)
                   for host in _HOSTS]
        looping = threading.Thread(target=loop, daemon=True)
        for one in (*senders, looping):
            one.start()
        for one in senders:
            one.join(20)
        for one in threads:
            one.join(20)
            self.assertFalse(one.is_alive())
        done.set()
        self.gate.open()
        looping.join(20)
        self.assertFalse(looping.is_alive())
        self.addCleanup(self.desk.engine.owed.join)
        for _ in range(10):
            self.desk.resume()
        # A report that waits for a lock for ever waits once in a hundred.
        self.assertEqual([], self.locks.circle())

    def left(self):
        """Corrections of faults that ended, and have not."""
        return {(record.state, key): state
                for record in self.desk.store.faults.latest(1000)
                if record.state not in OPEN
                for key, state in
                self.desk.correction_states(record.id).items()
                if state in _UNFINISHED}

    def last_told(self):
        return dict(self.desk.alarms.told)

    def test_all_are_back(self):
        for seed in range(_ROUNDS):
            self.run_round(seed)
            self.assertEqual([], self.desk.store.faults.in_states(*OPEN))
            self.assertEqual(set(), self.desk.forced_down(), seed)
            self.assertEqual({'active'}, set(self.desk.states().values()),
                             seed)
            self.assertEqual({'ACTIVE'}, {
                port.data_plane_status
                for port in self.desk.cloud.all_ports.values()}, seed)
            self.assertEqual({}, self.left(), seed)
            self.assertNotIn('error', self.last_told().values(), seed)

    def test_all_are_lost(self):
        for seed in range(_ROUNDS):
            self.run_round(seed, FaultStatus.DOWN)
            self.assertEqual({*_HOSTS}, self.desk.forced_down(), seed)
            self.assertEqual({'error'}, set(self.desk.states().values()),
                             seed)
            self.assertEqual({}, self.left(), seed)
            self.assertEqual(
                {name: 'error' for name in self.desk.cloud.all_servers},
                self.last_told(), seed)
