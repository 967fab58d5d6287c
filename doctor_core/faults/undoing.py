"""What of a fault is Doctor's to take back, and what its owners hear. Pure.
"""

import dataclasses
import enum
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from doctor_core.cloud import calls
from doctor_core.faults.plan import Affected
from doctor_core.model import (
    Action,
    Correction,
    News,
    Port,
    Server,
    StateChange,
    Telling,
)

_MINUTE_S = 60.0
_STOPPED = 'stopped'
#: How the reason ends of an error on another host that Doctor leaves.
BY_HAND = 'see whether it runs, and set its state by hand'
_WAS_UNSET = 'it had no status before; ACTIVE, for Neutron cannot unset one'


@dataclasses.dataclass(frozen=True)
class Returned:
    """What there is of a host that is back, by Nova's own word.

    :ivar found: what is on it now.
    :ivar elsewhere: those of its servers that are not on it any more; None
        for one that is gone.
    :ivar ports: the ports of all these servers.
    :ivar unknown: the servers and ports of which nobody tells how they are,
        by their ids, and why: they wait, and nobody waits for them.
    """

    found: Affected
    elsewhere: Mapping[str, Server | None]
    ports: tuple[Port, ...]
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def here(self) -> Mapping[str, Server]:
        """The servers that are on it, by id."""
        return {server.id: server for server in self.found.servers}

    @functools.cached_property
    def ports_by_id(self) -> Mapping[str, Port]:
        """The ports, by id."""
        return {port.id: port for port in self.ports}


class Guests(enum.Enum):
    """What became of the guests of a host that is back.

    :cvar RAN_ON: the host did, and they with it.
    :cvar ENDED: the host has rebooted.
    :cvar UNVERIFIED: nobody can say.
    """

    RAN_ON = enum.auto()
    ENDED = enum.auto()
    UNVERIFIED = enum.auto()


class Age(NamedTuple):
    """For how long a host has been lost, in seconds.

    :ivar most_s: None when nobody can say.
    """

    least_s: float
    most_s: float | None


def guests(uptime_s: float | None, lost_for: Age) -> Guests:
    """Whether a host ran on while it was lost.

    Uptimes are told in whole minutes, so for a minute nobody can say.

    :param uptime_s: for how long it has been running; None when not known.
    :param lost_for: how long ago it was lost.
    """
    if uptime_s is None:
        return Guests.UNVERIFIED
    if lost_for.most_s is not None and uptime_s >= lost_for.most_s:
        return Guests.RAN_ON
    return Guests.ENDED if uptime_s + _MINUTE_S <= lost_for.least_s \
        else Guests.UNVERIFIED


def why_left(correction: Correction, returned: Returned) -> str:
    """Why a correction is not Doctor's to take back; empty when it is.

    What somebody else has changed since is theirs.
    """
    if correction.action is Action.RESET_STATE:
        why = why_gone(correction.target_id, returned)
        there = returned.elsewhere.get(correction.target_id)
        return why if there is None or there.state != calls.ERROR \
            else f'{why}, in error: {BY_HAND}'
    port = returned.ports_by_id.get(correction.target_id)
    if port is None:
        return 'the port is gone'
    if port.data_plane_status != calls.PORT_DOWN:
        return f'its status is {port.data_plane_status or "none"} by now'
    return ''


def why_gone(server_id: str, returned: Returned) -> str:
    """Why a server is not as Doctor has left it; empty when it is."""
    here = here_now(server_id, returned)
    if here is not None:
        return '' if here.state == calls.ERROR \
            else f'its state is {here.state} by now'
    there = returned.elsewhere.get(server_id)
    if there is None:
        return 'the server is gone'
    return f'it is on host {there.host} by now' if there.host \
        else f'it is on no host by now, and {there.state}'


def busy(corrections: Iterable[Correction], returned: Returned
         ) -> dict[str, str]:
    """What Nova is doing with servers whose state is to be set back, by id: a
    reset would end it, an evacuation in an error.
    """
    return {server.id: calls.busy_with(server) for one in corrections
            if one.action is Action.RESET_STATE
            and (server := here_now(one.target_id, returned)) is not None
            and server.task_state}


def here_now(server_id: str, returned: Returned) -> Server | None:
    """A server, if it is on the host that is back."""
    return returned.here.get(server_id)


@dataclasses.dataclass(frozen=True)
class Word:
    """What is to be done about the owner of one server.

    :ivar tellings: what they hear now, and, when the guest has ended, what
        they hear later.
    :ivar nothing: why they hear nothing; empty when they do.
    :ivar by_nova: whether Nova's own notification says so, too.
    """

    tellings: tuple[Telling, ...] = ()
    nothing: str = ''
    by_nova: bool = False


def word_for(lost: Telling, returned: Returned, what: Guests, *,
             undone: bool, left: str = '') -> Word:
    """What the owner of a server hears when its host is back.

    :param lost: what they were told of its loss.
    :param undone: whether Doctor has just set its state back.
    :param left: why Doctor has left its state as it is; empty when it has
        not set it.
    """
    server = here_now(lost.server.id, returned)
    if server is None:
        return Word(nothing=why_gone(lost.server.id, returned))
    # The state before is what the owner was told last.
    known = {'verified': str(what is not Guests.UNVERIFIED).lower(),
             'old_state': lost.shown}
    # Until Nova has looked at the hypervisor it shows what it showed before,
    # be it that Doctor has set that back, somebody else has, or nobody ever
    # changed it.
    if what is Guests.ENDED and (undone or server.state == calls.ACTIVE):
        stopped = Telling(lost.server, News.STOPPED, _STOPPED,
                          {**known, 'reason': 'host rebooted'})
        return Word((stopped, Telling(
            lost.server, News.BACK, calls.ACTIVE,
            {**known, 'old_state': stopped.shown})))
    if undone:
        return Word((Telling(lost.server, News.BACK, calls.ACTIVE, known),),
                    by_nova=True)
    if server.state == calls.ERROR:
        return Word(nothing=left or 'it is in error, and not by Doctor')
    return Word((Telling(lost.server, News.BACK, server.state, known),))


def remarked(change: StateChange) -> StateChange:
    """An outcome, with what is otherwise than before although it was taken
    back: Neutron's documents allow null for the data plane status of a port,
    but it answers 500 to it.
    """
    one = change.correction
    is_unset = change.done and not one.before \
        and one.action is Action.DATA_PLANE_STATUS
    return dataclasses.replace(change, remark='; '.join(filter(None, (
        change.remark, _WAS_UNSET)))) if is_unset else change


def doubted(changes: Sequence[StateChange],
            unsure: Collection[tuple[Action, str]]) -> list[StateChange]:
    """Outcomes; what may have been made before is not refused by a no that
    comes now.

    :param unsure: the keys of that.
    """
    return [dataclasses.replace(change, is_refused=False)
            if change.correction.key in unsure else change
            for change in changes]


def by_reason(corrections: Collection[Correction], returned: Returned
              ) -> dict[str, list[Correction]]:
    """Corrections by the reason for which they are left; Doctor's own
    stand under the empty one.
    """
    found: dict[str, list[Correction]] = {'': []}
    for one in corrections:
        found.setdefault(why_left(one, returned), []).append(one)
    return found
