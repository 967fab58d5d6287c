"""What clients of the bed need: clouds.yaml and doctor.conf."""

import sys

from openstack_bed.catalog import MEMBER
from openstack_bed.settings import PASSWORD, REGION, TOOL, Bed

_CLOUD = """\
  {name}:
    auth:
      auth_url: {auth_url}
      username: {user}
      password: {password}
      project_name: {user}
      user_domain_name: Default
      project_domain_name: Default
    region_name: {region}
    identity_api_version: 3
"""

_DOCTOR = """\
[DEFAULT]
state_path = {state}

[cloud]
name = bed
clouds_file = {clouds}
notifications_transport_url = {rabbit}

[bus]
transport_url = {rabbit}

[monitor]
type = fake

[monitor_fake]
port = {hosts}

[inspector]
type = sample
port = {inspector}

[alarm]
type = local

[consumer_sample]
port = 0

[installer]
type = local
journal_path = {state}/journal
restart_timeout_s = 300

[installer_local]
nodes = controller=127.0.0.1 controller
controller_files = {controller_files}
controller_services = {controller_services}
restart_command = {bed},restart,{{unit}}
check_command = {bed},check,{{unit}}
fail_command = {bed},fail
heal_command = {bed},heal
transport_url = {rabbit}
"""

#: The files that Doctor may have to change, by the names that it has for
#: them, below ``etc``. All is on one node, as far as they are concerned: the
#: nova-computes read the controller's, too.
_FILES = {
    'nova.conf': 'nova/nova.conf',
    'nova-compute.conf': 'nova/nova.conf',
    'nova-policy.yaml': 'nova/policy.yaml',
    'neutron-ml2.conf': 'neutron/ml2_conf.ini',
    'event_pipeline.yaml': 'ceilometer/event_pipeline.yaml',
    'event_definitions.yaml': 'ceilometer/event_definitions.yaml',
    'aodh.conf': 'aodh/aodh.conf',
}
#: Who reads them; Doctor's names are the bed's.
_SERVICES = ('nova-api', 'nova-conductor', 'nova-compute', 'neutron-server',
             'ceilometer-notification', 'aodh-listener')
_EXTRA_SERVICES = {
    'vitrage': ('vitrage-graph', 'vitrage-notifier', 'vitrage-api'),
    'congress': ('congress-server',),
}


def write(bed: Bed) -> None:
    """Write both into the bed's folder."""
    clouds = bed.folder / 'clouds.yaml'
    clouds.write_text('clouds:\n' + ''.join(
        _CLOUD.format(name=name, user=user, password=PASSWORD, region=REGION,
                      auth_url=bed.auth_url)
        for name, user in (('bed', 'admin'), ('bed-member', MEMBER))))
    state = bed.folder / 'doctor'
    state.mkdir(exist_ok=True)
    files = _FILES | {f'{name}.conf': f'{name}/{name}.conf'
                      for name in bed.extras}
    services = [*_SERVICES, *(service for name in bed.extras
                              for service in _EXTRA_SERVICES[name])]
    (bed.folder / 'doctor.conf').write_text(_DOCTOR.format(
        state=state, clouds=clouds, rabbit=bed.rabbit_url,
        hosts=bed.port('hosts'), inspector=bed.port('inspector'),
        controller_files=','.join(f'{name}:{bed.etc(path)}'
                                  for name, path in files.items()),
        controller_services=','.join(f'{name}:{name}' for name in services),
        bed=','.join((sys.executable, str(TOOL / 'bed'), '--folder',
                      str(bed.folder)))))
