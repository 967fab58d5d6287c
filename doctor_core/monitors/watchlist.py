"""Hosts as they are watched: by which addresses, and with what verdict."""

import enum
import logging
from collections.abc import Collection, Iterator, Sequence

from doctor_core.exceptions import ConfigError
from doctor_core.model import Host
from doctor_core.monitors import unheard
from doctor_core.monitors.judgement import Network, Target
from doctor_core.monitors.matrix import Matrix, Meaning
from doctor_core.monitors.probing.wire import Address, Wire
from doctor_core.monitors.verdict import FAILED, Policy, State

LOG = logging.getLogger(__name__)

#: What networks are called that have no name; no host has more.
UNNAMED = tuple(f'network-{number}' for number in range(1, 9))
_OWN = 'an address of this machine, so the monitor would hear itself'


class HostState(enum.StrEnum):
    """What is held of a host."""

    #: None of its addresses can be probed.
    UNWATCHED = 'unwatched'
    UNKNOWN = 'unknown'
    HEALTHY = 'healthy'
    SUSPECT = 'suspect'
    DEGRADED = 'degraded'
    DOWN = 'down'
    FLAPPING = 'flapping'


class WatchedHost:
    """A host, the addresses by which it is watched, and what was told.

    :ivar problems: why addresses cannot be probed.
    :ivar lacking: the networks of addresses that could not be found now.
    :ivar is_old: whether an address is one that was found before.
    :ivar meaning: what its unreachable networks meant when last judged.
    :ivar is_agreed: whether somebody else has it dead, too, since it is
        silent.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.targets: list[Target] = []
        self.problems: list[str] = []
        self.lacking: set[Network] = set()
        self.is_old = False
        self.meaning = Meaning.IGNORE
        self.is_agreed = False

    def presume_down(self, now: float) -> None:
        """Begin as down, as it was reported before a restart."""
        self.meaning = Meaning.DOWN
        for target in self.targets:
            target.was_heard = True
            target.health.presume_down(now, confirm=True)

    @property
    def known(self) -> list[Target]:
        """Its addresses but for those that have never answered: these may be
        wrong, or behind a firewall, and say nothing of it.
        """
        return [target for target in self.targets if target.is_known]

    @property
    def failed(self) -> list[Target]:
        """Its addresses that are down."""
        return [target for target in self.known
                if target.health.state in FAILED]

    @property
    def missed(self) -> str:
        """What of these was missed, for a person."""
        return ', '.join(f'{target.health.misses} probes of {target.name} on '
                         f'{target.network.name} in a row without an answer'
                         for target in self.failed)

    @property
    def heard_on(self) -> str:
        """The networks on which it is heard, for a person."""
        return ', '.join(target.network.name for target in self.known
                         if target.health.state not in FAILED)

    def problem(self, now: float) -> str:
        """Why it, or one of its addresses, cannot be watched; where it is
        silent, while it is heard elsewhere.

        :param now: a monotonic time.
        """
        silent = [] if self.meaning is not Meaning.DEGRADED else [
            f'silent on {target.network.name}, and heard on {self.heard_on}'
            for target in self.failed]
        return '; '.join(filter(None, [*self.problems, *silent, *(
            unheard.problem(target, now) for target in self.targets)]))

    def judge(self, matrix: Matrix, networks: Sequence[str]) -> Meaning:
        """What its unreachable networks mean now.

        A host that cannot be reached at all is judged as unreachable on all
        networks, even where it has no address on some of them. Of one that
        has no address, or none that has ever answered, nothing is heard:
        what was held of it is held still.
        """
        return self.means(self.failed, matrix, networks)

    def means(self, silent: Sequence[Target], matrix: Matrix,
              networks: Sequence[str]) -> Meaning:
        """What it would mean that some of its addresses are unreachable; as
        :meth:`judge`.
        """
        known = len(self.known)
        if not known:
            return self.meaning
        if silent and len(silent) == known:
            return matrix.meaning(networks)
        return matrix.meaning(target.network.name for target in silent)

    @property
    def silent(self) -> list[Target]:
        """Its addresses that are down or suspect."""
        return [target for target in self.known
                if target.health.state in FAILED
                or target.health.state is State.SUSPECT]

    @property
    def state(self) -> HostState:
        """What is held of it; may be read from any thread."""
        if not self.targets:
            return HostState.UNWATCHED
        states = {target.health.state for target in self.known} \
            or {State.UNKNOWN}
        if self.meaning is Meaning.DOWN:
            return HostState.FLAPPING if State.FLAPPING in states \
                else HostState.DOWN
        if self.meaning is Meaning.DEGRADED:
            return HostState.DEGRADED
        for state in (State.SUSPECT, State.UNKNOWN):
            if state in states:
                return HostState(state)
        return HostState.HEALTHY


class Watchlist:
    """All hosts that are watched, and whom else the monitor probes.

    :param names: the networks, in the order of the hosts' addresses.
    :param witnesses: addresses, on the first network or as
        ``network = address``, that are probed only to know whether the
        monitor's own link to it is up, e.g. of a gateway.
    :param heard: the addresses that have ever answered, as
        :attr:`heard`; all, when None.
    :raises ConfigError: a witness that none can be, or that has no such
        network.
    """

    def __init__(self, wire: Wire, policy: Policy,
                 names: Sequence[str] = (),
                 witnesses: Sequence[str] = (),
                 heard: Collection[str] | None = None) -> None:
        self._wire = wire
        self._heard = heard
        self._policy = policy
        self._networks = [Network(name) for name in names or UNNAMED]
        self._witnesses = [self._witness(name) for name in witnesses]
        #: By name.
        self.hosts: dict[str, WatchedHost] = {}
        self._by_target: dict[Target, WatchedHost] = {}

    def _witness(self, words: str) -> Target:
        where, _, name = (word.strip() for word in words.rpartition('='))
        network = self._networks[0] if not where else next(
            (one for one in self._networks if one.name == where), None)
        if network is None:
            raise ConfigError(f'The witness {words} is on none of the '
                              'networks.')
        try:
            address = self._wire.resolve(name)
        except OSError as error:
            raise ConfigError(f'The witness {name} cannot be probed: '
                              f'{error}.') from None
        if self._wire.is_own(address):
            raise ConfigError(f'The witness {name} is no witness: it is '
                              f'{_OWN}.')
        return Target(f'witness {name}', address, self._policy, network)

    def __iter__(self) -> Iterator[WatchedHost]:
        return iter(self.hosts.values())

    def of(self, target: Target) -> WatchedHost | None:
        """The host of a target; None for a witness or one that is gone."""
        return self._by_target.get(target)

    def renewed(self, hosts: Sequence[Host], now: float) -> 'Watchlist':
        """The list for these hosts; who was watched is, with what is known.

        An address that was found once is kept until another one is: names
        that cannot be resolved now say nothing of the host. May block on
        DNS. This list stays as it is.

        :param now: a monotonic time.
        """
        heard = None if self._heard is None else {*self._heard, *self.heard}
        fresh = Watchlist(self._wire, self._policy, heard=heard)
        fresh._networks = self._networks
        fresh._witnesses = self._witnesses
        taken: dict[Address, str] = {
            target.address: target.name for target in self._witnesses}
        for host in hosts:
            fresh._add(host, self.hosts.get(host.name), taken, now)
        # Only now: an address may be another host's by now.
        for watched in fresh:
            before = self.hosts.get(watched.host.name)
            fresh._keep(watched, before, taken)
            _note(watched, before)
        return fresh

    def inherit(self, old: 'Watchlist') -> None:
        """Take over what was told of the hosts; by who tells it only."""
        for name, watched in self.hosts.items():
            if name in old.hosts:
                watched.meaning = old.hosts[name].meaning

    @property
    def unwatched(self) -> int:
        """How many of the hosts have no address to probe."""
        return sum(not watched.targets for watched in self)

    @property
    def mostly_unwatched(self) -> bool:
        """Whether these are most of the hosts."""
        return 2 * self.unwatched > len(self.hosts)

    @property
    def heard(self) -> set[str]:
        """The addresses that have ever answered, each with its host."""
        return {target.name for target in self._by_target
                if target.is_known}

    def _add(self, host: Host, before: WatchedHost | None,
             taken: dict[Address, str], now: float) -> None:
        watched = WatchedHost(host)
        down = before is not None and before.meaning is Meaning.DOWN
        known = {(target.network, target.address): target
                 for target in before.targets} if before else {}
        for index, name in enumerate(host.addresses or (host.name,)):
            if index >= len(self._networks):
                watched.problems.append(
                    f'{name}: there is no network left for it')
                continue
            network = self._networks[index]
            try:
                address = self._wire.resolve(name)
            except OSError as error:
                watched.problems.append(f'{name}: {error}')
                watched.lacking.update(
                    [network] if host.addresses else self._networks)
                continue
            if self._wire.is_own(address):
                watched.problems.append(f'{name}: this is {_OWN}')
                continue
            if address in taken:
                watched.problems.append(
                    f'{name}: {taken[address]} has this address too')
                continue
            taken[address] = host.name
            target = known.get((network, address))
            if not target:
                target = self._target(host, name, address, network, now)
                if down:
                    target.was_heard = True
                    target.health.presume_down(now, confirm=False)
            watched.targets.append(target)
            self._by_target[target] = watched
        self.hosts[host.name] = watched

    def _target(self, host: Host, name: str, address: Address,
                network: Network, now: float) -> Target:
        shown = f'{host.name} ({name})'
        return Target(shown, address, self._policy, network, listed=name,
                      watched_at=now, was_heard=(
                          self._heard is None or shown in self._heard))

    def _keep(self, watched: WatchedHost, before: WatchedHost | None,
              taken: dict[Address, str]) -> None:
        """Go on with the addresses of before, where none was found now."""
        for target in before.targets if before else ():
            if target.network in watched.lacking \
                    and target.address not in taken \
                    and not self._wire.is_own(target.address):
                taken[target.address] = watched.host.name
                watched.targets.append(target)
                watched.is_old = True
                watched.problems.append(
                    f'the old address on {target.network.name} is kept')
                self._by_target[target] = watched

    @property
    def targets(self) -> list[Target]:
        """Everything that is to be probed."""
        return [*self._by_target, *self._witnesses]


def _note(watched: WatchedHost, before: WatchedHost | None) -> None:
    """Let the log have the problems of a host, if they are new."""
    if watched.problems and (not before
                             or before.problems != watched.problems):
        how = 'cannot be watched by all its addresses'
        if not watched.targets:
            how = 'cannot be watched'
        elif watched.is_old:
            how = 'is watched by an old address'
        LOG.warning('Host %s %s: %s', watched.host.name, how,
                    '; '.join(watched.problems))
