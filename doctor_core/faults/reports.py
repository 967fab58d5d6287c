"""What a report means, by its own order and by who holds the fault. Pure.

The order of two reports of one sender comes from what they carry: their
place in their sender's count, else the time by their sender's clock. Where
they carry neither, the order of arrival decides: their places in the count of
who took them in, for the bus may bring one again, else the order in which
they are read.

Clocks step. A time says that a report is older than its sender's last word
only if it can be: a report that was overtaken on its way has been longer on
its way. So the order of arrival decides, too,

- where the former word's time lies ahead of the arrival of this one, and this
  one's does not, nor lies before the arrival of the former word: a clock was
  ahead then (25 h, at boot), and is not any more. A sender whose clock is
  ahead all the time is in order by that clock, save that a report that is as
  late as the clock is ahead seems to come from a clock that is right;
- where this one came later, and yet at an earlier time, and its sender's time
  went back by as much: one step of a clock that both go by. Without a count
  of arrivals only a small step is told from a report that is brought again;
- where a time lies more than an hour before the sender's last word: nothing
  is so long on its way, and a clock that was set back must not make its
  sender's reports old until it has caught up.

The last two say nothing of alerts, whose times are those of the occurrence:
a resolved alert fires again, hours after it began, and is old all the same.
Of one occurrence, which is known by its beginning, nothing is news once it is
over, whatever any clock says since.

A loss that is older than a return is ignored although nobody was told of it,
be it that the return ended nothing: the host is there, and would be marked
down on old news. The order on the bus keeps it from happening.
"""

import dataclasses
import enum
import math
from collections.abc import Callable, Collection

from doctor_core.model import Fault, FaultStatus, SequenceNumber
from doctor_core.model.evidence import Evidence
from doctor_core.store import Said

#: By how much the clocks of a sender and of Doctor may differ and still be
#: said to agree.
_AHEAD_S = 5.0
#: No report is overtaken by so much, in seconds.
_LATE_S = 3600.0
#: By whose clock alerts are in order.
_NOBODY = ''
_UNCOUNTED = SequenceNumber('', 0)


class Reading(enum.StrEnum):
    """What a report is.

    :cvar RAISES: the first of a new fault.
    :cvar JOINS: one more source holds the fault open.
    :cvar REPEATS: its source said so before.
    :cvar RELEASES: its source lets go; others hold on.
    :cvar CLEARS: the last source lets go.
    :cvar EVIDENCE: good news from a source that holds nothing.
    :cvar OLD: its sender has said something later.
    """

    RAISES = 'raises'
    JOINS = 'joins'
    REPEATS = 'repeats'
    RELEASES = 'releases'
    CLEARS = 'clears'
    EVIDENCE = 'evidence'
    OLD = 'old'


def is_alert(report: Fault) -> bool:
    """Whether it is of an occurrence that says when it began or ended."""
    return report.began_at is not None or report.ended_at is not None


def named(source: str) -> str:
    """A source, for a person."""
    return source or '(no source)'


def orderer(report: Fault) -> str:
    """By whose clock a report is in order: its sender; nobody's name for an
    alert, whose times are those of the rule that fired, whoever sends it.
    """
    return _NOBODY if is_alert(report) else report.sender


def said_by(report: Fault) -> Said:
    """What is to be remembered of a report.

    An alert that fires says something of the time when it began, one that
    is resolved of the time when it ended, if it says when: so a firing of an
    occurrence that was resolved is older than its end, however often it is
    sent.
    """
    moment = report.said_at
    if is_alert(report):
        moment = report.began_at
        if report.status is FaultStatus.UP and report.ended_at is not None:
            moment = report.ended_at
    counted = report.sequence or _UNCOUNTED
    came = report.arrival or _UNCOUNTED
    return Said(report.status, moment, counted.epoch, counted.number,
                report.received_at, came.epoch, came.number, report.began_at)


