"""Stands for the network agents of all compute hosts.

There is no data plane to wire. What Neutron hears is what a real Open vSwitch
agent would say, in its own RPC: that the agent lives, and that a port is up.
So the real driver binds ports, they become ACTIVE, and Nova hears that
interfaces are plugged. A failed host's agent says nothing.

Runs in Neutron's virtual environment.
"""

import logging
import os
import sys
import threading
import time

import oslo_messaging
from neutron.agent import rpc as agent_rpc
from neutron.common import config
from neutron.conf.agent import common as agent_options
from neutron_lib import context
from neutron_lib.agent import topics
from oslo_config import cfg

LOG = logging.getLogger('agents')

_REPORT_S = 4.0
_TRIES = 3
_CONFIGURATION = {
    'bridge_mappings': {'physnet1': 'br-physnet1'}, 'tunnel_types': [],
    'tunneling_ip': '', 'datapath_type': 'netdev',
    'vhostuser_socket_dir': '/run', 'integration_bridge': 'br-int',
    'ovs_hybrid_plug': False, 'extensions': [], 'devices': 0,
    'bridge_mappings_rp': {}, 'log_agent_heartbeats': False}


def failed(host):
    return os.path.exists(os.path.join(os.environ['BED_FAILED'], host))


class Ports:
    """Hears of ports that were bound, and says that they are up."""

    target = oslo_messaging.Target(version='1.4')

    def __init__(self, hosts):
        self._hosts = hosts
        self._neutron = agent_rpc.PluginApi(topics.PLUGIN)
        self._context = context.get_admin_context_without_session()

    def port_update(self, _context, port, **_others):
        host = port.get('binding:host_id')
        if (host in self._hosts and port.get('admin_state_up')
                and port.get('status') != 'ACTIVE'):
            threading.Thread(target=self._wire, args=(port['id'], host),
                             daemon=True).start()

    def _wire(self, port_id, host):
        for _ in range(_TRIES):
            if failed(host):
                return
            try:
                self._neutron.update_device_up(
                    self._context, device=port_id,
                    agent_id=f'ovs-agent-{host}', host=host)
            except Exception:  # the thread's outermost frame
                LOG.exception('Port %s on %s', port_id, host)
                time.sleep(1)
            else:
                return


def report(neutron, hosts):
    """Say again and again that the agents live."""
    new = set(hosts)
    while True:
        for host in hosts:
            if failed(host):
                new.add(host)
                continue
            state = {'binary': 'neutron-openvswitch-agent', 'host': host,
                     'topic': 'N/A', 'agent_type': 'Open vSwitch agent',
                     'configurations': _CONFIGURATION}
            if host in new:
                state['start_flag'] = True
            try:
                neutron.report_state(
                    context.get_admin_context_without_session(), state,
                    use_call=True)
            except Exception:  # the loop's outermost frame
                LOG.exception('The agent of %s', host)
            else:
                new.discard(host)
        time.sleep(_REPORT_S)


def main():
    config.register_common_config_options()
    agent_options.register_agent_state_opts_helper(cfg.CONF)
    config.init(sys.argv[1:])
    config.setup_logging()
    hosts = os.environ['BED_HOSTS'].split()
    agent_rpc.create_consumers([Ports(hosts)], topics.AGENT,
                               [[topics.PORT, topics.UPDATE]],
                               start_listening=True)
    # What is said while Neutron starts is lost, and has to be said again.
    cfg.CONF.set_override('rpc_response_timeout', 5)
    report(agent_rpc.PluginReportStateAPI(topics.REPORTS), hosts)


if __name__ == '__main__':
    main()
