"""Every process of a bed, with its command line."""

import getpass
from pathlib import Path

from openstack_bed.processes import Process
from openstack_bed.settings import HOSTS, TOOL, Bed

#: Programs that run in the services' virtual environments.
_INSIDE = TOOL / 'inside'
_PYTHON = {'PYTHONWARNINGS': 'ignore'}


def bases(bed: Bed) -> list[Process]:
    """What the services stand on."""
    return [
        Process('epmd', ('epmd', '-port', str(bed.port('epmd')),
                         '-address', '127.0.0.1'),
                _rabbit_environment(bed), bed.port('epmd'), 'tcp'),
        Process('rabbitmq', ('/usr/lib/rabbitmq/bin/rabbitmq-server',),
                _rabbit_environment(bed), bed.port('rabbitmq'), 'amqp'),
        Process('mariadb', _mariadb(bed), {}, bed.port('mariadb'), 'tcp'),
        Process('memcached', (
            'memcached', '-u', getpass.getuser(), '-l', '127.0.0.1',
            '-p', str(bed.port('memcached')), '-m', '64'),
            {}, bed.port('memcached'), 'tcp'),
    ]


def keystone(bed: Bed) -> Process:
    return _api(bed, 'keystone', 'keystone.wsgi.api', ['keystone.conf'],
                processes=2)


def cloud(bed: Bed) -> list[Process]:
    """All that needs Keystone."""
    return [
        _api(bed, 'placement', 'placement.wsgi.api', []),
        _api(bed, 'glance', 'glance.wsgi.api', ['glance-api.conf']),
        _api(bed, 'neutron', 'neutron.wsgi.api',
             ['neutron.conf', 'neutron-api.conf'], processes=2),
        _api(bed, 'nova', 'nova.wsgi.osapi_compute',
             ['api-paste.ini', 'nova.conf', 'nova-db.conf', 'nova-api.conf'],
             threads=6, processes=2),
        _python(bed, 'neutron-rpc', bed.core('neutron-rpc-server'),
                bed.etc('neutron', 'neutron.conf')),
        _python(bed, 'nova-conductor', bed.core('nova-conductor'),
                *_nova_files(bed)),
        _python(bed, 'nova-scheduler', bed.core('nova-scheduler'),
                *_nova_files(bed)),
        Process('agents', (
            bed.core('python'), str(_INSIDE / 'agents.py'),
            '--config-file', str(bed.etc('neutron', 'neutron.conf')),
            '--log-file', str(bed.log('agents'))),
            {**_PYTHON, 'BED_FAILED': str(bed.failed_mark(HOSTS[0]).parent),
             'BED_HOSTS': ' '.join(HOSTS)}),
        Process('hosts', (
            bed.core('python'), str(_INSIDE / 'hosts.py'),
            str(bed.failed_mark(HOSTS[0]).parent), str(bed.port('hosts')),
            *(f'{host}={bed.address(host)}' for host in HOSTS)),
            {}, bed.port('hosts'), 'udp'),
        *(compute(bed, host) for host in HOSTS),
        *_telemetry(bed),
    ]


def compute(bed: Bed, host: str) -> Process:
    """The nova-compute of a host."""
    return _python(bed, f'nova-{host}', bed.core('nova-compute'),
                   bed.etc('nova', 'nova.conf'),
                   bed.etc('nova', f'{host}.conf'))


def everything(bed: Bed) -> list[Process]:
    return [*bases(bed), keystone(bed), *cloud(bed)]


def _telemetry(bed: Bed) -> list[Process]:
    aodh = bed.etc('aodh', 'aodh.conf')
    return [
        Process('aodh', (
            bed.telemetry('gunicorn'), '--bind',
            f'127.0.0.1:{bed.port("aodh")}', '--workers', '1', '--threads',
            '4', '--chdir', str(_INSIDE), 'aodh_api:application'),
            {**_PYTHON, 'AODH_CONFIG_FILE': str(aodh)},
            bed.port('aodh'), 'http'),
        *(_python(bed, name, bed.telemetry(name), aodh)
          for name in ('aodh-listener', 'aodh-notifier', 'aodh-evaluator')),
        _python(bed, 'ceilometer',
                bed.telemetry('ceilometer-agent-notification'),
                bed.etc('ceilometer', 'ceilometer.conf')),
    ]


def _python(bed: Bed, name: str, command: str, *files: Path) -> Process:
    options = [word for file in files for word in ('--config-file',
                                                   str(file))]
    return Process(name, (command, *options), _PYTHON)


def _nova_files(bed: Bed) -> tuple[Path, Path]:
    return bed.etc('nova', 'nova.conf'), bed.etc('nova', 'nova-db.conf')


def _api(bed: Bed, name: str, module: str, files: list[str], *,
         threads: int = 4, processes: int = 1) -> Process:
    """A service's API in uWSGI, as deployments run it."""
    # One connection a request: threads are few, and a client that keeps one
    # open would keep one of them.
    argv = (bed.core('uwsgi'), '--master', '--die-on-term',
            '--http-socket', f'127.0.0.1:{bed.port(name)}',
            '--module', f'{module}:application', '--need-app', '--lazy-apps',
            '--processes', str(processes), '--threads', str(threads),
            '--enable-threads', '--buffer-size', '65535', '--listen', '100',
            '--so-keepalive', '--http-keepalive',
            '--add-header', 'Connection: close', '--disable-logging',
            '--procname-prefix', f'{name} ', '--pyargv', '')
    env = {**_PYTHON, f'OS_{name.upper()}_CONFIG_DIR': str(bed.etc(name))}
    if files:
        env[f'OS_{name.upper()}_CONFIG_FILES'] = ';'.join(files)
    return Process(name, argv, env, bed.port(name), 'http')


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
