"""The process is killed at any of its writes, and started again."""

import fixtures
import testtools

from doctor_core.model import FaultStatus, Server
from doctor_core.tests.unit.faults import doubles

_STEPS = 60


class Killed(BaseException):
    """The process ends here."""


class KilledTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    def killed_after(self, desk, steps, do):
        """Do something, and be killed at one of its writes.

        :returns: whether there were so many.
        """
        database, left = desk.store._database, [steps]
        for name in ('move', 'insert'):
            setattr(database, name, self._counted(
                getattr(database, name), left))
        # Outcomes are kept by who waits for them: a kill that hits another
        # thread leaves this one waiting for ever, as no real one does.
        keeper = desk.engine.pursuit._under_way._soon
        keeper.ask = lambda: True
        try:
            do(desk)
        except Killed:
            return True
        finally:
            del database.move, database.insert, keeper.ask
        return False

    def _counted(self, write, left):
        def counted(table, what, *rest, **values):
            # To move nothing writes nothing.
            left[0] -= bool(rest[0] if rest else what)
            if left[0] < 0:
                raise Killed
            return write(table, what, *rest, **values)
        return counted

    def at_each_step(self, prepare, do, check):
        """Be killed at each of the steps of something in turn.

        :param prepare: makes a desk.
        :param do: what is done with it, until it is killed.
        :param check: what has to hold of the desk of the next process, once
            that has worked.
        """
        for steps in range(_STEPS):
            desk = prepare()
            was_killed = self.killed_after(desk, steps, do)
            desk = desk.again()
            for _ in range(4):
                desk.resume()
                desk.look_for_more()
            check(desk, f'killed at step {steps}')
            if not was_killed:
                self.assertGreater(steps, 3)
                return
        self.fail(f'it has more than {_STEPS} steps')


class StrayTest(KilledTestCase):
    """A server had left its host before the loss, and nobody heard."""

    def prepare(self):
        desk = doubles.Desk(servers=1, ports=False)
        desk.cloud.change('s0', host='h1')
        return desk

    def lose(self, desk):
        desk.handle(doubles.fault('h0', FaultStatus.DOWN, 10.0))

    def test_killed_before_the_look(self):
        """It stayed in error on a host that works."""
        desk = self.prepare()

        def kill(_host):
            raise Killed
        desk.affected.ask = kill
        self.assertRaises(Killed, self.lose, desk)
        self.assertEqual('error', desk.states()['s0'])
        desk = desk.again()
        for _ in range(2):
            desk.resume()
        self.assertEqual('active', desk.states()['s0'])
        self.assertEqual(('s0', 'active'), desk.alarms.told[-1])

    def test_what_failed_before_a_restart(self):
        """Nova refuses to give the state back, and Doctor is restarted."""
        desk = self.prepare()

        def refuse(correction):
            desk.inspector.failing = {'s0'} \
                if correction.mark == 'back' else set()
        desk.inspector.crash = refuse
        self.lose(desk)
        self.assertEqual('error', desk.states()['s0'])
        desk.inspector.crash, desk.inspector.failing = None, set()
        desk = desk.again()
        for _ in range(2):
            desk.resume()
        self.assertEqual('active', desk.states()['s0'])
        self.assertEqual(('s0', 'active'), desk.alarms.told[-1])


class CameToLightTest(KilledTestCase):
    """A server comes to light on a host that is handled."""

    def prepare(self):
        desk = doubles.Desk(servers=1, ports=False)
        desk.down()
        desk.cloud.all_servers['s9'] = Server('s9', 'vm9', 'p0', 'h0')
        desk.affected.refresh()
        return desk

    def look(self, desk):
        desk.engine.pursuit.look_for_more(desk.store.faults.latest()[0])

    def check(self, desk, when):
        self.assertIn(('s9', 'error'), desk.alarms.told, when)
        self.assertEqual('error', desk.states()['s9'], when)
        self.assertEqual(['handled'], [
            one.state for one in desk.store.faults.latest()], when)

    def test_its_owner_is_told_all_the_same(self):
        """The fault was handled already, and nobody came back to it."""
        self.at_each_step(self.prepare, self.look, self.check)
