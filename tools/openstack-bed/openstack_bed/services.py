"""Every process of a bed, with its command line."""

import dataclasses
import getpass
from pathlib import Path

from openstack_bed.processes import Process
from openstack_bed.settings import HOSTS, TOOL, Bed, BedError

#: Programs that run in the services' virtual environments.
_INSIDE = TOOL / 'inside'
_PYTHON = {'PYTHONWARNINGS': 'ignore'}
#: Services as deployments know them that are several processes here.
_SEVERAL = {
    'neutron-server': ('neutron-api', 'neutron-rpc-server'),
    'nova-compute': tuple(f'nova-{host}' for host in HOSTS),
}


def bases(bed: Bed) -> list[Process]:
    """What the services stand on."""
    return [
        Process('epmd', ('epmd', '-port', str(bed.port('epmd')),
                         '-address', '127.0.0.1'),
                _rabbit_environment(bed), bed.port('epmd'), 'tcp'),
        Process('rabbitmq', ('/usr/lib/rabbitmq/bin/rabbitmq-server',),
                _rabbit_environment(bed), bed.port('rabbitmq'), 'amqp',
                ('epmd',)),
        Process('mariadb', _mariadb(bed), {}, bed.port('mariadb'), 'tcp',
                ('prepare-mariadb',)),
        Process('memcached', (
            'memcached', '-u', getpass.getuser(), '-l', '127.0.0.1',
            '-p', str(bed.port('memcached')), '-m', '64'),
            {}, bed.port('memcached'), 'tcp'),
    ]


def cloud(bed: Bed) -> list[Process]:
    """The services, each after those of its own order."""
    # It ends for good when Keystone answers and has no user for it yet.
    conductor = _bus(bed, 'nova-conductor', bed.core('nova-conductor'),
                     *_nova_files(bed), after=('schema-nova', 'catalog'))
    return [
        _api(bed, 'keystone', 'keystone', 'keystone.wsgi.api',
             ['keystone.conf'], processes=2),
        conductor,
        _api(bed, 'neutron-api', 'neutron', 'neutron.wsgi.api',
             ['neutron.conf', 'ml2_conf.ini', 'neutron-api.conf'],
             processes=2),
        _bus(bed, 'neutron-rpc-server', bed.core('neutron-rpc-server'),
             *(bed.etc('neutron', name) for name in (
                 'neutron.conf', 'ml2_conf.ini')), after=('schema-neutron',)),
        _api(bed, 'placement', 'placement', 'placement.wsgi.api', []),
        _api(bed, 'nova-api', 'nova', 'nova.wsgi.osapi_compute',
             ['api-paste.ini', 'nova.conf', 'nova-db.conf', 'nova-api.conf'],
             threads=6, processes=2),
        _bus(bed, 'nova-scheduler', bed.core('nova-scheduler'),
             *_nova_files(bed), after=('schema-nova', 'catalog')),
        Process('agents', (
            bed.core('python'), str(_INSIDE / 'agents.py'),
            '--config-file', str(bed.etc('neutron', 'neutron.conf')),
            '--log-file', str(bed.log('agents'))),
            {**_PYTHON, 'BED_FAILED': str(bed.failed_mark(HOSTS[0]).parent),
             'BED_HOSTS': ' '.join(HOSTS)}, bed.port('rabbitmq'), 'bus',
            # It asks again after ever longer pauses.
            ('neutron-rpc-server',)),
        *(compute(bed, host) for host in HOSTS),
        Process('hosts', (
            bed.core('python'), str(_INSIDE / 'hosts.py'),
            str(bed.failed_mark(HOSTS[0]).parent), str(bed.port('hosts')),
            *(f'{host}={bed.address(host)}' for host in HOSTS)),
            {}, bed.port('hosts'), 'udp'),
        _api(bed, 'glance', 'glance', 'glance.wsgi.api', ['glance-api.conf']),
        *_telemetry(bed),
        *(_vitrage(bed) if 'vitrage' in bed.extras else ()),
        *(_congress(bed) if 'congress' in bed.extras else ()),
    ]


def compute(bed: Bed, host: str) -> Process:
    """The nova-compute of a host."""
    # It asks each of them when it starts, and some of them once a minute.
    return _bus(bed, f'nova-{host}', bed.core('nova-compute'),
                bed.etc('nova', 'nova.conf'), bed.etc('nova', f'{host}.conf'),
                after=('nova-conductor', 'placement', 'neutron-api',
                       'catalog'))


def everything(bed: Bed) -> list[Process]:
    return [*bases(bed), *cloud(bed)]


def named(bed: Bed, word: str) -> list[Process]:
    """The processes of a service.

    :param word: a process, or a service of several.
    :raises BedError: there is none.
    """
    found = everything(bed)
    names = _SEVERAL.get(word, (word,))
    chosen = [process for process in found if process.name in names]
    if not chosen:
        raise BedError(f'There is no service {word!r}; there are '
                       f'{", ".join([*_SEVERAL, *(p.name for p in found)])}.')
    return chosen


def _telemetry(bed: Bed) -> list[Process]:
    aodh = bed.etc('aodh', 'aodh.conf')
    return [
        _gunicorn(bed, 'aodh', {'AODH_CONFIG_FILE': str(aodh)}),
        *(_bus(bed, name, bed.telemetry(name), aodh, after=('schema-aodh',))
          for name in ('aodh-listener', 'aodh-notifier')),
        _plain(bed, 'aodh-evaluator', bed.telemetry('aodh-evaluator'), aodh,
               after=('schema-aodh', 'catalog')),
        _bus(bed, 'ceilometer-notification',
             bed.telemetry('ceilometer-agent-notification'),
             bed.etc('ceilometer', 'ceilometer.conf')),
    ]


