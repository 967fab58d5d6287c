"""Tests without root, network, broker or sleep."""
