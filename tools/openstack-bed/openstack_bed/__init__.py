"""A genuine OpenStack for tests, on the loopback addresses of one machine.

Only the standard library is imported here, so that any Python 3.11 brings the
bed up; what the bed runs lives in virtual environments of its own.
"""
