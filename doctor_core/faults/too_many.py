"""Whether a host is one of too many, in words; and what if nobody knows."""

import logging
from collections.abc import Callable, Sequence

from doctor_core import clock
from doctor_core.faults import mass_failure, suspicion
from doctor_core.faults.hold_option import HELD_BY_OPTION
from doctor_core.faults.mass_failure import Down, Group, Limits
from doctor_core.model.evidence import EvidenceKind, Weight
from doctor_core.model.states import FaultState
from doctor_core.store import Fallen, Store
from doctor_core.wording import counted, few

LOG = logging.getLogger(__name__)

_NAMED = 3
#: The reason of faults of which it cannot be said yet.
HELD_UNJUDGED = ('held until it can be said whether too many hosts are down; '
                 'the log says why that is not known')
#: Any other reason is that of one of too many.
_NO_MASS = frozenset({HELD_BY_OPTION, HELD_UNJUDGED, suspicion.WAITING,
                      suspicion.HELD})


class TooMany:
    """Judges hosts that are lost; for one thread at a time.

    :param limits: how many are too many; asked anew each time.
    :param store: where the faults are.
    :param groups: those that compute hosts are in; the first is of all.
    :ivar is_unjudged: whether some may be held that could not be judged.
    """

    def __init__(self, limits: Callable[[], Limits], store: Store,
                 groups: Callable[[], Sequence[Group]]) -> None:
        self._limits = limits
        self._store = store
        self._groups = groups
        self.is_unjudged = True
        self._is_blind = False

    def why(self, hosts: Sequence[str]) -> dict[str, str]:
        """Why each of these is one of too many; empty when it is not. When
        that cannot be said, they are held all the same: to correct can hurt,
        and to wait does less.
        """
        if not self._limits().share:
            return dict.fromkeys(hosts, '')
        try:
            found = self._judge(hosts)
        except Exception as error:  # the owners are to be told all the same
            self.note_blind(exc_info=error)
            return dict.fromkeys(hosts, HELD_UNJUDGED)
        self._is_blind = False
        return found

    def _judge(self, hosts: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        down = {one.hostname: described(one) for one in self.fallen()}
        groups = self._groups()
        for host in hosts:
            mass = mass_failure.judge(
                self._limits(), down.values(), host, groups)
            found[host] = self._reason(mass, host) if mass else ''
            if mass and host in down:
                down[host] = down[host]._replace(is_held=True, is_mass=True)
        return found

    def fallen(self) -> list[Fallen]:
        """The hosts that are down, but for those that the option holds."""
        return [one for one in self._store.falls.down(clock.boot_id())
                if not suspicion.is_held(one, HELD_BY_OPTION)]

    def note_blind(self, exc_info: Exception) -> None:
        """It cannot be said, since this was raised."""
        if not self._is_blind:
            LOG.error(
                'Whether too many hosts are down cannot be said. Until it '
                'can, owners are told of each, and none is marked down in '
                'Nova and Neutron', exc_info=exc_info)
        self._is_blind = self.is_unjudged = True

    def note_judged(self) -> None:
        """It can be said again, if that is so of all."""
        self._is_blind &= self.is_unjudged

    def _reason(self, mass: mass_failure.MassFailure, host: str) -> str:
        """The reason of a fault in a mass failure, which the log has once.
        """
        marked = f' {few(mass.marked, _NAMED)} had been marked down before ' \
            'that was known; these marks stay.' if mass.marked else ''
        where = f' of {mass.group}' if mass.group else ''
        if mass.begins:
            LOG.error('Mass failure: %d of %d compute hosts%s are down. The '
                      'owners of their servers are told.%s From %s on no '
                      'host is marked down in Nova and Neutron. %s',
                      mass.down, mass.of, where, marked, host,
                      self.what_to_do())
        return (f'held: {mass.down} of {counted(mass.of, "host")}{where} are '
                f'down, a mass failure.{marked}')

    def what_to_do(self) -> str:
        """What an operator can do about hosts that are held."""
        budget = self._limits().budget
        return ('Look whether they are dead, or the network is: "doctor '
                'faults list --state held". If they are dead: "doctor '
                'faults confirm --all". A host that answers again is cleared '
                'by itself.'
                + (f' Without a word from you {budget} of them '
                   f'{"is" if budget == 1 else "are"} marked down each '
                   f'minute.' if budget else ''))


def described(fallen: Fallen) -> Down:
    """What matters of a host that is down."""
    is_held = fallen.state == FaultState.HELD
    return Down(
        fallen.hostname, suspicion.held_since(fallen), is_held=is_held,
        is_mass=is_held and fallen.reason not in _NO_MASS,
        is_confirmed=EvidenceKind.OPERATOR in fallen.kinds,
        is_proved=any(kind.weight >= Weight.SECOND for kind in fallen.kinds))
