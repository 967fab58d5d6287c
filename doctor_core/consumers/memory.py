"""A consumer that is told within the process."""

from oslo_config import cfg

from doctor_core.consumers.base import Consumer
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice, new_id
from doctor_core.plugins import Options


class MemoryConsumer(Consumer):
    """Reads what is sent to ``memory://<name>``; needs no network."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        #: One for each start: a box that was closed stays so.
        self._boxes: list[Mailbox] = []

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [cfg.StrOpt(
            'name', default='', regex='^[a-z0-9-]*$',
            help='What comes after memory:// in the URL to alarm; empty for '
                 'a name that nobody else has.')]

    def start(self) -> str:
        self.stop()
        box = Mailbox(self.options.name or f'consumer-{new_id()}')
        self._boxes.append(box)
        return f'memory://{box.name}'

    def stop(self) -> None:
        if self._boxes:
            self._boxes[-1].close()

    def received(self) -> list[Notice]:
        return [notice for box in self._boxes for notice in box.notices()]
