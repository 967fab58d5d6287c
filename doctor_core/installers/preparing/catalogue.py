"""What each need changes in which file, and who has to be restarted then.

Files and services have the names by which Doctor knows them; where a node
has them, and how it calls them, is in its layout. A file that a node does
not have is not changed there, a service that it does not have not restarted.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping

from doctor_core import wire
from doctor_core.cloud import Cloud
from doctor_core.installers.preparing import service_user
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.preparing.edits import (
    Edit,
    event_definitions,
    event_pipeline,
    ini_file,
    policy,
    together,
)
from doctor_core.installers.preparing.service_user import ServiceUser
from doctor_core.installers.settings import Settings
from doctor_core.model import Need

#: Where layouts say which definitions Ceilometer's package brings.
SHIPPED = 'ceilometer-shipped/'


@dataclasses.dataclass(frozen=True)
class FileEdit:
    """A change of one file.

    :ivar file: the file, by the name by which Doctor knows it.
    :ivar services: who reads it at its start only.
    :ivar why: what does not work without it.
    :ivar shipped: the file that the service reads where this one is absent:
        a new one begins as a copy of it.
    :ivar creates: whether the file may be made from nothing.
    :ivar optional: whether it is fine that no node has the file.
    :ivar rivals: names in its folder of which the service reads one only.
    """

    file: str
    edit: Edit
    services: tuple[str, ...]
    why: str
    shipped: str = ''
    creates: bool = False
    optional: bool = False
    rivals: tuple[str, ...] = ()


def edits_for(needs: Collection[Need]) -> list[FileEdit]:
    """What the needs change; those of one file in the order in which they
    have to be made.
    """
    return [edit for need in Need if need in needs
            for edit in CATALOGUE.get(need, ())]


def cloud_changes(needs: Collection[Need], settings: Settings,
                  open_cloud: Callable[[], Cloud]) -> list[Change]:
    """What the needs change in the cloud's own APIs; asks nobody yet.

    :param open_cloud: gives them as an administrator's; closed after each
        use.
    :raises ConfigError: [installer] or [inspector] does not say enough.
    """
    if Need.SERVICE_USER not in needs:
        return []
    return [ServiceUser(service_user.wish(settings), open_cloud)]


_NOTIFICATIONS = together(
    ini_file.option([('notifications', 'notify_on_state_change'),
                     ('DEFAULT', 'notify_on_state_change')],
                    'vm_and_task_state',
                    is_right={'vm_state', 'vm_and_task_state'}.__contains__),
    # Versioned ones alone are nothing to Ceilometer and to Doctor.
    ini_file.option([('notifications', 'notification_format'),
                     ('DEFAULT', 'notification_format')], 'both',
                    is_right={'unversioned', 'both'}.__contains__,
                    default='unversioned'),
    # oslo.messaging took the older names of these until 2025.
    ini_file.with_value(('oslo_messaging_notifications', 'driver'),
                        'messagingv2', also_right={'messaging'},
                        useless={'', 'noop'},
                        former=[('DEFAULT', 'notification_driver')]),
    ini_file.with_item(('oslo_messaging_notifications', 'topics'),
                       wire.NOVA_TOPIC, default=[wire.NOVA_TOPIC],
                       former=[('rpc_notifier2', 'topics'),
                               ('DEFAULT', 'notification_topics')]))


def _is_one(value: str) -> bool:
    try:
        return float(value) == 1.0
    except ValueError:
        return False


def _traits(source: str, names: str, **types: str
            ) -> Mapping[str, Mapping[str, str]]:
    """Traits of the same name as the fields of a notification."""
    return {name: ({'type': types[name]} if name in types else {})
            | {'fields': f'{source}.{name}'} for name in names.split()}


_IMAGE = 'payload.image_meta.'
_SERVER_TRAITS = {
    **_traits('payload', 'tenant_id user_id instance_id display_name '
              'instance_type instance_type_id state old_state memory_mb '
              'disk_gb root_gb ephemeral_gb vcpus launched_at deleted_at',
              memory_mb='int', disk_gb='int', root_gb='int',
              ephemeral_gb='int', vcpus='int', launched_at='datetime',
              deleted_at='datetime'),
    'resource_id': {'fields': 'payload.instance_id'},
    # "<service>.<host>" is who sent the notification.
    'host': {'fields': 'publisher_id.`split(., 1, 1)`'},
    'service': {'fields': 'publisher_id.`split(., 0, -1)`'},
    'os_architecture': {
        'fields': f"{_IMAGE}'org.openstack__1__architecture'"},
    'os_distro': {'fields': f"{_IMAGE}'org.openstack__1__os_distro'"},
    'os_version': {'fields': f"{_IMAGE}'org.openstack__1__os_version'"},
}
# By tenant_id, Aodh finds the alarms; without a word on it, Ceilometer may
# make it the project of who sent the notification.
_TO_WHOM = {'tenant_id': {'fields': 'payload.project_id'}}
_SCHEDULED_TRAITS = {**_TO_WHOM, **_traits(
    'payload', 'project_id session_id state instance_ids allowed_actions '
    'actions_at reply_at reply_url metadata', actions_at='datetime',
    reply_at='datetime')}
_HOST_TRAITS = {**_TO_WHOM, **_traits(
    'payload', 'project_id session_id state host')}


def _notifications(file: str, *services: str, optional: bool = False
                   ) -> FileEdit:
    return FileEdit(file, _NOTIFICATIONS, services, 'Nova tells when a '
                    'server changes its state', optional=optional)


def _published(*event_types: str) -> FileEdit:
    return FileEdit(
        'event_pipeline.yaml',
        together(*map(event_pipeline.to_aodh, event_types)),
        ('ceilometer-notification',), 'Ceilometer hands events to Aodh',
        shipped=f'{SHIPPED}event_pipeline.yaml', creates=True)


def _defined(why: str, traits: Mapping[str, Mapping[str, Mapping[str, str]]]
             ) -> FileEdit:
    return FileEdit(
        'event_definitions.yaml',
        together(*(event_definitions.with_traits(event_type, wanted)
                   for event_type, wanted in traits.items())),
        ('ceilometer-notification',), why,
        shipped=f'{SHIPPED}event_definitions.yaml')


CATALOGUE: Mapping[Need, tuple[FileEdit, ...]] = {
    Need.NOTIFICATIONS: (
        _notifications('nova.conf', 'nova-api', 'nova-conductor'),
        _notifications('nova-cell.conf', 'nova-cell-conductor',
                       optional=True),
        _notifications('nova-compute.conf', 'nova-compute', optional=True)),
    Need.EVENT_ALARMS: (
        _published(wire.INSTANCE_UPDATE),
        _defined('alarms are for a server and its state',
                 {wire.INSTANCE_UPDATE: _SERVER_TRAITS}),
        FileEdit('aodh.conf', together(
            ini_file.option([('DEFAULT', 'event_alarm_cache_ttl')], '0'),
            ini_file.option([('listener', 'event_alarm_topic'),
                             ('DEFAULT', 'event_alarm_topic')],
                            wire.AODH_TOPIC, default=wire.AODH_TOPIC)),
            ('aodh-listener',), 'new alarms are evaluated at once, not '
            'after up to a minute')),
    Need.HOST_STATUS: (
        FileEdit('nova-policy.yaml', policy.allowing(
            'os_compute_api:servers:show:host_status',
            'project_id:%(project_id)s', default='rule:context_is_admin',
            also_right={'rule:project_reader_or_admin',
                        'rule:project_member_or_admin',
                        'rule:admin_or_owner'}),
            ('nova-api',), 'owners see the state of the host of their '
            'servers', creates=True,
            # The second one up to Ussuri, and later where it is alone.
            rivals=('policy.yaml', 'policy.json')),),
    Need.DATA_PLANE_STATUS: (
        FileEdit('neutron-ml2.conf', together(
            # Its mechanism driver takes the extension away again.
            ini_file.refusing(
                ('ml2', 'mechanism_drivers'), 'ovn',
                'ML2/OVN has no data plane status, so that ports cannot get '
                'it: set [inspector] update_port_data_plane_status = false, '
                'or leave out the need data-plane-status'),
            ini_file.with_item(
                ('ml2', 'extension_drivers'), 'data_plane_status')),
            ('neutron-server', 'neutron-api', 'neutron-rpc-server'),
            'Neutron keeps the state of a port\'s data plane'),),
    Need.MAINTENANCE: (
        FileEdit('nova-compute.conf', ini_file.option(
            [('DEFAULT', 'cpu_allocation_ratio')], '1.0', is_right=_is_one),
            ('nova-compute',), 'a host holds as many servers as it has '
            'processors'),
        _published(wire.MAINTENANCE_SCHEDULED, wire.MAINTENANCE_HOST),
        _defined('alarms are for a session, its state and a reply', {
            wire.MAINTENANCE_SCHEDULED: _SCHEDULED_TRAITS,
            wire.MAINTENANCE_HOST: _HOST_TRAITS})),
    Need.CONGRESS: (
        FileEdit('congress.conf', together(
            # Congress 8 and later load all drivers, whatever this says.
            ini_file.with_item_if_set(
                ('DEFAULT', 'drivers'),
                'congress.datasources.doctor_driver.DoctorDriver'),
            ini_file.without_item(('DEFAULT', 'disabled_drivers'),
                                  'doctor')),
            ('congress-server',), 'Congress has the driver of Doctor\'s '
            'data source'),),
    Need.VITRAGE: (
        FileEdit('vitrage.conf', together(
            ini_file.with_item(
                ('datasources', 'types'), 'doctor',
                default=['nova.host', 'nova.instance', 'nova.zone',
                         'cinder.volume', 'neutron.network',
                         'neutron.port']),
            ini_file.with_item(('DEFAULT', 'notifiers'), 'nova')),
            ('vitrage-graph', 'vitrage-notifier', 'vitrage-api'),
            'Vitrage takes Doctor\'s events, and marks hosts and servers '
            'down in Nova'),),
}
