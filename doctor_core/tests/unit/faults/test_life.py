"""The life of faults: any order, any answer, killed between any two steps.

A small model knows what must hold in the end, whatever happened: every
server that was on a host reported lost was told of, none of another host
was; what was changed is undone or accounted for; no fault is open for ever.
What Nova refuses for good is given up, or left, and nothing else is.
"""

import collections
import os

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.exceptions import CloudError
from doctor_core.model import FaultStatus, Mark, SequenceNumber, Server
from doctor_core.model.states import OPEN, CorrectionState, TellingState
from doctor_core.tests.unit.faults import doubles

DOWN, UP = FaultStatus.DOWN, FaultStatus.UP
HOSTS = ('h0', 'h1', 'h2')
#: How far each sender's clock is off, in seconds.
SENDERS = {('sample', 'm1'): 0.0, ('nagios', 'n1'): -3600.0,
           ('zabbix', 'z1'): 4.0}
_OVER = frozenset(CorrectionState) - {
    CorrectionState.OWED, CorrectionState.ASKED, CorrectionState.UNDO_OWED}


class Killed(BaseException):
    """The process ends here."""


class Cloud(doubles.Cloud):
    """Two servers a host; one of each cannot be given back by Nova."""

    def __init__(self):
        super().__init__(servers=0, hosts=len(HOSTS))
        self.all_servers = {}
        for index, host in enumerate(HOSTS):
            for number, state in enumerate(('active', 'suspended')):
                name = f's{index}{number}'
                self.all_servers[name] = Server(name, name, 'p', host, state)
        self.all_ports = {}
        #: Whether Nova lists no servers of a host.
        self.unlisted = False

    def servers(self, host=None):
        if host and self.unlisted:
            raise CloudError('Nova does not list them', recoverable=True)
        return super().servers(host)


