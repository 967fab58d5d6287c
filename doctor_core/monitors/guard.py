"""Who is dead, the host or the monitor? Pure: no clock, no I/O.

A host's misses prove something only if somebody else answered a probe that
was sent while the host missed its own. When nobody did, the monitor is the
suspect: its link, or the machine it runs on.
"""

import bisect

#: More evidence than is ever looked back upon.
_REMEMBERED = 4096


class Guard:
    """The evidence that the monitor itself reaches anybody."""

    def __init__(self) -> None:
        self._answered: list[float] = []

    def seen(self, sent_at: float) -> bool:
        """Note that a probe sent then was answered.

        :returns: whether that is newer evidence than there was.
        """
        answered = self._answered
        if answered and sent_at <= answered[-1]:
            if sent_at < answered[-1]:
                # A slow one; it counts for who was silent meanwhile.
                bisect.insort(answered, sent_at)
            return False
        answered.append(sent_at)
        if len(answered) > _REMEMBERED:
            del answered[:_REMEMBERED // 2]
        return True

    def witnessed(self, since: float, until: float, witnesses: int) -> bool:
        """Whether a host's silence is the host's own.

        Answers to probes that were sent together with the first missed one
        do not count: a link may break between two of them.

        :param since: when the first probe that it missed was sent.
        :param until: when the last one was.
        :param witnesses: how many others could have answered; without any,
            there is nothing to compare with, and the misses have to do.
        """
        if not witnesses:
            return True
        index = bisect.bisect_right(self._answered, since)
        return (index < len(self._answered)
                and self._answered[index] <= until)

    @staticmethod
    def isolated(withheld: int, standing: int) -> bool:
        """Whether nobody answers of those who should.

        :param withheld: how many fell silent without a witness.
        :param standing: how many are watched and not known to be down.
        """
        return standing > 1 and withheld == standing

    @staticmethod
    def shaken(suspects: int, standing: int) -> bool:
        """Whether so many fall silent at once that it may be the monitor's
        own link that broke.

        :param suspects: how many missed a probe and did not answer since.
        :param standing: how many are watched and not known to be down.
        """
        return standing > 1 and 2 * suspects > standing


class WordsOnly(Guard):
    """Where silence counts for nothing, and somebody else says of a host that
    it is not well: whoever hears that is not cut off.
    """

    def witnessed(self, since: float, until: float, witnesses: int) -> bool:
        return True

    @staticmethod
    def shaken(suspects: int, standing: int) -> bool:
        return False
