"""``doctor embedded-cloud``."""

import argparse
import os
import signal
import sys

from cliff.command import Command

from doctor_core.cli import arguments
from doctor_core.cli.errors import PlainErrors

_EPILOG = """
examples:
  Start it, and look at it with the OpenStack client:

    doctor embedded-cloud --write-clouds-yaml clouds.yaml &
    export OS_CLIENT_CONFIG_FILE=$PWD/clouds.yaml
    openstack --os-cloud doctor-embedded hypervisor list
    openstack --os-cloud doctor-embedded-member server create \\
        --image cirros --flavor m1.tiny --network private --wait vm1

  Let a host fail, and heal it (a POST to the service doctor-embedded):

    TOKEN=$(openstack --os-cloud doctor-embedded token issue -f value -c id)
    curl -X POST -H "X-Auth-Token: $TOKEN" \\
        URL/embedded/hosts/embedded-compute-1/fail
    curl -X POST -H "X-Auth-Token: $TOKEN" \\
        URL/embedded/hosts/embedded-compute-1/heal

  Let it reboot: when it is healed, its guests are shut down:

    curl -X POST -H "X-Auth-Token: $TOKEN" -d '{"how": "reboot"}' \\
        URL/embedded/hosts/embedded-compute-1/fail

  One that is as slow as a busy OpenStack and sends its notifications:

    doctor embedded-cloud --latency-ms 60 \\
        --transport-url rabbit://guest:guest@127.0.0.1:5672/

Cloud doctor-embedded is an administrator of all projects, and
doctor-embedded-member a plain member of project demo. The passwords are new
at each start.
"""

_MARK = '# Written by doctor embedded-cloud; it may be overwritten.\n'


class EmbeddedCloudCommand(PlainErrors, Command):
    """Run the OpenStack APIs that Doctor needs, in this process.

    Keystone, Nova, Neutron, Glance and Aodh on loopback, with compute hosts
    that can be made to fail; all in memory. It stays in the foreground until
    SIGINT or SIGTERM, and prints its clouds.yaml.

    Exit code: 0 ended by a signal, 1 it could not go on, 2 wrong options, or
    it cannot serve there.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = _EPILOG
        parser.add_argument(
            '--hosts', type=arguments.whole, default=3, metavar='N',
            help='compute hosts, named embedded-compute-1 and so on '
                 '(default: 3)')
        parser.add_argument(
            '--host', default='127.0.0.1', metavar='ADDRESS',
            help='the address to serve on (default: 127.0.0.1); anybody who '
                 'reaches it and knows a password can use the cloud')
        parser.add_argument(
            '--port', type=arguments.port, default=0,
            help='the port to serve on (default: a free one)')
        parser.add_argument(
            '--latency-ms', type=arguments.milliseconds, default=0.0,
            metavar='MS',
            help='milliseconds that every API call takes longer '
                 '(default: 0)')
        parser.add_argument(
            '--cells', type=arguments.whole, default=1, metavar='N',
            help='cells of Nova that the hosts are in by turns (default: 1)')
        parser.add_argument(
            '--report-interval', type=arguments.some_seconds, default=2.0,
            metavar='S',
            help='seconds between two reports of a nova-compute '
                 '(default: 2)')
        parser.add_argument(
            '--power-sync-interval', type=arguments.seconds_or_never,
            default=600.0, metavar='S',
            help='seconds from one look of the nova-computes at their guests '
                 'to the next; negative for none (default: 600)')
        parser.add_argument(
            '--transport-url', default='', metavar='URL',
            help='the message bus on which Nova sends its notifications and '
                 'Aodh hears of events (default: none)')
        parser.add_argument(
            '--write-clouds-yaml', metavar='FILE',
            help='write the clouds.yaml to a file that only you can read, '
                 'instead of printing it')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        # Blocked before any thread exists, so that none takes the signal
        # from us.
        ends = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        from doctor_core.embedded.cloud import EmbeddedCloud
        cloud = EmbeddedCloud(
            hosts=parsed_args.hosts, host=parsed_args.host,
            port=parsed_args.port, latency_s=parsed_args.latency_ms / 1000,
            transport_url=parsed_args.transport_url, cells=parsed_args.cells,
            report_s=parsed_args.report_interval,
            power_sync_s=parsed_args.power_sync_interval)
        url = cloud.start()
        try:
            _hand_out(cloud.clouds_yaml(), parsed_args.write_clouds_yaml)
            print(f'doctor embedded cloud is ready at {url}', flush=True)
            signal.sigwait(ends)
        finally:
            cloud.stop()


def _hand_out(clouds_yaml: str, path: str | None) -> None:
    """Give the passwords to the user and to nobody else."""
    if path is None:
        print(clouds_yaml)
        return
    from doctor_core.exceptions import ConfigError
    try:
        # Removed first: one of an earlier run may be readable for others.
        if os.path.lexists(path):
            _refuse_foreign(path)
            os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
                  'w', encoding='utf-8') as file:
            file.write(_MARK + clouds_yaml)
    except OSError as error:
        raise ConfigError(f'Cannot write {path}: {error.strerror}') from None
    print(f'The credentials are in {path}', file=sys.stderr)


def _refuse_foreign(path: str) -> None:
    """Somebody's own clouds.yaml is not ours to overwrite."""
    from doctor_core.exceptions import ConfigError
    with open(path, encoding='utf-8', errors='replace') as file:
        if file.read(len(_MARK)) != _MARK:
            raise ConfigError(f'{path} exists and is not of an embedded '
                              'cloud: name another file.')