class World:
    """The engine, its cloud, its senders, and what must hold of them."""

    def __init__(self, hears):
        self.hears = hears
        self.cloud = Cloud()
        self.desk = doubles.Desk(cloud=self.cloud, flap_returns=0,
                                 hears_states=hears)
        self.natural = {one.id: one.state
                        for one in self.cloud.all_servers.values()}
        self.sent = collections.Counter()
        self.latest = {}
        self.delayed = []
        self.must_hear = set()
        self.may_hear = set()
        self.came = set()
        self.steps_left = None
        #: What was reset while Nova was at it.
        self.broken = []
        #: What was refused for good at any time, and is accounted for then.
        self.refused = set()

    # Killing.

    def step(self, *_args):
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Killed

    def asked(self, correction):
        server = self.cloud.all_servers.get(correction.target_id)
        if server is not None and server.task_state \
                and correction.mark is Mark.BACK:
            self.broken.append(correction)
        self.step()

    def guarded(self, do, *args):
        """Do something that may be killed; the bus delivers it again."""
        self.desk.inspector.crash = self.asked
        database = self.desk.store._database
        begin = database.begin

        def counted():
            self.step()
            return begin()
        database.begin = counted
        # As in test_killed: nobody waits for a thread that was killed.
        keeper = self.desk.engine.pursuit._under_way._soon
        keeper.ask = lambda: True
        try:
            do(*args)
            return True
        except Killed:
            return False
        finally:
            database.begin = begin
            del keeper.ask
            self.desk.inspector.crash = None
            self.steps_left = None

    def restart(self):
        # A daemon waits for Nova before it takes up its work.
        self.cloud.away = False
        self.desk = self.desk.again()
        self.desk.set(flap_returns=0, hears_states=self.hears)

    # What may happen.

    def say(self, sender, host, status, delay):
        """A sender says something new; it may be delivered later."""
        self.sent[sender, host] += 1
        number = self.sent[sender, host]
        at = 1000.0 + 10.0 * number + SENDERS[sender]
        changes = {'said_at': at}
        if sender[0] == 'sample':
            changes = {'sequence': SequenceNumber('e', number)}
        report = doubles.fault(host, status, 1000.0 + 10.0 * number,
                               **{'said_at': None, 'source': sender[0],
                                  'sender': sender[1], **changes})
        self.delayed.append((sender, number, report))
        if not delay:
            self.deliver(-1)

    def deliver(self, index, *, twice=False):
        if not self.delayed:
            return
        index %= len(self.delayed)
        sender, number, report = self.delayed[index]
        if not twice:
            del self.delayed[index]
        self._note(sender, number, report)
        if not self.guarded(self.desk.handle, report):
            self.restart()
            self.desk.handle(report)

    def _note(self, sender, number, report):
        """What follows from a report, if it is not older than others."""
        key = sender, report.hostname
        if number <= self.latest.get(key, (0, None))[0]:
            return
        self.latest[key] = number, report.status
        if report.status is DOWN:
            here = {one.id for one in self.cloud.all_servers.values()
                    if one.host == report.hostname}
            self.must_hear |= here
            # Nobody has heard yet of who has left just now.
            self.may_hear |= here | {
                one.id for one in
                self.desk.affected.of(report.hostname).servers}

    def lost(self, host):
        return any(status is DOWN for (_, of), (_, status)
                   in self.latest.items() if of == host)

    def arrive(self, index, host):
        """A server comes to light on a host."""
        name = f'new{index}'
        if name in self.cloud.all_servers:
            return
        self.cloud.all_servers[name] = Server(name, name, 'p', host)
        self.natural[name] = 'active'
        self._came(name, host)

    def _came(self, name, host):
        """A server that comes to a lost host is to be told of, unless it
        leaves again before anybody could see it.
        """
        self.may_hear.add(name)
        self.must_hear -= self.came & {name}
        self.came.discard(name)
        if self.lost(host) and name not in self.must_hear:
            self.must_hear.add(name)
            self.came.add(name)

    def leave(self, index, host):
        """A server is evacuated: its state is Nova's then."""
        name = sorted(self.cloud.all_servers)[
            index % len(self.cloud.all_servers)]
        if self.cloud.all_servers[name].host == host:
            return
        self.cloud.change(name, host=host, state='active', task_state='')
        self.natural[name] = 'active'
        if self.hears:
            self.desk.affected.hear('compute.instance.update', {
                'instance_id': name, 'host': host, 'state': 'active'},
                doubles.SENT)
        self._came(name, host)

    def begin_to_leave(self, index):
        """Nova begins to evacuate a server, of which nobody hears."""
        name = sorted(self.cloud.all_servers)[
            index % len(self.cloud.all_servers)]
        self.cloud.change(name, task_state='rebuilding')

    def delete(self, index):
        name = sorted(self.cloud.all_servers)[
            index % len(self.cloud.all_servers)]
        if len(self.cloud.all_servers) > 1:
            del self.cloud.all_servers[name]
            self.must_hear.discard(name)

    def reset_by_owner(self, index):
        name = sorted(self.cloud.all_servers)[
            index % len(self.cloud.all_servers)]
        self.cloud.change(name, state='stopped')
        self.natural[name] = 'stopped'
        if self.hears:
            self.desk.affected.hear('compute.instance.update', {
                'instance_id': name, 'state': 'stopped'}, doubles.SENT)

    def work(self):
        """One round of what is owed, as the loops make it."""
        if not self.guarded(self._work):
            self.restart()

    def _work(self):
        engine = self.desk.engine
        for record in self.desk.store.faults.in_states(*OPEN):
            if engine.pursuit.is_owed(record):
                engine.pursuit.pursue(record.id)
        for record in self.desk.store.faults.in_states('handled', 'held'):
            engine.pursuit.look_for_more(record)
        engine.handler.look_at_open()

    def refuse_for_good(self, target):
        self.desk.inspector.refusing ^= {target}
        self.refused.add(target)

    # The end.

    def end(self):
        """All that is under way arrives, and all hosts come back."""
        self.cloud.away = False
        self.cloud.unseen = set()
        self.cloud.unlisted = False
        for name in self.cloud.all_servers:
            self.cloud.change(name, task_state='')
        self.desk.inspector.failing = set()
        self.desk.alarms.failing = set()
        self.desk.affected.refresh()
        self._work()
        while self.delayed:
            self.deliver(0)
        for _ in range(3):
            self._work()
        for sender in SENDERS:
            for host in HOSTS:
                self.say(sender, host, UP, delay=False)
        for _ in range(6):
            self._work()

    def check(self, case):
        told = {server_id for server_id, state in self.desk.alarms.told
                if state == 'error'}
        case.assertEqual(set(), self.must_hear - told, 'never told')
        case.assertEqual(set(), told - self.may_hear, 'not lost, but told')
        case.assertEqual([], self.broken, 'reset in the middle')
        left = self.left()
        case.assertEqual(set(), left - self.refused, 'could be taken back')
        case.assertEqual(set(), {
            self.cloud.service[host].id
            for host in self.desk.forced_down()} - left)
        case.assertEqual(
            {name: 'error' if name in left and state == 'error'
             else self.natural[name]
             for name, state in self.desk.states().items()},
            self.desk.states())
        faults = self.desk.store.faults.latest(10000)
        case.assertEqual([], [one for one in faults if one.state in OPEN])
        for one in faults:
            case.assertLessEqual(
                set(self.desk.correction_states(one.id).values()), _OVER)
            case.assertNotIn(TellingState.OWED, set(
                self.desk.telling_states(one.id).values()))


    def left(self):
        """What was given up, or is not taken back, since it was refused."""
        given_up = {}
        for fault in self.desk.store.faults.latest(10000):
            for one in self.desk.store.corrections.of(fault.id):
                if one.state in (CorrectionState.GIVEN_UP,
                                 CorrectionState.IN_DOUBT) \
                        or one.reason.startswith('refused for good'):
                    given_up[one.correction.target_id] = one.state
        return set(given_up)


