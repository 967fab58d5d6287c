"""What Ceilometer and Aodh let be seen of an event on its way to the owner."""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from doctor_core import wire
from doctor_core.alarms.base import Outlets
from doctor_core.exceptions import BusError
from doctor_core.model import (
    AlarmState,
    Checkpoint,
    Event,
    Notice,
    Stage,
)

LOG = logging.getLogger(__name__)


class AodhWatch:
    """Stamps T06 and T08 by copies of the messages between the services.

    A stage is reached at the time of sending that its message bears.
    """

    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets
        #: Servers whose event Doctor sent itself; None while nobody watches.
        self._sent: set[str] | None = None

    def start(self, options: Any) -> None:
        """Begin to listen; a bus that does not allow it is no failure.

        :param options: the section ``[alarm_aodh]``.
        """
        self._sent = set()
        try:
            self._outlets.overhear(
                wire.AODH_TOPIC, options.events_exchange,
                self._transformed)
            self._outlets.overhear(
                options.notifier_topic, options.exchange, self._fired)
        except BusError as error:
            LOG.warning('What Ceilometer and Aodh do is not seen: %s', error)

    def sent(self, updates: Iterable[Event]) -> None:
        """Doctor is about to send these events to Aodh."""
        if self._sent is not None:
            self._sent |= {str(update.trait('instance_id'))
                           for update in updates}

    def _transformed(self, _event_type: str, payload: Any,
                     metadata: Mapping[str, Any]) -> None:
        for event in payload if isinstance(payload, list) else [payload]:
            lost = Notice({'reason_data': {'event': event}})
            if lost.trait('state') == 'error' \
                    and lost.server_id not in (self._sent or ()):
                self._stamp(Stage.EVENT_TRANSFORMED, lost, metadata)

    def _fired(self, _event_type: str, payload: Any,
               metadata: Mapping[str, Any]) -> None:
        if isinstance(payload, Mapping) \
                and payload.get('current') == AlarmState.ALARM:
            self._stamp(Stage.ALARM_FIRED, Notice(payload), metadata)

    def _stamp(self, stage: Stage, notice: Notice,
               metadata: Mapping[str, Any]) -> None:
        sent_at = wire.sent_at(metadata, 0.0)
        if sent_at and notice.server_id:
            self._outlets.checkpoint(Checkpoint(
                stage, sent_at, host='', server_id=notice.server_id))


def went_off_at(change: object) -> float:
    """The time of an entry of an alarm's history; 0 of any other kind."""
    if not isinstance(change, Mapping) \
            or change.get('type') != 'state transition' \
            or '.' not in str(change.get('timestamp')):
        return 0.0
    try:
        detail = json.loads(str(change.get('detail')))
    except ValueError:
        return 0.0
    if not isinstance(detail, Mapping) \
            or detail.get('state') != AlarmState.ALARM:
        return 0.0
    return wire.sent_at(change, 0.0)
