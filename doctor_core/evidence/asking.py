"""Asks the corroborators about silent hosts, each by threads of its own."""

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import ConfigError, DoctorError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence

LOG = logging.getLogger(__name__)

#: How many hosts a corroborator is asked about at a time. When a whole rack
#: is silent, the others wait for their turn.
_AT_A_TIME = 8


class _Question(NamedTuple):
    host: Host
    silent: tuple[Host, ...]


class Asking:
    """Who is asked when a host falls silent.

    A corroborator that does not answer holds up none but itself. Of one host
    it is asked one question at a time.

    :param corroborators: by name.
    :param found: takes what they know, with the host's name; called from
        threads of this.
    """

    def __init__(self, corroborators: Mapping[str, Corroborator],
                 found: Callable[[str, Evidence], None]) -> None:
        self._desks = [_Desk(name, one, found)
                       for name, one in corroborators.items()]
        self._hosts: dict[str, Host] = {}

    def start(self, hosts: Sequence[Host]) -> None:
        """Be ready; does not block.

        :raises ConfigError: a corroborator cannot work here.
        """
        self._hosts = {host.name: host for host in hosts}
        for desk in self._desks:
            desk.corroborator.start(hosts)

    def update(self, hosts: Sequence[Host]) -> None:
        """These are the hosts from now on; may block."""
        self._hosts = {host.name: host for host in hosts}
        for desk in self._desks:
            desk.update(hosts)

    def ask(self, hostname: str, silent: Sequence[str]) -> None:
        """Have all of them asked about a host; does not block.

        :param silent: who fell silent with it.
        """
        host = self._hosts.get(hostname)
        if host is not None:
            others = tuple(self._hosts[name] for name in silent
                           if name in self._hosts)
            for desk in self._desks:
                desk.put(_Question(host, others))

    def stop(self) -> None:
        """End; does not wait for answers that are under way. May be called
        again.
        """
        for desk in self._desks:
            desk.stop()


class _Desk:
    """One corroborator, and the questions that it was not asked yet."""

    def __init__(self, name: str, corroborator: Corroborator,
                 found: Callable[[str, Evidence], None]) -> None:
        self.corroborator = corroborator
        self._name = name
        self._found = found
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._questions: queue.SimpleQueue[_Question | None] = (
            queue.SimpleQueue())
        self._threads: list[threading.Thread] = []
        self._is_stopped = False
        #: What was said of whom, so that the log has it once.
        self._said: dict[str, str] = {}

    def put(self, question: _Question) -> None:
        with self._lock:
            if self._is_stopped or question.host.name in self._open:
                return
            self._open.add(question.host.name)
            if len(self._threads) < min(_AT_A_TIME, len(self._open)):
                # The first question costs a thread, a quiet cloud none.
                thread = threading.Thread(
                    target=self._run, daemon=True,
                    name=f'corroborator-{self._name}-{len(self._threads)}')
                self._threads.append(thread)
                thread.start()
        self._questions.put(question)

    def update(self, hosts: Sequence[Host]) -> None:
        try:
            self.corroborator.update(hosts)
        except Exception:  # a plugin's
            LOG.exception('The corroborator %s could not take the hosts; it '
                          'goes on with those of before', self._name)

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            threads, self._threads = self._threads, []
        for _thread in threads:
            self._questions.put(None)
        self.corroborator.stop()

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            evidence = self._answer(question)
            with self._lock:
                self._open.discard(question.host.name)
            if evidence is not None and not self._is_stopped:
                self._found(question.host.name, evidence)

    def _answer(self, question: _Question) -> Evidence | None:
        name = question.host.name
        try:
            evidence = self.corroborator.ask(question.host, question.silent)
            if evidence is not None and not isinstance(evidence, Evidence):
                raise TypeError(f'ask() returned {evidence!r}, neither '
                                'Evidence nor None')
        except (DoctorError, OSError) as error:
            self._note(name, str(error), isinstance(error, ConfigError))
        except Exception as defect:  # a thread's outermost frame
            if self._said.get(name) != repr(defect):
                self._said[name] = repr(defect)
                LOG.exception('The corroborator %s failed; that says nothing '
                              'of host %s', self._name, name)
        else:
            self._said.pop(name, None)
            return evidence
        return None

    def _note(self, name: str, error: str, is_wrong: bool) -> None:
        if self._said.get(name) != error:
            self._said[name] = error
            LOG.log(logging.ERROR if is_wrong else logging.INFO,
                    'The corroborator %s says nothing of host %s: %s',
                    self._name, name, error)