indices = st.integers(0, 7)
actions = st.one_of(
    st.tuples(st.just('say'), st.sampled_from(sorted(SENDERS)),
              st.sampled_from(HOSTS), st.sampled_from([DOWN, DOWN, UP]),
              st.booleans()),
    st.tuples(st.just('deliver'), indices),
    st.tuples(st.just('deliver_twice'), indices),
    st.tuples(st.just('arrive'), indices, st.sampled_from(HOSTS)),
    st.tuples(st.just('leave'), indices, st.sampled_from(HOSTS)),
    st.tuples(st.just('begin_to_leave'), indices),
    st.tuples(st.just('delete'), indices),
    st.tuples(st.just('reset_by_owner'), indices),
    st.tuples(st.just('refuse'), st.sampled_from(
        ['c0', 'c1', 's00', 's10', 's20'])),
    st.tuples(st.just('refuse_for_good'), st.sampled_from(
        ['c0', 'c1', 's00', 's10', 's20', 'new1'])),
    st.tuples(st.just('unreachable'), st.sampled_from(['s00', 's11'])),
    st.tuples(st.just('away'), st.booleans()),
    st.tuples(st.just('unlisted'), st.booleans()),
    st.tuples(st.just('cell'), st.sampled_from([None, *HOSTS])),
    st.tuples(st.just('kill_after'), st.integers(0, 40)),
    st.tuples(st.just('restart')),
    st.tuples(st.just('refresh')),
    st.tuples(st.just('work')))


def act(world, action):
    name, *values = action
    if name == 'deliver_twice':
        world.deliver(*values, twice=True)
    elif name == 'refuse':
        world.desk.inspector.failing ^= {*values}
    elif name == 'unreachable':
        world.desk.alarms.failing ^= {*values}
    elif name == 'unlisted':
        world.cloud.unlisted = values[0]
    elif name == 'away':
        world.cloud.away = values[0]
    elif name == 'cell':
        world.cloud.unseen = {*values} - {None}
    elif name == 'kill_after':
        world.steps_left = values[0]
    elif name == 'refresh':
        if not world.cloud.away:
            world.desk.affected.refresh()
    else:
        getattr(world, name)(*values)


class LifeTest(testtools.TestCase):

    @hypothesis.settings(
        max_examples=int(os.environ.get('DOCTOR_LIFE_EXAMPLES', '60')),
        deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(st.booleans(), st.lists(actions, max_size=25))
    def test_what_must_hold(self, hears, script):
        world = World(hears)
        for action in script:
            act(world, action)
        world.end()
        world.check(self)
