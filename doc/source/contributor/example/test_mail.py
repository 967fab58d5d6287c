import asyncio
import socketserver
import threading
from urllib.parse import urlsplit

import testtools

from doctor_core import fixtures, plugins
from doctor_core.exceptions import NotifyError
from doctor_core.fixtures import NotifierContract


class MailServer(socketserver.StreamRequestHandler):
    """As much of an SMTP server as one mail takes."""

    def handle(self):
        self.wfile.write(b'220 ready\r\n')
        while line := self.rfile.readline().strip().lower():
            if line == b'data':
                self.wfile.write(b'354 go on\r\n')
                lines = iter(self.rfile.readline, b'.\r\n')
                self.server.mails.append(b''.join(lines).decode())
            self.wfile.write(self.server.answers.get(line[:4], b'250 ok')
                             + b'\r\n')


class MailNotifierTest(NotifierContract, testtools.TestCase):
    scheme = 'mailto'
    urls = ('mailto:ann@example.org', 'mailto:ann+doctor@example.org')
    # Nobody listens at that port.
    values = {'server': '127.0.0.1', 'port': 1}
    unreachable = 'mailto:ann@example.org'

    def setUp(self):
        super().setUp()
        self.plugin = plugins.load('notifiers', 'mailto')

    def listen(self, **answers):
        """Start a mail server; ``rcpt=b'550 no'`` is what it answers."""
        server = socketserver.ThreadingTCPServer(('127.0.0.1', 0),
                                                 MailServer)
        server.mails = []
        server.answers = {b'quit': b'221 bye', **{
            word.encode(): answer for word, answer in answers.items()}}
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return server

    def notify(self, port):
        """Send one notice, as the inspector does."""
        notifier = self.plugin(
            fixtures.options(self.plugin, server='127.0.0.1', port=port),
            timeout_s=10.0)
        return asyncio.run(notifier.notify(
            urlsplit('mailto:ann@example.org'),
            fixtures.notice(server_id='server-1')))

    def test_the_mail_has_the_notice(self):
        server = self.listen()
        answer = self.notify(server.server_address[1])
        [mail] = server.mails
        self.assertIn(answer.removeprefix('127.0.0.1 took '), mail)
        self.assertIn('To: ann@example.org', mail)
        self.assertIn('Subject: Server server-1 is in the state error', mail)
        self.assertIn('"alarm_name": "vm1 is lost"', mail)

    def test_a_busy_server_is_tried_again(self):
        server = self.listen(mail=b'451 later')
        error = self.assertRaises(NotifyError, self.notify,
                                  server.server_address[1])
        self.assertTrue(error.recoverable, error)

    def test_an_unknown_address_is_given_up(self):
        server = self.listen(rcpt=b'550 nobody of that name')
        error = self.assertRaises(NotifyError, self.notify,
                                  server.server_address[1])
        self.assertFalse(error.recoverable, error)
