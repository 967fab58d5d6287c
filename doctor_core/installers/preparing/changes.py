"""What is changed in a deployment, and how it is taken back."""

import abc

from doctor_core.installers.layout import Service


class Undoable(abc.ABC):
    """Something that was changed, or may have been.

    All methods may block on a node or on the cloud, and raise BackendError
    when it does not answer or refuses. One thread at a time uses it.

    :ivar name: what is changed, the same in every run, e.g.
        ``compute-1:/etc/nova/nova.conf``.
    :ivar node: the node it is on; empty when it is the cloud's.
    :ivar services: what has to be restarted after it was changed or put
        back; that is the caller's business.
    """

    name: str
    node: str = ''
    services: tuple[Service, ...] = ()

    @abc.abstractmethod
    def undo(self) -> bool:
        """Put back how it was when that was recorded; nothing when it was
        not. To be repeated after a failure at any point.

        :returns: whether the services have to be restarted now.
        :raises Conflict: somebody has changed it since; it is left so.
        """

    def forget(self) -> None:  # noqa: B027
        """Drop the record: all is as it was, and the services have come
        back; or it is to be left as it is now.
        """


class Change(Undoable):
    """Something that Doctor needs otherwise than it is.

    ``undo`` takes back what ``apply`` of the same object made, and not what
    an earlier one had made.
    """

    @abc.abstractmethod
    def is_applied(self) -> bool:
        """Whether all is as Doctor needs it, and nothing was left half done.
        """

    @abc.abstractmethod
    def plan(self) -> str:
        """What ``apply`` would change: a unified diff, or words; empty when
        nothing. Holds no secrets.
        """

    @abc.abstractmethod
    def apply(self) -> bool:
        """Record how it is, where a crash does not reach; then change it.
        To be repeated after a failure at any point.

        :returns: whether the services have to be restarted now.
        """

    def is_recorded(self) -> bool:
        """Whether this machine knows of something to undo; does not ask the
        cloud.
        """
        return False

    def confirm(self) -> None:  # noqa: B027
        """All services that had to be restarted have come back."""
