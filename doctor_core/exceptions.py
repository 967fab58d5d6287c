"""What can go wrong, as types.

::

    DoctorError                  message, and the facts as attributes
     |-- ConfigError             the operator can fix it; exit code 2
     |    |-- PluginNotFound     kind, name, available
     |    |-- PluginDuplicated   kind, name, modules
     |    `-- PluginFailed       kind, name, why
     |-- BackendError            something outside said no; .recoverable
     |    |-- BusError
     |    |    `-- BusRefused    user, password, virtual host, queue
     |    |-- CloudError         status
     |    |-- CommandFailed      argv, status, tail
     |    |-- Conflict           somebody else has changed it since
     |    |-- HttpError          no usable answer from an HTTP peer
     |    |    `-- NobodyListens at its address
     |    |-- NoAnswer           not one word, within the time there was
     |    `-- NotifyError
     |         |-- BusyError       retry_after_s
     |         `-- Withdrawn       nobody is to be told any more
     |-- InvalidEvent            field, why
     |    `-- UnknownType
     |-- NotFound                what was asked for does not exist
     |-- StoreError              the state cannot be kept, or read
     `-- DeadlineExceeded        what was awaited, how long
"""

import difflib
import shlex
from collections.abc import Sequence

#: How much of a name that nobody has is repeated.
_SHOWN = 60


class DoctorError(Exception):
    """The root of all errors that Doctor raises on purpose."""


class ConfigError(DoctorError):
    """The operator can fix it: one line, exit code 2, no traceback."""


class PluginNotFound(ConfigError):
    """No installed distribution offers a plugin of this kind and name."""

    def __init__(self, kind: str, name: str,
                 available: Sequence[str]) -> None:
        self.kind = kind
        self.name = name
        self.available = tuple(available)
        super().__init__(
            f'No plugin {_short(name)} of kind {kind!r} is installed.'
            f'{_meant(name, available)} '
            f'Available: {", ".join(available) or "none"}.')


def _short(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f'{name[:_SHOWN]}...')


def _meant(name: str, available: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, available, 1)
    return f' Did you mean {close[0]!r}?' if close else ''


class PluginDuplicated(ConfigError):
    """Two distributions offer a plugin of the same kind and name."""

    def __init__(self, kind: str, name: str, modules: Sequence[str],
                 available: Sequence[str]) -> None:
        self.kind = kind
        self.name = name
        self.modules = tuple(modules)
        self.available = tuple(available)
        super().__init__(
            f'Plugin {name!r} of kind {kind!r} is installed more than once '
            f'({", ".join(modules)}): uninstall all but one. '
            f'Available: {", ".join(available)}.')


class PluginFailed(ConfigError):
    """A plugin is installed but cannot be used.

    :ivar why: what is wrong with it, in one line.
    """

    def __init__(self, kind: str, name: str, why: str,
                 available: Sequence[str]) -> None:
        self.kind = kind
        self.name = name
        self.why = why
        self.available = tuple(available)
        others = [other for other in available if other != name]
        super().__init__(
            f'Plugin {name!r} of kind {kind!r} cannot be loaded: {why}. '
            f'Others that are installed: {", ".join(others) or "none"}.')


class BackendError(DoctorError):
    """Something outside said no.

    :ivar recoverable: whether the same request may succeed later.
    """

    def __init__(self, message: str, *, recoverable: bool = False) -> None:
        self.recoverable = recoverable
        super().__init__(message)


class BusError(BackendError):
    """The message bus did not take a message."""


class BusRefused(BusError):
    """The broker refuses user, password or virtual host, or has a queue of
    that name with other arguments.

    At the start that is a ConfigError; later, of a broker that took them, an
    error like any other.
    """


class CloudError(BackendError):
    """An OpenStack API refused, or did not answer.

    :ivar status: the HTTP status, 0 when there was no answer.
    """

    def __init__(self, message: str, *, recoverable: bool = False,
                 status: int = 0) -> None:
        self.status = status
        super().__init__(message, recoverable=recoverable)


def spoken(argv: Sequence[str]) -> str:
    """A command as an error names it: a script among its words is not
    repeated.
    """
    return ' '.join('...' if '\n' in word else shlex.quote(word)
                    for word in argv)


class CommandFailed(BackendError):
    """A command ended with another status than 0.

    :ivar argv: the command and its arguments.
    :ivar status: its exit status; 127 when there is no such command.
    :ivar tail: the end of what it wrote.
    """

    def __init__(self, argv: Sequence[str], status: int, tail: str) -> None:
        self.argv = tuple(argv)
        self.status = status
        self.tail = tail
        super().__init__(f'{spoken(argv)} ended with status {status}: '
                         f'{tail.strip() or "no output"}')


class Conflict(BackendError):
    """Somebody else has changed what was to be put back: it was left so."""


class HttpError(BackendError):
    """An HTTP peer could not be reached or did not answer in time."""


class NobodyListens(HttpError):
    """The peer's machine is there, and nothing has its port."""


class NoAnswer(BackendError):
    """Who was asked said nothing at all; recoverable.

    Whoever refuses, or says what makes no sense, is there.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, recoverable=True)


class NotifyError(BackendError):
    """A notice was not taken by whom it was meant for."""


class BusyError(NotifyError):
    """Who was to be told asks to be left alone for a while; recoverable.

    :ivar retry_after_s: for how long, in seconds.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, recoverable=True)


class Withdrawn(NotifyError):
    """A notice is not to be told any more: nobody took it before."""


class InvalidEvent(DoctorError):
    """A body that is not an event as :mod:`doctor_core.wire` reads them.

    :ivar field: the field at fault, as a path (``events[1].details``).
    :ivar why: what is wrong with it.
    """

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        self.why = why
        super().__init__(f'{field}: {why}')


class InvalidTransition(DoctorError):
    """A state cannot become that one, or is not what it was.

    :ivar old: the state before, as far as is known.
    :ivar new: the state that was wanted.
    """

    def __init__(self, old: str, new: str, what: str = '') -> None:
        self.old = old
        self.new = new
        super().__init__(f'{what or "What"} is {old}, and cannot become '
                         f'{new}')


class UnknownType(InvalidEvent):
    """An event of a type that nobody acts on, where that is refused."""


class NotFound(DoctorError):
    """What was asked for does not exist, or not for who asked."""


class StoreError(DoctorError):
    """The state cannot be kept, or read; the log has said so, once."""


class DeadlineExceeded(DoctorError):
    """Something awaited did not happen in time.

    :ivar what: what was awaited.
    :ivar after_s: how long it was waited for, in seconds.
    """

    def __init__(self, what: str, after_s: float) -> None:
        self.what = what
        self.after_s = after_s
        super().__init__(f'Waited {after_s:g} s in vain for {what}')
