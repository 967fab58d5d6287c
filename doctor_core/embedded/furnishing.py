"""What an operator leaves for the tenants of a new cloud."""

from doctor_core.embedded.glance import Glance
from doctor_core.embedded.keystone.directory import Directory
from doctor_core.embedded.neutron.topology import Topology


def furnish(directory: Directory, images: Glance, topology: Topology) -> None:
    """An image for all, and a network of project ``demo``."""
    projects = {project['name']: project['id']
                for project in directory.projects.values()}
    images.add_ready('cirros', projects['admin'])
    network = topology.add_network(projects['demo'], {'name': 'private'})
    topology.add_subnet(projects['demo'], {
        'name': 'private-subnet', 'network_id': network['id'],
        'cidr': '192.168.0.0/20'})
