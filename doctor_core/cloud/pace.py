"""How many requests a service is sent at a time: found, not set; pure."""

import dataclasses

#: How many at a time before anything is known of a service.
FIRST = 20
#: Seconds without a request after which nothing is known of it any more.
FORGOTTEN_AFTER_S = 60.0
#: So many always, or what gets better would not be noticed.
LEAST = 2
_FIRST_STEP, _STEP = 2.5, 1.25
#: The share of the added requests that has to be worked on at once, rather
#: than wait, so that more at a time are worth while.
_WORTH = 0.3
#: The share of answers a second that fewer at a time must reach.
_KEPT = 0.95
#: Looks at a number that was found, before its neighbours are tried again.
_FIRST_REST, _LONGEST_REST = 1, 32
#: The share of those under way that is worked on when hardly any waits, and
#: how many for each that is worked on are enough to have it so.
_BUSY, _SPARE = 0.75, 1.1
#: The weight of the newest look among those at the same number.
_NEWEST = 0.4


@dataclasses.dataclass(frozen=True)
class Sample:
    """A request whose answer is waited for to learn from.

    :ivar look: the look that it belongs to.
    :ivar under_way: how many were, with itself, when it was sent.
    :ivar sent_at: when that was, by a monotonic clock.
    """

    look: int
    under_way: int
    sent_at: float


class Pace:
    """The number that brings most answers a second with least waiting.

    How many requests are under way, divided by the time that each takes,
    are the answers a second. A look takes this of some requests that were
    sent one after the other; those that are answered first would be the
    quick ones. While more at a time bring more answers, that is, while these
    come no slower, the number grows, in large steps first, then in small
    ones. Where more bring no more, the service lets them wait in a queue of
    its own: the number shrinks as long as fewer bring as many. What the
    service refuses, or leaves unanswered, halves it.

    :param ceiling: never more than so many.
    :ivar limit: how many at a time, now.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._used_at = float('-inf')
        self._look = 0
        self._begin(min(FIRST, ceiling))

    def _begin(self, limit: int) -> None:
        self._found = limit
        #: Answers a second at that number; 0 when there was no look yet.
        self._rate = 0.0
        #: Seconds that an answer takes at that number, and where it came
        #: quickest.
        self._usual_s, self._quickest_s = 0.0, float('inf')
        self._is_first_rise = True
        self._rest, self._next_rest = 0, _FIRST_REST
        self._go_to(limit)

    def _go_to(self, limit: int) -> None:
        """Have so many at a time, and look what this brings."""
        self.limit = limit
        self._look += 1
        self._to_send = max(20, limit) if limit < self._found \
            else max(10, limit // 2)
        self._asked = self._to_answer = self._to_send
        self._under_way = 0
        self._took_s = 0.0

    def sent(self, under_way: int, now: float) -> Sample | None:
        """A request is being sent.

        :param under_way: how many are, with this one.
        :param now: seconds on a monotonic clock.
        :returns: to be given to :meth:`answered`, :meth:`refused` or
            :meth:`dropped`; None when nothing is to be learned from it.
        """
        if now - self._used_at > FORGOTTEN_AFTER_S:
            self._begin(min(FIRST, self._ceiling))
        self._used_at = now
        # Of few under way, nobody learns what as many as allowed would do.
        if not self._to_send or under_way <= self.limit // 2:
            return None
        self._to_send -= 1
        return Sample(self._look, under_way, now)

    def answered(self, sample: Sample, now: float) -> None:
        """The service has done what was asked."""
        if sample.look != self._look:
            return
        self._under_way += sample.under_way
        self._took_s += max(now - sample.sent_at, 1e-6)
        self._to_answer -= 1
        if not self._to_answer:
            self._judge(self._under_way / self._took_s,
                        self._took_s / self._asked)

    def dropped(self, sample: Sample) -> None:
        """Nothing is to be learned from its answer: another takes its place.
        """
        if sample.look == self._look:
            self._to_send += 1

    def refused(self, sample: Sample) -> None:
        """It was too much for the service; of one look this counts once."""
        if sample.look == self._look:
            self._begin(max(min(LEAST, self._ceiling), self.limit // 2))

    def _judge(self, rate: float, took_s: float) -> None:
        """Go where the look at the present number leads.

        :param rate: answers a second.
        :param took_s: seconds that each took, on average.
        """
        self._quickest_s = min(self._quickest_s, took_s)
        if self.limit > self._found:
            worth = 1 + _WORTH * (self.limit / self._found - 1)
            if rate >= self._rate * worth:
                self._take(rate, took_s)
                self._next_rest = _FIRST_REST
                self._try_more()
            else:
                self._end_rise(rate)
        elif self.limit < self._found:
            if rate >= self._rate * _KEPT:
                # A little less each time must not add up to a lot.
                self._take(max(rate, 0.98 * self._rate), took_s)
                self._try_fewer()
            else:
                self._quickest_s = took_s
                self._settle()
        else:
            self._look_again(rate, took_s)

    def _end_rise(self, rate: float) -> None:
        """More at a time than were found bring hardly more answers."""
        self._is_first_rise = False
        enough = round(_SPARE * rate * self._quickest_s)
        if enough > self._found:
            # What lies between is known from how long the others waited.
            self._found, self._rate = min(enough, self.limit), rate
            self._usual_s = self._found / rate
            self._settle()
        else:
            self._try_fewer()

    def _look_again(self, rate: float, took_s: float) -> None:
        """At the number that was found before."""
        self._rest -= 1
        if rate < 0.7 * self._rate:
            # Whether it is our doing, fewer at a time will show.
            self._take(rate, took_s)
            self._quickest_s = took_s
            self._try_fewer()
            return
        weight = _NEWEST if self._rate else 1.0
        self._rate += weight * (rate - self._rate)
        self._usual_s += weight * (took_s - self._usual_s)
        if self._rest <= 0:
            self._try_more()
        else:
            self._go_to(self._found)

    def _worked_on(self) -> float:
        """How many of those that were found the service works on.

        As far as is known; the others wait for as long as answers take more
        time than the quickest did (Little).
        """
        return self._found * self._quickest_s / self._usual_s

    def _take(self, rate: float, took_s: float) -> None:
        self._found, self._rate, self._usual_s = self.limit, rate, took_s

    def _try_more(self) -> None:
        step = _FIRST_STEP if self._is_first_rise else _STEP
        more = min(self._ceiling,
                   max(self._found + 1, round(self._found * step)))
        if self._worked_on() < _BUSY * self._found:
            self._is_first_rise = False
            self._try_fewer()
        elif more > self._found:
            self._go_to(more)
        else:
            self._settle()

    def _try_fewer(self) -> None:
        fewer = round(self._found / _STEP)
        if self._worked_on() < _BUSY * self._found:
            fewer = min(fewer, round(_SPARE * self._worked_on()))
        fewer = max(LEAST, min(self._found - 1, fewer))
        if fewer < self._found:
            self._go_to(fewer)
        else:
            self._settle()

    def _settle(self) -> None:
        self._rest = self._next_rest
        self._next_rest = min(_LONGEST_REST, 2 * self._next_rest)
        self._go_to(self._found)
