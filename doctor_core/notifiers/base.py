"""What a notifier is."""

import abc
from urllib.parse import SplitResult

from oslo_config import cfg

from doctor_core.exceptions import NotifyError
from doctor_core.model import Notice


class BusyError(NotifyError):
    """The peer asks to be left alone for a while; recoverable.

    :ivar retry_after_s: for how long, in seconds.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, recoverable=True)


def place(action: SplitResult) -> str:
    """A URL as it may be logged: without user, password and query."""
    return f'{action.scheme}://{action.netloc.rpartition("@")[2]}{action.path}'


class Notifier(abc.ABC):
    """Hands notices to whom a URL of its scheme names.

    Retries, deadlines and the log of failures are not its business.

    :param conf: the configuration; a plugin's own options are in the group
        ``notifier_<name>``.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options."""
        return []

    @abc.abstractmethod
    async def notify(self, action: SplitResult, notice: Notice) -> None:
        """Deliver one notice; many are under way at once, on one loop.

        A plugin that has to block does so in ``asyncio.to_thread``.

        :param action: the split URL.
        :raises NotifyError: it was not taken; ``recoverable`` says whether
            to try again, :class:`BusyError` also when. Its text is logged:
            no secrets.
        """

    async def close(self) -> None:
        """Let go of connections; called once, last."""
        return
