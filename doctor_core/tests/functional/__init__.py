"""Tests of real daemons, sockets and brokers."""
