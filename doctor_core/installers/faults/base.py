"""What a way to make hosts fail is."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from doctor_core.clock import SYSTEM, Clock, Deadline, wait_for
from doctor_core.exceptions import BackendError, DeadlineExceeded
from doctor_core.model import Host, Stamp
from doctor_core.plugins import Options
from doctor_core.runner import Runner
from doctor_core.runner.clock_offset import ClockOffset

#: Gives the way to a host's machine, with the rights of root.
Reach = Callable[[Host], Runner]

THE_NODE = 'the node'


S = TypeVar('S', bound='Settings')


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the options of an installer say of one way, by their names.

    :ivar fault_back_s: seconds within which a host can be logged in to
        again, once nothing keeps it down any more.
    """

    fault_back_s: float = 300.0

    @classmethod
    def of(cls, options: Options) -> Self:
        """As they are set.

        :param options: with those of ``fault_opts()``.
        """
        return cls(**{field.name: getattr(options, field.name)
                      for field in dataclasses.fields(cls)})


class Injector(abc.ABC, Generic[S]):
    """One way to make hosts fail and to bring them back; all may block.

    Any thread may use it, but only one for one host at a time.

    :param settings: what the operator says of this way.
    :param reach: gives the runner of a host's machine, with the rights of
        root; it stays the caller's to close.
    :param clock: whose time counts.
    """

    def __init__(self, settings: S, reach: Reach,
                 clock: Clock = SYSTEM) -> None:
        self.settings = settings
        self.reach = reach
        self.clock = clock
        self.stamps: dict[str, Stamp] = {}

    @abc.abstractmethod
    def fail(self, host: Host) -> float:
        """Make a host fail.

        :returns: about when, in seconds since the epoch.
        :raises ConfigError: the options do not say how.
        :raises BackendError: it could not be made to fail.
        """

    @abc.abstractmethod
    def heal(self, host: Host) -> None:
        """Bring a host back, and wait until it is; one that is up is fine,
        whoever made it fail, and one that nobody made fail too.

        :raises BackendError: it does not come back.
        """

    def failed_at(self, host: Host) -> Stamp:
        """When a host failed last; to be asked after :meth:`heal`.

        :raises BackendError: nobody knows: it was not made to fail.
        """
        if host.name not in self.stamps:
            raise BackendError(f'Nobody knows when {host.name} failed.')
        return self.stamps[host.name]

    def close(self) -> None:  # noqa: B027
        """Log out of what ``reach`` did not give."""

    def persist(self, host: Host, action: Callable[[Runner], object],
                seconds: float) -> None:
        """Do something on a host's machine as soon as it can be reached.

        :param action: may be begun several times.
        :param seconds: how long to try.
        :raises BackendError: it fails for a reason that does not pass, or
            has not passed after so long.
        """
        why = ''

        def done() -> bool:
            nonlocal why
            runner = None
            try:
                runner = self.reach(host)
                action(runner)
            except BackendError as error:
                if not error.recoverable:
                    raise
                why = str(error)
                if runner is not None:
                    # The failure may have broken the connection.
                    runner.close()
                return False
            return True

        try:
            wait_for(done, Deadline(seconds, self.clock), interval_s=0.5,
                     what=f'{host.name} to come back')
        except DeadlineExceeded as error:
            raise BackendError(f'{error}: {why}') from None


def stamped(said: str, offset: ClockOffset) -> Stamp:
    """What a script of a node says of when it did something.

    :param said: two stamps of the node's clock, before and after.
    :raises BackendError: it says something else.
    """
    try:
        before, after = map(float, said.split())
    except ValueError:
        raise BackendError('The node does not say when it failed, but: '
                           f'{said.strip() or "nothing"}') from None
    return Stamp(offset.here((before + after) / 2),
                 offset.uncertainty_s + (after - before) / 2, THE_NODE)
