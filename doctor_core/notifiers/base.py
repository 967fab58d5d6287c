"""What a notifier is."""

import abc
from typing import ClassVar
from urllib.parse import SplitResult

from oslo_config import cfg

from doctor_core import wire
from doctor_core.model import Notice
from doctor_core.notifiers.peers import Peer
from doctor_core.plugins import Options


def place(action: SplitResult) -> str:
    """A URL as its owner wrote it, fit for a line of the log: without user,
    password and query, and cut at 200 characters.
    """
    path = action.path
    if not action.netloc and path and not path.startswith('/'):
        # What it means is the scheme's business; so may be a password.
        user, at, rest = path.rpartition('@')
        path = rest if ':' in user else user + at + rest
        return wire.shortened(f'{action.scheme}:{path}')
    return wire.shortened(
        f'{action.scheme}://{action.netloc.rpartition("@")[2]}{path}')


class Notifier(abc.ABC):
    """Hands notices to whom a URL of its scheme names.

    Retries, deadlines and the log of failures are not its business.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param timeout_s: seconds for one :meth:`notify`, which is cancelled
        then.
    """

    #: Whether only an administrator's alarm may name its scheme: it writes
    #: into Doctor itself.
    for_administrators: ClassVar[bool] = False

    def __init__(self, options: Options, timeout_s: float) -> None:
        self.options = options
        self.timeout_s = timeout_s

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[notifier_<scheme>]``.
        """
        return []

    @classmethod
    def complaint(cls, action: SplitResult) -> str:
        """Why nobody can ever be told at this URL; empty when one can.

        Asked when an alarm is made, from any thread; never blocks, so it
        looks at the URL alone. The text is shown to the alarm's owner.
        """
        return ''

    def peer(self, action: SplitResult) -> Peer | None:
        """Who takes so many notices of a project at a time and no more; None
        for no limit. Waiting for that is no part of an attempt's time.

        Called on the loop of :meth:`notify`.
        """
        return None

    @abc.abstractmethod
    async def notify(self, action: SplitResult, notice: Notice
                     ) -> str | None:
        """Deliver one notice; many are under way at once, on one loop.

        A plugin that has to block does so in ``asyncio.to_thread``.

        :param action: the split URL.
        :returns: what answered, for an operator who has to prove that the
            owner was told: a short text, or None. It is logged and kept: no
            secrets.
        :raises NotifyError: it was not taken; ``recoverable`` says whether
            to try again, :class:`.BusyError` also when. Its text is logged:
            no secrets.
        """

    async def close(self) -> None:
        """Let go of connections; called once, last."""
        return
