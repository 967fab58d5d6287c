"""A cloud, an inspector, owners, and a collectd on one of the hosts, all in
this process's network namespace; says line by line what the owners are told.

Run as ``python -m doctor_core.tests.functional.collectd_stack FOLDER
COLLECTD INTERFACE``; ends with its standard input.
"""

import sys
from contextlib import ExitStack

from doctor_core import clock
from doctor_core.cloud import Cloud
from doctor_core.consumers.sample import SampleConsumer
from doctor_core.embedded.cloud import EmbeddedCloud
from doctor_core.fixtures import configuration, options
from doctor_core.model import AlarmRule, Condition
from doctor_core.services.inspector import InspectorService
from doctor_core.services.monitor import MonitorDaemon
from doctor_core.tests.functional.embedded import boot

WAIT_S = 60


def main(folder, collectd, interface):
    with ExitStack() as stack:
        cloud = EmbeddedCloud(hosts=2, admin_password='of-this-test-only')
        cloud.start()
        stack.callback(cloud.stop)
        clouds = f'{folder}/clouds.yaml'
        with open(clouds, 'w', encoding='utf-8') as file:
            file.write(cloud.clouds_yaml())
        seen = Cloud.named(clouds, 'doctor-embedded')
        stack.callback(seen.close)
        host = seen.hosts()[0].name
        conf = configuration({
            ('DEFAULT', 'state_path'): folder,
            ('bus', 'transport_url'): 'kombu+memory://',
            ('inspector', 'port'): 0})
        inspector = InspectorService(conf, cloud=seen)
        stack.callback(inspector.stop)
        inspector.start()
        consumer = SampleConsumer(options(SampleConsumer, port=0))
        url = consumer.start()
        stack.callback(consumer.stop)
        servers = boot(seen, host, 3)
        for server in servers:
            inspector.alarms.create(AlarmRule(
                name=server.name, project_id=server.project_id,
                event_type='compute.instance.update', actions=(url,),
                query=(Condition('traits.instance_id', server.id),
                       Condition('traits.state', 'error'))))
        inspector.refresh()
        monitor = MonitorDaemon(configuration({
            ('DEFAULT', 'state_path'): folder,
            ('bus', 'transport_url'): 'kombu+memory://',
            ('monitor', 'type'): ['collectd'],
            ('monitor', 'hosts'): [f'{host}=127.0.0.1'],
            ('monitor', 'status_port'): 0,
            ('monitor_collectd', 'mode'): 'local',
            ('monitor_collectd', 'collectd'): collectd,
            ('monitor_collectd', 'base_dir'): f'{folder}/collectd',
            ('monitor_collectd', 'interfaces'): [interface]}))
        stack.callback(monitor.stop)
        monitor.start()
        say('ready')
        clock.wait_for(
            lambda: {notice.server_id for notice in consumer.received()}
            == {server.id for server in servers},
            clock.Deadline(WAIT_S), what='all owners to be told')
        say(f'told {max(n.received_at for n in consumer.received())}')
        say(f'evidence {evidence(consumer)}')
        wait_for_service(seen, host, True)
        say('down')
        wait_for_service(seen, host, False)
        say('up')
        sys.stdin.read()


def evidence(consumer):
    """What the owners were told that it rests on."""
    return {trait[2] for notice in consumer.received()
            for trait in notice.body['reason_data']['event']['traits']
            if trait[0] == 'evidence'}


def wait_for_service(cloud, host, forced_down):
    clock.wait_for(
        lambda: [service.forced_down for service
                 in cloud.compute_services(host)] == [forced_down],
        clock.Deadline(WAIT_S), what=f'forced_down = {forced_down}')


def say(line):
    sys.stdout.write(f'{line}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    main(*sys.argv[1:])
