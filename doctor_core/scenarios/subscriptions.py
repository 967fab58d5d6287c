"""The owners of servers, as far as they wait for news of them."""

from collections.abc import Sequence

from doctor_core import wire
from doctor_core.alarms.base import AlarmManager
from doctor_core.at_once import at_once
from doctor_core.exceptions import DoctorError
from doctor_core.model import Alarm, AlarmRule, Condition, Server
from doctor_core.scenarios.base import Progress

_ALARM = 'doctor_alarm'


class Subscriptions:
    """One alarm a server, as its owner would make it; all methods block.

    :param alarms: who evaluates them.
    :param progress: told how far it is.
    :ivar leftovers: the alarms that could not be deleted, and why.
    """

    def __init__(self, alarms: AlarmManager, progress: Progress) -> None:
        self.leftovers: list[str] = []
        self._alarms = alarms
        self._progress = progress
        self._made: dict[str, Alarm] = {}

    def make(self, servers: Sequence[Server], project_id: str, url: str
             ) -> None:
        """Have an owner's URL called when any of the servers is in error.

        :raises BackendError: one was refused; those that were made are
            deleted by :meth:`delete`.
        """
        def subscribe(index: int) -> None:
            server_id = servers[index].id
            self._made[server_id] = self._alarms.create(AlarmRule(
                name=f'{_ALARM}{index}', project_id=project_id,
                event_type=wire.INSTANCE_UPDATE, actions=(url,),
                query=(Condition('traits.instance_id', server_id),
                       Condition('traits.state', 'error')),
                description='VM failure'))

        at_once(subscribe, range(len(servers)),
                lambda count: self._progress.so_far('alarms are made', count,
                                                    len(servers)))

    def evaluated(self) -> list[tuple[str, float]]:
        """When an evaluator that is not ours found a server's rule met."""
        found = at_once(self._alarms.evaluated_at, list(self._made.values()))
        return [(server_id, at) for server_id, at
                in zip(self._made, found, strict=True) if at is not None]

    def delete(self) -> None:
        """Take the alarms away again; if one cannot be, the others."""
        made, self._made = list(self._made.values()), {}
        at_once(self._delete, made,
                lambda count: self._progress.so_far('alarms are deleted',
                                                    count, len(made)))

    def _delete(self, alarm: Alarm) -> None:
        try:
            self._alarms.delete(alarm)
        except DoctorError as error:
            self.leftovers.append(f'alarm {alarm.rule.name}: {error}')
