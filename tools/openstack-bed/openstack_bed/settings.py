"""Where a bed is and which ports are its own."""

import dataclasses
import json
import os
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent

#: The compute hosts.
HOSTS = ('compute-1', 'compute-2', 'compute-3')
#: Of everybody in the bed, which nobody but this machine can reach.
PASSWORD = 'secret'
REGION = 'RegionOne'
INTERFACES = ('admin', 'internal', 'public')
#: What a folder's bed is, below the folder.
_STATE = 'bed.json'

#: Well away from a real cloud's ports, and below those that the kernel gives
#: to clients.
_PORTS = {
    'keystone': 25000,
    'placement': 28778,
    'glance': 29292,
    'neutron': 29696,
    'nova': 28774,
    'aodh': 28042,
    'vitrage': 28999,
    'congress': 21789,
    'mariadb': 23306,
    'memcached': 21211,
    'rabbitmq': 25672,
    'rabbitmq-peers': 25673,
    'epmd': 24369,
    'hosts': 20007,
    'inspector': 22345,
}


#: What a bed can have besides.
EXTRAS = ('vitrage', 'congress')


class BedError(Exception):
    """What an operator is told instead of a traceback."""


@dataclasses.dataclass(frozen=True)
class Bed:
    """One bed.

    :ivar home: the virtual environments, shared by all beds.
    :ivar folder: configuration, data, logs and process ids of this one.
    :ivar offset: what is added to every port.
    :ivar extras: those of :data:`EXTRAS` that it has.
    :ivar plain: whether it came up without what Doctor needs; its
        configuration is then written once, and belongs to whom changes it.
    """

    home: Path
    folder: Path
    offset: int = 0
    extras: tuple[str, ...] = ()
    plain: bool = False

    def port(self, name: str) -> int:
        return _PORTS[name] + self.offset

    def url(self, name: str, path: str = '') -> str:
        return f'http://127.0.0.1:{self.port(name)}{path}'

    @property
    def auth_url(self) -> str:
        return self.url('keystone', '/v3')

    @property
    def rabbit_url(self) -> str:
        return f'rabbit://guest:guest@127.0.0.1:{self.port("rabbitmq")}/'

    def database_url(self, name: str) -> str:
        return f'mysql+pymysql://os:os@127.0.0.1:{self.port("mariadb")}/{name}'

    def address(self, host: str) -> str:
        """Where a compute host answers probes."""
        return f'127.88.0.{HOSTS.index(host) + 1}'

    def etc(self, *parts: str) -> Path:
        return self.folder.joinpath('etc', *parts)

    def data(self, *parts: str) -> Path:
        return self.folder.joinpath('data', *parts)

    def log(self, name: str) -> Path:
        return self.folder / 'log' / f'{name}.log'

    def pid_file(self, name: str) -> Path:
        return self.folder / 'run' / f'{name}.pid'

    def failed_mark(self, host: str) -> Path:
        """A file that is there as long as a host is failed."""
        return self.folder / 'failed' / host

    def core(self, command: str) -> str:
        return self.program('core', command)

    def telemetry(self, command: str) -> str:
        return self.program('telemetry', command)

    def program(self, environment: str, command: str) -> str:
        return str(self.home / environment / 'bin' / command)

    def save(self) -> None:
        """Let later commands on this folder know what it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _STATE).write_text(json.dumps({
            'home': str(self.home), 'offset': self.offset,
            'extras': self.extras, 'plain': self.plain}))


def find(folder: str | None, offset: int | None) -> Bed:
    """The bed of a folder.

    :param folder: the default is ``bed`` below the home.
    :param offset: the default is what the folder was brought up with.
    :raises BedError: the folder belongs to other ports.
    """
    home = Path(os.environ.get('DOCTOR_BED_HOME')
                or Path.home() / '.cache' / 'doctor-openstack-bed').absolute()
    where = Path(folder).absolute() if folder else home / 'bed'
    try:
        known = json.loads((where / _STATE).read_text())
    except FileNotFoundError:
        return Bed(home, where, offset or 0)
    if offset not in (None, known['offset']):
        raise BedError(f'{where} was brought up with the port offset '
                       f'{known["offset"]}; take another folder, or '
                       '"bed wipe" it first.')
    return Bed(Path(known.get('home', home)), where, known['offset'],
               tuple(known.get('extras', ())), known.get('plain', False))
