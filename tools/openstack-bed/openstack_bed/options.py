"""The services' options.

Every option that is not the service's own default is here for a reason: it
points to this bed, it makes the bed faster, or the comment says it.
"""

from collections.abc import Mapping
from typing import Any

from openstack_bed.settings import PASSWORD, REGION, Bed

Section = Mapping[str, Any]


def keystone(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': _common(bed, 'keystone'),
        'database': database(bed, 'keystone'),
        # Of all its processes: with one of each, a user or an endpoint that is
        # new is not there for every other request, for minutes.
        'cache': {'enabled': True, 'backend': 'dogpile.cache.memcached',
                  'memcache_servers': f'127.0.0.1:{bed.port("memcached")}'},
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
        'placement_database': database(bed, 'placement'),
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
        'database': database(bed, 'glance'),
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
            'rpc_state_report_workers': 0},
        'quotas': {f'quota_{what}': -1 for what in (
            'network', 'subnet', 'port', 'security_group',
            'security_group_rule')},
        'database': database(bed, 'neutron'),
        'keystone_authtoken': _authtoken(bed, 'neutron'),
        'nova': {**_client(bed, 'neutron'), 'endpoint_type': 'public'},
        'placement': _client(bed, 'neutron'),
        'oslo_messaging_notifications': {'driver': 'messagingv2',
                                         'topics': 'notifications'},
        'oslo_concurrency': _locks(bed),
    }


def ml2(bed: Bed) -> dict[str, Section]:
    extensions = 'port_security'
    if not bed.plain:
        extensions += ',data_plane_status'
    return {
        # The driver binds ports as in a real deployment; the stand-in for
        # the agents tells it that they are wired.
        'ml2': {'type_drivers': 'flat,vlan,local',
                'tenant_network_types': 'local',
                'mechanism_drivers': 'openvswitch',
                'extension_drivers': extensions},
        'ml2_type_flat': {'flat_networks': 'physnet1'},
        'ml2_type_vlan': {'network_vlan_ranges': 'physnet1:100:199'},
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
        'oslo_policy': {'policy_file': bed.etc('nova', 'policy.yaml')},
        'oslo_concurrency': _locks(bed),
        **({} if bed.plain else _notifications(bed)),
    }


def _notifications(bed: Bed) -> dict[str, Section]:
    topics = ['notifications']
    if 'vitrage' in bed.extras:
        # Who shares a topic with Ceilometer would miss every other one.
        topics.append('vitrage_notifications')
    return {
        # Unversioned: those are what Ceilometer and Doctor listen to, and a
        # topic that nobody listens to would fill the broker.
        'notifications': {'notify_on_state_change': 'vm_and_task_state',
                          'notification_format': 'unversioned'},
        'oslo_messaging_notifications': {'driver': 'messagingv2',
                                         'topics': ','.join(topics)},
    }


def compute(bed: Bed, host: str) -> dict[str, Section]:
    """What a nova-compute has of its own, as on a machine of its own."""
    return {'DEFAULT': {
        'host': host, 'my_ip': bed.address(host),
        'state_path': bed.data('nova', host),
        'log_file': bed.log(f'nova-{host}')}}


def aodh(bed: Bed) -> dict[str, Section]:
    # Otherwise an alarm may be unknown for the first minute.
    ttl = {} if bed.plain else {'event_alarm_cache_ttl': 0}
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url, **ttl,
            # The level INFO writes all events of all alarms.
            'default_log_levels': 'aodh.evaluator.event=WARN,amqp=WARN,'
                                  'sqlalchemy=WARN'},
        'api': {'auth_mode': 'keystone',
                'paste_config': bed.etc('aodh', 'api-paste.ini')},
        'database': database(bed, 'aodh'),
        'listener': {'workers': 1},
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
        'event': {'definitions_cfg_file': bed.etc(
            'ceilometer', 'event_definitions.yaml')},
        'publisher': {'telemetry_secret': PASSWORD},
        'oslo_messaging_notifications': {'topics': 'notifications'},
    }


def vitrage(bed: Bed) -> dict[str, Section]:
    client = dict(_client(bed, 'vitrage'))
    # Its filter for HTTP basic knows domains by their ids only.
    for whose in ('user', 'project'):
        del client[f'{whose}_domain_name']
        client[f'{whose}_domain_id'] = 'default'
    return {
        'DEFAULT': {'transport_url': bed.rabbit_url,
                    'notifiers': 'nova,webhook',
                    # Nova sends the unversioned ones here.
                    'use_nova_versioned_notifications': 'False'},
        'api': {'auth_mode': 'keystone', 'host': '127.0.0.1',
                'port': bed.port('vitrage'),
                'paste_config': bed.etc('vitrage', 'api-paste.ini')},
        'database': database(bed, 'vitrage'),
        # A server that was booted since the last look at all of Nova is
        # known by Nova's notifications.
        'datasources': {'types': 'nova.host,nova.instance,nova.zone,doctor',
                        'notification_exchange': 'nova'},
        'entity_graph': {'datasources_values_dir': bed.etc(
            'vitrage', 'datasources_values')},
        'evaluator': {'workers': 1},
        'service_credentials': {**client, 'interface': 'internal'},
        'keystone_authtoken': _authtoken(bed, 'vitrage'),
    }


def congress(bed: Bed) -> dict[str, Section]:
    return {
        'DEFAULT': {
            'transport_url': bed.rabbit_url, 'auth_strategy': 'keystone',
            'bind_host': '127.0.0.1', 'bind_port': bed.port('congress'),
            'api_paste_config': bed.etc('congress', 'api-paste.ini'),
            # How soon a data source that was made is there.
            'datasource_sync_period': 5,
            'encryption_key_path': bed.data('congress-keys')},
        'database': {'connection': f'{bed.database_url("congress")}'
                                   '?charset=utf8'},
        'keystone_authtoken': {
            name: value for name, value in _authtoken(bed, 'congress').items()
            if name != 'memcached_servers'},
        'oslo_policy': {'policy_file': bed.etc('congress', 'policy.yaml')},
    }


def _common(bed: Bed, name: str) -> Section:
    return {'log_file': bed.log(name), 'use_stderr': False,
            'transport_url': bed.rabbit_url}


def _locks(bed: Bed) -> Section:
    return {'lock_path': bed.data('locks')}


def database(bed: Bed, name: str) -> Section:
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
