"""Servers in a cloud, for tests."""

from contextlib import ExitStack

from doctor_core.cloud.tenancy import Mould, Tenancy


def boot(cloud, host, count):
    """Servers of a project of their own on a host.

    They go with the embedded cloud; nothing is unmade one by one.
    """
    tenancy = Tenancy(cloud, ExitStack())
    project_id = tenancy.project('owners')
    mould = Mould(project_id, tenancy.flavor('tiny'),
                  tenancy.image('image', project_id),
                  tenancy.network('net', project_id))
    return tenancy.boot([f'vm{index}' for index in range(count)], host,
                        mould)
