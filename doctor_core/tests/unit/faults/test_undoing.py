import testtools

from doctor_core.faults import undoing
from doctor_core.faults.plan import Affected
from doctor_core.faults.undoing import Age, Guests, Returned
from doctor_core.model import (
    Action,
    Correction,
    Mark,
    News,
    Port,
    Server,
    Telling,
)

RESET = Correction(Action.RESET_STATE, 's', 'h', Mark.LOST, 'active', 's')
PORT = Correction(Action.DATA_PLANE_STATUS, 'p', 'h', Mark.LOST, 'ACTIVE')


def returned(*servers, elsewhere=(), ports=()):
    return Returned(Affected('h', None, servers),
                    {'s': None, **dict(elsewhere)}, ports)


def server(state='error', host='h', **changes):
    return Server('s', 'vm', 'p', host, state, **changes)


class GuestsTest(testtools.TestCase):

    def test_longer_than_the_fault(self):
        self.assertEqual(Guests.RAN_ON, undoing.guests(
            3600.0, Age(120.0, 3600.0)))

    def test_shorter_than_the_fault(self):
        self.assertEqual(Guests.ENDED, undoing.guests(
            60.0, Age(120.0, None)))
        self.assertEqual(Guests.ENDED, undoing.guests(
            0.0, Age(60.0, 90.0)))

    def test_within_the_minute_nobody_can_say(self):
        """A host that was young when it was lost was taken for rebooted."""
        self.assertEqual(Guests.UNVERIFIED, undoing.guests(
            0.0, Age(30.0, 30.0)))

    def test_between_the_least_and_the_most_nobody_can_say(self):
        """News that had waited was taken for new, and a reboot for none."""
        for uptime_s in (61.0, 599.0):
            self.assertEqual(Guests.UNVERIFIED, undoing.guests(
                uptime_s, Age(120.0, 600.0)))

    def test_nobody_says_when_it_was_lost(self):
        self.assertEqual(Guests.UNVERIFIED, undoing.guests(
            1e6, Age(120.0, None)))

    def test_nobody_says(self):
        self.assertEqual(Guests.UNVERIFIED, undoing.guests(
            None, Age(30.0, 30.0)))


class WhyLeftTest(testtools.TestCase):

    def why(self, correction, *args, **kwargs):
        return undoing.why_left(correction, returned(*args, **kwargs))

    def test_ours(self):
        self.assertEqual('', self.why(RESET, server()))
        self.assertEqual('', self.why(PORT, ports=(
            Port('p', 's', '', 'h', 'DOWN'),)))

    def test_somebody_else_has_changed_it(self):
        for state in ('active', 'stopped', 'soft-delete'):
            self.assertIn(state, self.why(RESET, server(state)))
        self.assertIn('ACTIVE', self.why(PORT, ports=(
            Port('p', 's', '', 'h', 'ACTIVE'),)))

    def test_it_has_left(self):
        self.assertIn('host h2', self.why(RESET, elsewhere=[
            ('s', server('active', 'h2'))]))
        self.assertIn('no host', self.why(RESET, elsewhere=[
            ('s', server('shelved_offloaded', ''))]))
        self.assertIn('gone', self.why(RESET))
        self.assertIn('gone', self.why(PORT))


class WordForTest(testtools.TestCase):

    def word(self, now=None, what=Guests.RAN_ON, undone=True, **kwargs):
        lost = Telling(server('active'), News.LOST, 'error')
        return undoing.word_for(
            lost, returned(*([now] if now else []), **kwargs), what,
            undone=undone)

    def test_back_as_it_was(self):
        telling, = self.word(server()).tellings
        self.assertEqual((News.BACK, 'active', 'true'), (
            telling.news, telling.shown, telling.traits['verified']))

    def test_state_before_is_what_the_owner_heard(self):
        """Owners heard that a server in error had been active before."""
        for word in (self.word(server()),
                     self.word(server('suspended'), undone=False)):
            telling, = word.tellings
            self.assertEqual('error', telling.traits['old_state'])
        stopped, back = self.word(server(), Guests.ENDED).tellings
        self.assertEqual(('error', 'stopped'), (
            stopped.traits['old_state'], back.traits['old_state']))

    def test_guest_that_ended_whoever_set_its_state_back(self):
        """Owners heard active, verified, of servers that did not run."""
        for undone, state in ((True, 'error'), (False, 'active')):
            stopped, back = self.word(server(state), Guests.ENDED,
                                      undone=undone).tellings
            self.assertEqual(
                [(News.STOPPED, 'stopped'), (News.BACK, 'active')],
                [(one.news, one.shown) for one in (stopped, back)])

    def test_guest_that_ended_and_that_nova_knows_of(self):
        telling, = self.word(server('stopped'), Guests.ENDED,
                             undone=False).tellings
        self.assertEqual((News.BACK, 'stopped'),
                         (telling.news, telling.shown))

    def test_nobody_could_say_whether_it_ran_on(self):
        telling, = self.word(server(), Guests.UNVERIFIED).tellings
        self.assertEqual(('active', 'false'),
                         (telling.shown, telling.traits['verified']))

    def test_its_guest_has_ended(self):
        """Owners heard active of servers that did not run."""
        stopped, back = self.word(server(), Guests.ENDED).tellings
        self.assertEqual((News.STOPPED, 'stopped', 'host rebooted'), (
            stopped.news, stopped.shown, stopped.traits['reason']))
        self.assertEqual((News.BACK, 'active'), (back.news, back.shown))

    def test_what_was_not_touched_is_told_as_it_is(self):
        """A suspended server's owner heard active."""
        for state in ('suspended', 'stopped', 'paused', 'active'):
            telling, = self.word(server(state), undone=False).tellings
            self.assertEqual(state, telling.shown)

    def test_nothing_to_tell(self):
        self.assertIn('in error', self.word(server(), undone=False).nothing)
        self.assertIn('gone', self.word().nothing)
        self.assertIn('host h2', self.word(elsewhere=[
            ('s', server('active', 'h2'))]).nothing)