def _vitrage(bed: Bed) -> list[Process]:
    file = bed.etc('vitrage', 'vitrage.conf')
    # Its filter for HTTP basic looks for the options in the home.
    home = {'HOME': str(file.parent)}
    return [
        # It reads the topology once, when it starts.
        _bus(bed, 'vitrage-graph', bed.telemetry('vitrage-graph'), file,
             after=('schema-vitrage', 'hosts-up')),
        *(_bus(bed, name, bed.telemetry(name), file,
               after=('schema-vitrage', 'catalog'))
          for name in ('vitrage-notifier', 'vitrage-persistor')),
        _gunicorn(bed, 'vitrage', {**home, 'VITRAGE_CONFIG_FILE': str(file)}),
    ]


def _congress(bed: Bed) -> list[Process]:
    return [Process('congress-server', (
        bed.program('congress', 'congress-server'), '--config-file',
        str(bed.etc('congress', 'congress.conf'))), _PYTHON,
        bed.port('congress'), 'http', ('schema-congress', 'rabbitmq',
                                       'catalog'))]


def _gunicorn(bed: Bed, name: str, env: dict[str, str]) -> Process:
    """The API of a service that comes with no server of its own."""
    return Process(f'{name}-api', (
        bed.telemetry('gunicorn'), '--bind',
        f'127.0.0.1:{bed.port(name)}', '--workers', '1', '--threads',
        '4', '--chdir', str(_INSIDE), f'{name}_api:application'),
        {**_PYTHON, **env}, bed.port(name), 'http', (f'schema-{name}',))


def _bus(bed: Bed, name: str, command: str, *files: Path,
         after: tuple[str, ...] = ()) -> Process:
    """A service that is there once it is connected to the bus."""
    return dataclasses.replace(
        _plain(bed, name, command, *files, after=('rabbitmq', *after)),
        port=bed.port('rabbitmq'), probe='bus')


def _plain(bed: Bed, name: str, command: str, *files: Path,
           after: tuple[str, ...]) -> Process:
    options = [word for file in files for word in ('--config-file',
                                                   str(file))]
    return Process(name, (command, *options), _PYTHON, after=after)


def _nova_files(bed: Bed) -> tuple[Path, Path]:
    return bed.etc('nova', 'nova.conf'), bed.etc('nova', 'nova-db.conf')


def _api(bed: Bed, name: str, service: str, module: str, files: list[str], *,
         threads: int = 4, processes: int = 1) -> Process:
    """A service's API in uWSGI, as deployments run it."""
    # One connection a request: threads are few, and a client that keeps one
    # open would keep one of them.
    argv = (bed.core('uwsgi'), '--master', '--die-on-term',
            '--http-socket', f'127.0.0.1:{bed.port(service)}',
            '--module', f'{module}:application', '--need-app', '--lazy-apps',
            '--processes', str(processes), '--threads', str(threads),
            '--enable-threads', '--buffer-size', '65535', '--listen', '100',
            '--so-keepalive', '--http-keepalive',
            '--add-header', 'Connection: close', '--disable-logging',
            '--procname-prefix', f'{service} ', '--pyargv', '')
    env = {**_PYTHON, f'OS_{service.upper()}_CONFIG_DIR':
           str(bed.etc(service))}
    if files:
        env[f'OS_{service.upper()}_CONFIG_FILES'] = ';'.join(files)
    return Process(name, argv, env, bed.port(service), 'http',
                   (f'schema-{service}', 'memcached'))


def _mariadb(bed: Bed) -> tuple[str, ...]:
    # What keeps data through a power cut is turned off: it costs half of the
    # time of bringing the bed up.
    return ('/usr/sbin/mariadbd', '--no-defaults',
            f'--user={getpass.getuser()}',
            f'--datadir={bed.data("mariadb")}', '--bind-address=127.0.0.1',
            f'--port={bed.port("mariadb")}', '--socket=mariadb.sock',
            '--pid-file=mariadb.pid', '--skip-name-resolve',
            '--max-connections=500', '--innodb-flush-log-at-trx-commit=0',
            '--sync-binlog=0', '--skip-log-bin',
            '--innodb-buffer-pool-size=256M', '--performance-schema=OFF',
            '--character-set-server=utf8mb3',
            '--collation-server=utf8mb3_general_ci')


def _rabbit_environment(bed: Bed) -> dict[str, str]:
    folder = bed.data('rabbitmq')
    return {
        # Erlang keeps a cookie there.
        'HOME': str(folder),
        'ERL_EPMD_PORT': str(bed.port('epmd')),
        'ERL_EPMD_ADDRESS': '127.0.0.1',
        'RABBITMQ_NODENAME': f'bed{bed.port("rabbitmq")}@localhost',
        'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
        'RABBITMQ_NODE_PORT': str(bed.port('rabbitmq')),
        'RABBITMQ_DIST_PORT': str(bed.port('rabbitmq-peers')),
        'RABBITMQ_MNESIA_BASE': str(folder / 'mnesia'),
        'RABBITMQ_LOG_BASE': str(folder / 'log'),
        'RABBITMQ_CONFIG_FILE': str(folder / 'rabbitmq'),
        'RABBITMQ_ENABLED_PLUGINS_FILE': str(folder / 'plugins'),
        'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
            '-kernel inet_dist_use_interface {127,0,0,1}',
    }
