"""``doctor``: the shell around everything."""

import logging
import sys
from collections.abc import Sequence

from cliff import app, commandmanager

import doctor_core
from doctor_core.cli import streams

_LEVELS = {0: logging.ERROR, 1: logging.ERROR, 2: logging.INFO}
_NOISY = ('urllib3', 'keystoneauth', 'stevedore', 'amqp', 'kombu', 'asyncio',
          'openstack', 'aiohttp', 'sqlalchemy')


class _Version:
    """The version, looked up when it is shown."""

    def __str__(self) -> str:
        return doctor_core.__version__


class DoctorApp(app.App):
    """The application of all ``doctor`` commands."""

    NAME = 'doctor'

    def __init__(self) -> None:
        super().__init__(
            description='Fault management for OpenStack: a lost compute host '
                        'is detected, the owners of its servers are told in '
                        'a fraction of a second, and Nova\'s and Neutron\'s '
                        'view is corrected. Begin with "doctor demo".',
            version=_Version(),
            command_manager=commandmanager.CommandManager(
                'doctor_core.commands'),
            deferred_help=True)

    def configure_logging(self) -> None:
        """Errors only, unless asked for more with -v: the commands print
        their progress themselves.
        """
        super().configure_logging()
        level = _LEVELS.get(self.options.verbose_level, logging.DEBUG)
        for handler in logging.getLogger('').handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.setLevel(level)
        for name in _NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script; without arguments it explains itself."""
    streams.open_closed()
    arguments = list(sys.argv[1:] if argv is None else argv)
    return DoctorApp().run(arguments or ['--help'])
