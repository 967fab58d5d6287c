"""A service with some workers and a queue, on a clock of its own."""

import heapq
import random

from doctor_core.cloud.slots import Line

#: Seconds that a worker takes for one request, on average.
WORK_S = 0.06


class FixedPace:
    """So many at a time, whatever comes of it."""

    def __init__(self, limit):
        self.limit = limit

    def sent(self, under_way, now):
        return None


class SimulatedService:
    """Is sent what waits, as many at a time as a pace says.

    :param workers: how many requests it works on; others queue within it.
    :param spread: of the times that it takes, of a log-normal distribution;
        0 for all the same.
    :ivar answered: (when, item) of each, in order.
    :ivar limits: the pace's limit after each answer.
    """

    def __init__(self, workers, pace, *, spread=0.0, seed=0, at=0.0):
        self.answered = []
        self.limits = []
        self.work_s = WORK_S
        self._pace = pace
        self._spread = spread
        self._random = random.Random(seed)
        self._free = [at] * workers
        self._now = at
        self._line = Line()
        self._under_way = []
        self._count = 0

    def wait(self, item, rank=1, host='h'):
        """Have something wait to be sent."""
        self._line.push(rank, host, item)

    def run(self, answers=float('inf')):
        """Until nothing is left, or there were so many answers more."""
        while answers > 0 and (len(self._line) or self._under_way):
            while len(self._line) and \
                    len(self._under_way) < self._pace.limit:
                self._send()
            self._now, _, sample, item = heapq.heappop(self._under_way)
            if sample is not None:
                self._pace.answered(sample, self._now)
            self.answered.append((self._now, item))
            self.limits.append(self._pace.limit)
            answers -= 1
        return self

    def _send(self):
        took_s = self.work_s * self._random.lognormvariate(
            -self._spread ** 2 / 2, self._spread)
        begun = max(self._now, heapq.heappop(self._free))
        heapq.heappush(self._free, begun + took_s)
        self._count += 1
        sample = self._pace.sent(len(self._under_way) + 1, self._now)
        heapq.heappush(self._under_way, (begun + took_s, self._count, sample,
                                         self._line.pop()))
