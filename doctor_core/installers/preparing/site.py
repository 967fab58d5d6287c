"""One node of a deployment: what is done on it, from first to last."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from doctor_core import clock
from doctor_core.exceptions import (
    BackendError,
    Conflict,
    DeadlineExceeded,
    DoctorError,
)
from doctor_core.installers.layout import Service
from doctor_core.installers.preparing import secrets
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.changes import Change, Undoable
from doctor_core.installers.preparing.deployment import Deployment
from doctor_core.installers.preparing.file_change import (
    FileChange,
    FileRestoration,
    Place,
    Wish,
)
from doctor_core.installers.preparing.files import Files
from doctor_core.installers.preparing.homes import Homes
from doctor_core.installers.preparing.journal import Folder, Journal
from doctor_core.model import Node
from doctor_core.runner.base import SUDO

LOG = logging.getLogger(__name__)
_LOOK_S = 0.25


@dataclasses.dataclass
class Report:
    """What was found or done on a node.

    :ivar node: its name; empty for what is the cloud's.
    :ivar changed: the names of what was changed, or is as it was.
    :ivar restarted: the names of the services that were restarted, or are
        to be.
    :ivar diffs: what is to be changed, by name.
    :ivar states: how it is, by name.
    :ivar conflicts: what somebody has changed since, in a sentence each.
    :ivar problems: what went wrong otherwise, in a sentence each.
    """

    node: str
    changed: list[str] = dataclasses.field(default_factory=list)
    restarted: list[str] = dataclasses.field(default_factory=list)
    diffs: dict[str, str] = dataclasses.field(default_factory=dict)
    states: dict[str, str] = dataclasses.field(default_factory=dict)
    conflicts: list[str] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        return self.conflicts + self.problems


class Site:
    """A node with its journal, its files and its services.

    All methods block on the node and raise BackendError when it does not
    answer; one thread at a time uses a site.

    :param homes: where this machine keeps copies of the journal.
    :param tell: told of each step in words; may be called from any thread.
    :param stopped: set when no further change is to be begun.
    """

    def __init__(self, deployment: Deployment, node: Node, homes: Homes,
                 tell: Callable[[str], None],
                 stopped: threading.Event) -> None:
        self.node = node
        self._deployment = deployment
        self._settings = deployment.settings
        self._homes = homes
        self._tell = tell
        self._stopped = stopped
        #: How it is spoken of.
        self.where = node.name or 'the cloud'
        self._place: Place | None = None

    @property
    def place(self) -> Place:
        """The node, as changes see it; asks where it keeps things."""
        if self._place is None:
            self._layout = self._deployment.layout(self.node)
            self._runner = self._deployment.runner(self.node)
            self._prefix = SUDO if self._layout.sudo \
                and not self._runner.sudo else ()
            files = Files(self._runner, self._layout.sudo)
            self._place = Place(self.node, files, Journal(
                self.home, Folder(files, self._settings.journal_path)))
        return self._place

    @property
    def home(self) -> Folder:
        """The copies of its journal on this machine."""
        return self._homes.of(self.node.name)

    def has(self, file: str) -> bool:
        """Whether it has a file of that name."""
        return self.place is not None and file in self._layout.files

    def changes(self, edits: Iterable[FileEdit]) -> list[FileChange]:
        """What is to be changed here, one change a path."""
        place, layout = self.place, self._layout
        wishes: dict[str, Wish] = {}
        services: dict[str, dict[Service, None]] = {}
        for edit in edits:
            path = layout.files.get(edit.file)
            if path is None:
                continue
            had = wishes.get(path, Wish(path, ()))
            wishes[path] = Wish(
                path, (*had.edits, edit.edit),
                layout.files.get(edit.shipped, had.shipped),
                edit.creates or had.creates, edit.rivals or had.rivals)
            services.setdefault(path, {}).update(
                (layout.services[name], None) for name in edit.services
                if name in layout.services)
        return [FileChange(place, wish, tuple(services[path]))
                for path, wish in wishes.items()]

    def applied(self) -> list[FileRestoration]:
        """What the journal knows of, the latest first."""
        return [FileRestoration(self.place, record)
                for record in self.place.journal.records()]

    def apply(self, changes: Iterable[Change], made: list[Undoable],
              report: Report) -> None:
        """Make the changes that are not made, restart what reads them, and
        see it come back; else put back what this made.

        :param made: gets each change before it is made.
        """
        pending = [change for change in changes if not change.is_applied()]
        running = self._running(united(pending))
        restart: list[Change] = []
        try:
            for change in pending:
                if self._stopped.is_set():
                    raise BackendError('interrupted')
                change.services = tuple(service for service in change.services
                                        if service in running)
                made.append(change)
                if change.apply():
                    restart.append(change)
                self._tell(f'{change.name} is changed')
            lost = self._restart(united(restart))
            if lost:
                raise BackendError('; '.join(lost.values()))
            for change in pending:
                change.confirm()
        except Exception:
            if made:
                self._tell(f'{self.where}: what was changed is put back')
                self.take_back(made[::-1], report)
            raise
        report.changed += [change.name for change in pending]
        report.restarted += [one.name for one in united(restart)]

    def take_back(self, made: Sequence[Undoable], report: Report, *,
                  leave_edited: bool = False) -> None:
        """Put things back; what fails does not stop the others.

        :param made: the latest first.
        :param leave_edited: forget what somebody has changed since.
        """
        done: list[tuple[Undoable, bool]] = []
        for one in made:
            try:
                done.append((one, one.undo()))
            except Conflict as conflict:
                if leave_edited:
                    self._tell(str(conflict))
                    done.append((one, False))
                elif str(conflict) not in report.conflicts:
                    report.conflicts.append(str(conflict))
            except DoctorError as error:
                report.problems.append(f'{one.name}: {error}')
            except Exception:  # the undo loop goes on, whatever happens
                LOG.exception('%s could not be put back', one.name)
                report.problems.append(f'{one.name}: see the log')
        services = united(one for one, restart in done if restart)
        lost = self._restart(services)
        report.problems += lost.values()
        report.restarted += [service.name for service in services]
        for one, restart in done:
            if not (restart and set(one.services) & set(lost)):
                self._forget(one, report)

    def _forget(self, one: Undoable, report: Report) -> None:
        try:
            one.forget()
        except DoctorError as error:
            report.problems.append(f'{one.name}: {error}')
        else:
            report.changed.append(one.name)
            self._tell(f'{one.name} is put back')

    def _running(self, services: Iterable[Service]) -> set[Service]:
        """Those that run: what does not is not to be started by us."""
        found = set()
        for service in services:
            if self._runner.succeeds([*self._prefix, *service.check]):
                found.add(service)
            else:
                self._tell(f'{self.where}: {service.name} does not run, '
                           'and is not restarted')
        return found

    def _restart(self, services: Sequence[Service]) -> dict[Service, str]:
        """Restart each once, and see all come back.

        :returns: those that did not, and why.
        """
        lost: dict[Service, str] = {}
        since: dict[Service, float] = {}
        for service in services:
            self._tell(f'{self.where}: {service.name} is restarted')
            try:
                self._runner.run([*self._prefix, *service.restart],
                                 timeout_s=self._settings.restart_timeout_s)
            except DoctorError as error:
                lost[service] = (f'{self.where}: {service.name} could '
                                 'not be restarted: '
                                 f'{secrets.masked(str(error))}')
        waiting = [one for one in services if one not in lost]
        try:
            clock.wait_for(
                lambda: all([self._is_steady(one, since) for one in waiting]),
                clock.Deadline(self._settings.restart_timeout_s),
                what='services to come back', interval_s=_LOOK_S)
        except DeadlineExceeded as error:
            steady_s = self._settings.steady_s
            lost.update(
                (one, f'{self.where}: {one.name} did not come back '
                      f'within {error.after_s:g} s of its restart')
                for one in waiting
                if one not in since
                or clock.monotonic() - since[one] < steady_s)
        except BackendError as error:
            lost.update((one, f'{self.where}: nobody knows whether '
                              f'{one.name} has come back: {error}')
                        for one in waiting)
        return lost

    def _is_steady(self, service: Service,
                   since: dict[Service, float]) -> bool:
        """Whether it has run for long enough now: what cannot read its
        configuration runs for a moment too.
        """
        if not self._runner.succeeds([*self._prefix, *service.check]):
            since.pop(service, None)
            return False
        began = since.setdefault(service, clock.monotonic())
        return clock.monotonic() - began >= self._settings.steady_s


def united(changes: Iterable[Undoable]) -> list[Service]:
    """The services of all, each once, in their order."""
    return list(dict.fromkeys(service for change in changes
                              for service in change.services))
