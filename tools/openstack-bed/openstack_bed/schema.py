"""The databases, from nothing, and Keystone's first user."""

import functools
import getpass
from collections.abc import Callable
from pathlib import Path

from openstack_bed import processes
from openstack_bed.settings import EXTRAS, INTERFACES, PASSWORD, REGION, Bed
from openstack_bed.steps import Step


def _mariadb(bed: Bed) -> None:
    """Make the folder of an empty MariaDB."""
    folder = bed.data('mariadb')
    if not (folder / 'mysql').exists():
        folder.mkdir(parents=True, exist_ok=True)
        processes.run(bed, 'mariadb-install', [
            'mariadb-install-db', '--no-defaults',
            f'--user={getpass.getuser()}', f'--datadir={folder}',
            '--auth-root-authentication-method=normal', '--skip-test-db'])


def steps(bed: Bed) -> list[Step]:
    """What makes the databases that are not there yet.

    Each service's are a step ``schema-<service>``. One that was interrupted
    is finished the next time.
    """
    works: dict[str, tuple[Callable[[Bed], None], tuple[str, ...]]] = {
        'nova': (_nova, ('nova_api', 'nova_cell0', 'nova_cell1')),
        'neutron': (_neutron, ('neutron',)),
        'keystone': (_keystone, ('keystone',)),
        'placement': (_placement, ('placement',)),
        'glance': (_glance, ('glance',)),
        'aodh': (_aodh, ('aodh',)),
        'vitrage': (_vitrage, ('vitrage',)),
        'congress': (_congress, ('congress',)),
    }
    missing = [service for service in works
               if service in {*works} - {*EXTRAS} | {*bed.extras}
               and not _mark(bed, service).exists()]
    return [Step('prepare-mariadb', functools.partial(_mariadb, bed)),
            Step('account', functools.partial(_account, bed), ('mariadb',)),
            *(Step(f'schema-{service}', functools.partial(
                _make, bed, service, *works[service]), ('account',))
              for service in missing)]


def _make(bed: Bed, service: str, work: Callable[[Bed], None],
          databases: tuple[str, ...]) -> None:
    _sql(bed, ''.join(f'CREATE DATABASE IF NOT EXISTS {name};\n'
                      for name in databases))
    work(bed)
    _mark(bed, service).touch()


def _mark(bed: Bed, service: str) -> Path:
    return bed.data(f'schema-{service}-complete')


def _account(bed: Bed) -> None:
    _sql(bed, "CREATE USER IF NOT EXISTS 'os'@'127.0.0.1' IDENTIFIED BY 'os';"
              "\nGRANT ALL ON *.* TO 'os'@'127.0.0.1';\n")


def _sql(bed: Bed, statements: str) -> None:
    processes.run(bed, 'schema-sql', [
        'mariadb', '--no-defaults', '--host=127.0.0.1', '--user=root',
        f'--port={bed.port("mariadb")}'], text=statements)


def _keystone(bed: Bed) -> None:
    for name in ('fernet', 'credential'):
        bed.data('keystone', name).mkdir(parents=True, exist_ok=True,
                                         mode=0o700)

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
           *(word for interface in INTERFACES
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
        bed.core('neutron-db-manage'),
        '--config-file', str(bed.etc('neutron', 'neutron.conf')),
        '--config-file', str(bed.etc('neutron', 'ml2_conf.ini')),
        'upgrade', 'head'])


def _placement(bed: Bed) -> None:
    processes.run(bed, 'schema-placement', [
        bed.core('placement-manage'), '--config-file',
        str(bed.etc('placement', 'placement.conf')), 'db', 'sync'])


def _glance(bed: Bed) -> None:
    for name in ('images', 'staging', 'tasks'):
        bed.data('glance', name).mkdir(parents=True, exist_ok=True)
    processes.run(bed, 'schema-glance', [
        bed.core('glance-manage'), '--config-file',
        str(bed.etc('glance', 'glance-api.conf')), 'db_sync'])


def _aodh(bed: Bed) -> None:
    processes.run(bed, 'schema-aodh', [
        bed.telemetry('aodh-dbsync'), '--config-file',
        str(bed.etc('aodh', 'aodh.conf'))])


def _vitrage(bed: Bed) -> None:
    processes.run(bed, 'schema-vitrage', [
        bed.telemetry('vitrage-dbsync'), '--config-file',
        str(bed.etc('vitrage', 'vitrage.conf'))])


def _congress(bed: Bed) -> None:
    processes.run(bed, 'schema-congress', [
        bed.program('congress', 'congress-db-manage'), '--config-file',
        str(bed.etc('congress', 'congress.conf')), 'upgrade', 'head'])
