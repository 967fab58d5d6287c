"""What a test needs of the machine: without it, it is skipped, and says how
to get it; with DOCTOR_REQUIRE_ALL=1 it fails instead."""

import importlib.util
import os
import shutil

import testtools

REQUIRE_ALL = 'DOCTOR_REQUIRE_ALL'


def require(test: testtools.TestCase, met: object, what: str,
            how: str) -> None:
    """Go on only if something is there.

    :param met: whether it is.
    :param what: what is needed.
    :param how: how to get it.
    """
    if met:
        return
    message = f'needs {what}: {how}'
    if os.environ.get(REQUIRE_ALL, '') in ('', '0'):
        test.skipTest(message)
    test.fail(f'{message} ({REQUIRE_ALL} is set)')


def need_root(test: testtools.TestCase) -> None:
    """Go on only as root."""
    require(test, os.geteuid() == 0, 'root', 'run the tests with sudo')


def need_library(test: testtools.TestCase, name: str) -> None:
    """Go on only if a library is installed that not everybody needs."""
    require(test, importlib.util.find_spec(name), f'the library {name}',
            f'pip install {name}')


def need_command(test: testtools.TestCase, command: str, how: str) -> str:
    """Go on only if a command is installed.

    :param how: how to get it, e.g. ``apt-get install iproute2``.
    :returns: its path.
    """
    path = shutil.which(
        command, path=os.environ.get('PATH', os.defpath)
        + ':/usr/local/sbin:/usr/sbin:/sbin')
    require(test, path, f'the command {command}', how)
    assert path
    return path
