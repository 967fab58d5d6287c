"""A link that is cut, seen by a genuine collectd, to told owners."""

import itertools
import json
import os
import queue
import subprocess
import sys
import threading

import fixtures
import testtools

from doctor_core import clock
from doctor_core.fixtures import Reported, options
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.collectd.agent import Agent
from doctor_core.monitors.collectd.conf import Watch
from doctor_core.monitors.collectd.monitor import CollectdMonitor
from doctor_core.runner import LocalRunner
from doctor_core.tests.functional import requirements
from doctor_core.tests.functional.test_collectd import COLLECTD

WAIT_S = 120
HOST = Host('h1', ('127.0.0.1',))
_COUNTER = itertools.count()


class SpaceTestCase(testtools.TestCase):
    """A network namespace, and a link in it."""

    def setUp(self):
        super().setUp()
        requirements.need_root(self)
        self._ip = requirements.need_command(self, 'ip',
                                             'apt-get install iproute2')
        self.collectd = requirements.need_command(self, 'collectd', COLLECTD)
        requirements.require(
            self, subprocess.run(['unshare', '-n', 'true'], check=False,
                                 capture_output=True).returncode == 0,
            'network namespaces', 'a kernel with CONFIG_NET_NS')
        self.space = f'dcc{os.getpid()}n{next(_COUNTER)}'
        self.ip('netns', 'add', self.space)
        self.addCleanup(self.ip, 'netns', 'del', self.space)
        self.inside('link', 'set', 'lo', 'up')
        self.inside('link', 'add', 'data0', 'type', 'veth',
                    'peer', 'name', 'switch0')
        for interface in ('data0', 'switch0'):
            self.inside('link', 'set', interface, 'up')

    def ip(self, *arguments):
        subprocess.run([self._ip, *arguments], check=True,
                       capture_output=True)

    def inside(self, *arguments):
        self.ip('-n', self.space, *arguments)

    def wrapped(self):
        """A program that runs collectd in the namespace."""
        self.folder = self.useFixture(fixtures.TempDir()).path
        wrapper = os.path.join(self.folder, 'collectd.sh')
        with open(wrapper, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\n'
                       f'exec {self._ip} netns exec {self.space} '
                       f'{self.collectd} "$@"\n')
        os.chmod(wrapper, 0o755)
        return wrapper


class CutTest(SpaceTestCase):

    def start(self):
        folder = self.useFixture(fixtures.TempDir()).path
        self.errors = open(os.path.join(folder, 'errors'), 'w+b')  # noqa: SIM115
        self.addCleanup(self.errors.close)
        self.process = subprocess.Popen(
            [self._ip, 'netns', 'exec', self.space, sys.executable, '-m',
             'doctor_core.tests.functional.collectd_stack', folder,
             self.collectd, 'data0'], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.end)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put('')

    def expect(self, word):
        """The rest of the next line, which begins with a word."""
        line = self.lines.get(timeout=WAIT_S)
        if not line.startswith(word):
            self.errors.seek(0)
            self.fail(f'{word} was expected, not {line!r}:\n'
                      f'{self.errors.read().decode()[-3000:]}')
        return line[len(word):].strip()

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def test_cut_link_to_told_owners_and_back(self):
        self.start()
        self.expect('ready')
        before = clock.now()
        self.inside('link', 'set', 'switch0', 'down')
        told_at = float(self.expect('told'))
        self.assertTrue(0 < told_at - before < 30, told_at - before)
        self.assertEqual("{'link-down'}", self.expect('evidence'))
        self.expect('down')
        self.inside('link', 'set', 'switch0', 'up')
        self.expect('up')
        self.assertEqual(0, self.end())

    def test_link_that_is_cut_before_the_start(self):
        """connectivity tells of changes only, so nobody was told."""
        self.inside('link', 'set', 'switch0', 'down')
        self.start()
        self.expect('ready')
        self.expect('told')
        self.expect('evidence')
        self.expect('down')
        self.inside('link', 'set', 'switch0', 'up')
        self.expect('up')


class WitnessTest(SpaceTestCase):
    """What the monitor finds out of a genuine collectd when it is asked."""

    def setUp(self):
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.reported = Reported()
        self.monitor = CollectdMonitor(options(
            CollectdMonitor, mode='local', collectd=self.wrapped(),
            # The intake is not there, in that namespace.
            base_dir=f'{self.folder}/base', interfaces=['data0']),
            self.reported)
        self.addCleanup(self.monitor.stop)
        self.monitor.start([HOST])

    def await_kind(self, kind):
        def looked():
            found = self.monitor.ask(HOST, ())
            return (found.kind if found else None) is kind
        clock.wait_for(looked, clock.Deadline(WAIT_S), what=str(kind))

    def test_link_that_is_cut_and_plugged(self):
        self.await_kind(None)
        self.inside('link', 'set', 'switch0', 'down')
        self.await_kind(EvidenceKind.LINK_DOWN)
        self.inside('link', 'set', 'switch0', 'up')
        self.await_kind(None)

    def test_intake_that_does_not_answer_is_seen(self):
        def seen():
            status, = self.monitor.status()
            return status.state == 'unwatched' and status.problem
        self.assertIn('the intake does not answer', clock.wait_for(
            seen, clock.Deadline(WAIT_S), what='a problem'))
        self.assertIn('which cannot tell: the intake', self.log.output)


class PingTest(SpaceTestCase):
    """Neighbours that are pinged; the state that the plugin keeps shows what
    it makes of that."""

    def setUp(self):
        super().setUp()
        for number in (2, 3):
            self.inside('addr', 'add', f'10.99.0.{number}/32', 'dev', 'lo')
        self.agent = Agent(LocalRunner(), collectd=self.wrapped(),
                           folder=os.path.join(self.folder, 'base'))
        self.addCleanup(self.agent.stop)
        self.watch = Watch(
            hostname='h1', folder=os.path.join(self.folder, 'base'),
            url='http://127.0.0.1:9/events', ping_interval_s=0.05,
            neighbours={'10.99.0.2': 'h2', '10.99.0.3': 'h3'})
        self.agent.start(self.watch)

    def await_failing(self, *hostnames):
        def failing():
            try:
                path = os.path.join(self.folder, 'base', 'state.json')
                with open(path, encoding='utf-8') as file:
                    state = json.load(file)['hosts']
            except FileNotFoundError:
                state = {}
            return {host for host, (causes, _told) in state.items()
                    if causes}

        clock.wait_for(lambda: failing() == set(hostnames),
                       clock.Deadline(WAIT_S), what=f'{hostnames} to fail')

    def test_neighbour_fails_and_comes_back(self):
        self.inside('addr', 'del', '10.99.0.2/32', 'dev', 'lo')
        self.await_failing('h2')
        self.inside('addr', 'add', '10.99.0.2/32', 'dev', 'lo')
        self.await_failing()

    def test_neighbour_that_came_back_unseen(self):
        """threshold tells of changes only, so it stayed down for ever."""
        self.inside('addr', 'del', '10.99.0.3/32', 'dev', 'lo')
        self.await_failing('h3')
        self.agent.stop()
        self.inside('addr', 'add', '10.99.0.3/32', 'dev', 'lo')
        self.agent.start(self.watch)
        self.await_failing()
