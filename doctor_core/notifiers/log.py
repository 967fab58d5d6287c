"""Notices for the log only."""

import logging
from urllib.parse import SplitResult

from doctor_core.model import Notice
from doctor_core.notifiers.base import Notifier

LOG = logging.getLogger(__name__)


class LogNotifier(Notifier):
    """Writes a notice to Doctor's own log; the URL is log:// alone."""

    for_administrators = True

    async def notify(self, action: SplitResult, notice: Notice) -> None:
        body = notice.body
        LOG.info('Alarm %r (%s) of severity %s went from %s to %s: %s',
                 body.get('alarm_name'), body.get('alarm_id'),
                 body.get('severity'), body.get('previous'),
                 body.get('current'), body.get('reason'))
