"""Hosts that are watched by collectd, on each of them or beside them."""
