"""Probes that are sent to many hosts from one socket, and what they say."""
