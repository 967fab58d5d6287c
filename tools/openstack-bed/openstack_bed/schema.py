"""The databases, from nothing, and Keystone's first user."""

import getpass
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from openstack_bed import processes
from openstack_bed.settings import PASSWORD, REGION, Bed

_DATABASES = ('keystone', 'placement', 'glance', 'neutron', 'nova_api',
              'nova_cell0', 'nova_cell1', 'aodh')


def prepare_rabbitmq(bed: Bed) -> None:
    """No plugin: its management page would be one more port."""
    folder = bed.data('rabbitmq')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'plugins').write_text('[].\n')


def prepare_mariadb(bed: Bed) -> None:
    """Make the folder of an empty MariaDB."""
    folder = bed.data('mariadb')
    if not (folder / 'mysql').exists():
        folder.mkdir(parents=True, exist_ok=True)
        processes.run(bed, 'mariadb-install', [
            'mariadb-install-db', '--no-defaults',
            f'--user={getpass.getuser()}', f'--datadir={folder}',
            '--auth-root-authentication-method=normal', '--skip-test-db'])


def exists(bed: Bed) -> bool:
    return bed.data('schema-complete').exists()


def create(bed: Bed, progress: Callable[[str], None]) -> None:
    """Make all databases, or finish what was begun.

    :raises BedError: a step failed; the log of its name says how.
    """
    for folder in (*(bed.data('glance', name) for name in (
            'images', 'staging', 'tasks')), bed.data('locks')):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ('fernet', 'credential'):
        bed.data('keystone', name).mkdir(parents=True, exist_ok=True,
                                         mode=0o700)
    _sql(bed, ''.join(f'CREATE DATABASE IF NOT EXISTS {name};\n'
                      for name in _DATABASES)
         + "CREATE USER IF NOT EXISTS 'os'@'127.0.0.1' IDENTIFIED BY 'os';\n"
           "GRANT ALL ON *.* TO 'os'@'127.0.0.1';\n")
    progress('making the databases')
    with ThreadPoolExecutor(2) as pool:
        works = [pool.submit(work, bed) for work in (
            _nova, _neutron, _keystone, _others)]
        for work in works:
            work.result()
    bed.data('schema-complete').touch()


def _sql(bed: Bed, statements: str) -> None:
    processes.run(bed, 'schema-sql', [
        'mariadb', '--no-defaults', '--host=127.0.0.1', '--user=root',
        f'--port={bed.port("mariadb")}'], text=statements)


def _keystone(bed: Bed) -> None:
    def manage(*words: str) -> None:
        processes.run(bed, 'schema-keystone', [
            bed.core('keystone-manage'), '--config-file',
            str(bed.etc('keystone', 'keystone.conf')), *words])

    user = getpass.getuser()
    who = ('--keystone-user', user, '--keystone-group', user)
    manage('db_sync')
    manage('fernet_setup', *who)
    manage('credential_setup', *who)
    manage('bootstrap', '--bootstrap-password', PASSWORD,
           '--bootstrap-region-id', REGION,
           *(word for interface in ('admin', 'internal', 'public')
             for word in (f'--bootstrap-{interface}-url', bed.auth_url)))


def _nova(bed: Bed) -> None:
    def manage(*words: str) -> None:
        processes.run(bed, 'schema-nova', [
            bed.core('nova-manage'),
            '--config-file', str(bed.etc('nova', 'nova.conf')),
            '--config-file', str(bed.etc('nova', 'nova-db.conf')), *words])

    manage('api_db', 'sync')
    manage('cell_v2', 'map_cell0', '--database_connection',
           bed.database_url('nova_cell0'))
    # It cannot be made twice, which matters when this was interrupted.
    _sql(bed, "DELETE FROM nova_api.cell_mappings WHERE name = 'cell1';\n")
    manage('cell_v2', 'create_cell', '--name', 'cell1')
    manage('db', 'sync')


def _neutron(bed: Bed) -> None:
    processes.run(bed, 'schema-neutron', [
        bed.core('neutron-db-manage'), '--config-file',
        str(bed.etc('neutron', 'neutron.conf')), 'upgrade', 'head'])


def _others(bed: Bed) -> None:
    processes.run(bed, 'schema-placement', [
        bed.core('placement-manage'), '--config-file',
        str(bed.etc('placement', 'placement.conf')), 'db', 'sync'])
    processes.run(bed, 'schema-glance', [
        bed.core('glance-manage'), '--config-file',
        str(bed.etc('glance', 'glance-api.conf')), 'db_sync'])
    processes.run(bed, 'schema-aodh', [
        bed.telemetry('aodh-dbsync'), '--config-file',
        str(bed.etc('aodh', 'aodh.conf'))])
