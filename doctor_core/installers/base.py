"""What an installer is."""

import abc
import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from oslo_config import cfg

from doctor_core.cloud import Cloud
from doctor_core.exceptions import ConfigError
from doctor_core.installers.faults import Injector, injector
from doctor_core.installers.layout import Layout
from doctor_core.installers.preparing import catalogue
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.preparing.preparation import Preparation
from doctor_core.installers.settings import Settings
from doctor_core.model import Host, Need, Node, Stamp
from doctor_core.plugins import Options
from doctor_core.runner import LocalRunner, Runner, SshRunner, tunnels
from doctor_core.wording import few

LOG = logging.getLogger(__name__)


class Installer(abc.ABC):
    """Knows a deployment: its nodes, how to log in, where its files are and
    what its services are called.

    Everything else is the same for all installers and stands in this
    package: what has to be changed (``catalogue``), how it is changed and
    put back (``changes``, ``preparation``), how a host is made to fail.

    Any thread may use it.

    :param options: the plugin's own, those of :meth:`get_opts`.
    :param open_cloud: gives the deployment's OpenStack APIs as an
        administrator's, whom who asked closes; does not block.
    :param settings: how a deployment is worked on, whoever knows it.
    :raises ConfigError: its options contradict one another.
    """

    #: Whether the deployment has clocks that are not this machine's.
    own_clocks: bool = True

    def __init__(self, options: Options, open_cloud: Callable[[], Cloud],
                 settings: Settings) -> None:
        self.options = options
        self.open_cloud = open_cloud
        self.settings = settings
        self._runners: dict[str, Runner] = {}
        self._connecting = threading.Lock()
        self._injector: Injector[Any] | None = None

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        """The plugin's own options, of the section ``[installer_<name>]``.
        """
        return []

    @abc.abstractmethod
    def nodes(self) -> list[Node]:
        """The machines of the deployment; may block."""

    def layout(self, node: Node) -> Layout:
        """Where a node keeps what Doctor changes; may block.

        Nothing, unless the plugin knows better.
        """
        return Layout()

    def connect(self, node: Node) -> Runner:
        """A new runner for a node; does not block. This machine's, unless
        the plugin knows better.
        """
        return LocalRunner()

    def here(self) -> Runner:
        """The runner of this machine, which keeps a copy of what was
        changed.
        """
        return LocalRunner()

    def runner(self, node: Node) -> Runner:
        """The one runner of a node; ``close`` closes it."""
        with self._connecting:
            if node.name not in self._runners:
                self._runners[node.name] = self.connect(node)
            return self._runners[node.name]

    def transport_url(self) -> str:
        """Where the cloud's own notifications travel; empty if nowhere."""
        return ''

    def edits(self, needs: Collection[Need]) -> list[FileEdit]:
        """What files of nodes have to say; those that a node's layout does
        not name are none of its business.
        """
        return catalogue.edits_for(needs)

    def cloud_changes(self, needs: Collection[Need]) -> list[Change]:
        """What has to be otherwise in the cloud's own API; does not block.
        """
        return catalogue.cloud_changes(needs, self.settings, self.open_cloud)

    @contextlib.contextmanager
    def prepared(self, needs: Collection[Need],
                 tell: Callable[[str], None] = LOG.info) -> Iterator[None]:
        """Have what the needs want for as long as the block runs; then put
        back what this changed, and nothing else, however the block ends.

        :param tell: told of each step in words; from any thread.
        :raises ConfigError: no node has what a need wants changed.
        :raises BackendError: it could not be had, or not be put back.
        """
        with Preparation(self, tell).applied(needs):
            yield

    def reach(self, host: Host) -> Runner:
        """The runner of a compute host, with the rights of root.

        :raises ConfigError: no node has its name, or several have, but for
            the domain.
        """
        node = _named(host.name, self.nodes())
        runner = self.runner(node)
        if runner.sudo or not self.layout(node).sudo:
            return runner
        return runner.as_root()

    def _fault(self) -> Injector[Any]:
        with self._connecting:
            if self._injector is None:
                self._injector = injector(self.options, self.reach)
            return self._injector

    def fail(self, host: Host) -> float:
        """Make a compute host fail; may block.

        A plugin that overrides this has to override ``heal`` and
        ``failed_at`` too.

        :returns: about when, in seconds since the epoch.
        :raises ConfigError: the configuration does not say how.
        :raises BackendError: it could not be made to fail.
        """
        return self._fault().fail(host)

    def heal(self, host: Host) -> None:
        """Bring a failed host back; one that is up is fine; may block."""
        self._fault().heal(host)

    def failed_at(self, host: Host) -> Stamp:
        """When a host failed last, and how sure that is; may block.

        To be asked after ``heal``: a host without its link cannot tell.

        :raises BackendError: nobody knows.
        """
        return self._fault().failed_at(host)

    def unseen_by(self, monitor: str, options: Options) -> str:
        """Why a monitor can never see that a host has failed; may block.

        :param monitor: the name of its kind.
        :param options: the monitor's own.
        :returns: empty when it may see it.
        """
        return ''

    @contextlib.contextmanager
    def reachable(self, url: str) -> Iterator[None]:
        """Have the controllers reach a URL of this machine's loopback, for
        as long as the block runs, by the same port of theirs.

        :raises ConfigError: it is not one of the loopback.
        :raises BackendError: a controller refuses.
        """
        runners = [runner for node in self.nodes()
                   if node.role == 'controller' and isinstance(
                       runner := self.runner(node), SshRunner)]
        with tunnels.led_back(runners, url):
            yield

    def close(self) -> None:
        """Log out everywhere; may be called again."""
        with self._connecting:
            runners, self._runners = self._runners, {}
            fault, self._injector = self._injector, None
        if fault is not None:
            fault.close()
        for runner in runners.values():
            runner.close()


def _named(name: str, nodes: Sequence[Node]) -> Node:
    """The node of a host; either may have the domain behind its name."""
    found = [node for node in nodes if node.name == name] or [
        node for node in nodes if _short(node.name) == _short(name)]
    if len(found) == 1:
        return found[0]
    names = few(sorted(node.name for node in found or nodes))
    raise ConfigError(
        f'{name} may be each of these nodes: {names}.' if found else
        f'No node of the deployment is {name}; there are {names or "none"}.')


def _short(name: str) -> str:
    return name.partition('.')[0].lower()
