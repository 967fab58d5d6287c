"""Notices to somebody in the same process."""

import dataclasses
from urllib.parse import SplitResult

from doctor_core import clock
from doctor_core.exceptions import NotifyError
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice
from doctor_core.notifiers.base import Notifier, place


class MemoryNotifier(Notifier):
    """Puts a notice into the open mailbox that memory://<name> names."""

    for_administrators = True

    @classmethod
    def complaint(cls, action: SplitResult) -> str:
        return '' if action.netloc else 'names no mailbox'

    async def notify(self, action: SplitResult, notice: Notice) -> None:
        box = Mailbox.find(action.netloc)
        if box is None:
            raise NotifyError(f'{place(action)}: nobody reads this')
        if not box.put(dataclasses.replace(notice,
                                           received_at=clock.now())):
            raise NotifyError(f'{place(action)} is full or was closed')
