"""The daemons, each in one module."""
