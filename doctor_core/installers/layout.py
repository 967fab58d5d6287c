"""Where a deployment keeps what Doctor changes, as data."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Service:
    """One service on one node, as the deployment calls it.

    :ivar name: the name by which Doctor knows it, e.g. ``nova-compute``.
    :ivar restart: the command that restarts it.
    :ivar check: the command that ends with status 0 while it runs.
    """

    name: str
    restart: tuple[str, ...]
    check: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where one node keeps what Doctor changes.

    :ivar files: the path of each file, by the name by which Doctor knows it,
        e.g. ``nova.conf``; those that this node has.
    :ivar services: those that run on this node, by name.
    :ivar sudo: whether files and commands need sudo there.
    """

    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    services: Mapping[str, Service] = dataclasses.field(default_factory=dict)
    sudo: bool = False
