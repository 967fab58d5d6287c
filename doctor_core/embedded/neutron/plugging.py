"""What Nova asks of Neutron for its servers."""

from typing import Any

from doctor_core.embedded.neutron.topology import Entity, Topology
from doctor_core.embedded.rest import Caller
from doctor_core.web.server import Refused

#: What a server is to be plugged into: networks, or ports that exist.
Request = dict[str, Any]


class Plugging:
    """Gives servers ports, and takes them back."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._made: set[str] = set()

    def requests(self, asked: Any, caller: Caller) -> list[Request]:
        """What ``networks`` of a server to be made means.

        :param asked: a list, ``auto``, ``none``, or None for nothing said.
        :raises Refused: as Nova refuses it.
        """
        if asked == 'none' or asked == []:
            return []
        if isinstance(asked, list):
            return [self._checked(request, caller) for request in asked]
        if asked not in (None, 'auto'):
            raise Refused(400, 'Bad networks format')
        usable = [network for network in self._topology.networks.values()
                  if network['shared']
                  or network['project_id'] == caller.project_id]
        if len(usable) > 1:
            raise Refused(409, 'Multiple possible networks found, use a '
                               'Network ID to be more specific.')
        if not usable and asked == 'auto':
            raise Refused(400, 'Unable to automatically allocate a network '
                               f'for project {caller.project_id}')
        return [{'uuid': network['id']} for network in usable]

    def _checked(self, request: Any, caller: Caller) -> Request:
        if not isinstance(request, dict) or not (
                request.get('uuid') or request.get('port')):
            raise Refused(400, 'Bad network format: missing uuid')
        if request.get('port'):
            port = self._topology.ports.get(request['port'])
            if port is None or not _sees(caller, port):
                raise Refused(400, f'Port id {request["port"]} could not be '
                                   'found.')
            if port['device_id']:
                raise Refused(409, f'Port {port["id"]} is still in use.')
            return request
        network = self._topology.networks.get(request['uuid'])
        if network is None or not (
                network['shared'] or _sees(caller, network)):
            raise Refused(400, f'Network {request["uuid"]} could not be '
                               'found.')
        if not network['subnets']:
            raise Refused(400, f'Network {network["id"]} requires a subnet '
                               'in order to boot instances on.')
        return request

    def plug(self, server_id: str, project_id: str, host: str,
             requests: list[Request]) -> None:
        """Give a server its ports on a host.

        :raises Refused: there is no address left.
        """
        binding = {'device_id': server_id, 'device_owner': 'compute:nova',
                   'binding:host_id': host}
        for request in requests:
            if request.get('port'):
                self._topology.change(
                    self._topology.ports[request['port']], binding)
                continue
            fields = {'network_id': request['uuid'], **binding}
            if request.get('fixed_ip'):
                fields['fixed_ips'] = [{'ip_address': request['fixed_ip']}]
            port = self._topology.add_port(project_id, fields)
            self._made.add(port['id'])

    def move(self, server_id: str, host: str) -> None:
        """Bind a server's ports to another host.

        Their data_plane_status stays what it was, as in Neutron: who set it
        has to set it back.
        """
        for port in self._topology.of_device(server_id):
            self._topology.change(port, {'binding:host_id': host})

    def unplug(self, server_id: str) -> None:
        """Delete the ports that were made for a server; free the others."""
        for port in self._topology.of_device(server_id):
            if port['id'] in self._made:
                self._made.discard(port['id'])
                self._topology.remove_port(port)
            else:
                self._topology.change(port, {
                    'device_id': '', 'device_owner': '',
                    'binding:host_id': ''})

    def addresses(self, server_id: str) -> dict[str, list[Entity]]:
        """A server's addresses by the names of their networks."""
        found: dict[str, list[Entity]] = {}
        for port in self._topology.of_device(server_id):
            network = self._topology.networks[port['network_id']]
            found.setdefault(network['name'], []).extend(
                {'version': 6 if ':' in fixed['ip_address'] else 4,
                 'addr': fixed['ip_address'],
                 'OS-EXT-IPS:type': 'fixed',
                 'OS-EXT-IPS-MAC:mac_addr': port['mac_address']}
                for fixed in port['fixed_ips'])
        return found


def _sees(caller: Caller, entity: Entity) -> bool:
    # Nova asks Neutron with the caller's own token.
    return caller.is_admin or entity['project_id'] == caller.project_id