def overruled(said_of: Callable[[str], Said | None]
              ) -> tuple[str, Said] | None:
    """What is to be remembered when a fault ends without its source.

    An alert is sent again and again: it says nothing new until it has begun
    anew. Others say how it is at the time of their report.

    :param said_of: what its source said last, by the orderer.
    :returns: the orderer, and that what began then is over; None when each
        report of the source is news.
    """
    last = said_of(_NOBODY)
    if last is None or last.moment is None \
            or last.status is not FaultStatus.DOWN:
        return None
    return _NOBODY, dataclasses.replace(
        last, status=FaultStatus.UP,
        moment=math.nextafter(last.moment, math.inf))


def is_before(seen_at: float, said: Said) -> bool:
    """Whether something was seen before a sender said what it did. By two
    clocks: what seems to be shortly before may be after it.

    A sender whose clock is ahead has said it at its arrival at the latest.
    """
    moments = [moment for moment in (said.moment, said.received_at)
               if moment is not None]
    return bool(moments) and seen_at + _AHEAD_S < min(moments)


def witnessed(evidence: Evidence) -> str:
    """A piece of evidence, for a person."""
    return f'{evidence.kind} ({evidence.source}): {evidence.text}'


def is_older(new: Said, last: Said | None, *, alert: bool = False) -> bool:
    """Whether a report says something that its sender has passed by.

    One that is delivered again has the place of the one before.

    :param alert: whether their times are those of an occurrence.
    """
    if last is None:
        return False
    if new.epoch and new.epoch == last.epoch:
        return new.position <= last.position
    if alert and new.began is not None and new.began == last.began \
            and new.status is not last.status:
        return last.status is FaultStatus.UP
    came_first = _counted_alike(new, last) and new.arrival < last.arrival
    if new.epoch or last.epoch:
        # A count that began anew: its sender was restarted since, or the
        # other one was.
        return came_first
    if new.moment is None or last.moment is None \
            or new.moment == last.moment:
        return came_first
    if new.moment > last.moment:
        return False
    return came_first or not _was_set_back(
        new, last, last.moment - new.moment, alert)


def _was_set_back(new: Said, last: Said, by_s: float, alert: bool) -> bool:
    """Whether a clock was set back between two reports, of which the new
    one came later.

    :param by_s: how much earlier the new one's time is, in seconds.
    """
    if new.received_at is None or last.received_at is None:
        return False
    counted = _counted_alike(new, last)
    if _is_right_again(new, last, alert or counted):
        return True
    if alert:
        return False
    back_s = last.received_at - new.received_at
    return by_s > _LATE_S or (
        back_s > 0 and abs(by_s - back_s) < _AHEAD_S
        and new.intake == last.intake and (counted or back_s < _AHEAD_S))


def _is_right_again(new: Said, last: Said, known: bool) -> bool:
    """Whether a clock was ahead at the former word, and is not now.

    :param known: whether no step of Doctor's own clock explains that.
    """
    if new.moment is None or last.moment is None \
            or new.received_at is None or last.received_at is None:
        return False
    was_ahead = last.moment > last.received_at + _AHEAD_S
    if last.moment <= new.received_at + (0.0 if was_ahead else _AHEAD_S) \
            or new.moment > new.received_at + _AHEAD_S:
        return False
    if new.received_at < last.received_at:
        return known or was_ahead
    # Who speaks of an occurrence is through with those before.
    since = new.moment if new.began is None else new.began
    return since > last.received_at - _AHEAD_S


def _counted_alike(new: Said, last: Said) -> bool:
    return bool(new.intake) and new.intake == last.intake


def read(report: Fault, last: Said | None, *, is_down: bool,
         holders: Collection[str]) -> Reading:
    """What a report is.

    :param last: what its sender said last of the host.
    :param is_down: whether a fault of the host is open, and not clearing.
    :param holders: the sources that hold it open.
    """
    if is_older(said_by(report), last, alert=is_alert(report)):
        return Reading.OLD
    holds = is_down and report.source in holders
    if report.status is FaultStatus.DOWN:
        if not is_down:
            return Reading.RAISES
        return Reading.REPEATS if holds else Reading.JOINS
    if not holds:
        return Reading.EVIDENCE
    return Reading.RELEASES if len(holders) > 1 else Reading.CLEARS
