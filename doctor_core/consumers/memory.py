"""A consumer that is told within the process."""

from oslo_config import cfg

from doctor_core.consumers.base import Consumer
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice, new_id


class MemoryConsumer(Consumer):
    """Reads what is sent to ``memory://<name>``; needs no network."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._box: Mailbox | None = None

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [cfg.StrOpt(
            'name', default='', regex='^[a-z0-9-]*$',
            help='What comes after memory:// in the URL to alarm; empty for '
                 'a name that nobody else has.')]

    def start(self) -> str:
        self.stop()
        self._box = Mailbox(self.conf.consumer_memory.name
                            or f'consumer-{new_id()}')
        return f'memory://{self._box.name}'

    def stop(self) -> None:
        if self._box is not None:
            self._box.close()

    def received(self) -> list[Notice]:
        return self._box.notices() if self._box is not None else []
