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

[installer_local]
fail_command = {bed},fail
heal_command = {bed},heal
transport_url = {rabbit}
"""


def write(bed: Bed) -> None:
    """Write both into the bed's folder."""
    clouds = bed.folder / 'clouds.yaml'
    clouds.write_text('clouds:\n' + ''.join(
        _CLOUD.format(name=name, user=user, password=PASSWORD, region=REGION,
                      auth_url=bed.auth_url)
        for name, user in (('bed', 'admin'), ('bed-member', MEMBER))))
    state = bed.folder / 'doctor'
    state.mkdir(exist_ok=True)
    command = (sys.executable, str(TOOL / 'bed'), '--folder',
               str(bed.folder))
    (bed.folder / 'doctor.conf').write_text(_DOCTOR.format(
        state=state, clouds=clouds, rabbit=bed.rabbit_url,
        hosts=bed.port('hosts'), inspector=bed.port('inspector'),
        bed=','.join(command)))
