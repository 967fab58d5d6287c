"""From samples to verdicts. Pure: no clock, no I/O.

::

    unknown --answer--> healthy --miss--> suspect --confirming misses--> down
                           ^                 |                            |
                           |<----answer------+        (too often) flapping
                           |                                              |
                           +<----soak and hold-down over, answers---------+
"""

import dataclasses
import enum


class State(enum.StrEnum):
    """What is held of something that is probed."""

    UNKNOWN = 'unknown'
    HEALTHY = 'healthy'
    SUSPECT = 'suspect'
    DOWN = 'down'
    #: Down, and down so often of late that an answer proves little.
    FLAPPING = 'flapping'


class Change(enum.StrEnum):
    """What a sample brought about."""

    SUSPECTED = 'suspected'
    #: It missed as many as it takes, though not for long enough: others are
    #: asked.
    DOUBTED = 'doubted'
    #: Silent for so long that a second witness who agrees is enough.
    SILENT = 'silent'
    REFUTED = 'refuted'
    DOWN = 'down'
    UP = 'up'


#: States in which something counts as failed.
FAILED = frozenset({State.DOWN, State.FLAPPING})
#: Beyond it, doubling the hold-down only overflows.
_DOUBLINGS = 30


@dataclasses.dataclass(frozen=True)
class Policy:
    """How much evidence a verdict needs.

    :ivar misses: consecutive misses until down, at the least.
    :ivar silence_s: and one of them was sent so long after the first: what
        is silent for a shorter time, and then answers, is never down.
    :ivar agreed_silence_s: the same where a second witness agrees; None where
        that makes no difference.
    :ivar soak_samples: consecutive answers until up.
    :ivar soak_s: for how long these answers must have come.
    :ivar hold_down_s: how long after the last proof of failure a host stays
        down that flaps for the first time; doubles with each flap.
    :ivar hold_down_max_s: where that ends.
    :ivar flap_window_s: going down so soon after having come up is a flap.
    :ivar flap_limit: as many flaps make it flapping.
    """

    misses: int = 4
    silence_s: float = 0.0
    agreed_silence_s: float | None = None
    soak_samples: int = 5
    soak_s: float = 1.0
    hold_down_s: float = 10.0
    hold_down_max_s: float = 300.0
    flap_window_s: float = 300.0
    flap_limit: int = 3


