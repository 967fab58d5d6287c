"""The options of the monitor that has collectd watch."""

from oslo_config import cfg


def collectd_opts() -> list[cfg.Opt]:
    """How hosts are reached, and what is watched on them."""
    return [
        cfg.StrOpt(
            'mode', default='ssh',
            choices=[('ssh', 'reach every compute host by SSH'),
                     ('local', 'watch the one host that this runs on')],
            help='How the compute hosts are reached.'),
        cfg.StrOpt('user', default='',
                   help='Whom to log in as. Empty for who runs this.'),
        cfg.PortOpt('ssh_port', default=22, help='The port of SSH.'),
        cfg.StrOpt('key_file', default='',
                   help='The private key to log in with. Empty for '
                        'those of the SSH agent and of ~/.ssh.'),
        cfg.StrOpt('known_hosts', default='',
                   help='The file with the host keys to trust. Empty for '
                        '~/.ssh/known_hosts. A host that is not in it is '
                        'refused.'),
        cfg.BoolOpt('sudo', default=False,
                    help='Whether collectd is started and ended with '
                         '"sudo -n". To ping, it has to be root or have '
                         'CAP_NET_RAW.'),
        cfg.StrOpt('collectd', default='/usr/sbin/collectd',
                   help='The collectd program on the compute hosts.'),
        cfg.StrOpt('base_dir', default='/var/lib/doctor-collectd',
                   help='The folder on the compute hosts for all that '
                        'this collectd needs. The user has to be able '
                        'to make it or to write there.'),
        cfg.StrOpt('inspector_url',
                   default='http://127.0.0.1:${inspector.port}/events',
                   help='With tunnel_port = 0: where events are posted; '
                        'else this monitor takes them.'),
        cfg.PortOpt('tunnel_port', default=12345,
                    help='With mode = ssh: the port on the loopback of '
                         'every compute host that leads to this monitor, '
                         'through the SSH connection, for as long as it '
                         'runs. 0 for none: the compute hosts reach '
                         'inspector_url themselves, and what other '
                         'monitors know keeps nothing back.'),
        cfg.StrOpt('cafile', default='',
                   help='The file, on the compute hosts, with the '
                        'authorities to trust when inspector_url is '
                        'https.'),
        cfg.ListOpt('interfaces', default=[],
                    help='The links without which a compute host counts '
                         'as down.'),
        cfg.StrOpt(
            'link_plugin', default='connectivity',
            choices=[('connectivity', 'interfaces of the kernel'),
                     ('ovs_events', 'interfaces of Open vSwitch')],
            help='The plugin of collectd that watches the links.'),
        cfg.IntOpt('neighbours', default=1, min=0,
                   help='How many other compute hosts each one pings. '
                        'Somebody has to tell of a host that cannot tell '
                        'itself. 0 for none.'),
        cfg.FloatOpt('ping_interval_s', default=0.1, min=0.01,
                     help='Seconds between two pings of a neighbour.'),
        cfg.IntOpt('ping_misses', default=3, min=1,
                   help='How many unanswered pings in a row mean that a '
                        'neighbour is down.'),
        cfg.FloatOpt('settle_s', default=0.5, min=0.0,
                     help='Seconds for which a neighbour has to be down '
                          'before it is told. Who sees no neighbour at '
                          'all, or has lost a link, tells of none.'),
        cfg.ListOpt('plugins', default=[],
                    help='Further plugins of collectd whose FAILURE '
                         'means that the host they run on is down.'),
        cfg.ListOpt('includes', default=[],
                    help='Files on the compute hosts with their '
                         'configuration.'),
        cfg.FloatOpt('check_s', default=10.0, min=0.1,
                     help='Seconds between two looks whether every '
                          'collectd runs; one that does not is started '
                          'again.'),
    ]
