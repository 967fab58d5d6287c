"""Tests that need a bed that is up: a genuine OpenStack on this machine.

The folder of the bed is in ``DOCTOR_BED_FOLDER``; see tools/openstack-bed.
"""
