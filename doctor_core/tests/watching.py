"""What a test waits for of a monitor that watches, and what it says in vain.
"""

import contextlib
import queue

from doctor_core import clock
from doctor_core.exceptions import DeadlineExceeded

WAIT_S = 20
#: A host that cannot be asked for so long from the start will never be well.
PROBLEM_S = 5
#: The states of a host that is known to be well.
WELL = frozenset({'healthy', 'up'})
ALL_WELL = 'all hosts to be well'
LOST = 'the report of a host that fell silent'
BACK = 'the report of a host that is back'
WAS_DOWN = 'the report that a host is up which was down before'
#: What the tests of a class waited for: why in vain; empty if it came once.
_IN_VAIN: dict[tuple[type, str], str] = {}


class Watching:
    """Waits; to be mixed into a test case.

    :ivar monitor: the monitor.
    :ivar faults: the queue of what it reported.
    """

    def next_fault(self, what=''):
        """The next report.

        :param what: what it tells of, in the same words in all tests: what
            one has waited for in vain, the others do not wait for.
        """
        with self.expecting(what) if what else contextlib.nullcontext():
            try:
                return self.faults.get(timeout=WAIT_S)
            except queue.Empty:
                pass
            raise self.failureException(
                f'Waited {WAIT_S} s in vain for {what or "a report"}. '
                f'{self.held()}')

    @contextlib.contextmanager
    def expecting(self, what):
        """What was waited for in vain is not waited for in another test."""
        key = type(self), what
        if _IN_VAIN.get(key):
            raise self.failureException(
                f'As in a test before: {_IN_VAIN[key]}')
        try:
            yield
        except self.failureException as error:
            _IN_VAIN.setdefault(key, str(error))
            raise
        _IN_VAIN[key] = ''

    def held(self):
        """What the monitor holds of each host, for a person."""
        hosts = '; '.join(
            f'{status.host.name} is {status.state}'
            + (f': {status.problem}' if status.problem else '')
            for status in self.monitor.status())
        return f'What the monitor holds: {hosts or "nothing"}' + (
            '. It takes itself for cut off' * self.monitor.isolated())

    def await_that(self, predicate, what):
        """Wait for it; in vain, say what the monitor holds."""
        try:
            return clock.wait_for(predicate, clock.Deadline(WAIT_S),
                                  what=what)
        except DeadlineExceeded as error:
            said = f'{error}. {self.held()}'
        raise self.failureException(said)

    def assert_nothing_more(self):
        """No report is left that nobody has asked for."""
        more = [] if self.faults.empty() else [self.faults.get()]
        self.assertEqual([], more, 'reported, and should not be')

    def statuses(self):
        return {status.host.name: status for status in self.monitor.status()}

    def await_well(self, *hosts, problem_s=WAIT_S):
        """Wait until they are.

        :param problem_s: how long one may have a problem.
        """
        names = {host.name for host in hosts}
        patience = clock.Deadline(problem_s)

        def are_well():
            found = {name: status for name, status in self.statuses().items()
                     if name in names}
            if not any(one.problem and str(one.state) not in WELL
                       for one in found.values()):
                patience.restart()
            elif patience.passed:
                raise self.failureException(
                    f'After {problem_s} s not all of {sorted(names)} are '
                    f'well. {self.held()}')
            return found.keys() == names and {
                str(one.state) for one in found.values()} <= WELL
        self.await_that(are_well, f'{sorted(names)} to be well')
