"""A deployment is made ready for Doctor, and left as it was found.

All nodes are worked on at the same time, each by one thread; a node that is
slow or down does not keep the others waiting.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from doctor_core.exceptions import BackendError, ConfigError, DoctorError
from doctor_core.installers.preparing.catalogue import FileEdit
from doctor_core.installers.preparing.changes import Change, Undoable
from doctor_core.installers.preparing.deployment import Deployment
from doctor_core.installers.preparing.homes import Homes
from doctor_core.installers.preparing.site import Report, Site, united
from doctor_core.model import Need, Node
from doctor_core.wording import few

LOG = logging.getLogger(__name__)
Work = Callable[[Site, Report], None]


class Preparation:
    """What is done on all nodes; every method blocks until all are done.

    Reports come one a node. What goes wrong on a node is a problem of its
    report, and not raised.

    :param tell: told of each step in words; called from any thread.
    """

    def __init__(self, deployment: Deployment,
                 tell: Callable[[str], None] = LOG.info) -> None:
        self._deployment = deployment
        self._homes = Homes(deployment.here(), deployment.settings.state_path)
        self._tell = _heard_or_not(tell)
        self._stopped = threading.Event()
        self._sites: list[Site] | None = None
        #: What this has changed, by the name of the node.
        self._made: dict[str, list[Undoable]] = {}

    def plan(self, needs: Collection[Need]) -> list[Report]:
        """What ``apply`` would do.

        :raises ConfigError: no node has what a need wants changed.
        """
        def work(site: Site, report: Report) -> None:
            pending = []
            for change in self._changes(site, needs, edits):
                diff = change.plan()
                if diff:
                    report.diffs[change.name] = diff
                    pending.append(change)
            report.restarted += [one.name for one in united(pending)]

        edits = self._edits(needs)
        return self._each(work, self._surveyed(edits, needs))

    def apply(self, needs: Collection[Need]) -> list[Report]:
        """Have what the needs want on every node that answers; on a node
        where it does not succeed all is put back that this call changed.

        :raises ConfigError: no node has what a need wants changed; none was
            changed.
        """
        def work(site: Site, report: Report) -> None:
            site.apply(self._changes(site, needs, edits),
                       self._made.setdefault(site.node.name, []), report)

        edits = self._edits(needs)
        return self._each(work, self._surveyed(edits, needs))

    def status(self, needs: Collection[Need]) -> list[Report]:
        """How it is: what was changed, and what the needs still want.

        :raises ConfigError: no node has what a need wants changed.
        """
        def work(site: Site, report: Report) -> None:
            if site.node.name:
                for one in reversed(site.applied()):
                    report.states[one.name] = one.state()
            for change in self._changes(site, needs, edits):
                state = report.states.get(change.name)
                if state is None:
                    report.states[change.name] = 'as needed' \
                        if change.is_applied() else 'to be changed'
                elif state == 'applied' and not change.is_applied():
                    report.states[change.name] = 'applied in part'

        edits = self._edits(needs)
        return self._known_here(
            self._each(work, self._surveyed(edits, needs)))

    def undo(self, needs: Collection[Need] = (), *,
             leave_edited: bool = False) -> list[Report]:
        """Put back all that the journals know of, whoever changed it.

        :param needs: those of what is in the cloud's own API and was perhaps
            changed from another machine.
        :param leave_edited: leave files as they are that were edited since,
            and forget that they were changed.
        """
        def work(site: Site, report: Report) -> None:
            if site.node.name:
                site.take_back(site.applied(), report,
                               leave_edited=leave_edited)
                site.place.journal.tidy()
            else:
                site.take_back(self._recorded(needs), report)

        self._sites = self._sites or self._of(self._nodes_or_known())
        return self._known_here(self._each(work, {}, whole=True))

    @contextlib.contextmanager
    def applied(self, needs: Collection[Need]) -> Iterator[None]:
        """Have what the needs want for as long as the block runs.

        :raises ConfigError: no node has what a need wants changed.
        :raises BackendError: it could not be had, or not put back.
        """
        try:
            complaints = _complaints(self.apply(needs))
            if complaints:
                raise BackendError('The deployment could not be prepared: '
                                   + few(complaints, separator='; '))
            yield
        finally:
            complaints = _complaints(self._take_back())
            if complaints:
                raise BackendError(
                    'The deployment is not as it was: '
                    + few(complaints, separator='; ')
                    + '. "doctor install undo" tries again.')

    def _take_back(self) -> list[Report]:
        """Put back what this has changed."""
        def work(site: Site, report: Report) -> None:
            site.take_back(self._made[site.node.name][::-1], report)
            self._made[site.node.name] = []

        untouched = {site: Report(site.node.name) for site in self._all()
                     if not self._made.get(site.node.name)}
        return self._each(work, untouched, whole=True)

    # What is to be changed.

    def _edits(self, needs: Collection[Need]) -> list[FileEdit]:
        return self._deployment.edits(needs)

    def _changes(self, site: Site, needs: Collection[Need],
                 edits: list[FileEdit]) -> list[Change]:
        return list(site.changes(edits)) if site.node.name \
            else self._cloud_changes(needs)

    def _cloud_changes(self, needs: Collection[Need]) -> list[Change]:
        return self._deployment.cloud_changes(needs)

    def _recorded(self, needs: Collection[Need]) -> list[Change]:
        """What was changed in the cloud's own API, or may have been."""
        wanted = self._cloud_changes(needs)
        with contextlib.suppress(ConfigError):
            # What the configuration does not describe was never applied.
            names = {change.name for change in wanted}
            wanted += [change for change in self._cloud_changes(list(Need))
                       if change.is_recorded() and change.name not in names]
        return wanted

    def _surveyed(self, edits: list[FileEdit], needs: Collection[Need]
                  ) -> dict[Site, Report]:
        """Ask all nodes what they have.

        :returns: the reports of those that do not answer.
        :raises ConfigError: no node has a file that is needed.
        """
        def work(site: Site, report: Report) -> None:
            try:
                if site.node.name:
                    found[site.node.name] = {edit.file for edit in edits
                                             if site.has(edit.file)}
            except ConfigError as error:
                wrong.append(error)

        found: dict[str, set[str]] = {}
        wrong: list[ConfigError] = []
        reports = self._each(work, {})
        if wrong:
            raise wrong[0]
        absent = {site: report for site, report
                  in zip(self._all(), reports, strict=True)
                  if report.problems}
        missing = sorted({edit.file for edit in edits if not edit.optional}
                         - set().union(*found.values()))
        if missing and not absent:
            raise ConfigError(
                f'{", ".join(sorted(needs))}: no node of the deployment has '
                f'the file {", ".join(missing)}, as far as the installer '
                'knows that [installer] type names.')
        return absent

    # The nodes.

    def _all(self) -> list[Site]:
        if self._sites is None:
            self._sites = self._of(self._deployment.nodes())
        return self._sites

    def _of(self, nodes: list[Node]) -> list[Site]:
        """One site a node, and one for what is in the cloud's own API."""
        return [Site(self._deployment, node, self._homes, self._tell,
                     self._stopped)
                for node in [*nodes, Node('', '', '')]]

    def _nodes_or_known(self) -> list[Node]:
        """The nodes; when the cloud does not tell which it has, which may
        be for what is to be undone, those that were changed from here.
        """
        try:
            return self._deployment.nodes()
        except BackendError as error:
            known = self._homes.nodes()
            if not known:
                raise
            self._tell(f'{error}; so only nodes are looked at that were '
                       'changed from this machine')
            return known

    def _each(self, work: Work, done: dict[Site, Report], *,
              whole: bool = False) -> list[Report]:
        """Do it on every node.

        :param done: the reports of those that are left out.
        :param whole: whether it goes on when this is interrupted.
        """
        sites = self._all()
        reports = {site: done.get(site) or Report(site.node.name)
                   for site in sites}
        workers = min(len(sites), self._deployment.settings.parallel)
        with ThreadPoolExecutor(workers, 'install') as pool:
            futures: list[Future[None]] = [
                pool.submit(self._guarded, work, site, reports[site])
                for site in sites if site not in done]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                if not whole:
                    self._stopped.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                self._tell('interrupted: wait until the nodes are done')
                raise
        return [reports[site] for site in sites]

    @staticmethod
    def _guarded(work: Work, site: Site, report: Report) -> None:
        try:
            work(site, report)
        except DoctorError as error:
            report.problems.append(_said_of(site, error))
        except Exception:  # the thread's outermost frame
            LOG.exception('%s: that should not happen', site.where)
            report.problems.append(f'{site.where}: see the log')

    # What this machine knows without asking.

    def _known_here(self, reports: list[Report]) -> list[Report]:
        """Add what is known of nodes that do not answer, or of which the
        installer knows nothing any more.
        """
        for report in reports:
            if report.node and report.problems and not report.states:
                report.states.update(self._homes.states(report.node))
        lost = sorted(self._homes.names()
                      - {report.node for report in reports})
        return reports + [
            Report(node, states=self._homes.states(node), problems=[
                f'{node} was changed by Doctor, and is no node of the '
                'deployment any more']) for node in lost]


def _heard_or_not(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Nodes are not left half done because nobody reads on."""
    def told(line: str) -> None:
        with contextlib.suppress(OSError):
            tell(line)
    return told


def _complaints(reports: list[Report]) -> list[str]:
    return [complaint for report in reports
            for complaint in report.complaints]


def _said_of(site: Site, error: DoctorError) -> str:
    said = str(error)
    return said if said.startswith(site.where) else f'{site.where}: {said}'
