"""The notifier that sends mails."""

import asyncio
import json
import re
import smtplib
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import SplitResult

from oslo_config import cfg

from doctor_core.exceptions import NotifyError
from doctor_core.model import Notice
from doctor_core.notifiers.base import Notifier

_ADDRESS = re.compile(r'[\w.+-]+@[\w.-]+', re.ASCII)


class MailNotifier(Notifier):
    """Sends each notice as a mail; the URL is mailto:ADDRESS."""

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.HostAddressOpt('server', default='localhost',
                               help='The SMTP server.'),
            cfg.PortOpt('port', default=25, help='Its port.'),
            cfg.StrOpt('sender', default='doctor@localhost',
                       help='The address in "From".')]

    @classmethod
    def complaint(cls, action: SplitResult) -> str:
        if _ADDRESS.fullmatch(action.path) and not (
                action.netloc or action.query or action.fragment):
            return ''
        return 'must be mailto:ADDRESS, with one plain mail address'

    async def notify(self, action: SplitResult, notice: Notice) -> str:
        complaint = self.complaint(action)
        if complaint:
            raise NotifyError(f'The URL of a mail {complaint}')
        mail = EmailMessage()
        mail['From'] = self.options.sender
        mail['To'] = action.path
        mail['Message-ID'] = make_msgid()
        mail['Subject'] = (f'Server {notice.server_id} is in the state '
                           f'{notice.trait("state")}')
        mail.set_content(json.dumps(notice.body, indent=1))
        try:
            # smtplib blocks, so it gets a thread.
            await asyncio.to_thread(self._send, mail)
        except OSError as error:  # smtplib's own errors are OSErrors, too
            raise NotifyError(f'mailto:{action.path}: {error}',
                              recoverable=_may_pass(error)) from error
        return f'{self.options.server} took {mail["Message-ID"]}'

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP(self.options.server, self.options.port,
                          timeout=self.timeout_s) as server:
            server.send_message(mail)


def _may_pass(error: OSError) -> bool:
    """Whether it helps to try again; SMTP says so with its codes."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code < 500 for code, _ in error.recipients.values())
    return getattr(error, 'smtp_code', 0) < 500
