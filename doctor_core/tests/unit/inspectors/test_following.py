from types import SimpleNamespace

import testtools

from doctor_core.exceptions import CloudError
from doctor_core.fixtures import FakeClock
from doctor_core.inspectors.following import Following
from doctor_core.model import Action, Correction, Mark, StateChange

HOST = Correction(Action.FORCE_DOWN, 'c1', 'h1', Mark.LOST, 'false')
SERVER = Correction(Action.RESET_STATE, 's1', 'h1', Mark.LOST, 'active')
BACK = Correction(Action.FORCE_DOWN, 'c1', 'h1', Mark.BACK)
AWAY = CloudError('nobody answers', recoverable=True)


class Worker:
    """A service of which Nova shows the work after so many looks.

    :param shows_after: looks until a correction is shown as made; None for
        never.
    """

    name = 'Somebody'
    nudged_after = 0.5

    def __init__(self, shows_after=0, take_over=True):
        self.clock = FakeClock()
        self.options = SimpleNamespace(read_back_s=10.0, poll_s=0.5,
                                       take_over=take_over)
        self.cloud = self
        self.shows_after = shows_after
        self.looks = 0
        self.told = []
        self.refusals = 0
        self.ends_after = None
        self.nova_is_away = False
        self.made_by_doctor = []
        self.taken_over = []
        self.shown_in_the_end = {'c1': 'true', 's1': 'error'}

    def check_ended(self):
        if self.ends_after is not None and self.looks >= self.ends_after:
            raise CloudError('The inspector ends', recoverable=True)

    def _tell(self, what, host):
        if self.refusals:
            self.refusals -= 1
            raise AWAY
        self.told.append((what, host))

    def hand_over(self, host):
        self._tell('down', host)

    def withdraw(self, host):
        self._tell('up', host)

    def nudge_once(self, host):
        self._tell('nudge', host)

    def give_up(self, host):
        self._tell('in vain', host)

    def patience_s(self, host):
        return 0.0 if host in self.taken_over else self.options.read_back_s

    def take_over(self, host):
        self.taken_over.append(host)

    def explain(self, host):
        return f'Somebody sleeps instead of {host}'

    def shown(self, host, action, ids):
        self.looks += 1
        if self.nova_is_away:
            raise AWAY
        if self.shows_after is None or self.looks <= self.shows_after:
            return {'c1': 'neither', 's1': 'neither'}
        return self.shown_in_the_end

    def correct(self, corrections, done):
        self.made_by_doctor += corrections
        changes = [StateChange(one, 7.0) for one in corrections]
        for change in changes:
            done(change)
        return changes


class FollowingTest(testtools.TestCase):
    def follow(self, worker, *corrections):
        self.done = []
        changes = Following(worker, corrections, self.done.append).follow()
        self.assertEqual({change.correction for change in changes},
                         {change.correction for change in self.done})
        return changes

    def test_what_nova_shows_is_made(self):
        worker = Worker(shows_after=4)
        began_at = worker.clock.now()
        changes = self.follow(worker, HOST, SERVER)
        self.assertEqual([('', ''), ('', '')], [
            (change.error, change.remark) for change in changes])
        self.assertEqual([('down', 'h1')], worker.told)
        self.assertEqual([], worker.made_by_doctor)
        self.assertEqual({began_at + 1.0}, {change.at for change in changes})

    def test_server_that_has_left_is_done_with(self):
        worker = Worker()
        worker.shown_in_the_end['s1'] = None
        self.follow(worker, HOST, SERVER)
        self.assertEqual([], worker.made_by_doctor)

    def test_what_nova_cannot_see_is_not_made(self):
        """A cell that was down made host and servers done."""
        worker = Worker()
        worker.shown_in_the_end = {'': 'false'}
        self.follow(worker, HOST, SERVER)
        self.assertEqual([HOST, SERVER], worker.made_by_doctor)

    def test_service_that_is_away_is_told_later(self):
        worker = Worker()
        worker.refusals = 3
        self.assertEqual(2, len(self.follow(worker, HOST, SERVER)))
        self.assertEqual([('down', 'h1')], worker.told)

    def test_is_nudged_once_and_in_time(self):
        worker = Worker(shows_after=16)
        self.follow(worker, HOST)
        self.assertEqual([('down', 'h1'), ('nudge', 'h1')], worker.told)

    def test_not_done_in_time_is_taken_over_with_a_remark(self):
        worker = Worker(shows_after=None)
        changes = self.follow(worker, HOST, SERVER)
        self.assertEqual([HOST, SERVER], worker.made_by_doctor)
        self.assertEqual({('', 'after 10 s Somebody sleeps instead of h1; '
                               'Doctor does it itself')},
                         {(change.error, change.remark)
                          for change in changes})

    def test_it_is_waited_once_in_a_fault(self):
        """The servers of a host waited as long again as the host had."""
        worker = Worker(shows_after=None)
        self.follow(worker, HOST)
        after = worker.clock.monotonic()
        self.follow(worker, SERVER)
        self.assertEqual(after, worker.clock.monotonic())
        self.assertEqual([HOST, SERVER], worker.made_by_doctor)

    def test_not_done_in_time_stays_owed_without_take_over(self):
        worker = Worker(shows_after=None, take_over=False)
        changes = self.follow(worker, HOST)
        self.assertEqual([], worker.made_by_doctor)
        self.assertEqual('after 10 s Somebody sleeps instead of h1',
                         changes[0].error)
        self.assertEqual(('in vain', 'h1'), worker.told[-1])

    def test_never_taken(self):
        worker = Worker(take_over=False)
        worker.refusals = 21
        change, = self.follow(worker, HOST)
        self.assertEqual('Somebody has not taken the fault of host h1 after '
                         '10 s: nobody answers', change.error)

    def test_nova_that_does_not_answer(self):
        worker = Worker(take_over=False)
        worker.nova_is_away = True
        change, = self.follow(worker, HOST)
        self.assertEqual('it is not known after 10 s what Somebody did: '
                         'nobody answers', change.error)

    def test_host_that_is_back_is_never_left_so(self):
        worker = Worker(shows_after=None, take_over=False)
        change, = self.follow(worker, BACK)
        self.assertEqual([BACK], worker.made_by_doctor)
        self.assertEqual([('up', 'h1')], worker.told)
        self.assertEqual('', change.error)
        self.assertIn('Doctor does it itself', change.remark)

    def test_end_of_the_process_is_not_held_up(self):
        worker = Worker(shows_after=None)
        worker.ends_after = 2
        self.assertRaises(CloudError, self.follow, worker, HOST)
        self.assertEqual([], worker.made_by_doctor)
