"""What is asked of a deployment that is to be prepared."""

from collections.abc import Collection
from typing import Protocol

from doctor_core.installers.layout import Layout
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.settings import Settings
from doctor_core.model import Need, Node
from doctor_core.runner import Runner


class Deployment(Protocol):
    """An installer, as those see it who prepare what it knows; its base
    class says what each method promises.
    """

    settings: Settings

    def nodes(self) -> list[Node]:
        """The machines of the deployment; may block."""

    def layout(self, node: Node) -> Layout:
        """Where a node keeps what Doctor changes; may block."""

    def runner(self, node: Node) -> Runner:
        """The one runner of a node."""

    def here(self) -> Runner:
        """The runner of this machine."""

    def edits(self, needs: Collection[Need]) -> list[FileEdit]:
        """What files of nodes have to say."""

    def cloud_changes(self, needs: Collection[Need]) -> list[Change]:
        """What has to be otherwise in the cloud's own API."""
