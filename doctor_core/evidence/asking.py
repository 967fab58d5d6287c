"""Asks the corroborators about silent hosts."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from doctor_core import clock
from doctor_core.corroborators.base import Corroborator
from doctor_core.evidence.desk import Desk, Question
from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence

LOG = logging.getLogger(__name__)

#: For so long they are waited for at the end.
_END_S = 5.0


class Asking:
    """Who is asked when a host falls silent.

    A corroborator that does not answer holds up none but itself. Of one host
    it is asked one question at a time.

    :param corroborators: by name.
    :param found: takes what they know, with the host's name and the silence
        that they were asked of; called from threads of this.
    """

    def __init__(self, corroborators: Mapping[str, Corroborator],
                 found: Callable[[str, Evidence, float], None]) -> None:
        self._desks = [Desk(name, one, found)
                       for name, one in corroborators.items()]
        self._hosts: dict[str, Host] = {}

    def start(self, hosts: Sequence[Host]) -> None:
        """Be ready; does not block.

        :raises ConfigError: a corroborator cannot work here; none runs.
        """
        self._hosts = {host.name: host for host in hosts}
        for desk in self._desks:
            try:
                desk.start(hosts)
            except ConfigError:
                self.stop()
                raise

    def update(self, hosts: Sequence[Host]) -> None:
        """These are the hosts from now on; does not block."""
        self._hosts = {host.name: host for host in hosts}
        for desk in self._desks:
            desk.update(hosts)

    def ask(self, hostname: str, silent: Sequence[str], since: float) -> None:
        """Have all of them asked about a host; does not block.

        :param silent: who fell silent with it.
        :param since: names this silence of it.
        """
        hosts = self._hosts
        host = hosts.get(hostname)
        if host is not None and self._desks:
            others = tuple(hosts[name] for name in silent if name in hosts)
            for desk in self._desks:
                desk.put(Question(host, others, since))

    def stop(self) -> None:
        """End; waits up to 5 s for the corroborators, and not for answers
        that are under way. May be called again.
        """
        ends = [(desk.name, desk.stop()) for desk in self._desks]
        deadline = clock.Deadline(_END_S)
        for name, end in ends:
            _wait(name, end, deadline)


def _wait(name: str, end: 'Future[None]', deadline: clock.Deadline) -> None:
    try:
        error = end.exception(deadline.left_s())
    except TimeoutError:
        LOG.error('The corroborator %s does not end; it is left', name)
    else:
        if error is not None:
            LOG.error('The corroborator %s did not end as it should', name,
                      exc_info=error)
