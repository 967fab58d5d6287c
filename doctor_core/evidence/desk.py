"""One corroborator, and the questions that it was not asked yet."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from doctor_core import background, clock
from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence import fitting
from doctor_core.exceptions import ConfigError, DoctorError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence
from doctor_core.wording import said

LOG = logging.getLogger(__name__)

#: How many hosts a corroborator is asked about at a time. When a whole rack
#: is silent, the others wait for their turn.
_AT_A_TIME = 8
#: An answer that takes longer is missed in the log.
SLOW_S = 30.0


class Question(NamedTuple):
    """What is asked.

    :ivar silent: hosts that fell silent with this one.
    :ivar since: names this silence of it.
    """

    host: Host
    silent: tuple[Host, ...]
    since: float


class Desk:
    """Asks a corroborator by threads of its own, about a host one question at
    a time. Whatever it does, nobody else waits for it. Any thread may call.

    :param name: its name.
    :param found: takes what it knows, with the host's name and its silence.
    """

    def __init__(self, name: str, corroborator: Corroborator,
                 found: Callable[[str, Evidence, float], None]) -> None:
        self.name = name
        self._corroborator = corroborator
        self._found = found
        self._lock = threading.Lock()
        #: When each host's question was put that is not answered yet.
        self._open: dict[str, float] = {}
        self._questions: queue.SimpleQueue[Question | None] = (
            queue.SimpleQueue())
        self._threads = 0
        self._is_stopped = False
        self._fresh: Sequence[Host] | None = None
        self._is_updating = False
        #: The silence of which each host was asked last.
        self._silences: dict[str, float] = {}
        #: What was said of whom, so that the log has it once.
        self._said: dict[str, str] = {}

    def start(self, hosts: Sequence[Host]) -> None:
        """Have it get ready; one with a defect is not asked.

        :raises ConfigError: it cannot work here.
        """
        try:
            self._corroborator.start(hosts)
        except ConfigError:
            raise
        except Exception:  # a plugin's
            LOG.exception('The corroborator %s cannot start, and is not '
                          'asked', self.name)
            self.stop()

    def update(self, hosts: Sequence[Host]) -> None:
        """Hand it the hosts of now, by a thread of its own."""
        with self._lock:
            self._fresh = hosts
            if self._is_updating or self._is_stopped:
                return
            self._is_updating = self._begin(self._renew, 'hosts')

    def put(self, question: Question) -> None:
        """Have it asked, unless it is just being asked about that host."""
        name, now = question.host.name, clock.monotonic()
        with self._lock:
            if self._is_stopped:
                return
            is_new = name not in self._open
            put_at = self._open.setdefault(name, now)
            # The first question costs a thread, a quiet cloud none.
            if self._threads < min(_AT_A_TIME, len(self._open)) \
                    and self._begin(self._run, str(self._threads)):
                self._threads += 1
        if is_new:
            self._questions.put(question)
        elif now - put_at > SLOW_S:
            self._note(name, f'no answer for more than {SLOW_S:g} s', False)

    def stop(self) -> 'Future[None]':
        """End; what is under way is left. May be called again.

        :returns: done when the corroborator has ended.
        """
        with self._lock:
            self._is_stopped = True
            threads, self._threads = self._threads, 0
        for _thread in range(threads):
            self._questions.put(None)
        return background.begin(self._corroborator.stop,
                                f'corroborator-{self.name}-stop')

    def _begin(self, work: Callable[[], None], what: str) -> bool:
        try:
            threading.Thread(target=work, daemon=True,
                             name=f'corroborator-{self.name}-{what}').start()
        except RuntimeError as error:  # there are too many
            LOG.error('The corroborator %s has no thread: %s', self.name,
                      error)
            return False
        return True

    def _renew(self) -> None:
        while True:
            with self._lock:
                hosts, self._fresh = self._fresh, None
                if hosts is None or self._is_stopped:
                    self._is_updating = False
                    return
            try:
                self._corroborator.update(hosts)
            except BaseException:  # a plugin's; SystemExit, too
                LOG.exception('The corroborator %s could not take the hosts; '
                              'it goes on with those of before', self.name)

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            evidence = self._answer(question)
            with self._lock:
                self._open.pop(question.host.name, None)
                is_wanted = evidence is not None and not self._is_stopped
            if is_wanted and evidence is not None:
                self._hand_on(question, evidence)

    def _hand_on(self, question: Question, evidence: Evidence) -> None:
        try:
            self._found(question.host.name, evidence, question.since)
        except Exception:  # a thread's outermost frame
            LOG.exception('What the corroborator %s knows of host %s is lost',
                          self.name, question.host.name)

    def _answer(self, question: Question) -> Evidence | None:
        name = question.host.name
        try:
            if self._silences.get(name, question.since) != question.since:
                self._corroborator.forget(question.host)
            self._silences[name] = question.since
            evidence = self._corroborator.ask(question.host, question.silent)
            if evidence is not None and not isinstance(evidence, Evidence):
                raise TypeError(f'ask() returned {evidence!r}, neither '
                                'Evidence nor None')
        except (DoctorError, OSError) as error:
            self._note(name, said(error), isinstance(error, ConfigError))
        except BaseException as defect:  # a plugin's; SystemExit, too
            if self._is_news(name, f'{type(defect).__name__}: {said(defect)}'):
                LOG.exception('The corroborator %s failed; that says nothing '
                              'of host %s', self.name, name)
        else:
            with self._lock:
                self._said.pop(name, None)
            return evidence and fitting.evidence(evidence)
        return None

    def _note(self, name: str, error: str, is_wrong: bool) -> None:
        if self._is_news(name, error):
            LOG.log(logging.ERROR if is_wrong else logging.INFO,
                    'The corroborator %s says nothing of host %s: %s',
                    self.name, name, error)

    def _is_news(self, name: str, text: str) -> bool:
        """Whether a complaint is of no host so far: one of a thousand hosts
        is one line.
        """
        with self._lock:
            is_news = text not in self._said.values()
            self._said[name] = text
            return is_news
