"""The services' configuration files.

Every option that is not the service's own default is here for a reason: it
points to this bed, it makes the bed faster, or the comment says it.
"""

import shutil
from collections.abc import Mapping
from typing import Any

from openstack_bed.settings import HOSTS, PASSWORD, REGION, Bed

Section = Mapping[str, Any]

#: Who may see the state of the host that a server is on. Nova's own default
#: is administrators; Doctor's owners have to see it.
NOVA_POLICY = """\
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
    """Write all of them."""
    for service in ('keystone', 'placement', 'glance', 'neutron', 'nova',
                    'aodh', 'ceilometer'):
        bed.etc(service).mkdir(parents=True, exist_ok=True)
    _put(bed, 'keystone/keystone.conf', keystone(bed))
    _put(bed, 'placement/placement.conf', placement(bed))
    _put(bed, 'glance/glance-api.conf', glance(bed))
    _put(bed, 'neutron/neutron.conf', neutron(bed))
    _put(bed, 'nova/nova.conf', nova(bed))
    # Apart: nova-compute must not see the databases.
    _put(bed, 'nova/nova-db.conf', {
        'api_database': _database(bed, 'nova_api'),
        'database': _database(bed, 'nova_cell1')})
    for name in ('nova-api', 'neutron-api'):
        _put(bed, f'{name.partition("-")[0]}/{name}.conf',
             {'DEFAULT': {'log_file': bed.log(name)}})
    for host in HOSTS:
        bed.data('nova', host).mkdir(parents=True, exist_ok=True)
        _put(bed, f'nova/{host}.conf', compute(bed, host))
    _put(bed, 'aodh/aodh.conf', aodh(bed))
    _put(bed, 'ceilometer/ceilometer.conf', ceilometer(bed))
    bed.etc('nova', 'policy.yaml').write_text(NOVA_POLICY)
    bed.etc('ceilometer', 'event_pipeline.yaml').write_text(_EVENT_PIPELINE)
    bed.etc('ceilometer', 'pipeline.yaml').write_text(_PIPELINE)
    for service, file in (('glance', 'glance-api-paste.ini'),
                          ('neutron', 'api-paste.ini'),
                          ('nova', 'api-paste.ini')):
        shutil.copy(bed.home / 'core' / 'etc' / service / file,
                    bed.etc(service, file))
    _aodh_paste(bed)


def keystone(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': _common(bed, 'keystone'),
        'database': _database(bed, 'keystone'),
        'cache': {'enabled': True, 'backend': 'dogpile.cache.memory'},
        # Ten times cheaper tokens; the passwords are no secret here.
        'identity': {'password_hash_rounds': 4},
        'fernet_tokens': {'key_repository': bed.data('keystone', 'fernet')},
        'credential': {
            'key_repository': bed.data('keystone', 'credential')},
        'oslo_messaging_notifications': {'driver': 'noop'},
    }


def placement(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {'log_file': bed.log('placement'), 'use_stderr': False},
        'api': {'auth_strategy': 'keystone'},
        'placement_database': _database(bed, 'placement'),
        'keystone_authtoken': _authtoken(bed, 'placement'),
    }


def glance(bed: Bed) -> dict[str, Section]:
    stores = {name: bed.data('glance', name)
              for name in ('images', 'staging', 'tasks')}
    return {
        'DEFAULT': {
            **_common(bed, 'glance'), 'enabled_backends': 'images:file',
            'worker_self_reference_url': bed.url('glance')},
        'glance_store': {'default_backend': 'images'},
        'images': {'filesystem_store_datadir': stores['images']},
        'os_glance_staging_store': {
            'filesystem_store_datadir': stores['staging']},
        'os_glance_tasks_store': {
            'filesystem_store_datadir': stores['tasks']},
        'paste_deploy': {'flavor': 'keystone'},
        'wsgi': {'python_interpreter': bed.core('python')},
        'database': _database(bed, 'glance'),
        'keystone_authtoken': _authtoken(bed, 'glance'),
        'oslo_messaging_notifications': {'driver': 'noop'},
        'oslo_concurrency': _locks(bed),
    }


def neutron(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url, 'use_stderr': False,
            'log_dir': bed.log('x').parent,
            'state_path': bed.data('neutron'), 'core_plugin': 'ml2',
            'service_plugins': '', 'auth_strategy': 'keystone',
            'api_paste_config': bed.etc('neutron', 'api-paste.ini'),
            'notify_nova_on_port_status_changes': True,
            'notify_nova_on_port_data_changes': True,
            'send_events_interval': 1, 'dhcp_agent_notification': False,
            'api_workers': 1, 'rpc_workers': 1,
            'rpc_state_report_workers': 0, 'agent_down_time': 20},
        # The driver binds ports as in a real deployment; the stand-in for
        # the agents tells it that they are wired.
        'ml2': {'type_drivers': 'flat,vlan,local',
                'tenant_network_types': 'local',
                'mechanism_drivers': 'openvswitch',
                'extension_drivers': 'port_security,data_plane_status'},
        'ml2_type_flat': {'flat_networks': 'physnet1'},
        'ml2_type_vlan': {'network_vlan_ranges': 'physnet1:100:199'},
        'quotas': {f'quota_{what}': -1 for what in (
            'network', 'subnet', 'port', 'security_group',
            'security_group_rule')},
        'database': _database(bed, 'neutron'),
        'keystone_authtoken': _authtoken(bed, 'neutron'),
        'nova': {**_client(bed, 'neutron'), 'endpoint_type': 'public'},
        'placement': _client(bed, 'neutron'),
        'oslo_messaging_notifications': {'driver': 'messagingv2',
                                         'topics': 'notifications'},
        'oslo_concurrency': _locks(bed),
    }


def nova(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url, 'use_stderr': False,
            'log_dir': bed.log('x').parent,
            'state_path': bed.data('nova'), 'enabled_apis': 'osapi_compute',
            # The plain fake driver cannot be started a second time.
            'compute_driver': 'fake.FakeDriverWithoutFakeNodes',
            'my_ip': '127.0.0.1',
            'report_interval': 2, 'service_down_time': 8,
            'periodic_fuzzy_delay': 5, 'manager_shutdown_timeout': 2,
            'graceful_shutdown_timeout': 5,
            # The fake driver forgets its guests when it is restarted; Nova
            # would set them to SHUTOFF.
            'sync_power_state_interval': -1,
            'running_deleted_instance_action': 'noop',
            'scheduler_instance_sync_interval': 120,
            'vif_plugging_timeout': 30, 'force_config_drive': False},
        'api': {'auth_strategy': 'keystone'},
        'wsgi': {'api_paste_config': bed.etc('nova', 'api-paste.ini')},
        'conductor': {'workers': 1},
        'scheduler': {'workers': 1,
                      'discover_hosts_in_cells_interval': 5},
        'quota': {'instances': -1, 'cores': -1, 'ram': -1},
        'glance': {'api_servers': bed.url('glance')},
        'key_manager': {
            'backend': 'nova.keymgr.conf_key_mgr.ConfKeyManager',
            'fixed_key': '0' * 64},
        'vnc': {'enabled': False},
        'spice': {'enabled': False},
        'keystone_authtoken': _authtoken(bed, 'nova'),
        'neutron': _client(bed, 'nova'),
        'placement': _client(bed, 'nova'),
        'service_user': {**_client(bed, 'nova'),
                         'send_service_user_token': True},
        # Unversioned: those are what Ceilometer and Doctor listen to, and a
        # topic that nobody listens to would fill the broker.
        'notifications': {'notify_on_state_change': 'vm_and_task_state',
                          'notification_format': 'unversioned'},
        'oslo_messaging_notifications': {'driver': 'messagingv2',
                                         'topics': 'notifications'},
        'oslo_policy': {'policy_file': bed.etc('nova', 'policy.yaml')},
        'oslo_concurrency': _locks(bed),
    }


def compute(bed: Bed, host: str) -> dict[str, Section]:
    """What a nova-compute has of its own, as on a machine of its own."""
    return {'DEFAULT': {
        'host': host, 'my_ip': bed.address(host),
        'state_path': bed.data('nova', host),
        'log_file': bed.log(f'nova-{host}')}}


def aodh(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url,
            # Otherwise an alarm may be unknown for the first minute.
            'event_alarm_cache_ttl': 0,
            # The level INFO writes all events of all alarms.
            'default_log_levels': 'aodh.evaluator.event=WARN,amqp=WARN,'
                                  'sqlalchemy=WARN'},
        'api': {'auth_mode': 'keystone',
                'paste_config': bed.etc('aodh', 'api-paste.ini')},
        'database': _database(bed, 'aodh'),
        'listener': {'event_alarm_topic': 'alarm.all', 'workers': 1},
        'notifier': {'workers': 1},
        'evaluator': {'workers': 1},
        'keystone_authtoken': _authtoken(bed, 'aodh'),
        'service_credentials': {**_client(bed, 'aodh'),
                                'interface': 'internal'},
        'oslo_messaging_notifications': {'driver': 'noop'},
    }


def ceilometer(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url,
            'pipeline_cfg_file': bed.etc('ceilometer', 'pipeline.yaml'),
            'event_pipeline_cfg_file': bed.etc('ceilometer',
                                               'event_pipeline.yaml')},
        'notification': {'workers': 1, 'pipelines': 'event',
                         'notification_control_exchanges': 'nova'},
        'publisher': {'telemetry_secret': PASSWORD},
        'oslo_messaging_notifications': {'topics': 'notifications'},
    }


def _aodh_paste(bed: Bed) -> None:
    """Aodh's pipeline; its token filter looks for the options in the default
    place unless it is told.
    """
    found = next((bed.home / 'telemetry').glob(
        'lib/python3*/site-packages/aodh/api/api-paste.ini'))
    filters = '[filter:authtoken]\n'
    text = found.read_text()
    bed.etc('aodh', 'api-paste.ini').write_text(text.replace(
        filters,
        f'{filters}oslo_config_file = {bed.etc("aodh", "aodh.conf")}\n'))


def _common(bed: Bed, name: str) -> Section:
    return {'log_file': bed.log(name), 'use_stderr': False,
            'transport_url': bed.rabbit_url}


def _locks(bed: Bed) -> Section:
    return {'lock_path': bed.data('locks')}


def _database(bed: Bed, name: str) -> Section:
    return {'connection': bed.database_url(name), 'max_pool_size': 5,
            'max_overflow': 20}


def _client(bed: Bed, user: str) -> Section:
    return {'auth_type': 'password', 'auth_url': bed.auth_url,
            'username': user, 'password': PASSWORD,
            'project_name': 'service', 'user_domain_name': 'Default',
            'project_domain_name': 'Default', 'region_name': REGION}


def _authtoken(bed: Bed, user: str) -> Section:
    credentials = dict(_client(bed, user))
    del credentials['region_name']
    return {**credentials, 'www_authenticate_uri': bed.auth_url,
            'memcached_servers': f'127.0.0.1:{bed.port("memcached")}',
            'service_token_roles': 'service',
            'service_token_roles_required': True}


def _put(bed: Bed, path: str, sections: Mapping[str, Section]) -> None:
    bed.etc(path).write_text('\n'.join(
        f'[{name}]\n' + ''.join(f'{option} = {value}\n'
                                for option, value in options.items())
        for name, options in sections.items()))
