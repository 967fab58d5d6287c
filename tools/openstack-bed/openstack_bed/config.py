"""The services' configuration files."""

from collections.abc import Mapping
from pathlib import Path

from openstack_bed import options
from openstack_bed.options import Section
from openstack_bed.settings import HOSTS, Bed

#: Who may see the state of the host that a server is on. Nova's own default
#: is administrators; Doctor's owners have to see it.
_NOVA_POLICY = """\
"os_compute_api:servers:show:host_status": "rule:project_reader_or_admin"
"""

_EVENT_PIPELINE = """\
sources:
  - name: all
    events: ["*"]
    sinks: [aodh]
sinks:
  - name: aodh
    publishers: ["notifier://?topic=alarm.all"]
"""

_PIPELINE = """\
sources: []
sinks: []
"""


def write(bed: Bed) -> None:
    """Write all of them.

    What is there already stays in a plain bed: it is prepared for Doctor by
    whoever tries that, and has to stay so until it is undone.
    """
    for folder in (bed.data('locks'), bed.data('rabbitmq')):
        folder.mkdir(parents=True, exist_ok=True)
    # No plugin: its management page would be one more port.
    bed.data('rabbitmq', 'plugins').write_text('[].\n')
    _put(bed, 'keystone/keystone.conf', options.keystone(bed))
    _put(bed, 'placement/placement.conf', options.placement(bed))
    _put(bed, 'glance/glance-api.conf', options.glance(bed))
    _put(bed, 'neutron/neutron.conf', options.neutron(bed))
    _put(bed, 'neutron/ml2_conf.ini', options.ml2(bed))
    _put(bed, 'nova/nova.conf', options.nova(bed))
    # Apart: nova-compute must not see the databases.
    _put(bed, 'nova/nova-db.conf', {
        'api_database': options.database(bed, 'nova_api'),
        'database': options.database(bed, 'nova_cell1')})
    for name in ('nova-api', 'neutron-api'):
        _put(bed, f'{name.partition("-")[0]}/{name}.conf',
             {'DEFAULT': {'log_file': bed.log(name)}})
    for host in HOSTS:
        bed.data('nova', host).mkdir(parents=True, exist_ok=True)
        _put(bed, f'nova/{host}.conf', options.compute(bed, host))
    _put(bed, 'aodh/aodh.conf', options.aodh(bed))
    _put(bed, 'ceilometer/ceilometer.conf', options.ceilometer(bed))
    _write(bed, 'ceilometer/pipeline.yaml', _PIPELINE)
    shipped = _package(bed, 'ceilometer/pipeline/data')
    _copy(bed, shipped / 'event_definitions.yaml', 'ceilometer')
    if bed.plain:
        _copy(bed, shipped / 'event_pipeline.yaml', 'ceilometer')
    else:
        _write(bed, 'ceilometer/event_pipeline.yaml', _EVENT_PIPELINE)
        _write(bed, 'nova/policy.yaml', _NOVA_POLICY)
    for service, file in (('glance', 'glance-api-paste.ini'),
                          ('neutron', 'api-paste.ini'),
                          ('nova', 'api-paste.ini')):
        _copy(bed, bed.home / 'core' / 'etc' / service / file, service)
    _aodh_paste(bed)
    if 'vitrage' in bed.extras:
        _vitrage(bed)
    if 'congress' in bed.extras:
        _congress(bed)


def _vitrage(bed: Bed) -> None:
    _put(bed, 'vitrage/vitrage.conf', options.vitrage(bed))
    source = bed.home / 'telemetry' / 'etc' / 'vitrage'
    _copy(bed, source / 'api-paste.ini', 'vitrage')
    for file in (source / 'datasources_values').iterdir():
        _copy(bed, file, 'vitrage/datasources_values')
    # Where its filter looks for the options, in a home of its own.
    link = bed.etc('vitrage', '.vitrage')
    if not link.is_symlink():
        link.symlink_to('.')


def _congress(bed: Bed) -> None:
    bed.data('congress-keys').mkdir(parents=True, exist_ok=True, mode=0o700)
    _put(bed, 'congress/congress.conf', options.congress(bed))
    _copy(bed, bed.home / 'congress' / 'etc' / 'congress' / 'api-paste.ini',
          'congress')


def _aodh_paste(bed: Bed) -> None:
    """Aodh's pipeline; its token filter looks for the options in the default
    place unless it is told.
    """
    filters = '[filter:authtoken]\n'
    text = (_package(bed, 'aodh/api') / 'api-paste.ini').read_text()
    _write(bed, 'aodh/api-paste.ini', text.replace(
        filters,
        f'{filters}oslo_config_file = {bed.etc("aodh", "aodh.conf")}\n'))


def _package(bed: Bed, path: str) -> Path:
    return next((bed.home / 'telemetry').glob(
        f'lib/python3*/site-packages/{path}'))


def _put(bed: Bed, path: str, sections: Mapping[str, Section]) -> None:
    _write(bed, path, '\n'.join(
        f'[{name}]\n' + ''.join(f'{option} = {value}\n'
                                for option, value in section.items())
        for name, section in sections.items()))


def _copy(bed: Bed, file: Path, folder: str) -> None:
    _write(bed, f'{folder}/{file.name}', file.read_text())


def _write(bed: Bed, path: str, text: str) -> None:
    file = bed.etc(path)
    if bed.plain and file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
