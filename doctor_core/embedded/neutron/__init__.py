"""The embedded cloud's Neutron: networks, and the ports of servers."""