class Health:
    """The verdict on one thing that is probed, sample by sample.

    The times given are seconds of one monotonic clock; it is never asked
    here. Answers must be cheap: there are tens of thousands a second.

    :ivar state: what is held of it.
    :ivar misses: how many samples in a row have been missed.
    :ivar flaps: how often it went down soon after having come up.
    """

    __slots__ = ('_failed_at', '_good', '_good_since', '_is_silent',
                 '_missed_until', '_presumed', '_silent_since', '_up_at',
                 'flaps', 'misses', 'policy', 'state')

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.state = State.UNKNOWN
        self.misses = 0
        self.flaps = 0
        self._good = 0
        self._good_since = 0.0
        #: When the first and the last of the probes missed in a row were
        #: sent.
        self._silent_since = self._missed_until = 0.0
        self._is_silent = False
        self._failed_at = 0.0
        self._up_at: float | None = None
        self._presumed = False

    @property
    def hold_down_s(self) -> float:
        """How long it stays down after the last proof of failure."""
        if not self.flaps:
            return 0.0
        doublings = min(self.flaps - 1, _DOUBLINGS)
        return min(self.policy.hold_down_s * 2 ** doublings,
                   self.policy.hold_down_max_s)

    def answered(self, at: float) -> Change | None:
        """Take a good sample.

        :returns: REFUTED, UP, or None.
        """
        if self.state is State.HEALTHY:
            return None
        self.misses = 0
        self._is_silent = False
        if self.state in FAILED:
            return self._soak(at)
        suspected = self.state is State.SUSPECT
        self.state = State.HEALTHY
        return Change.REFUTED if suspected else None

    def _soak(self, at: float) -> Change | None:
        if not self._good:
            self._good_since = at
        self._good += 1
        if (self._good < self.policy.soak_samples
                or at - self._good_since < self.policy.soak_s
                or at - self._failed_at < self.hold_down_s):
            return None
        self._up_at = at
        self._presumed = False
        self.state = State.HEALTHY
        return Change.UP

    def missed(self, at: float, *, sent_at: float | None = None,
               witnessed: bool = True) -> Change | None:
        """Take a bad sample.

        :param sent_at: when the probe was sent that was not answered; ``at``
            when None.
        :param witnessed: whether something else answered meanwhile, so that
            the fault cannot be the observer's. Without, it stays suspect,
            however many samples it misses.
        :returns: SUSPECTED, DOUBTED, SILENT, DOWN, or None.
        """
        sent_at = at if sent_at is None else sent_at
        if not self.misses:
            self._silent_since = sent_at
        self._missed_until = sent_at
        self.misses += 1
        self._good = 0
        confirmed = self._confirmed
        if self.state in FAILED:
            if not confirmed:
                return None
            self._failed_at = at
            presumed, self._presumed = self._presumed, False
            return Change.DOWN if presumed else None
        if confirmed and witnessed:
            return self._fall(at)
        if self.state is State.SUSPECT:
            # One probe alone is lost now and then, with nobody to be asked.
            doubted = self.misses == max(self.policy.misses, 2)
            return self._fall_silent() or (
                Change.DOUBTED if doubted else None)
        self.state = State.SUSPECT
        return Change.SUSPECTED

    def _fall_silent(self) -> Change | None:
        if self._is_silent or not self.would_agree:
            return None
        self._is_silent = True
        return Change.SILENT

    @property
    def would_agree(self) -> bool:
        """Whether a second witness who agrees would have it down."""
        silence_s = self.policy.agreed_silence_s
        return (silence_s is not None and self.state is State.SUSPECT
                and self.misses >= self.policy.misses and self._missed_until
                >= self._silent_since + silence_s)

    def agree(self, at: float) -> Change | None:
        """A second witness says that it is dead, too.

        :returns: DOWN, or None when it is not silent for long enough.
        """
        return self._fall(at) if self.would_agree else None

    @property
    def _confirmed(self) -> bool:
        return (self.misses >= self.policy.misses and self._missed_until
                >= self._silent_since + self.policy.silence_s)

    def _fall(self, at: float) -> Change:
        soon = (self._up_at is not None
                and at - self._up_at < self.policy.flap_window_s)
        self.flaps = self.flaps + 1 if soon else 0
        self._failed_at = at
        flapping = self.flaps >= self.policy.flap_limit
        self.state = State.FLAPPING if flapping else State.DOWN
        return Change.DOWN

    def presume_down(self, at: float, *, confirm: bool) -> None:
        """Begin as down: what is known from before is not forgotten.

        :param confirm: whether to say DOWN once more when it proves true.
        """
        self.state = State.DOWN
        self._failed_at = at
        self._presumed = confirm

    def forget(self) -> None:
        """Begin anew: what was held of it was of something else."""
        self.state = State.UNKNOWN
        self.misses = 0
        self._is_silent = self._presumed = False

    @property
    def withheld(self) -> bool:
        """Whether it would be down, had anybody witnessed it."""
        return self.state is State.SUSPECT and self._confirmed

    def confirm(self, at: float) -> Change | None:
        """It is witnessed, late, that its misses are its own.

        :returns: DOWN, or None when they are too few.
        """
        return self._fall(at) if self.withheld else None

    def reconsider(self, at: float) -> None:
        """Forget misses that nobody witnessed: confirm once more.

        :param at: the silence counts from now on.
        """
        if self.state is State.SUSPECT:
            self.misses = min(self.misses, 1)
            self._is_silent = False
            self._silent_since = self._missed_until = at
