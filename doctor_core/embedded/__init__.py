"""A cloud in a process: the OpenStack APIs that Doctor uses, over HTTP."""
