"""Hosts with cables of their own, in Linux's network namespaces."""
