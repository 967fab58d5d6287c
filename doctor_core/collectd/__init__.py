"""What runs within collectd, on a compute host."""
